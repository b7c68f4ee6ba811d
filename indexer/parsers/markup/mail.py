"""E-mail: EML and MIME HTML through the standard library, Outlook MSG through its OLE streams.

Attachments that can be read are read too and follow as pages of the mail.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import TYPE_CHECKING

from indexer.parsers.container import ole_stream
from indexer.parsers.errors import CorruptedError, EmptyFileError, EncryptedError, ParseError
from indexer.parsers.layout import one_line
from indexer.parsers.markup.html import add_html
from indexer.parsers.reading import Reading
from indexer.parsers.text import add_plain
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from olefile import OleFileIO

ReadMember = Callable[[bytes, str], ParsedFile]

_LOCKED = "is an encrypted mail; decrypt it and save it again"
_SHOWN = ("Subject", "From", "To", "Cc", "Bcc", "Date")


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail as both formats give it: shown headers, body as text or HTML, attachments."""

    headers: dict[str, str]
    text: str
    html: str
    attachments: tuple[tuple[str, bytes], ...]


def parse_eml(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """A mail as RFC 5322; `read` parses attachments.

    Raises `EncryptedError` for PGP and S/MIME encryption.
    """
    if not data.strip():
        raise EmptyFileError("holds nothing but white space")
    message = email.message_from_bytes(data.lstrip(), policy=email.policy.default)
    kind = message.get_content_type()
    wrapped = kind.endswith("pkcs7-mime") and message.get_param("smime-type") != "signed-data"
    if kind == "multipart/encrypted" or wrapped:
        raise EncryptedError(_LOCKED)
    if not message.keys():
        raise CorruptedError("has no mail headers; save the mail again")
    try:
        mail = _from_message(message)
    # Of broken headers inside the mail the standard library raises whatever it stumbles over.
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise CorruptedError(f"is damaged ({type(error).__name__}); save the mail again") from error
    return _written(mail, ParsedFile(name, (), "eml"), reading, read)


def parse_msg(container: OleFileIO, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """An Outlook message; `read` parses attachments.

    The streams are named by MAPI property ([MS-OXMSG] section 2.1). Raises `EncryptedError`.
    """
    kind = _msg_text(container, "", "001A").upper()
    if "SMIME" in kind and "MULTIPARTSIGNED" not in kind:
        raise EncryptedError(_LOCKED)
    headers = {
        "Subject": _msg_text(container, "", "0037"),
        "From": _msg_text(container, "", "0C1A") or _msg_text(container, "", "0C1F"),
        "To": _msg_text(container, "", "0E04"),
        "Cc": _msg_text(container, "", "0E03"),
        "Bcc": _msg_text(container, "", "0E02"),
    }
    transport = _msg_text(container, "", "007D")
    dated = re.search(r"^Date:\s*(.+)$", transport, re.M | re.I)
    if dated:
        headers["Date"] = dated.group(1)
    if re.search(
        r"^Content-Type:\s*(multipart/encrypted|application/(x-)?pkcs7-mime)",
        transport,
        re.M | re.I,
    ):
        raise EncryptedError(_LOCKED)
    folders = sorted({e[0] for e in container.listdir() if e[0].startswith("__attach")})
    attachments = []
    for folder in folders:
        title = _msg_text(container, folder, "3707") or _msg_text(container, folder, "3704")
        content = _msg_bytes(container, folder, "37010102")
        if content:
            attachments.append((title or "attachment", content))
    html = _msg_bytes(container, "", "10130102").decode("utf-8", errors="replace")
    mail = _Mail(headers, _msg_text(container, "", "1000"), html, tuple(attachments))
    return _written(mail, ParsedFile(name, (), "msg"), reading, read)


def _from_message(message: EmailMessage) -> _Mail:
    headers = {key: _header(message, key) for key in _SHOWN}
    body = message.get_body(("plain", "html"))
    text = _content(body) if body is not None else ""
    is_html = body is not None and body.get_content_subtype() == "html"
    attachments = []
    for part in message.iter_attachments() if message.is_multipart() else ():
        if part.get_filename() and not part.is_multipart():
            content = part.get_payload(decode=True)
            attachments.append(
                (part.get_filename(), content if isinstance(content, bytes) else b"")
            )
    return _Mail(headers, "" if is_html else text, text if is_html else "", tuple(attachments))


def _header(message: EmailMessage, key: str) -> str:
    """A header decoded; the standard library stumbles over some broken ones, which read ""."""
    try:
        return str(message.get(key, ""))
    except (AttributeError, LookupError, RecursionError, ValueError):
        return ""


def _content(part: EmailMessage) -> str:
    """A text part's text, also where it names an encoding that does not exist."""
    try:
        return part.get_content()
    except (LookupError, UnicodeError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""


def _written(mail: _Mail, empty: ParsedFile, reading: Reading, read: ReadMember) -> ParsedFile:
    """The mail as a file like `empty`, which has its name and kind."""
    builder = reading.builder()
    subject = one_line(mail.headers.get("Subject", ""))
    builder.heading(mail.headers.get("Subject", ""), 1)
    for key in _SHOWN[1:]:
        if value := mail.headers.get(key):
            builder.item(f"{key}: {value}")
    if mail.text.strip():
        add_plain(builder, mail.text)
    elif mail.html.strip():
        add_html(builder, mail.html)
    if not builder.length and not mail.attachments:
        raise EmptyFileError("holds neither headers nor text")
    pages, problems = attached(list(builder.sections()), mail.attachments, reading, read)
    return ParsedFile(subject or empty.title, tuple(pages), empty.kind, problems)


def attached(
    pages: list[Page], members: Iterable[tuple[str, bytes]], reading: Reading, read: ReadMember
) -> tuple[Sequence[Page], tuple[str, ...]]:
    """`pages` followed by those of each member that can be read, labelled with its name.

    The second value holds the members' problems, by name. Raises `TooLargeError` where the
    members have too many pages in all.
    """
    problems = []
    for title, content in members:
        try:
            parsed = read(content, title)
        except ParseError as error:
            problems.append(f"{title} {error}")
            continue
        problems += [f"{title} {problem}" for problem in parsed.problems]
        for page in parsed.pages:
            label = f"{title}, {page.label}" if page.label else title
            number = len(pages) + 1
            hidden = tuple(replace(found, page=number) for found in page.hidden)
            pages.append(replace(page, number=number, label=label, hidden=hidden))
        reading.check_pages(len(pages))
    return pages, tuple(problems)


def _msg_text(container: OleFileIO, folder: str, property_id: str) -> str:
    """A string property: UTF-16 (type 001F), or 8-bit (001E)."""
    wide = _msg_bytes(container, folder, f"{property_id}001F")
    if wide:
        return wide.decode("utf-16-le", errors="replace").rstrip("\0")
    return (
        _msg_bytes(container, folder, f"{property_id}001E").decode("cp1252", "replace").rstrip("\0")
    )


def _msg_bytes(container: OleFileIO, folder: str, stream: str) -> bytes:
    path = f"{folder}/__substg1.0_{stream}" if folder else f"__substg1.0_{stream}"
    return ole_stream(container, path)
