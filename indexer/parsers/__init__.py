"""Files → pages: one module a family of formats, and the table that leads to them.

`parse` runs in this process; `indexer.sandbox` runs it in one that can be killed, which is
what everything should do that reads files of other people.
"""

from __future__ import annotations

import re
from pathlib import Path

from indexer.parsers.detect import SUFFIXES
from indexer.parsers.errors import (
    CorruptedError,
    EmptyFileError,
    EncryptedError,
    ParseError,
    ParserMemoryError,
    ParserTimeoutError,
    ScannedError,
    TooLargeError,
    UnsupportedError,
)
from indexer.parsers.layout import one_line
from indexer.parsers.pdf.parse import Progress
from indexer.parsers.reading import DEFAULT_LIMITS, ReadingLimits, check_text
from indexer.parsers.table import parse_bytes
from indexer.records import ParsedFile

__all__ = [
    "SUFFIXES",
    "CorruptedError",
    "EmptyFileError",
    "EncryptedError",
    "ParseError",
    "ParserMemoryError",
    "ParserTimeoutError",
    "Progress",
    "ReadingLimits",
    "ScannedError",
    "TooLargeError",
    "UnsupportedError",
    "check_size",
    "parse",
]

# A title is shown in tables and stands before each passage; longer ones are text.
_TITLE_CHARACTERS = 300


def parse(
    path: Path,
    name: str | None = None,
    progress: Progress | None = None,
    limits: ReadingLimits = DEFAULT_LIMITS,
) -> ParsedFile:
    """Read a file. `name` is what it is called where that is not `path.name` (uploads).

    The kind is decided by the content first, then by the suffix of `name`. The title is the
    document's own, else made from `name`. `progress` is told (pages done, pages in all) where
    that is known. Raises `ParseError`, and `OSError` where the file itself cannot be opened.
    """
    size = path.stat().st_size
    if not size:
        raise EmptyFileError("has no content (0 bytes)")
    check_size(size, limits)
    parsed = parse_bytes(path.read_bytes(), name or path.name, limits, progress)
    title = parsed.title
    if title == (name or path.name):
        title = title_from_name(title)
    check_text(sum(len(page.text) for page in parsed.pages), size, limits)
    title = one_line(title)[:_TITLE_CHARACTERS]
    return ParsedFile(title, parsed.pages, parsed.kind, parsed.problems)


def check_size(size: int, limits: ReadingLimits) -> None:
    """Raise `TooLargeError` where a file is larger than is read: files are read whole."""
    if size > limits.file_bytes:
        raise TooLargeError(
            f"is larger than {limits.file_bytes >> 20} MB; split it into smaller files"
        )


def title_from_name(name: str) -> str:
    """A title made from a file name: "employee_handbook.pdf" → "employee handbook"."""
    stem = Path(name).stem
    return re.sub(r"[_\s]+", " ", stem).strip() or name
