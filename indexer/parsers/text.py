"""Plain text and YAML: text whose structure is in its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean, join_lines, vocabulary
from indexer.parsers.plain.records import record_starts
from indexer.records import ParsedFile

_ITEM = re.compile(r"(\s*)(?:[-*+•·◦▪‣–]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|#\.)\s+\S")
# Lines at least this long that are followed by more were wrapped by a program, not ended by
# the writer: mail wraps at 72, editors at 72 to 80, old terminals at 60 and up.
_WRAPPED = 50


def parse_plain(data: bytes, name: str) -> ParsedFile:
    """Plain text: records of a log or chat, else paragraphs and lists; no headings are guessed."""
    builder = PageBuilder()
    _add(builder, _text(data, builder))
    return ParsedFile(name, builder.sections(), "txt")


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
    _add(builder, clean(text))


def _text(data: bytes, builder: PageBuilder) -> str:
    raw = decode(data)
    builder.look_through(raw)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    return text


def _add(builder: PageBuilder, text: str) -> None:
    lines = text.expandtabs(4).split("\n")
    starts = record_starts(lines)
    broken = any(line.endswith("-") for line in lines)
    words = vocabulary(lines) if broken else frozenset()
    pending: list[str] = []
    record = False
    for number, line in enumerate(lines):
        if number in starts or not line.strip():
            _flush(builder, pending, words, record)
            record = number in starts
        if line.strip():
            pending.append(line)
    _flush(builder, pending, words, record)


def _flush(builder: PageBuilder, lines: list[str], words: frozenset[str], record: bool) -> None:
    """Add a run of lines: a record, list items, a wrapped paragraph, or lines."""
    if not lines:
        return
    if record:
        _add_record(builder, lines, words)
    elif _ITEM.match(lines[0]):
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


def _add_record(builder: PageBuilder, lines: Sequence[str], words: frozenset[str]) -> None:
    """A record, on one line where what follows its first reads on; a trace as it is laid out."""
    indented = sum(line[0].isspace() for line in lines[1:])
    if len(lines) > 2 and 2 * indented >= len(lines) - 1:
        builder.paragraph(lines[0])
        builder.code("\n".join(lines[1:]))
    else:
        builder.paragraph(join_lines(lines, words))


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
