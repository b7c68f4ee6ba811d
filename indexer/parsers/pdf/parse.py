"""PDF, page by page, through pdfium; scanned pages through text recognition.

pdfium (the reader in Chromium) gives every character with its place and size, twenty times
faster than pypdf, and the page image that highlights are drawn on comes from the same reader.
Of 600 damaged copies of 13 files (`benchmarks/damaged_pdfs.py`) both read 216, pdfium alone 29,
pypdf alone 39, of which 36 had junk before the header. So pypdf is asked where pdfium cannot
open a file, or finds it damaged.
"""

from __future__ import annotations

import contextlib
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.parsers.errors import (
    CorruptedError,
    EncryptedError,
    ScannedError,
    TooLargeError,
)
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.pdf.content import read_content
from indexer.parsers.pdf.layout import survey, write_page
from indexer.parsers.pdf.lines import PageLines, Table
from indexer.parsers.pdf.scans import is_stamped_scan, recognised
from indexer.parsers.reading import Reading
from indexer.parsers.text import add_plain
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

Progress = Callable[[int, int], None]

_PASSWORD_ERROR = 4
_HEADER = b"%PDF-"
_MENDED = "is damaged; its text was read, its pages cannot be shown"
_NOT_LOOKED_FOR = "text that nobody sees was not looked for"
_COMPRESSED = re.compile(rb"/FlateDecode[^>]{0,200}>>\s*stream\r?\n")
_PROBLEMS = {
    "scan": "scanned image without text",
    "stamped scan": "scanned image, of which only the text over it was read",
    "drawing": "drawing without text",
    "unreadable": "text layer that cannot be read",
    "damage": "damaged page",
    "": "blank page",
}
# Above this share of characters without a meaning, a text layer is taken for unreadable.
_UNREADABLE = 0.3
_MEANINGLESS = re.compile("[\ufffd\ue000-\uf8ff]")
_POOR_TITLE = re.compile(
    r"^(\((anonymous|unspecified)\)|microsoft (word|powerpoint|excel) - .*|untitled.*"
    r"|.*\.(docx?|pptx?|xlsx?|pdf|tex|indd|qxd)|document\d*|title|slide \d+|\W*)$",
    re.I,
)


def parse_pdf(
    data: bytes, name: str, reading: Reading, progress: Progress | None = None
) -> ParsedFile:
    """A PDF. `progress` is told (pages done, pages in all) as pages are read.

    Raises `EncryptedError` where the empty password does not open it, `CorruptedError`,
    `TooLargeError`, and `ScannedError` where no page has any text.
    """
    try:
        return _read(data, name, reading, progress)
    except CorruptedError as error:
        for mended in _with_header(data):
            with contextlib.suppress(CorruptedError):
                parsed = _read(mended, name, reading, progress)
                return replace(parsed, problems=(*parsed.problems, _MENDED))
        return _second_reading(data, name, reading, error)


def _with_header(data: bytes) -> Iterator[bytes]:
    """The file with its header in its place: pdfium stumbles over junk before it, and without one.

    pypdf forgives both, but cannot tell what nobody sees.
    """
    begin = data.find(_HEADER)
    if begin:
        yield data[begin:]
        yield _HEADER + b"1.7\n" + data


def _read(data: bytes, name: str, reading: Reading, progress: Progress | None) -> ParsedFile:
    document = _open(data)
    count = len(document)
    reading.check_pages(count)
    lines: list[PageLines] = []
    others: dict[int, Page] = {}
    scans: dict[int, tuple[str, str]] = {}
    for index in range(count):
        before = lines[-1].last_table() if lines else None
        page_lines, objects = _read_page(document, index, reading, before)
        lines.append(page_lines)
        if not page_lines.items:
            others[index] = _page_without_lines(document, index, objects, page_lines.hidden)
        elif objects:
            scans[index] = recognised(document, index, _PROBLEMS["stamped scan"], texts=False)
        if progress:
            progress(index + 1, count)
    typography = survey(lines)
    pages = []
    names: list[str] = []
    for index, page_lines in enumerate(lines):
        if index in others:
            pages.append(others[index])
            continue
        builder = reading.builder()
        _tell(builder, page_lines.hidden)
        names = write_page(builder, page_lines, typography, names)
        text, problem = scans.get(index, ("", ""))
        add_plain(builder, text)
        pages.append(builder.page(index + 1, f"page {index + 1}", problem))
    title = _title(document) or name
    document.close()
    if not any(page.text for page in pages):
        _report_no_text(data, pages)
    return ParsedFile(title, tuple(pages), "pdf")


