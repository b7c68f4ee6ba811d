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
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.parsers.errors import (
    CorruptedError,
    EncryptedError,
    ScannedError,
    TooLargeError,
)
from indexer.parsers.layout import PageBuilder, clean, one_line
from indexer.parsers.mail.letter import ReadMember, attached
from indexer.parsers.pdf.content import read_content
from indexer.parsers.pdf.embedded import embedded_files
from indexer.parsers.pdf.gibberish import is_gibberish
from indexer.parsers.pdf.layout import survey, write_page
from indexer.parsers.pdf.lines import PageLines, Table
from indexer.parsers.pdf.scans import PictureReader, is_blank, is_stamped_scan, recognised
from indexer.parsers.pdf.unmapped import unmapped_lines
from indexer.parsers.pdf.vertical import in_columns
from indexer.parsers.pdf.xfa import XFA_NOT_READ, XFA_READ, is_xfa, xfa_values
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
    "gibberish": "text layer that says nothing in any language",
    "damage": "damaged page",
    "": "blank page",
}
# Above this share of characters without a meaning, a text layer is taken for unreadable.
_UNREADABLE = 0.3
_LONGEST_LABEL = 20
# What the one page says that those who cannot draw an XFA form see.
_WAIT = re.compile(r"please wait|adobe (?:acrobat )?reader|(?:pdf )?viewer may not", re.IGNORECASE)
_POOR_TITLE = re.compile(
    r"^(\((anonymous|unspecified)\)|microsoft (word|powerpoint|excel) - .*|untitled.*"
    r"|.*\.(docx?|pptx?|xlsx?|pdf|tex|indd|qxd)|document\d*|title|slide \d+|\W*)$",
    re.I,
)


def parse_pdf(
    data: bytes,
    name: str,
    reading: Reading,
    read: ReadMember | None = None,
    progress: Progress | None = None,
) -> ParsedFile:
    """A PDF. `progress` is told (pages done, pages in all) as pages are read.

    Files that are embedded in it follow as pages of their own, through `read`. Raises
    `EncryptedError` where the empty password does not open it, `CorruptedError`,
    `TooLargeError`, and `ScannedError` where no page has any text.
    """
    try:
        return _read(data, name, reading, read, progress)
    except CorruptedError as error:
        for mended in _with_header(data):
            with contextlib.suppress(CorruptedError):
                parsed = _read(mended, name, reading, read, progress)
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


def _read(
    data: bytes,
    name: str,
    reading: Reading,
    read: ReadMember | None,
    progress: Progress | None,
) -> ParsedFile:
    document = _open(data)
    count = len(document)
    reading.check_pages(count)
    contents = list(_pages(document, data, reading, progress))
    pages = _write(document, contents, reading)
    problems: tuple[str, ...] = ()
    if is_xfa(document) and not any(page.text and not _WAIT.search(page.text) for page in pages):
        pages, problems = _with_values(document, pages, reading)
    pinned = [index for index, content in enumerate(contents) if content.pinned]
    files = list(embedded_files(document, pinned, reading)) if read is not None else []
    title = _title(document) or name
    document.close()
    if files and read is not None:
        together, more = attached(list(pages), files, reading, read)
        pages, problems = list(together), problems + more
    if not any(page.text for page in pages):
        _report_no_text(data, pages)
        pages = [page if page.problem else replace(page, problem=_PROBLEMS[""]) for page in pages]
    return ParsedFile(title, tuple(pages), "pdf", problems)


def _pages(
    document: PdfDocument, data: bytes, reading: Reading, progress: Progress | None
) -> Iterator[PageLines]:
    """What each page holds, one after the other."""
    count = len(document)
    pictures = PictureReader()
    before: Table | None = None
    for index in range(count):
        content = _read_page(document, index, reading, pictures, before)
        if content.unmapped and not content.items:
            lines = in_columns(unmapped_lines(data, index))
            content = replace(content, items=tuple(line for (line,) in lines))
        before = content.last_table()
        yield content
        if progress:
            progress(index + 1, count)


def _write(document: PdfDocument, contents: list[PageLines], reading: Reading) -> list[Page]:
    typography = survey(contents)
    pages = []
    names: list[str] = []
    for index, content in enumerate(contents):
        builder = reading.builder()
        for how, text in content.hidden:
            builder.hide(how, text)
        names = write_page(builder, content, typography, names)
        pages.append(builder.page(index + 1, _label(document, index), content.problem))
    return pages


