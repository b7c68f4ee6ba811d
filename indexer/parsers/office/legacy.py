"""DOC and PPT of Office 97 to 2003: their text, without layout.

Layouts after Microsoft's [MS-DOC] (section 2.4.1, retrieving text through the piece table) and
[MS-PPT] (section 2.3, record headers; 2.9.41 and 2.9.42, text atoms).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.container import ole_stream
from indexer.parsers.errors import CorruptedError, EncryptedError, UnsupportedError
from indexer.parsers.layout import PageBuilder
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from olefile import OleFileIO

_LOCKED = "is protected with a password; save it without one"
_DAMAGED = "has a damaged table of its text; save it again as DOCX"
# Word's fields: 0x13 instruction 0x14 result 0x15; the instruction is not text.
_FIELD = re.compile("\x13[^\x13\x14\x15]*\x14?|\x15")

_SLIDE_LIST, _SLIDE_START = 0x0FF0, 0x03F3
_TEXT_UTF16, _TEXT_LATIN, _TEXT_KIND = 0x0FA0, 0x0FA8, 0x0F9F
_TITLE_KINDS = (0, 6)
_MAX_NESTING = 20


def parse_doc(container: OleFileIO, name: str) -> ParsedFile:
    """A Word 97 to 2003 document."""
    main = ole_stream(container, "WordDocument")
    if len(main) < 0x1AA:
        raise CorruptedError("is cut off; get an intact copy")
    flags = struct.unpack_from("<H", main, 0x0A)[0]
    if flags & 0x0100:
        raise EncryptedError(_LOCKED)
    table_name = "1Table" if flags & 0x0200 else "0Table"
    if not container.exists(table_name):
        raise UnsupportedError("is a Word document from before 1997; save it as DOCX")
    table = ole_stream(container, table_name)
    offset, length = struct.unpack_from("<II", main, 0x01A2)
    try:
        text = "".join(_pieces(main, table[offset : offset + length]))
    except struct.error as error:
        raise CorruptedError(_DAMAGED) from error
    builder = PageBuilder()
    for paragraph in re.split("[\r\x0b\x0c]", _FIELD.sub("", text)):
        # A mark ends each cell, and one more the row.
        *rows, rest = paragraph.split("\x07\x07")
        builder.table([row.split("\x07") for row in rows])
        builder.paragraph(rest.replace("\x07", " "))
    return ParsedFile(name, builder.sections(), "doc")


def _pieces(main: bytes, clx: bytes) -> Iterator[str]:
    """The document's text: pieces of `main`, in the order of the piece table in `clx`."""
    at = 0
    while at < len(clx) and clx[at] == 1:  # property modifiers stand before the table
        at += 3 + struct.unpack_from("<h", clx, at + 1)[0]
    if at + 5 > len(clx) or clx[at] != 2:
        raise CorruptedError(_DAMAGED)
    size = struct.unpack_from("<I", clx, at + 1)[0]
    table = clx[at + 5 : at + 5 + size]
    count = (len(table) - 4) // 12
    places = struct.unpack_from(f"<{count + 1}I", table, 0)
    for piece in range(count):
        position = struct.unpack_from("<I", table, 4 * (count + 1) + 8 * piece + 2)[0]
        characters = max(0, places[piece + 1] - places[piece])
        if position & 0x4000_0000:
            start = (position & 0x3FFF_FFFF) // 2
            yield main[start : start + characters].decode("cp1252", errors="replace")
        else:
            yield main[position : position + 2 * characters].decode("utf-16-le", errors="replace")


def parse_ppt(container: OleFileIO, name: str) -> ParsedFile:
    """A PowerPoint 97 to 2003 presentation, one page a slide."""
    if container.exists("EncryptedSummary"):
        raise EncryptedError(_LOCKED)
    slides = _slide_texts(ole_stream(container, "PowerPoint Document"))
    if not slides:
        raise UnsupportedError("holds its text in a form that is not read; save it as PPTX")
    return ParsedFile(name, tuple(_slide(t, n) for n, t in enumerate(slides, 1)), "ppt")


def _slide_texts(data: bytes) -> list[list[tuple[int, str]]]:
    """For each slide its texts, each with its kind (title, body …)."""
    slides: list[list[tuple[int, str]]] = []
    kind = 0
    for record, body, listed in _records(data, 0):
        if record == _SLIDE_START and listed:
            slides.append([])
        elif record == _TEXT_KIND and len(body) >= 4:
            kind = struct.unpack_from("<I", body)[0]
        elif record in (_TEXT_UTF16, _TEXT_LATIN) and listed and slides:
            encoding = "utf-16-le" if record == _TEXT_UTF16 else "latin-1"
            slides[-1].append((kind, body.decode(encoding, errors="replace")))
    return slides


def _slide(texts: list[tuple[int, str]], number: int) -> Page:
    builder = PageBuilder()
    if texts and texts[0][0] not in _TITLE_KINDS:
        builder.heading(f"Slide {number}", 1)
    for kind, text in texts:
        if kind in _TITLE_KINDS:
            builder.heading(text, 1)
            continue
        for line in re.split("[\r\x0b]", text):
            builder.item(line)
    return builder.page(number, f"slide {number}", "" if builder.length else "no text")


def _records(data: bytes, depth: int, listed: bool = False) -> Iterator[tuple[int, bytes, bool]]:
    """All records, outer before inner; `listed` inside the list of slides' outline texts."""
    at = 0
    while at + 8 <= len(data):
        version, kind, length = struct.unpack_from("<HHI", data, at)
        body = data[at + 8 : at + 8 + length]
        yield kind, body, listed
        if version & 0xF == 0xF and depth < _MAX_NESTING:
            # Instance 0 of the list holds slides; 1 holds masters, 2 notes.
            inside = listed or (kind == _SLIDE_LIST and version >> 4 == 0)
            yield from _records(body, depth + 1, inside)
        at += 8 + length
