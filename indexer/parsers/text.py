"""Plain text, Org and YAML: text whose structure is in its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean, join_lines, vocabulary
from indexer.records import ParsedFile

_ITEM = re.compile(r"(\s*)(?:[-*+•·◦▪‣–]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|#\.)\s+\S")
_ORG_HEADING = re.compile(r"(\*{1,8})\s+(\S.*)")
# Lines at least this long that are followed by more were wrapped by a program, not ended by
# the writer: mail wraps at 72, editors at 72 to 80, old terminals at 60 and up.
_WRAPPED = 50


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading found at some line: its text, level, and the lines it takes."""

    text: str
    level: int
    lines: int


FindHeading = Callable[[Sequence[str], int], _Heading | None]


def parse_plain(data: bytes, name: str) -> ParsedFile:
    """Plain text: paragraphs, lists; no headings are guessed."""
    return _parse(data, name, "txt", lambda lines, at: None)


def parse_org(data: bytes, name: str) -> ParsedFile:
    """Org: stars make headings."""
    return _parse(data, name, "org", _org_heading)


def parse_yaml(data: bytes, name: str) -> ParsedFile:
    """YAML as it is written, one block a top-level entry: people read and quote it so."""
    builder = PageBuilder()
    text = _text(data, builder)
    for part in re.split(r"\n(?=[^\s#\-\]}])", text):
        builder.code(part)
    return ParsedFile(name, builder.sections(), "yaml")


def add_plain(builder: PageBuilder, text: str) -> None:
    """Add plain text (a mail's body, a note) to a page."""
    builder.look_through(text)
    _add(builder, clean(text), lambda lines, at: None)


def _text(data: bytes, builder: PageBuilder) -> str:
    raw = decode(data)
    builder.look_through(raw)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    return text


def _parse(data: bytes, name: str, kind: str, find_heading: FindHeading) -> ParsedFile:
    builder = PageBuilder()
    _add(builder, _text(data, builder), find_heading)
    first = builder.blocks[0] if builder.blocks else None
    pages = builder.sections()
    if first and first.kind == "heading" and first.level == 1:
        name = pages[0].text[first.start : first.end]
    return ParsedFile(name, pages, kind)


def _add(builder: PageBuilder, text: str, find_heading: FindHeading) -> None:
    lines = text.expandtabs(4).split("\n")
    broken = any(line.endswith("-") for line in lines)
    words = vocabulary(lines) if broken else frozenset()
    pending: list[str] = []
    at = 0
    while at < len(lines):
        heading = find_heading(lines, at)
        if heading is None:
            if lines[at].strip():
                pending.append(lines[at])
            else:
                _flush(builder, pending, words)
            at += 1
            continue
        _flush(builder, pending, words)
        builder.heading(heading.text, heading.level)
        at += heading.lines
    _flush(builder, pending, words)


def _flush(builder: PageBuilder, lines: list[str], words: frozenset[str]) -> None:
    """Add a run of lines between empty ones: list items, a wrapped paragraph, or lines."""
    if not lines:
        return
    if _ITEM.match(lines[0]):
        _add_items(builder, lines, words)
    elif _is_laid_out(lines):
        builder.code("\n".join(lines))
    else:
        paragraph: list[str] = []
        for line in lines:
            if paragraph and (_ITEM.match(line) or len(paragraph[-1]) < _WRAPPED):
                builder.paragraph(join_lines(paragraph, words))
                paragraph = []
            paragraph.append(line)
        builder.paragraph(join_lines(paragraph, words))
    lines.clear()


def _add_items(builder: PageBuilder, lines: Sequence[str], words: frozenset[str]) -> None:
    items: list[list[str]] = []
    for line in lines:
        if _ITEM.match(line) or not items:
            items.append([line])
        else:
            items[-1].append(line)
    indents = [len(item[0]) - len(item[0].lstrip()) for item in items]
    for item, indent in zip(items, indents, strict=True):
        builder.item(join_lines(item, words), (indent - min(indents)) // 2)


def _is_laid_out(lines: Sequence[str]) -> bool:
    """Whether line breaks and blanks inside lines mean something: columns, code, addresses."""
    gaps = sum(bool(re.search(r"\S {3,}\S", line)) for line in lines)
    code = sum(line.rstrip().endswith(("{", "}", ";", "[", "],")) for line in lines)
    return len(lines) > 1 and max(gaps, code) * 2 > len(lines)


def _org_heading(lines: Sequence[str], at: int) -> _Heading | None:
    found = _ORG_HEADING.match(lines[at])
    return _Heading(found.group(2), len(found.group(1)), 1) if found else None
