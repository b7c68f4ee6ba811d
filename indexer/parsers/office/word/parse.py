"""DOCX, through python-docx: headings, lists, tables, notes, and the page breaks Word left.

python-docx opens the package and knows its styles. Paragraph texts are read from the XML
itself, because `Paragraph.text` leaves out tracked insertions, content controls and text boxes
(python-docx 1.2), which is text that a reader sees.

Word stores where its last printout broke pages (`lastRenderedPageBreak`); where it did, page
numbers are Word's own. Where it did not, explicit page breaks count, else sections.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from indexer.parsers.container import package_faults
from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.layout import one_line
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.word.hidden import HiddenRuns
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.styles import CT_Style
    from lxml.etree import _Element

    from indexer.parsers.layout import PageBuilder

_NOTES = ("footnotes", "endnotes")
_BREAK = "\f"
_CHARACTERS = {"tab": " ", "cr": " ", "noBreakHyphen": "-"}
_SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "delText", "pPr"})
_WRAPPERS = frozenset({"sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo"})


def parse_docx(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A Word document; its first title or level-1 heading is its title."""
    from docx import Document

    with package_faults("a Word document"):
        document = Document(io.BytesIO(data))
        reader = _Reader(document, reading)
        reader.blocks(document.element.body)
        for relation in document.part.rels.values():
            if not relation.is_external and relation.reltype.endswith(_NOTES):
                reader.notes(read_xml(relation.target_part.blob))
    return ParsedFile(reader.title or name, reader.finish(), "docx")


class _Reader:
    """Writes a document's blocks, page by page."""

    def __init__(self, document: Document, reading: Reading) -> None:
        self.reading = reading
        # The elements, not python-docx's `styles`, which stumble over a style without a type.
        self.styles = {style.styleId: style for style in document.styles.element.style_lst}
        self.hidden = HiddenRuns(document.element, self.styles)
        self.builder = reading.builder()
        self.done: list[PageBuilder] = []
        self.title = ""
        body = document.element.body
        self.rendered = any(local(e) == "lastRenderedPageBreak" for e in body.iter())

    def blocks(self, parent: _Element) -> None:
        """Write the paragraphs and tables inside an element."""
        for node in parent:
            tag = local(node)
            if tag == "p":
                self.paragraph(node)
            elif tag == "tbl":
                self.table(node)
            elif tag in _WRAPPERS:
                self.blocks(node)

    def notes(self, root: _Element) -> None:
        """Write footnotes or endnotes."""
        for note in root:
            if attribute(note, "type") not in ("separator", "continuationSeparator"):
                self.blocks(note)

    def paragraph(self, element: _Element) -> None:
        """Write a paragraph; a page break inside it parts it."""
        properties = {local(e): e for p in element if local(p) == "pPr" for e in p}
        style = self.style(properties)
        level = _level(style, properties.get("outlineLvl"))
        depth = _list_depth(style, properties.get("numPr"))
        pieces = "".join(self.text(element)).split(_BREAK)
        for number, piece in enumerate(pieces):
            if number:
                self.done.append(self.builder)
                self.reading.check_pages(len(self.done))
                self.builder = self.reading.builder()
            self.builder.look_through(piece)
            text = one_line(piece)
            if level:
                self.builder.heading(text, level)
                if level == 1 and not self.title:
                    self.title = text
            elif depth >= 0:
                self.builder.item(text, depth)
            else:
                self.builder.paragraph(text)

    def style(self, properties: dict[str, _Element]) -> CT_Style | None:
        """The named style of a paragraph, if it has one that exists."""
        named = properties.get("pStyle")
        return None if named is None else self.styles.get(attribute(named, "val"))

    def text(self, element: _Element) -> Iterator[str]:
        """The text of a paragraph in order, `_BREAK` where a page ends."""
        for node in element:
            tag = local(node)
            if tag == "t":
                yield node.text or ""
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag]
            elif tag == "br":
                paged = attribute(node, "type") == "page" and not self.rendered
                yield _BREAK if paged else " "
            elif tag == "lastRenderedPageBreak":
                yield _BREAK
            elif tag == "r" and (how := self.hidden.how(node)):
                text = "".join(self.text(node))
                if not self.builder.hide(how, text):
                    yield text
            elif tag == "p":  # of a text box
                yield from (" ", *self.text(node), " ")
            elif tag and tag not in _SKIPPED:
                yield from self.text(node)

    def table(self, element: _Element) -> None:
        """Write a table; one of a single column frames text and is written as that."""
        rows = [node for node in _unwrapped(element) if local(node) == "tr"]
        cells = [[cell for cell in _unwrapped(row) if local(cell) == "tc"] for row in rows]
        if max((len(row) for row in cells), default=0) < 2:
            for row in cells:
                for cell in row:
                    self.blocks(cell)
            return
        write_grid(self.builder, laid_out(map(self.row, rows), _header_rows(rows)))

    def row(self, row: _Element) -> list[Cell]:
        """The cells of a row, in their columns."""
        before = child(child(row, "trPr"), "gridBefore")
        cells = [Cell("", _number(before))] if before is not None else []
        for cell in _unwrapped(row):
            if local(cell) == "tc":
                properties = child(cell, "tcPr")
                merged = child(properties, "vMerge")
                goes_on = merged is not None and attribute(merged, "val") != "restart"
                span = _number(child(properties, "gridSpan"))
                cells.append(Cell(self.cell(cell), span, 0 if goes_on else 1))
        return cells

    def cell(self, cell: _Element) -> str:
        """The text of a cell; nested tables are read as text."""
        paragraphs = (node for node in cell.iter() if local(node) == "p")
        return " ".join("".join(self.text(p)).replace(_BREAK, " ") for p in paragraphs)

    def finish(self) -> tuple[Page, ...]:
        """All pages; without any page break, sections."""
        if not self.done:
            return self.builder.sections()
        builders = [*self.done, self.builder]
        return tuple(
            builder.page(number, f"page {number}", "" if builder.length else "no text")
            for number, builder in enumerate(builders, 1)
        )


