"""How well tables are read: the share of cells whose column and row names are right, by format.

    python -m benchmarks.tables [--keep FOLDER] [--faults] [FORMAT ...]

Twenty tables (`table_cases.py`: spans, two header rows, wrapped cells, over two pages) are made as
DOCX, XLSX and HTML and printed to PDF: by Chromium with a grid, with lines under the rows, and with
no rules; by reportlab with and without. A cell is right where some row of a table that was read
holds it under its column's whole name and beside its row's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

from benchmarks.table_cases import (
    CASES,
    TableCase,
    chromium_pdfs,
    docx,
    html,
    reportlab_pdf,
    xlsx,
)
from indexer.parsers import parse
from indexer.records import ParsedFile

Row = tuple[dict[str, str], str]

_WRITERS: dict[str, tuple[str, Callable[[TableCase], bytes]]] = {
    "docx": ("docx", docx),
    "xlsx": ("xlsx", xlsx),
    "html": ("html", lambda case: html(case).encode()),
    "pdf, reportlab, grid": ("pdf", lambda case: reportlab_pdf(case, ruled=True)),
    "pdf, reportlab, plain": ("pdf", lambda case: reportlab_pdf(case, ruled=False)),
}
_PRINTED = {f"pdf, Chromium, {rules}": rules for rules in ("grid", "lines", "plain")}


def rows_read(parsed: ParsedFile) -> Iterator[Row]:
    """The rows of all tables of a file: cells by column name, and the first cell."""
    for page in parsed.pages:
        for block in page.blocks:
            if block.kind != "table":
                continue
            header = page.text[block.start : block.start + block.header]
            names = [_plain(name) for name in header.split("|")]
            for line in page.text[block.start + block.header : block.end].split("\n"):
                cells = [_plain(cell) for cell in line.split("|")]
                yield dict(zip_longest(names, cells[: len(names)], fillvalue="")), cells[0]


def judge(case: TableCase, parsed: ParsedFile) -> tuple[int, int, list[str]]:
    """Cells that are right, cells in all, and what is wrong with the others."""
    rows = list(rows_read(parsed))
    names = case.column_names()
    right, wrong = 0, []
    grid = case.grid()[case.headers :]
    for row in grid:
        for name, cell in zip(names, row, strict=True):
            if any(read.get(name) == cell and first == row[0] for read, first in rows if cell):
                right += 1
            elif cell:
                wrong.append(f"{case.name}: {row[0]!r} / {name!r}: {cell!r}")
    return right, sum(bool(cell) for row in grid for cell in row), wrong


def _plain(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Print the share of right cells for each format."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("formats", nargs="*", help="docx, xlsx, html, pdf ...")
    options.add_argument("--keep", type=Path, help="folder for the files that are made")
    options.add_argument("--faults", action="store_true", help="name each cell that is wrong")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = wanted.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for label in (*_WRITERS, *_PRINTED):
            if not wanted.formats or label.startswith(tuple(wanted.formats)):
                _report(label, _files(label, folder), faults=wanted.faults)


def _files(label: str, folder: Path) -> list[Path]:
    if label in _PRINTED:
        return chromium_pdfs(CASES, _PRINTED[label], folder)
    suffix, write = _WRITERS[label]
    paths = []
    for case in CASES:
        path = (
            folder / f"{case.name.replace(' ', '-')}-{label.rsplit(', ', maxsplit=1)[-1]}.{suffix}"
        )
        path.write_bytes(write(case))
        paths.append(path)
    return paths


def _report(label: str, paths: list[Path], *, faults: bool) -> None:
    total = right = whole = 0
    wrong: list[str] = []
    for case, path in zip(CASES, paths, strict=True):
        good, cells, bad = judge(case, parse(path))
        right, total, whole = right + good, total + cells, whole + (not bad)
        wrong += bad
    print(f"{label:24} {right / total:6.3f} of {total} cells; {whole} of {len(CASES)} tables whole")
    for line in wrong if faults else ():
        print(f"    {line}")


if __name__ == "__main__":
    main()
