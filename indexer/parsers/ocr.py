"""Text recognition with Tesseract, where it is installed."""

from __future__ import annotations

import functools
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError, ParserTimeoutError

if TYPE_CHECKING:
    from PIL.Image import Image

NOT_INSTALLED = "install Tesseract to have its text recognised"
NOTHING_FOUND = "Tesseract recognised no text in it"
# A dense page of small print at 300 dpi takes some 10 s on one slow core.
_SECONDS_PER_PAGE = 60
_MAX_LANGUAGES = 4
# Recognised words that are fewer characters than this in all are specks and borders.
_LEAST_CHARACTERS = 4
# Finds out how a page is turned, too, which needs data of its own ("osd").
_UPRIGHT, _AS_IT_IS, _SCATTERED = "1", "3", "11"
_TURNED = "osd"
# A picture with this share of dots this light has white paper for its ground.
_PAPER, _WHITE = 235, 0.7
_GROUND = 50  # dots an inch where the ground is looked for
_SAYS = re.compile(r"\w|[$€£¥%✓✔✗☒☐]")


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word in a picture, its place in dots from the upper left corner.

    `paragraph` and `line` tell those of one paragraph and line from others. `sure` is how sure
    Tesseract is of it, of 100.
    """

    text: str
    left: int
    top: int
    right: int
    bottom: int
    paragraph: tuple[str, ...]
    line: tuple[str, ...]
    sure: float = 100.0


def available() -> bool:
    """Whether Tesseract is installed."""
    return shutil.which("tesseract") is not None


@functools.cache
def _installed() -> tuple[str, ...]:
    done = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, timeout=20, check=False
    )
    return tuple(n.strip() for n in done.stdout.decode().split("\n")[1:] if n.strip())


@functools.cache
def languages() -> str:
    """The installed languages as Tesseract wants them, English first: "eng+deu"."""
    names = [name for name in _installed() if name != _TURNED]
    ordered = sorted(names, key=lambda n: (n != "eng", n))[:_MAX_LANGUAGES]
    return "+".join(ordered) or "eng"


def text_of(words: Iterable[RecognisedWord]) -> str:
    """Words as text: a line a line, paragraphs parted by empty lines."""
    return "\n\n".join(
        "\n".join(
            " ".join(word.text for word in line)
            for _, line in groupby(paragraph, key=lambda word: word.line)
        )
        for _, paragraph in groupby(words, key=lambda word: word.paragraph)
    )


def recognise_words(image: Image, *, scattered: bool = False) -> list[RecognisedWord]:
    """The words in an image, which is turned upright where that can be told; none where specks.

    Scattered words stand in cells and labels, not in columns of prose. Raises
    `ParserTimeoutError` after `_SECONDS_PER_PAGE`, `CorruptedError` where Tesseract fails.
    """
    stream = io.BytesIO()
    image.convert("L").save(stream, "PNG", compress_level=1)
    layout = _UPRIGHT if _TURNED in _installed() else _AS_IT_IS
    layout = _SCATTERED if scattered else layout
    command = ["tesseract", "stdin", "stdout", "-l", languages(), "--psm", layout, "tsv"]
    # Tesseract's own threads slow it down where several workers run.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=stream.getvalue(), capture_output=True, env=environment,
            timeout=_SECONDS_PER_PAGE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ParserTimeoutError(
            f"recognising the text of an image took more than {_SECONDS_PER_PAGE} s"
        ) from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise CorruptedError(f"Tesseract could not read an image ({reason})")
    words = list(_words(done.stdout.decode(errors="replace")))
    letters = sum(char.isalnum() for word in words for char in word.text)
    return words if letters >= _LEAST_CHARACTERS else []


def evened(image: Image, dpi: int) -> Image:
    """A picture with its grounds made white, whatever their colour: what stands on them is dark.

    Tesseract tells ink from paper by one brightness for all of a picture, so it does not see what
    is printed on the grey cells of a table. A median over a third of an inch is the ground.
    """
    from PIL import Image as Images
    from PIL import ImageChops, ImageFilter

    grey = image.convert("L")
    if sum(grey.histogram()[_PAPER:]) > _WHITE * grey.width * grey.height:
        return grey
    dots = max(1, dpi // _GROUND)
    size = max(1, grey.width // dots), max(1, grey.height // dots)
    small = grey.resize(size, Images.Resampling.BOX)
    ground = small.filter(ImageFilter.MedianFilter(15)).resize(
        grey.size, Images.Resampling.BILINEAR
    )
    contrast = ImageChops.difference(grey, ground)
    return contrast.point([max(0, 255 - int(1.8 * level)) for level in range(256)])


def _words(table: str) -> Iterator[RecognisedWord]:
    """The words of Tesseract's table: level, page, block, paragraph, line, word, place, text."""
    for row in table.split("\n")[1:]:
        fields = row.split("\t")
        if len(fields) == 12 and fields[0] == "5" and _SAYS.search(fields[11]):
            left, top, width, height = map(int, fields[6:10])
            yield RecognisedWord(
                fields[11].strip(), left, top, left + width, top + height,
                tuple(fields[1:4]), tuple(fields[1:5]), float(fields[10]),
            )  # fmt: skip