def _number(element: _Element | None) -> int:
    """The number that an element gives, 1 where it gives none."""
    value = "" if element is None else attribute(element, "val")
    return int(value) if value.isdecimal() and len(value) < 6 else 1


def _header_rows(rows: Sequence[_Element]) -> int | None:
    """How many rows Word repeats on each page, if several; people often mark the first alone."""
    marked = (child(child(row, "trPr"), "tblHeader") for row in rows)
    count = sum(1 for _ in takewhile(lambda one: one is not None and _is_on(one), marked))
    return count if count > 1 else None


def _is_on(switch: _Element) -> bool:
    """Whether a property that stands there is on."""
    return attribute(switch, "val").lower() not in ("0", "false", "off", "none")


def _unwrapped(element: _Element) -> Iterator[_Element]:
    """Children, with those inside content controls in their place."""
    for node in element:
        if local(node) in _WRAPPERS:
            yield from _unwrapped(node)
        else:
            yield node


def _ancestry(style: CT_Style | None) -> Iterator[CT_Style]:
    """A style and those it is based on, nearest first; at most ten, against circles."""
    for _ in range(10):
        if style is None:
            return
        yield style
        style = style.base_style


def _level(style: CT_Style | None, outline: _Element | None) -> int:
    """The heading level that a paragraph's own outline or its style's name gives; 0 for none."""
    if outline is not None and attribute(outline, "val") in "012345":
        return int(attribute(outline, "val")) + 1
    for ancestor in _ancestry(style):
        named = re.fullmatch(r"heading ([1-6])|title", (ancestor.name_val or "").lower())
        if named:
            return int(named.group(1) or 1)
        levels = [e for e in ancestor.iter() if local(e) == "outlineLvl"]
        if levels and attribute(levels[0], "val") in "012345":
            return int(attribute(levels[0], "val")) + 1
    return 0


def _list_depth(style: CT_Style | None, numbering: _Element | None) -> int:
    """How deep in lists a paragraph is, from 0 on; -1 outside of lists."""
    if numbering is not None:
        values = {local(e): attribute(e, "val") for e in numbering}
        return -1 if values.get("numId") == "0" else int(values.get("ilvl") or 0)
    listed = any(local(e) == "numPr" for s in _ancestry(style) for e in s.iter())
    return 0 if listed else -1
