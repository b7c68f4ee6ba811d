"""ODT and ODP, read from their XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from indexer.parsers.container import Container
from indexer.parsers.errors import EncryptedError
from indexer.parsers.hidden import BACKGROUND
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.numbers import is_page_number
from indexer.parsers.office.opendocument.styles import Styles, read_styles
from indexer.parsers.office.opendocument.text import TextReader
from indexer.parsers.office.opendocument.writer import Writer
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_LOCKED = "is protected with a password; save it without one"
_RUNNING = re.compile(r"(?:header|footer)(?:-left|-first)?")


def parse_opendocument(container: Container, name: str, reading: Reading) -> ParsedFile:
    """A text document as sections, a presentation as one page a slide."""
    manifest = container.find("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise EncryptedError(_LOCKED)
    root = read_xml(container.read("content.xml"))
    data = container.find("styles.xml")
    sheets = read_xml(data, "styles.xml") if data else None
    body = next(
        (
            e
            for e in root.iter()
            if local(e) in ("text", "presentation", "drawing")
            and e.getparent() is not None
            and local(e.getparent()) == "body"
        ),
        root,
    )
    styles = read_styles((root, sheets))
    if local(body) != "text":
        pages = tuple(_slides(body, sheets, styles, reading, container))
        reading.check_pages(len(pages), "slides")
        return ParsedFile(name, pages, "odp")
    builder = reading.builder()
    _take_out_hidden(builder, body, styles.hiding)
    writer = Writer(builder, styles, TextReader(styles, body), container)
    for line in running_lines(sheets, writer.reader):
        builder.paragraph(line)
    before = len(builder.blocks)
    writer.blocks(body)
    writer.write_notes()
    first = builder.blocks[before] if len(builder.blocks) > before else None
    text = builder.page(1).text
    title = name
    if first is not None and first.kind == "heading" and first.level == 1:
        title = text[first.start : first.end]
    return ParsedFile(title, builder.sections(), "odt")


def running_lines(sheets: _Element | None, reader: TextReader) -> Iterator[str]:
    """The lines of headers and footers, each once, without the numbers of pages."""
    said: set[str] = set()
    for element in () if sheets is None else sheets.iter():
        if not _RUNNING.fullmatch(local(element)) or attribute(element, "display") == "false":
            continue
        for paragraph in (e for e in element.iter() if local(e) in ("p", "h")):
            read = reader.read(paragraph)
            line = one_line(read.text)
            numbered = read.numbers_pages and is_page_number(line)
            if line and not numbered and line not in said:
                said.add(line)
                yield line


def _take_out_hidden(builder: PageBuilder, parent: _Element, styles: Mapping[str, str]) -> None:
    """Empty what has a hiding style, and tell the page of it. Cells may have a fill: not looked."""
    if not styles:
        return
    for node in list(parent.iter()):
        how = styles.get(attribute(node, "style-name"), "") if isinstance(node.tag, str) else ""
        filled = any(local(around) in ("table-cell", "frame") for around in node.iterancestors())
        if local(node) not in ("p", "h", "span") or not how or (how == BACKGROUND and filled):
            continue
        if builder.hide(how, "".join(node.itertext())):
            for inner in list(node):
                node.remove(inner)
            node.text = ""


def _slides(
    body: _Element,
    sheets: _Element | None,
    styles: Styles,
    reading: Reading,
    container: Container,
) -> Iterator[Page]:
    reader = TextReader(styles, body)
    repeated = list(_repeated(body, sheets, reader))
    for number, slide in enumerate((one for one in body if local(one) == "page"), 1):
        builder = reading.builder()
        _take_out_hidden(builder, slide, styles.hiding)
        writer = Writer(builder, styles, reader, container)
        titles = [e for e in slide if attribute(e, "class") == "title"]
        title = one_line(" ".join(reader.plain(e) for e in titles))
        running = repeated if number == 1 else []
        objects = any(local(e) in ("object", "desc", "control") for e in slide.iter())
        if title or running or objects or "".join(slide.itertext()).strip():
            builder.heading(title or f"Slide {number}", 1)
        writer.blocks(e for e in slide if e not in titles and local(e) != "notes")
        for line in running:
            builder.paragraph(line)
        writer.write_notes()
        notes = child(slide, "notes")
        if notes is not None and "".join(notes.itertext()).strip():
            builder.heading("Notes", 2)
            writer.blocks(notes)
        yield builder.page(number, f"slide {number}", "" if builder.length else "no text")


def _repeated(body: _Element, sheets: _Element | None, reader: TextReader) -> Iterator[str]:
    """What stands in the footers of slides and on their masters, each line once."""
    said = {
        one_line(e.text or ""): None for e in body if local(e) in ("footer-decl", "header-decl")
    }
    for master in () if sheets is None else sheets.iter():
        if local(master) != "master-page":
            continue
        for shape in master:
            if attribute(shape, "class") or local(shape) in ("notes", "forms", ""):
                continue  # a place that slides fill, or their notes
            for paragraph in (e for e in shape.iter() if local(e) == "p"):
                read = reader.read(paragraph)
                if not read.numbers_pages:
                    said[one_line(read.text)] = None
    yield from filter(None, said)
