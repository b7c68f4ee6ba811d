"""Which reader still gets text out of damaged PDFs: pdfium or pypdf.

    python -m benchmarks.damaged_pdfs FOLDER... [-n 1000]

Damages random files of the folders (at most 200 KB each) in five ways, and counts by way who
reads any text. Found: see the docstring of `indexer/parsers/pdf/parse.py`.
"""

from __future__ import annotations

import argparse
import io
import logging
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

_MAX_BYTES = 200_000
Damage = Callable[[bytearray, random.Random], bytearray]


def cut_off(data: bytearray, chance: random.Random) -> bytearray:
    """Lose the end."""
    return data[: int(len(data) * chance.uniform(0.5, 0.99))]


def change(data: bytearray, chance: random.Random) -> bytearray:
    """Change thirty bytes."""
    for _ in range(30):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return data


def lose(data: bytearray, chance: random.Random) -> bytearray:
    """Lose up to 3,000 bytes somewhere."""
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 3000)]
    return data


def misdirect(data: bytearray, _: random.Random) -> bytearray:
    """Point to a cross-reference table that is not there."""
    at = data.rfind(b"startxref")
    data[at + 10 : at + 14] = b"9999"
    return data


def bury(data: bytearray, chance: random.Random) -> bytearray:
    """Put up to 2,000 bytes of junk before the header."""
    return bytearray(b"junk\n" * chance.randrange(1, 400)) + data


def pdfium_reads(data: bytes) -> bool:
    """Whether pdfium gets any text."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
        pages = range(len(document))
        return any(document[n].get_textpage().get_text_range().strip() for n in pages)
    except PdfiumError:
        return False


def pypdf_reads(data: bytes) -> bool:
    """Whether pypdf gets any text."""
    from pypdf import PdfReader

    try:
        return any(page.extract_text().strip() for page in PdfReader(io.BytesIO(data)).pages)
    except Exception:  # noqa: BLE001  whatever it raises, it has not read the file
        return False


def main() -> None:
    """Print a line for each kind of damage."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", type=Path, nargs="+")
    arguments.add_argument("-n", type=int, default=1000)
    options = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    files = [
        path.read_bytes()
        for folder in options.folders
        for path in sorted(folder.glob("*.pdf"))
        if path.stat().st_size <= _MAX_BYTES
    ]
    files = [data for data in files if pdfium_reads(data) or pypdf_reads(data)]
    chance = random.Random(0)
    ways: tuple[Damage, ...] = (cut_off, change, lose, misdirect, bury)
    counts: Counter[tuple[str, str]] = Counter()
    for _ in range(options.n):
        way = chance.choice(ways)
        data = bytes(way(bytearray(chance.choice(files)), chance))
        pdfium, pypdf = pdfium_reads(data), pypdf_reads(data)
        who = {(1, 1): "both", (1, 0): "pdfium only", (0, 1): "pypdf only"}
        counts[way.__name__, who.get((pdfium, pypdf), "neither")] += 1
    print(f"{len(files)} files, {options.n} damaged copies")
    for way in ways:
        found = {who: n for (name, who), n in sorted(counts.items()) if name == way.__name__}
        print(f"{way.__name__:10} " + ", ".join(f"{who} {n}" for who, n in found.items()))


if __name__ == "__main__":
    main()
