"""Plain text and YAML: text whose structure is in its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean, join_lines, vocabulary
from indexer.parsers.office.sheets import has_header
from indexer.parsers.plain.delimited import columns_of, is_comment, rows_of
from indexer.parsers.plain.headings import headings
from indexer.parsers.plain.records import record_starts
from indexer.records import ParsedFile

_ITEM = re.compile(r"(\s*)(?:[-*+•·◦▪‣–]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|#\.)\s+\S")
# Lines at least this long that are followed by more were wrapped by a program, not ended by
# the writer: mail wraps at 72, editors at 72 to 80, old terminals at 60 and up.
_WRAPPED = 50


def parse_plain(data: bytes, name: str) -> ParsedFile:
    """Plain text: records of a log or chat, else headings, paragraphs, lists and tables."""
    builder = PageBuilder()
    _add(builder, _text(data, builder), headed=True)
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


def _add(builder: PageBuilder, text: str, *, headed: bool = False) -> None:
    raw = text.split("\n")
    columns = columns_of(raw)
    lines = text.expandtabs(4).split("\n")
    starts = record_starts(lines)
    broken = any(line.endswith("-") for line in lines)
    words = vocabulary(lines) if broken else frozenset()
    heads = headings(lines) if headed and not starts and columns is None else {}
    begin, record, headed_to = 0, False, 0
    for number, line in enumerate([*lines, ""]):
        if number < headed_to:
            continue
        aside = columns is not None and is_comment(line)
        heading = heads.get(number)
        if number in starts or aside or heading or not line.strip():
            if number > begin:
                rows = None if record else rows_of(raw[begin:number], columns)
                if rows:
                    builder.table(rows, header=columns is not None or has_header(rows))
                else:
                    _add_run(builder, lines[begin:number], words, record)
            record = number in starts
            begin = number if line.strip() and not aside else number + 1
            if aside and columns is not None and raw[number] != columns.comment:
                builder.paragraph(line.strip("# "))
            if heading:
                builder.heading(heading.text, heading.level)
                begin = headed_to = heading.end


def _add_run(
    builder: PageBuilder, lines: Sequence[str], words: frozenset[str], record: bool
) -> None:
    """Add a run of lines: a record, list items, a wrapped paragraph, or lines."""
    if record:
        _add_record(builder, lines, words)
    elif _ITEM.match(lines[0]):
        _add_items(builder, lines, words)
    elif _is_laid_out(lines):
        builder.code("\n".join(lines))
    else:
        _add_prose(builder, lines, words)


def _add_prose(builder: PageBuilder, lines: Sequence[str], words: frozenset[str]) -> None:
    """Wrapped paragraphs and lines, and the lists between them."""
    paragraph: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if paragraph and (_ITEM.match(line) or _is_ended(paragraph, line)):
            builder.paragraph(join_lines(paragraph, words))
            paragraph = []
        last = _end_of_list(lines, place)
        if last - place > 1:
            _add_items(builder, lines[place:last], words)
        else:
            paragraph.append(line)
        place = last
    if paragraph:
        builder.paragraph(join_lines(paragraph, words))


def _is_ended(paragraph: Sequence[str], line: str) -> bool:
    """Whether a line begins anew: behind a short one, or set in below a question or heading."""
    titled = len(paragraph) == 1 and paragraph[0].rstrip().endswith(("?", ":"))
    set_in = _indent(line) > _indent(paragraph[0])
    return len(paragraph[-1]) < _WRAPPED or (titled and set_in)


def _end_of_list(lines: Sequence[str], place: int) -> int:
    """Behind the last line of the list that begins at a place; behind this line where none does."""
    last = place + 1
    if not _ITEM.match(lines[place]):
        return last
    bullet = _indent(lines[place])
    while last < len(lines) and (_ITEM.match(lines[last]) or _indent(lines[last]) > bullet):
        last += 1
    return last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


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
    indents = [_indent(item[0]) for item in items]
    width = max(len(line.rstrip()) for line in lines)
    for item, indent in zip(items, indents, strict=True):
        level = (indent - min(indents)) // 2
        if len(item) > 1 and _is_name(item[0], item[1].split()[0], width):
            builder.item(item[0], level)  # a name, explained below it
            builder.paragraph(join_lines(item[1:], words))
        else:
            builder.item(join_lines(item, words), level)


def _is_name(line: str, following: str, width: int) -> bool:
    """Whether an item ends with its line: the next word would have had room, and begins anew."""
    ended = len(line) < _WRAPPED or len(line.rstrip()) + len(following) + 2 < width
    return ended and not following[0].islower() and line.rstrip()[-1] not in ".,;"


def _is_laid_out(lines: Sequence[str]) -> bool:
    """Whether line breaks and blanks inside lines mean something: columns, code, addresses."""
    gaps = sum(bool(re.search(r"\S {3,}\S", line)) for line in lines)
    code = sum(line.rstrip().endswith(("{", "}", ";", "[", "],")) for line in lines)
    return len(lines) > 1 and max(gaps, code) * 2 > len(lines)
