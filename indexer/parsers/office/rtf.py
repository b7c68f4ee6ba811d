"""RTF, through striprtf."""

from __future__ import annotations

import re

from indexer.parsers.errors import CorruptedError, EmptyFileError
from indexer.parsers.hidden import MARKED
from indexer.parsers.layout import PageBuilder
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

# A group whose text Word shows to nobody. Hidden text without a group of its own is rare: Word
# writes one for each run of characters that look alike.
_HIDDEN = re.compile(r"\{(?:\\[a-z]+-?\d* ?)*\\v(?![a-z0-9])[^{}]*\}")


def parse_rtf(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """An RTF document; a paragraph a line, table cells parted by bars."""
    from striprtf.striprtf import rtf_to_text

    # RTF itself is ASCII; what is not comes as escapes, which name their code page.
    source = data.decode("latin-1")
    builder = reading.builder()
    source = _without_hidden(source, builder)
    page = re.search(r"\\ansicpg(\d+)", source)
    try:
        text = rtf_to_text(
            source, encoding=f"cp{page.group(1)}" if page else "cp1252", errors="replace"
        )
    except (ValueError, LookupError, IndexError, RecursionError) as error:
        raise CorruptedError(f"cannot be read as RTF ({error}); save it again") from error
    if not text.strip():
        raise EmptyFileError("holds no text")
    rows: list[list[str]] = []
    for line in text.split("\n"):
        if line.count("|") > 1 and line.rstrip().endswith("|"):
            rows.append(line.rstrip().removesuffix("|").split("|"))
            continue
        builder.table(rows)
        rows = []
        builder.paragraph(line)
    builder.table(rows)
    return ParsedFile(name, builder.sections(), "rtf")


def _without_hidden(source: str, builder: PageBuilder) -> str:
    """The source without hidden groups, of which the page is told."""

    def replaced(found: re.Match[str]) -> str:
        said = re.sub(r"\\[a-z]+-?\d* ?|[{}]", "", found.group())
        return "" if builder.hide(MARKED, said) else found.group()

    return _HIDDEN.sub(replaced, source)
