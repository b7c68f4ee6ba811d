"""Org (Emacs): headings of stars, tables, blocks of code, links by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.hidden import COMMENT
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.text import add_plain
from indexer.records import ParsedFile

_BEGIN = re.compile(r"\s*#\+begin_(\w+).*", re.IGNORECASE)
_KEYWORD = re.compile(r"\s*#\+(\w+):\s*(.*)")
_HEADING = re.compile(
    r"(\*{1,8})\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(\S.*?)(?:\s+:[\w@:]+:)?\s*"
)
_LINK = re.compile(r"\[\[([^\]]*)\](?:\[([^\]]*)\])?\]")
_RULE = re.compile(r"\s*\|[-+]+\|?\s*")
_DRAWER = re.compile(r"\s*:(?:PROPERTIES|LOGBOOK):\s*", re.IGNORECASE)
_COMMENT = re.compile(r"\s*# (.*)")
_ROW = re.compile(r"\s*\|.*")


def parse_org(data: bytes, name: str) -> ParsedFile:
    """An Org file: stars make headings; tables, blocks of code, links by their names."""
    raw = decode(data)
    builder = PageBuilder()
    builder.look_through(raw)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    title = ""
    lines = text.expandtabs(4).split("\n")
    at = 0
    pending: list[Any] = []
    while at < len(lines):
        line = lines[at]
        end, said = _block(builder, lines, at, pending)
        if end == at:
            pending.append(_LINK.sub(lambda m: m.group(2) or m.group(1), line))
            end += 1
        title = title or said
        at = end
    _text(builder, pending)
    first = builder.blocks[0] if builder.blocks else None
    pages = builder.sections()
    if not title and first and first.kind == "heading" and first.level == 1:
        title = pages[0].text[first.start : first.end]
    return ParsedFile(title or name, pages, "org")


def _text(builder: PageBuilder, pending: list[str]) -> None:
    if pending:
        add_plain(builder, "\n".join(pending))
        pending.clear()


def _block(
    builder: PageBuilder, lines: Sequence[str], at: int, pending: list[str]
) -> tuple[int, str]:
    """Write what begins at a line; the line behind it (`at` for plain text), and a title in it."""
    line = lines[at]
    for pattern, write in _WRITERS:
        if found := pattern.fullmatch(line):
            _text(builder, pending)
            return write(builder, lines, at, found)
    return at, ""


def _fenced(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    kind = found.group(1).lower()
    mark = f"#+end_{kind}"
    end = next((n for n in range(at, len(lines)) if lines[n].strip().lower() == mark), len(lines))
    inside = "\n".join(lines[at + 1 : end])
    if kind == "comment":
        builder.hide(COMMENT, inside)
    elif kind in ("src", "example", "export"):
        builder.code(inside)
    else:
        add_plain(builder, inside)
    return end + 1, ""


def _heading(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    builder.heading(_plain(found.group(2)), len(found.group(1)))
    return at + 1, ""


def _keyword(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    name = found.group(1).lower()
    if name in ("title", "subtitle", "author", "date", "caption"):
        builder.paragraph(found.group(2))
    return at + 1, found.group(2) if name == "title" else ""


def _comment(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    if not builder.hide(COMMENT, found.group(1)):
        builder.paragraph(found.group(1))
    return at + 1, ""


def _drawer(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    end = next((n for n in range(at, len(lines)) if lines[n].strip().upper() == ":END:"), at)
    return end + 1, ""


def _table(
    builder: PageBuilder, lines: Sequence[str], at: int, found: re.Match[str]
) -> tuple[int, str]:
    rows, end = [], at
    while end < len(lines) and lines[end].lstrip().startswith("|"):
        if not _RULE.fullmatch(lines[end]):
            cells = lines[end].strip().strip("|").split("|")
            rows.append([_plain(cell.strip()) for cell in cells])
        end += 1
    builder.table(rows)
    return end, ""


def _plain(text: str) -> str:
    return _LINK.sub(lambda found: found.group(2) or found.group(1), text)


_WRITERS = (
    (_BEGIN, _fenced),
    (_HEADING, _heading),
    (_KEYWORD, _keyword),
    (_COMMENT, _comment),
    (_DRAWER, _drawer),
    (_ROW, _table),
)
