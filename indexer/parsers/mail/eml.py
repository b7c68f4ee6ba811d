"""E-mail as RFC 5322 and MIME: every part that a person sees, in its place.

Of alternatives the one that mail programs show is read; files that came with the mail, mails
inside it and Outlook's winmail.dat follow as its pages.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import mimetypes
import re
from collections.abc import Callable, Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import EmailMessage, Message
from functools import partial
from typing import Any

from indexer.parsers.encoding import declared_encoding, decode_declared
from indexer.parsers.errors import CorruptedError, EmptyFileError, EncryptedError, ParseError
from indexer.parsers.layout import one_line
from indexer.parsers.mail import tnef
from indexer.parsers.mail.calendar import add_calendar
from indexer.parsers.mail.letter import LOCKED, SHOWN, Attachment, Letter, ReadMember, written
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

# Mails in mails: each level was in full in the one around it, so nothing grows.
_MAX_DEPTH = 20
# Smaller pictures inside the text are rules, logos and counters.
_PICTURE_BYTES = 8_000
_LEAST_PICTURE = 500  # of any
_SIGNATURES = ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pgp-keys")
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^>]*>")
_UUENCODED = re.compile(
    r"^begin [0-7]{3} (\S.*)\n((?:[^\n]{1,70}\n)+)`?\n?end[ \t]*$", re.MULTILINE
)
# Of broken headers inside a mail the standard library raises whatever it stumbles over.
_FAULTS = (AttributeError, LookupError, MessageError, RecursionError, TypeError, ValueError)


def parse_eml(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """A mail; `read` parses attachments. Raises `EncryptedError` for PGP and S/MIME encryption."""
    if not data.strip():
        raise EmptyFileError("holds nothing but white space")
    message = email.message_from_bytes(data.lstrip(), policy=email.policy.default)
    return read_message(message, ParsedFile(name, (), "eml"), reading, read)


def read_message(
    message: Message, empty: ParsedFile, reading: Reading, read: ReadMember, depth: int = 0
) -> ParsedFile:
    """A message as a file like `empty`, which has its name and kind."""
    kind = message.get_content_type()
    wrapped = kind.endswith("pkcs7-mime") and message.get_param("smime-type") != "signed-data"
    if kind == "multipart/encrypted" or wrapped:
        raise EncryptedError(LOCKED)
    if not message.keys():
        raise CorruptedError("has no mail headers; save the mail again")
    if depth > _MAX_DEPTH:
        raise CorruptedError(f"lies more than {_MAX_DEPTH} mails deep; save it by itself")
    try:
        letter = Letter({key: _header(message, key) for key in SHOWN})
        _Parts(letter, reading, read, depth).add(message)
    except _FAULTS as error:
        raise CorruptedError(f"is damaged ({type(error).__name__}); save the mail again") from error
    return written(letter, empty, reading, read)


class _Parts:
    """Goes through a message's parts and fills a letter."""

    def __init__(self, letter: Letter, reading: Reading, read: ReadMember, depth: int) -> None:
        self.letter = letter
        self.reading = reading
        self.read = read
        self.depth = depth

    def add(self, part: Message, related: bool = False) -> None:
        """Add a part and all that is in it; `related` says that the text shows it inside."""
        kind, main = part.get_content_type(), part.get_content_maintype()
        if kind == "multipart/alternative":
            self.alternative(_children(part))
        elif main == "multipart" and part.is_multipart():
            for child in _children(part):
                self.add(child, related or kind == "multipart/related")
        elif main == "message":
            self.message(part, kind)
        elif part.get_content_subtype() in _SIGNATURES:
            return
        elif main == "text" and not _is_file(part):
            self.text(part, part.get_content_subtype())
        else:
            self.file(part, related)

    def alternative(self, parts: list[Message]) -> None:
        """Of the same text in several forms the one that is shown; what is no form of it too."""
        forms = [(part, _words(part)) for part in parts]
        texts = [(part, words) for part, words in forms if words]
        most = max((words for _, words in texts), default=0)
        # Mail programs show the last; a stub ("your program cannot show this") is none.
        shown = next((part for part, words in reversed(texts) if 2 * words >= most), None)
        for part in parts:
            if part is shown or part.get_content_type() == "text/calendar":
                self.add(part)
            else:
                self.files_of(part)

    def files_of(self, part: Message) -> None:
        """Add the files inside a form of the text that is not shown."""
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            for child in _children(part):
                self.files_of(child)
        elif part.get_content_maintype() != "text" or _is_file(part):
            self.add(part)

    def text(self, part: Message, kind: str) -> None:
        """Add a text of the body."""
        data = _payload(part)
        if kind == "html":
            self.letter.add_html(_decoded(part, data))
        elif kind == "calendar":
            text = _decoded(part, data)
            self.letter.body.append(lambda builder: add_calendar(builder, text))
        elif kind in ("rtf", "csv", "tab-separated-values"):
            self.file(part, related=False)
        elif kind in ("enriched", "richtext"):
            self.letter.add_text(_TAG.sub("", _decoded(part, data)))
        elif kind != "x-amp-html":
            self.plain(part, _decoded(part, data))

    def plain(self, part: Message, text: str) -> None:
        """Add plain text; files that are written into it as letters become files again."""
        if str(part.get_param("delsp", "")).lower() == "yes":
            text = text.replace(" \r\n", "").replace(" \n", "")
        text = text.replace("\r\n", "\n")
        for found in _UUENCODED.finditer(text):
            self.letter.attach(found.group(1).strip(), _uudecoded(found.group(2)))
        self.letter.add_text(_UUENCODED.sub("", text))

    def message(self, part: Message, kind: str) -> None:
        """Add a mail inside the mail, or a report of its delivery."""
        payload = part.get_payload()
        if kind in ("message/delivery-status", "message/disposition-notification"):
            blocks = payload if isinstance(payload, list) else [part]
            self.letter.add_text("\n\n".join(str(block) for block in blocks))
            return
        if kind == "message/external-body":
            self.letter.problems.append("a part of it lies on another machine and was not read")
            return
        inner: Any = payload[0] if isinstance(payload, list) and payload else None
        if inner is None or not inner.keys():
            source = inner.get_payload() if inner is not None else payload
            inner = _encoded_message(source)
        name = one_line(_filename(part) or _header(inner, "Subject")) or "attached mail"
        empty = ParsedFile(name, (), "eml")
        self.letter.attachments.append(
            Attachment(
                name,
                parse=lambda: read_message(inner, empty, self.reading, self.read, self.depth + 1),
            )
        )

    def file(self, part: Message, related: bool) -> None:
        """Add a file; Outlook's envelope is opened."""
        content = _payload(part)
        name = _filename(part) or _made_up(part, len(self.letter.attachments) + 1)
        if part.get_content_subtype().endswith("ms-tnef") or name.lower() == "winmail.dat":
            self.envelope(name, content)
        elif part.get_content_maintype() != "image" or len(content) >= (
            _PICTURE_BYTES if related else _LEAST_PICTURE
        ):
            self.letter.attach(name, content)

    def envelope(self, name: str, content: bytes) -> None:
        """Add what is in a winmail.dat; its text is that of the mail in another form."""
        try:
            envelope = tnef.unpack(content)
        except ParseError as error:
            self.letter.problems.append(f"{name} {error}")
            return
        if not self.letter.body:
            envelope.add_body(self.letter)
        envelope.add_files(self.letter, self.reading, self.read)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    parts = payload if isinstance(payload, list) else []
    return [one for one in parts if isinstance(one, Message)]


