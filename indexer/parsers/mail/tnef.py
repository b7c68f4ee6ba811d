"""Outlook's envelope winmail.dat (TNEF, [MS-OXTNEF]): the text and the files that are in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from indexer.parsers.encoding import decode_declared
from indexer.parsers.errors import CorruptedError
from indexer.parsers.mail.letter import Attachment, Letter, ReadMember, written
from indexer.parsers.mail.rtf_body import decompress, html_of
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from indexer.parsers.reading import Reading

SIGNATURE = b"\x78\x9f\x3e\x22"

_SUBJECT, _BODY, _CODE_PAGE, _PROPERTIES = 0x8004, 0x800C, 0x9007, 0x9003
_NEXT_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
# Property ids of MAPI ([MS-OXPROPS]).
PR_BODY, PR_RTF, PR_HTML, PR_SUBJECT = 0x1000, 0x1009, 0x1013, 0x0037
PR_DATA, PR_FILE_NAME, PR_LONG_NAME, PR_NAME = 0x3701, 0x3704, 0x3707, 0x3001
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8,
          0x40: 8, 0x48: 16}  # fmt: skip
_VARIABLE = frozenset({0x0D, 0x1E, 0x1F, 0x0102})
_WIDE, _OBJECT, _MANY = 0x1F, 0x0D, 0x1000
_MAX_BODY = 64 << 20
_MAX_DEPTH = 5

Property = tuple[int, bytes]


@dataclass
class Envelope:
    """What a winmail.dat holds. `files` are the properties of each."""

    code_page: str | None = None
    body: dict[int, Property] = field(default_factory=dict)
    files: list[dict[int, Property]] = field(default_factory=list)
    depth: int = 0

    def add_body(self, letter: Letter) -> None:
        """Add the text: as HTML, as RTF, or plain, whichever there is first."""
        add_body(
            letter,
            self.body.get(PR_HTML, (0, b""))[1],
            self.body.get(PR_RTF, (0, b""))[1],
            self.text(self.body, PR_BODY),
            self.code_page,
        )

    def add_files(self, letter: Letter, reading: Reading, read: ReadMember) -> None:
        """Add the files; mails among them are read as such."""
        for number, properties in enumerate(self.files, 1):
            kind, data = properties.get(PR_DATA, (0, b""))
            name = next(
                filter(None, (self.text(properties, one) for one in
                              (PR_LONG_NAME, PR_FILE_NAME, PR_NAME))),
                f"attachment {number}",
            )  # fmt: skip
            if kind == _OBJECT and data[16:20] == SIGNATURE:
                inner = data[16:]
                letter.attachments.append(
                    Attachment(
                        name,
                        parse=partial(parse_tnef, inner, name, reading, read, self.depth + 1),
                    )
                )
            else:
                letter.attach(name, data)

    def text(self, properties: dict[int, Property], name: int) -> str:
        """A property that is text."""
        kind, data = properties.get(name, (0, b""))
        if kind == _WIDE:
            return data.decode("utf-16-le", errors="replace").rstrip("\0")
        return decode_declared(data.rstrip(b"\0"), self.code_page)


def add_body(letter: Letter, html: bytes, rtf: bytes, text: str, encoding: str | None) -> None:
    """Add the body of an Outlook mail, of which there may be several forms.

    `html` is in `encoding`, `rtf` compressed. Raises `CorruptedError`.
    """
    from indexer.parsers.encoding import declared_encoding

    if html.strip():
        letter.add_html(decode_declared(html, declared_encoding(html) or encoding))
    elif text.strip():
        letter.add_text(text)
    elif rtf:
        source = decompress(rtf, _MAX_BODY)
        if carried := html_of(source):
            letter.add_html(carried)
        elif source.strip(b"\0 \r\n"):
            # Its pages follow those of the headers.
            letter.attachments.insert(0, Attachment("", source))


def parse_tnef(
    data: bytes, name: str, reading: Reading, read: ReadMember, depth: int = 0
) -> ParsedFile:
    """A winmail.dat by itself."""
    if depth > _MAX_DEPTH:
        raise CorruptedError("lies too deep in other mails; save it by itself")
    envelope = unpack(data, depth)
    letter = Letter({"Subject": envelope.text(envelope.body, PR_SUBJECT)})
    envelope.add_body(letter)
    envelope.add_files(letter, reading, read)
    return written(letter, ParsedFile(name, (), "tnef"), reading, read)


def unpack(data: bytes, depth: int = 0) -> Envelope:
    """Open an envelope. Raises `CorruptedError`."""
    if data[:4] != SIGNATURE:
        raise CorruptedError("is no TNEF file; ask the sender for the mail without winmail.dat")
    found = Envelope(depth=depth)
    try:
        for attribute, value in _attributes(data):
            _take(found, attribute, value)
    except (struct.error, IndexError, ValueError) as error:
        raise CorruptedError(
            "is a damaged TNEF file; ask the sender for the file itself"
        ) from error
    return found


def _take(found: Envelope, attribute: int, value: bytes) -> None:
    if attribute == _NEXT_FILE:
        found.files.append({})
    elif attribute == _CODE_PAGE and len(value) >= 4:
        found.code_page = f"cp{struct.unpack_from('<I', value)[0]}"
    elif attribute == _PROPERTIES:
        found.body = {**properties(value), **found.body}
    elif attribute in (_BODY, _SUBJECT):
        found.body.setdefault(PR_BODY if attribute == _BODY else PR_SUBJECT, (0x1E, value))
    elif found.files and attribute in (_TITLE, _DATA):
        found.files[-1].setdefault(PR_NAME if attribute == _TITLE else PR_DATA, (0x1E, value))
    elif found.files and attribute == _FILE_PROPERTIES:
        found.files[-1] = {**found.files[-1], **properties(value)}


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        _, attribute, _, size = struct.unpack_from("<BHHI", data, at)
        yield attribute, data[at + 9 : at + 9 + size]
        at += 11 + size


def properties(data: bytes) -> dict[int, Property]:
    """MAPI properties by id, each with its type; of several values the first."""
    found: dict[int, Property] = {}
    count, at = struct.unpack_from("<I", data)[0], 4
    for _ in range(min(count, len(data))):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        many, kind = kind & _MANY, kind & ~_MANY
        values = 1
        if many or kind in _VARIABLE:
            values, at = struct.unpack_from("<I", data, at)[0], at + 4
        for place in range(min(values, len(data))):
            size = _FIXED.get(kind, 0)
            if kind in _VARIABLE:
                size, at = struct.unpack_from("<I", data, at)[0], at + 4
            elif not size:
                return found  # a type that is not known has no known length
            if not place:
                found[name] = (kind, data[at : at + size])
            at += size + -size % 4
    return found


def _after_name(data: bytes, at: int) -> int:
    """The place behind a named property's name."""
    kind, size = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (size + -size % 4 if kind else 0)
