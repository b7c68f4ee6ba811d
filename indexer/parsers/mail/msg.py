"""Outlook messages (.msg): streams of an OLE container, named by MAPI property ([MS-OXMSG] 2.1)."""

from __future__ import annotations

import datetime
import email
import email.policy
import mimetypes
import re
import struct
from typing import TYPE_CHECKING

from indexer.parsers.container import ole_stream
from indexer.parsers.encoding import decode_declared
from indexer.parsers.errors import EncryptedError, ParseError
from indexer.parsers.mail import tnef
from indexer.parsers.mail.eml import read_message
from indexer.parsers.mail.letter import LOCKED, Attachment, Letter, ReadMember, written
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from olefile import OleFileIO

    from indexer.parsers.reading import Reading

_PROPERTIES = "__properties_version1.0"
_INNER = "__substg1.0_3701000D"
_CODE_PAGE, _INTERNET_CODE_PAGE, _SENT, _RECEIVED = 0x3FFD, 0x3FDE, 0x0039, 0x0E06
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_LOCKED_BODY = re.compile(
    r"^Content-Type:\s*(multipart/encrypted|application/(x-)?pkcs7-mime)", re.M | re.I
)
_MAX_DEPTH = 10


def parse_msg(container: OleFileIO, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """An Outlook message; `read` parses attachments. Raises `EncryptedError`."""
    return _Message(container, "", 32).parsed(name, reading, read)


class _Message:
    """A message at a place of its container; those inside others have a place of their own."""

    def __init__(self, container: OleFileIO, folder: str, header: int, depth: int = 0) -> None:
        self.container = container
        self.folder = folder
        self.depth = depth
        self.numbers = _numbers(self.stream(_PROPERTIES), header)
        page = self.numbers.get(_CODE_PAGE) or self.numbers.get(_INTERNET_CODE_PAGE)
        self.encoding = f"cp{page & 0xFFFF}" if page else None

    def parsed(self, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
        """The message as a file."""
        kind = self.text("001A").upper()
        transport = self.text("007D")
        signed = "MULTIPARTSIGNED" in kind
        if ("SMIME" in kind and not signed) or _LOCKED_BODY.search(transport):
            raise EncryptedError(LOCKED)
        letter = Letter(self.headers(transport))
        page = self.numbers.get(_INTERNET_CODE_PAGE)
        html = self.stream("__substg1.0_10130102")
        try:
            tnef.add_body(
                letter,
                html or self.text("1013").encode(),
                self.stream("__substg1.0_10090102"),
                self.text("1000"),
                (f"cp{page & 0xFFFF}" if page else self.encoding) if html else "utf-8",
            )
        except ParseError as error:
            letter.problems.append(str(error))
        for place in self.folders("__attach"):
            self.add_file(letter, place, reading, read)
        return written(letter, ParsedFile(name, (), "msg"), reading, read)

    def headers(self, transport: str) -> dict[str, str]:
        """What stands above the text."""
        dated = re.search(r"^Date:\s*(.+)$", transport, re.M | re.I)
        return {
            "Subject": self.text("0037"),
            "From": self.text("0C1A") or self.text("0C1F"),
            "To": self.text("0E04"),
            "Cc": self.text("0E03"),
            "Bcc": self.text("0E02"),
            "Date": dated.group(1) if dated else self.time(),
        }

    def time(self) -> str:
        """When it was sent, or came; "" where neither is known."""
        ticks = self.numbers.get(_SENT) or self.numbers.get(_RECEIVED)
        try:
            when = _EPOCH + datetime.timedelta(microseconds=(ticks or 0) // 10)
        except OverflowError:
            return ""
        return when.strftime("%Y-%m-%d %H:%M UTC") if ticks else ""

    def add_file(self, letter: Letter, place: str, reading: Reading, read: ReadMember) -> None:
        """Add a file or a message that came with it."""
        name = self.text("3707", place) or self.text("3704", place) or self.text("3001", place)
        inner = f"{place}/{_INNER}"
        if self.container.exists(f"{self.path(inner)}/{_PROPERTIES}"):
            self.add_message(letter, name, inner, reading, read)
            return
        content = self.stream("__substg1.0_37010102", place)
        if content[:13].lower() == b"content-type:":  # the signed form of the same mail
            message = email.message_from_bytes(content, policy=email.policy.default)
            empty = ParsedFile(name or "signed mail", (), "eml")
            letter.attachments.append(
                Attachment("", parse=lambda: read_message(message, empty, reading, read))
            )
        elif content:
            suffix = self.text("3703", place) or mimetypes.guess_extension(self.text("370E", place))
            letter.attach(
                name or f"attachment {len(letter.attachments) + 1}{suffix or ''}", content
            )
        elif name and self.container.exists(self.path(inner)):
            letter.problems.append(
                f"{name} is an object of another program and was not read; save it as a file"
            )

    def add_message(
        self, letter: Letter, name: str, place: str, reading: Reading, read: ReadMember
    ) -> None:
        """Add a message inside the message."""
        if self.depth >= _MAX_DEPTH:
            letter.problems.append(f"{name} lies too deep in other mails; save it by itself")
            return
        inner = _Message(self.container, self.path(place), 24, self.depth + 1)
        name = name or inner.text("0037") or "attached mail"
        letter.attachments.append(Attachment(name, parse=lambda: inner.parsed(name, reading, read)))

    def path(self, place: str) -> str:
        """A place of the message as one of the container."""
        return "/".join(filter(None, (self.folder, place)))

    def folders(self, prefix: str) -> list[str]:
        """The storages of the message whose names begin so."""
        depth = len(self.folder.split("/")) if self.folder else 0
        base = self.folder.split("/") if self.folder else []
        entries = self.container.listdir(streams=True, storages=True)
        return sorted(
            {
                entry[depth]
                for entry in entries
                if len(entry) > depth and entry[:depth] == base and entry[depth].startswith(prefix)
            }
        )

    def stream(self, name: str, place: str = "") -> bytes:
        """A stream's content; b"" where there is none."""
        return ole_stream(self.container, self.path(f"{place}/{name}" if place else name))

    def text(self, property_id: str, place: str = "") -> str:
        """A string property: UTF-16 (type 001F), or 8-bit (001E) in the message's code page."""
        wide = self.stream(f"__substg1.0_{property_id}001F", place)
        if wide:
            return wide.decode("utf-16-le", errors="replace").rstrip("\0")
        narrow = self.stream(f"__substg1.0_{property_id}001E", place).rstrip(b"\0")
        return decode_declared(narrow, self.encoding)


def _numbers(data: bytes, header: int) -> dict[int, int]:
    """The properties of fixed size, by id."""
    found = {}
    for at in range(header, len(data) - 15, 16):
        _, name, _, value = struct.unpack_from("<HHIQ", data, at)
        found[name] = value
    return found