def _is_file(part: Message) -> bool:
    """Whether a text is a file that came along, and not said by the mail."""
    return part.get_content_disposition() == "attachment" or bool(_filename(part))


def _filename(part: Message) -> str:
    try:
        return one_line(_unescaped(part.get_filename() or ""))
    except _FAULTS:
        return ""


def _made_up(part: Message, number: int) -> str:
    """A name for a file that came without one; its suffix says how to read it."""
    suffix = mimetypes.guess_extension(part.get_content_type()) or ""
    return f"attachment {number}{suffix}"


def _words(part: Message) -> int:
    """The number of words that a form of the text shows."""
    if part.get_content_maintype() == "multipart":
        return sum(map(_words, _children(part)))
    kind = part.get_content_type()
    if kind not in ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown"):
        return 0
    text = _decoded(part, _payload(part))
    if kind == "text/html":
        text = re.sub(r"(?is)<(style|script|head)\b.*?</\1\s*>", " ", text)
    return len(_WORD.findall(text if kind == "text/plain" else _TAG.sub(" ", text)))


def _payload(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message, data: bytes) -> str:
    charset = part.get_param("charset")
    if isinstance(charset, tuple):
        charset = charset[2]
    return decode_declared(data, charset or declared_encoding(data))


def _header(message: Message, key: str) -> str:
    """A header decoded, also from encodings that are not declared or have other names."""
    raw = next((value for name, value in message.raw_items() if name.lower() == key.lower()), "")
    try:
        return one_line(_unescaped(str(raw)))
    except _FAULTS:
        return ""


def _unescaped(raw: str) -> str:
    """Encoded words and bytes beyond ASCII as text."""
    if "=?" not in raw:
        return _from_bytes(raw)
    try:
        parts = decode_header(raw)
    except (MessageError, binascii.Error, ValueError):
        return _from_bytes(raw)
    return "".join(
        _from_bytes(part) if isinstance(part, str) else decode_declared(part, charset)
        for part, charset in parts
    )


def _from_bytes(raw: str) -> str:
    """Text in which bytes of an unknown encoding stand as surrogates."""
    if raw.isascii():
        return raw
    return decode_declared(raw.encode("utf-8", errors="surrogateescape"), None)


def _encoded_message(source: object) -> EmailMessage:
    """A mail that was attached in Base64, which MIME forbids and programs do."""
    try:
        data = binascii.a2b_base64(str(source))
    except binascii.Error:
        data = str(source).encode("utf-8", errors="surrogateescape")
    return email.message_from_bytes(data, policy=email.policy.default)


def _uudecoded(lines: str) -> bytes:
    data = b""
    for line in filter(None, lines.split("\n")):
        try:
            data += binascii.a2b_uu(line.encode("ascii", errors="ignore"))
        except binascii.Error:
            continue
    return data


def messages(data: bytes) -> Iterator[Message]:
    """The mails of a mailbox file (mbox, RFC 4155)."""
    starts = [
        found.start() for found in re.finditer(rb"^From \S.*\d{2}:\d{2}.*$", data, re.MULTILINE)
    ]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=False):
        _, _, source = data[start:end].partition(b"\n")
        source = re.sub(rb"^>(>*From )", rb"\1", source, flags=re.MULTILINE)
        yield email.message_from_bytes(source, policy=email.policy.default)


def parse_mbox(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """A mailbox: each mail with what came with it, labelled with its subject."""
    from indexer.parsers.mail.letter import appended

    def readers() -> Iterator[tuple[str, Callable[[], ParsedFile]]]:
        for number, message in enumerate(messages(data), 1):
            title = _header(message, "Subject") or f"mail {number}"
            empty = ParsedFile(title, (), "eml")
            yield (
                title,
                partial(read_message, message, empty, reading, read),
            )

    pages, problems = appended([], readers(), reading)
    if not pages:
        raise EmptyFileError("holds no mail that can be read")
    return ParsedFile(name, tuple(pages), "mbox", problems)
