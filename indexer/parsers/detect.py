"""What kind of file it is: by its content first, by its suffix where the content leaves it open.

A text document that was renamed, a .doc that is really a .docx, a picture called .pdf: all
are read as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from indexer.parsers.encoding import is_binary
from indexer.parsers.errors import UnsupportedError
from indexer.parsers.plain.source_code import SUFFIXES as CODE_SUFFIXES

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
)
_MAGIC = (
    (b"{\\rtf", "rtf"),
    (b'x\x9f>"', "tnef"),
    (b"\x1f\x8b\x08", "gz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
# Kinds of which the content is plain text: the suffix says how it is meant.
TEXT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "adoc": "adoc", "asciidoc": "adoc", "csv": "csv", "eml": "eml", "htm": "html",
        "html": "html", "ics": "calendar", "ipynb": "ipynb", "json": "json", "jsonl": "jsonl",
        "latex": "tex", "log": "txt", "markdown": "md", "mbox": "mbox", "md": "md", "mht": "eml",
        "mhtml": "eml", "ndjson": "jsonl", "org": "org", "rst": "rst", "srt": "subtitles",
        "tab": "csv", "tex": "tex", "text": "txt", "tsv": "csv", "txt": "txt", "vcf": "calendar",
        "vtt": "subtitles", "xhtml": "html", "xml": "xml", "yaml": "yaml", "yml": "yaml",
        **dict.fromkeys(CODE_SUFFIXES, "code"),
    }
)  # fmt: skip
BINARY_SUFFIXES = frozenset(
    {
        "bmp", "doc", "docm", "docx", "dotm", "dotx", "epub", "gif", "gz", "jpeg", "jpg", "msg",
        "odp", "ods", "odt", "ott", "pdf", "png", "potx", "ppsm", "ppsx", "ppt", "pptm", "pptx",
        "rtf", "tif", "tiff", "webp", "xls", "xlsb", "xlsm", "xlsx", "xltm", "xltx", "zip",
    }
)  # fmt: skip
SUFFIXES = frozenset(f".{suffix}" for suffix in (*TEXT_KINDS, *BINARY_SUFFIXES))

_PDF_HEADER = b"%PDF-"
_ZIPPED = (
    ("word/", "docx"),
    ("ppt/", "pptx"),
    ("xl/", "sheet"),
    ("META-INF/container.xml", "epub"),
)
_OPEN_DOCUMENT = (
    (b"opendocument.text", "odt"),
    (b"opendocument.spreadsheet", "ods"),
    (b"opendocument.presentation", "odt"),
    (b"epub+zip", "epub"),
)
_OLE = (
    ("EncryptedPackage", "encrypted"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "sheet"),
    ("Book", "sheet"),
    ("__properties_version1.0", "msg"),
)
_MAIL_HEADER = re.compile(
    rb"^(from|received|return-path|date|mime-version|message-id|subject|to):", re.I
)
_STYLESHEET = b"http://www.w3.org/1999/XSL/Transform"


def kind_of(data: bytes, suffix: str) -> str:
    """The kind of a file (a key of the parsers' table) from its bytes and its suffix.

    Raises `UnsupportedError` where neither says anything that is read.
    """
    suffix = suffix.lower().lstrip(".")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for mark, kind in _MAGIC:
        if start.startswith(mark):
            return kind
    # PDF readers forgive junk before the header.
    if _PDF_HEADER in data[: (1 << 16 if suffix == "pdf" else 1024)]:
        return "pdf"
    for mark, kind in _IMAGES:
        if data.startswith(mark) and is_binary(data):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image"
    return _text_kind(start, suffix)


def kind_of_zip(names: list[str], mimetype: bytes) -> str:
    """What a ZIP container is, from its members' names and its `mimetype` member."""
    for mark, kind in _OPEN_DOCUMENT:
        if mark in mimetype:
            return kind
    for prefix, kind in _ZIPPED:
        if any(name.startswith(prefix) for name in names):
            return kind
    return "zip"


def kind_of_ole(streams: list[str]) -> str:
    """What an OLE container is, from its streams' names."""
    for mark, kind in _OLE:
        if mark in streams:
            return kind
    raise UnsupportedError(
        "is an old binary office format that is not read; save it in today's format or as PDF"
    )


def _text_kind(start: bytes, suffix: str) -> str:
    if suffix == "p7s":
        raise UnsupportedError(
            "is a detached signature, not a document; index the signed file or mail itself"
        )
    if _STYLESHEET in start and b"stylesheet" in start:
        raise UnsupportedError(
            "is an XSL stylesheet, a program that lays out other files; index its output"
        )
    lowered = start[:512].lower()
    if lowered.startswith((b"<!doctype html", b"<html")):
        return "html"
    if suffix in TEXT_KINDS:
        return TEXT_KINDS[suffix]
    if lowered.startswith(b"<?xml"):
        return "html" if b"<html" in lowered else "xml"
    if suffix in ("", *BINARY_SUFFIXES):
        return "eml" if _MAIL_HEADER.match(start) and b"\nfrom:" in b"\n" + lowered else "txt"
    raise UnsupportedError(
        f"is a kind of file that is not read (.{suffix}); "
        "save it as PDF, as an office document or as text"
    )