def _open(data: bytes) -> PdfDocument:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
        pages = len(document)
    except PdfiumError as error:
        if error.err_code == _PASSWORD_ERROR:
            raise EncryptedError("is protected with a password; save it without one") from error
        raise CorruptedError("is damaged and cannot be opened; get an intact copy") from error
    if not pages:
        raise CorruptedError("holds no page that can be read; get an intact copy")
    return document


def _tell(builder: PageBuilder, hidden: Iterable[tuple[str, str]]) -> None:
    for how, text in hidden:
        builder.hide(how, text)


def _second_reading(data: bytes, name: str, reading: Reading, first: CorruptedError) -> ParsedFile:
    """What pypdf reads of a file that pdfium cannot; raises `first` where that is nothing."""
    from pypdf import PdfReader

    pages = []
    try:
        for number, page in enumerate(PdfReader(io.BytesIO(data)).pages, 1):
            reading.check_pages(number)
            builder = PageBuilder()
            add_plain(builder, clean(page.extract_text()))
            problem = "" if builder.length else _PROBLEMS["damage"]
            pages.append(builder.page(number, f"page {number}", problem))
    except TooLargeError:
        raise
    # pypdf lets through whatever its parts raise on damage (KeyError, AttributeError, zlib …);
    # all of it means the same, and `first` says it.
    except Exception:  # noqa: BLE001
        raise first from None
    if not any(page.text for page in pages):
        raise first
    return ParsedFile(name, tuple(pages), "pdf", (f"{_MENDED}; {_NOT_LOOKED_FOR}",))


def _read_page(
    document: PdfDocument, index: int, reading: Reading, before: Table | None
) -> tuple[PageLines, str]:
    """The lines of a page, and what is on it instead of or beside them.

    Instead of lines that is "scan" (pictures and nothing else), "drawing" (shapes, with or
    without pictures), "unreadable", "damage", or nothing; beside them "stamped scan" or nothing.
    """
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
        text_page = page.get_textpage()
    except PdfiumError:
        return PageLines((), 0.0), "damage"
    try:
        content = read_content(page, text_page, keep=reading.limits.keep_hidden, before=before)
        text = "".join(line.text for line in content.all_lines())
        if len(_MEANINGLESS.findall(text)) > _UNREADABLE * len(text):
            return replace(content, items=()), "unreadable"
        if content.items:
            return content, "stamped scan" if is_stamped_scan(page, text) else ""
        return content, _objects(page)
    finally:
        text_page.close()
        page.close()


def _objects(page: PdfPage) -> str:
    from pypdfium2 import raw

    kinds = {found.type for found in page.get_objects(max_depth=5)}
    if kinds & {raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING}:
        return "drawing"
    return "scan" if raw.FPDF_PAGEOBJ_IMAGE in kinds else ""


def _page_without_lines(
    document: PdfDocument, index: int, content: str, hidden: Iterable[tuple[str, str]]
) -> Page:
    """A page whose text layer gives nothing: text recognition, or the reason why not."""
    builder = PageBuilder()
    _tell(builder, hidden)
    problem = _PROBLEMS[content]
    if content in ("scan", "drawing", "unreadable"):
        text, problem = recognised(document, index, problem, texts=True)
        add_plain(builder, text)
    return builder.page(index + 1, f"page {index + 1}", problem)


def _title(document: PdfDocument) -> str:
    """The title in the file's metadata, unless it is one that programs make up."""
    title = " ".join(clean(document.get_metadata_value("Title")).split())
    return "" if _POOR_TITLE.match(title) or len(title) > 200 else title


def _report_no_text(data: bytes, pages: list[Page]) -> None:
    """Raise why a file has no text at all; a file of drawings or blank pages passes."""
    scanned = [page.problem for page in pages if page.problem.startswith(_PROBLEMS["scan"])]
    if scanned:
        raise ScannedError(scanned[0])
    damaged = any(page.problem == _PROBLEMS["damage"] for page in pages)
    if damaged or _has_damaged_streams(data):
        raise CorruptedError("opens, but the contents of its pages are damaged; get an intact copy")


def _has_damaged_streams(data: bytes) -> bool:
    """Whether the file holds compressed streams and none of them unpacks."""
    if b"/Encrypt" in data:
        return False
    damaged = 0
    for stream in _COMPRESSED.finditer(data):
        try:
            zlib.decompressobj().decompress(data[stream.end() : stream.end() + 256])
        except zlib.error:
            damaged += 1
        else:
            return False
    return damaged > 0
