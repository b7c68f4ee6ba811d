"""Checks that highlights cover exactly the sentence they are asked for.

    python -m benchmarks.highlights FOLDER_OF_PDFS [-n 100] [--pictures FOLDER]

Takes random sentences of random pages, asks for their boxes, and reads back what the PDF's
text layer holds inside those boxes: the same letters, or it counts as wrong. With --pictures
the first twelve pages are written with their highlight, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import random
import time
import unicodedata
from pathlib import Path

from indexer.pages import Box, boxes, render
from indexer.parsers import parse
from indexer.records import Page
from indexer.sentences import sentences

# A box is drawn in by so many points when it is read back, so that it does not take along
# the lines above and below, whose boxes touch it.
_INSET = 1.5


def letters(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())


def inside(path: Path, number: int, found: tuple[Box, ...]) -> str:
    """What the text layer holds inside the boxes."""
    from pypdfium2 import PdfDocument

    document = PdfDocument(path)
    page = document[number - 1]
    width, height = page.get_size()
    layer = page.get_textpage()
    texts = [
        layer.get_text_bounded(
            box.left * width + 0.2,
            height - box.bottom * height + _INSET,
            box.right * width - 0.2,
            height - box.top * height - _INSET,
        )
        for box in found
    ]
    document.close()
    return " ".join(texts)


def draw(path: Path, number: int, found: tuple[Box, ...], target: Path) -> None:
    """Write the page's picture with its boxes."""
    from PIL import Image, ImageDraw

    picture = Image.open(io.BytesIO(render(path, number)))
    pen = ImageDraw.Draw(picture, "RGBA")
    across, down = picture.size
    for box in found:
        corners = (box.left * across, box.top * down, box.right * across, box.bottom * down)
        pen.rectangle(corners, fill=(255, 220, 0, 110))
    picture.save(target)


def main() -> None:
    """Print the share of sentences that were found, and found exactly."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("-n", type=int, default=100)
    arguments.add_argument("--pictures", type=Path)
    options = arguments.parse_args()
    choices: list[tuple[Path, Page, int, int]] = []
    for path in sorted(options.folder.glob("*.pdf")):
        for page in parse(path).pages:
            choices += [(path, page, start, end) for start, end in sentences(page.text)]
    chosen = random.Random(0).sample(choices, min(options.n, len(choices)))
    matched = exact = 0
    seconds = 0.0
    for at, (path, page, start, end) in enumerate(chosen):
        started = time.perf_counter()
        found = boxes(path, page.number, page.text, start, end)
        seconds += time.perf_counter() - started
        same = letters(inside(path, page.number, found)) == letters(page.text[start:end])
        matched, exact = matched + bool(found), exact + (bool(found) and same)
        if found and not same:
            print("differs:", path.name, page.number, page.text[start:end])
        if options.pictures and at < 12:
            options.pictures.mkdir(parents=True, exist_ok=True)
            draw(path, page.number, found, options.pictures / f"{at}.png")
    print(
        f"{len(chosen)} sentences of {len(choices)}: {matched} matched, {exact} exactly, "
        f"{1000 * seconds / len(chosen):.0f} ms each"
    )


if __name__ == "__main__":
    main()
