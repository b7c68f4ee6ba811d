"""PDF, page by page, through pdfium; scanned pages through text recognition.

pdfium (the reader in Chromium) gives every character with its place and size, twenty times
faster than pypdf, and the page image that highlights are drawn on comes from the same reader.
Of 600 damaged copies of 13 files (`benchmarks/damaged_pdfs.py`) both read 216, pdfium alone 29,
pypdf alone 39, of which 36 had junk before the header. So pypdf is asked where pdfium cannot
open a file, or finds it damaged.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.parsers.errors import (
    CorruptedError,
    EncryptedError,
    ScannedError,
    TooLargeError,
)
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.pdf.hidden import hidden_characters
from indexer.parsers.pdf.layout import Line, PageLines, survey, write_page
from indexer.parsers.pdf.scans import is_stamped_scan, recognised
from indexer.parsers.reading import Reading
from indexer.parsers.text import add_plain
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

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
# pdfium's mark for a hyphen that breaks a word at the end of a line.
_BROKEN = "\ufffe"
_BOLD_WEIGHT = 600
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
        page_lines, objects = _read_page(document, index, keep=reading.limits.keep_hidden)
        lines.append(page_lines)
        if not page_lines.lines:
            others[index] = _page_without_lines(document, index, objects, page_lines.hidden)
        elif objects:
            scans[index] = recognised(document, index, _PROBLEMS["stamped scan"], texts=False)
        if progress:
            progress(index + 1, count)
    typography = survey(lines)
    pages = []
    for index, page_lines in enumerate(lines):
        if index in others:
            pages.append(others[index])
            continue
        builder = reading.builder()
        _tell(builder, page_lines.hidden)
        write_page(builder, page_lines, typography)
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


def _read_page(document: PdfDocument, index: int, *, keep: bool) -> tuple[PageLines, str]:
    """The lines of a page, and what is on it instead of or beside them; `keep` keeps hidden ones.

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
        characters = hidden_characters(page, text_page)
        hidden = _hidden(text_page, characters)
        lines = tuple(_lines(text_page, {} if keep else characters))
        text = "".join(line.text for line in lines)
        if len(_MEANINGLESS.findall(text)) > _UNREADABLE * len(text):
            return PageLines((), page.get_height(), hidden), "unreadable"
        if lines:
            objects = "stamped scan" if is_stamped_scan(page, text) else ""
        else:
            objects = _objects(page)
        return PageLines(lines, page.get_height(), hidden), objects
    finally:
        text_page.close()
        page.close()


def _objects(page: PdfPage) -> str:
    from pypdfium2 import raw

    kinds = {found.type for found in page.get_objects(max_depth=5)}
    if kinds & {raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING}:
        return "drawing"
    return "scan" if raw.FPDF_PAGEOBJ_IMAGE in kinds else ""


def _hidden(text_page: PdfTextPage, characters: Mapping[int, str]) -> tuple[tuple[str, str], ...]:
    """What is hidden on a page, with how it is, in the order of the text layer."""
    if not characters:
        return ()
    found: list[tuple[str, str]] = []
    for at, character in enumerate(text_page.get_text_range()):
        how = characters.get(at)
        if how is None:
            if found and character.isspace() and not found[-1][1].endswith(" "):
                found[-1] = (found[-1][0], found[-1][1] + " ")
        elif found and found[-1][0] == how:
            found[-1] = (how, found[-1][1] + character)
        else:
            found.append((how, character))
    return tuple(found)


def _lines(text_page: PdfTextPage, hidden: Mapping[int, str]) -> Iterator[Line]:
    """The lines of a page with their places, without hidden characters.

    Characters pdfium makes up (line breaks, blanks between words far apart) count as
    characters, so a place in the text is an index into the page's characters.
    """
    text = text_page.get_text_range() if text_page.count_chars() else ""
    at = 0
    for piece in re.split(f"(\r\n|\n|{_BROKEN})", text):
        shown = piece
        if hidden:  # blanks in their place, so that places stay right
            shown = "".join(" " if n in hidden else c for n, c in enumerate(piece, at))
        stripped = shown.strip()
        if stripped and piece != _BROKEN:
            first = at + len(shown) - len(shown.lstrip())
            last = at + len(shown.rstrip()) - 1
            broken = text[at + len(piece) : at + len(piece) + 1] == _BROKEN
            words = " ".join(clean(stripped).split())
            if words:
                yield _line(text_page, words + ("-" if broken else ""), first, last)
        at += len(piece)


def _line(text_page: PdfTextPage, text: str, first: int, last: int) -> Line:
    from pypdfium2 import raw

    start, end = raw.FS_RECTF(), raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text_page.raw, first, ctypes.byref(start))
    raw.FPDFText_GetLooseCharBox(text_page.raw, last, ctypes.byref(end))
    # The font's own size is 1 in files that scale it by a matrix; the box tells its real one.
    size = raw.FPDFText_GetFontSize(text_page.raw, first)
    size = size if size > 2 else abs(start.top - start.bottom)
    bold = all(
        raw.FPDFText_GetFontWeight(text_page.raw, at) >= _BOLD_WEIGHT for at in (first, last)
    )
    return Line(text, start.left, end.right, start.bottom, start.top, max(1.0, size), bold)


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