def _label(document: PdfDocument, index: int) -> str:
    """What a page is called: by the number printed on it, where the file says that."""
    printed = one_line(document.get_page_label(index))[:_LONGEST_LABEL]
    sheet = str(index + 1)
    return f"page {sheet}" if printed in ("", sheet) else f"page {printed} (sheet {sheet})"


def _with_values(
    document: PdfDocument, pages: list[Page], reading: Reading
) -> tuple[list[Page], tuple[str, ...]]:
    """The first page of an XFA form with what is filled in, instead of the request to wait."""
    values = xfa_values(document, reading)
    if not values:
        return [replace(page, problem=XFA_NOT_READ) for page in pages[:1]] + pages[1:], ()
    builder = reading.builder()
    for value in values:
        builder.paragraph(value)
    first = builder.page(1, pages[0].label)
    return [replace(first, hidden=pages[0].hidden), *pages[1:]], (XFA_READ,)


def _open(data: bytes) -> PdfDocument:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
        document.init_forms()
        pages = len(document)
    except PdfiumError as error:
        if error.err_code == _PASSWORD_ERROR:
            raise EncryptedError("is protected with a password; save it without one") from error
        raise CorruptedError("is damaged and cannot be opened; get an intact copy") from error
    if not pages:
        raise CorruptedError("holds no page that can be read; get an intact copy")
    return document


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
    document: PdfDocument,
    index: int,
    reading: Reading,
    pictures: PictureReader,
    before: Table | None,
) -> PageLines:
    """What a page holds: its text, else what is recognised on it, or why there is nothing."""
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
        text_page = page.get_textpage()
    except PdfiumError:
        return PageLines((), 0.0, problem=_PROBLEMS["damage"])
    try:
        content = read_content(page, text_page, keep=reading.limits.keep_hidden, before=before)
        if not content.items and not content.notes:
            return _without_lines(page, content)
        if content.unreadable > _UNREADABLE:
            return _with_recognised(page, replace(content, items=()), "unreadable", texts=True)
        text = " ".join(line.text for line in content.all_lines())
        if is_stamped_scan(page, text):
            return _with_recognised(page, content, "stamped scan", texts=False)
        if is_gibberish(text):
            return _instead_of_gibberish(page, content)
        return pictures.add(page, content)
    finally:
        text_page.close()
        page.close()


def _without_lines(page: PdfPage, content: PageLines) -> PageLines:
    """A page whose text layer gives nothing: what is recognised, or the reason why not."""
    if content.unreadable > _UNREADABLE:
        return _with_recognised(page, content, "unreadable", texts=True)
    found = _objects(page)
    if content.unmapped or not found or (found == "drawing" and is_blank(page)):
        return content
    return _with_recognised(page, content, found, texts=True)


def _with_recognised(page: PdfPage, content: PageLines, problem: str, *, texts: bool) -> PageLines:
    found = recognised(page, _PROBLEMS[problem], texts=texts)
    return replace(
        content,
        items=(*content.items, *found.items),
        plain=found.plain,
        problem=found.problem,
    )


def _instead_of_gibberish(page: PdfPage, content: PageLines) -> PageLines:
    """What the picture of a page says where its text layer says nothing in any language.

    What is recognised counts only where it does say something. Where it is much the same, lists of
    codes for example, the text layer is right; else it is kept, and told of.
    """
    found = recognised(page, _PROBLEMS["gibberish"], texts=True)
    said = found.plain or " ".join(line.text for line in found.all_lines())
    if said and not is_gibberish(said):
        return replace(content, items=found.items, plain=found.plain)
    words = {word for line in content.all_lines() for word in line.text.split()}
    if len(words & set(said.split())) > 0.3 * len(words):
        return content
    return replace(content, problem=found.problem or _PROBLEMS["gibberish"])


def _objects(page: PdfPage) -> str:
    """What is on a page without text: "drawing" (shapes, with or without pictures) or "scan"."""
    from pypdfium2 import raw

    kinds = {found.type for found in page.get_objects(max_depth=5)}
    if kinds & {raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING}:
        return "drawing"
    return "scan" if raw.FPDF_PAGEOBJ_IMAGE in kinds else ""


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
