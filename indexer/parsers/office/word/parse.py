"""DOCX, through python-docx: headings, numbered lists, tables, and what hangs on its paragraphs.

python-docx opens the package and knows its styles; everything else is read from the XML itself.

Word stores where its last printout broke pages (`lastRenderedPageBreak`); where it did, page
numbers are Word's own. Where it did not, explicit page breaks count, else sections.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from indexer.parsers.container import package_faults
from indexer.parsers.grid import Cell, Grid, inner_text, laid_out, write_grid
from indexer.parsers.layout import one_line
from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.graphics import write_chart, write_diagram
from indexer.parsers.office.numbers import numeral
from indexer.parsers.office.word.hidden import HiddenRuns
from indexer.parsers.office.word.numbering import Mark, Numbering
from indexer.parsers.office.word.parts import Parts, add_chunk, add_parsed, author_of, properties_of
from indexer.parsers.office.word.text import BREAK, Paragraph, TextReader
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.styles import CT_Style
    from lxml.etree import _Element

    from indexer.parsers.layout import PageBuilder

_WRAPPERS = frozenset({"sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo"})
_NOTES = ("footnote", "endnote")
_OBJECTS = "objects embedded in it (old equations, sheets, drawings) were not read: {}"
_OTHER_TYPES = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
# Word files inside each other, as chunks.
_DEEPEST = 2


def parse_docx(data: bytes, name: str, reading: Reading, depth: int = 0) -> ParsedFile:
    """A Word document; its first title or level-1 heading is its title.

    `depth` counts the documents that it is a chunk of.
    """
    with package_faults("a Word document"):
        document = _opened(data)
        reader = _Reader(document, reading, depth)
        for part in reader.parts.running():
            reader.blocks(part)
        reader.title = ""
        reader.blocks(document.element.body)
        reader.rest()
    return ParsedFile(reader.title or name, reader.finish(), "docx", tuple(reader.problems))


def _opened(data: bytes) -> Document:
    """Open a package; python-docx by itself refuses templates and files with macros."""
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    PartFactory.part_type_for.update(dict.fromkeys(_OTHER_TYPES, DocumentPart))
    part = Package.open(io.BytesIO(data)).main_document_part
    if not isinstance(part, DocumentPart):
        raise ValueError(f"its main part is {part.content_type}")
    return part.document


class _Reader:
    """Writes a document's blocks, page by page."""

    def __init__(self, document: Document, reading: Reading, depth: int) -> None:
        self.reading = reading
        self.depth = depth
        # The elements, not python-docx's `styles`, which stumble over a style without a type.
        self.styles = {style.styleId: style for style in document.styles.element.style_lst}
        self.parts = Parts(document)
        self.numbering = Numbering(next(self.parts.by_kind("numbering"), None), self.styles)
        self.builder = reading.builder()
        self.done: list[PageBuilder] = []
        self.title = ""
        self.problems: dict[str, None] = {}
        body = document.element.body
        rendered = any(local(e) == "lastRenderedPageBreak" for e in body.iter())
        hidden = HiddenRuns(document.element, self.styles)
        self.text = TextReader(hidden, self._hide, self._note_mark, rendered)
        self._levels: dict[str, int] = {}
        self._notes = {kind: self.parts.notes(kind) for kind in _NOTES}
        self._comments = self.parts.comments()
        self._forms = {kind: self.parts.note_form(kind) for kind in _NOTES}
        self._counts = dict.fromkeys(_NOTES, 0)
        self._marks: dict[tuple[str, str], str] = {}
        self._waiting: list[tuple[str, str]] = []  # notes whose marks were read
        self._beside: list[tuple[str, _Element | str]] = []  # what hangs on the cells of a table
        self._objects = 0
        self._prefix = ""
        self._initial = ""

    def blocks(self, parent: _Element) -> None:
        """Write the paragraphs and tables inside an element."""
        for node in parent:
            tag = local(node)
            if tag == "p":
                self.paragraph(node)
            elif tag == "tbl":
                self.table(node)
            elif tag == "altChunk":
                self._chunk(attribute(node, "id"))
            elif tag in _WRAPPERS:
                self.blocks(node)

    def paragraph(self, element: _Element) -> None:
        """Write a paragraph and what hangs on it; a page break inside it parts it."""
        properties = properties_of(element)
        style = _named(properties)
        read = self.text.read(element)
        mark = self.numbering.mark(properties, style)
        if not read.is_page_number:
            text = self._initial + read.text
            frame = properties.get("framePr")
            dropped = frame is not None and attribute(frame, "dropCap") in ("drop", "margin")
            self._initial = text.strip() if dropped and len(text.strip()) < 4 else ""
            if not self._initial:
                self._write(text, self._level(style, properties.get("outlineLvl")), mark)
        self._write_beside(read)

    def _write(self, text: str, level: int, mark: Mark | None) -> None:
        prefix, self._prefix = self._prefix, "" if text.strip() else self._prefix
        for number, piece in enumerate(text.split(BREAK)):
            if number:
                self._write_notes()
                self.done.append(self.builder)
                self.reading.check_pages(len(self.done))
                self.builder = self.reading.builder()
            self.builder.look_through(piece)
            said = one_line(prefix + piece)
            prefix = prefix if not said else ""
            if not said:
                continue
            if level:
                self._write_notes()
                numbered = f"{mark.text} {said}" if mark is not None and mark.text else said
                self.builder.heading(numbered, level)
                if level == 1 and not self.title:
                    self.title = said
            elif mark is not None:
                self.builder.item(said, mark.depth, mark.text)
            else:
                self.builder.paragraph(said)
            mark = None

    def _write_beside(self, read: Paragraph) -> None:
        for kind, what in read.beside:
            if not isinstance(what, str):
                self.blocks(what)
            elif kind in ("chart", "diagram"):
                self._write_graphic(kind, what)
            elif kind == "picture":
                self.builder.paragraph(f"Picture: {what}")
            elif kind == "words":
                self.builder.paragraph(what)
            elif kind == "comment":
                self._write_comment(what)
            elif kind in _NOTES:
                self._waiting.append((kind, what))
            else:
                self._objects += 1

    def _write_graphic(self, kind: str, number: str) -> None:
        data = self.parts.blob(number)
        if data is None:
            return
        write = write_chart if kind == "chart" else write_diagram
        write(self.builder, data, f"a {kind} in it")

    def _write_comment(self, number: str) -> None:
        """Write a comment behind what it is about."""
        comment = self._comments.pop(number, None)
        if comment is None:
            return
        author = author_of(comment)
        texts = (self.text.read(e) for e in comment.iter() if local(e) == "p")
        said = one_line(" ".join(one.text for one in texts))
        if said:
            self.builder.paragraph(f"Comment{f' by {author}' if author else ''}: {said}")

    def _write_notes(self) -> None:
        """Write the notes whose marks stand on what was written last."""
        waiting, self._waiting = self._waiting, []
        for kind, number in waiting:
            note = self._notes[kind].pop(number, None)
            if note is not None:
                mark = self._marks.get((kind, number), "")
                self._prefix = f"{kind.capitalize()} {mark}: " if mark else ""
                self.blocks(note)
                self._prefix = ""

    def rest(self) -> None:
        """Write notes and comments that are left, and say what was not read."""
        self._write_notes()
        for kind in _NOTES:
            for note in self._notes[kind].values():
                self.blocks(note)
        for number in list(self._comments):
            self._write_comment(number)
        if self._objects:
            self.problems[_OBJECTS.format(self._objects)] = None

    def _hide(self, how: str, text: str) -> bool:
        return self.builder.hide(how, text)

    def _note_mark(self, kind: str, number: str) -> str:
        """The number that Word shows for a note."""
        if (kind, number) not in self._marks:
            self._counts[kind] += 1
            self._marks[kind, number] = numeral(self._counts[kind], self._forms[kind])
        return self._marks[kind, number]

    def _chunk(self, number: str) -> None:
        part = self.parts.part(number)
        if part is None:
            return
        if "wordprocessingml" in part.content_type and self.depth < _DEEPEST:
            inner = parse_docx(part.blob, "", self.reading, self.depth + 1)
            add_parsed(self.builder, inner)
            self.problems.update(dict.fromkeys(inner.problems))
            return
        problem = add_chunk(self.builder, part, self.reading)
        if problem:
            self.problems[problem] = None

    def _level(self, style: str, outline: _Element | None) -> int:
        """The heading level that a paragraph's own outline or its style gives; 0 for none."""
        own = "" if outline is None else attribute(outline, "val")
        if own in ("0", "1", "2", "3", "4", "5"):
            return int(own) + 1
        if style not in self._levels:
            self._levels[style] = _level(self.styles.get(style))
        return self._levels[style]

    def table(self, element: _Element) -> None:
        """Write a table; one of a single column, or row of tables, frames text and is that."""
        rows = _rows(element)
        cells = [_cells(row) for row in rows]
        if max(map(len, cells), default=0) < 2 or (len(rows) == 1 and _holds_table(element)):
            for row in cells:
                for cell in row:
                    self.blocks(cell)
            return
        outer, self._beside = self._beside, []
        grid = self._grid(rows)
        write_grid(self.builder, grid)
        beside, self._beside = self._beside, outer
        self._write_beside(Paragraph("", beside))

    def _grid(self, rows: Sequence[_Element]) -> Grid:
        return laid_out([self._row(row) for row in rows], _header_rows(rows))

    def _row(self, row: _Element) -> list[Cell]:
        """The cells of a row, in their columns."""
        before = child(child(row, "trPr"), "gridBefore")
        cells = [Cell("", _number(before))] if before is not None else []
        for cell in _cells(row):
            properties = child(cell, "tcPr")
            merged = child(properties, "vMerge")
            goes_on = merged is not None and attribute(merged, "val") != "restart"
            span = _number(child(properties, "gridSpan"))
            cells.append(Cell(self._cell(cell), span, 0 if goes_on else 1))
        return cells

    def _cell(self, cell: _Element) -> str:
        """The text of a cell on one line, that of boxes and tables in it where they stand."""
        pieces: list[str] = []
        for node in _unwrapped(cell):
            tag = local(node)
            if tag == "p":
                properties = properties_of(node)
                mark = self.numbering.mark(properties, _named(properties))
                read = self.text.read(node)
                said = read.text.replace(BREAK, " ")
                pieces.append(f"{mark.text} {said}" if mark is not None and said.strip() else said)
                for kind, what in read.beside:
                    if not isinstance(what, str):
                        pieces.append(self._cell(what))
                    elif kind in ("words", "picture"):
                        pieces.append(what)
                    else:
                        self._beside.append((kind, what))
            elif tag == "tbl":
                pieces.append(inner_text(self._grid(_rows(node))))
        return " ".join(pieces)

    def finish(self) -> tuple[Page, ...]:
        """All pages; without any page break, sections."""
        if not self.done:
            return self.builder.sections()
        builders = [*self.done, self.builder]
        return tuple(
            builder.page(number, f"page {number}", "" if builder.length else "no text")
            for number, builder in enumerate(builders, 1)
        )


def _named(properties: Mapping[str, _Element]) -> str:
    """The id of a paragraph's style."""
    named = properties.get("pStyle")
    return "" if named is None else attribute(named, "val")


def _rows(table: _Element) -> list[_Element]:
    """The rows of a table, without those that a tracked change deletes."""
    return [
        node
        for node in _unwrapped(table)
        if local(node) == "tr" and child(child(node, "trPr"), "del") is None
    ]


def _cells(row: _Element) -> list[_Element]:
    return [node for node in _unwrapped(row) if local(node) == "tc"]


def _holds_table(table: _Element) -> bool:
    """Whether one of a table's cells holds a table."""
    return any(local(node) == "tbl" for node in table.iterdescendants())


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


def _level(style: CT_Style | None) -> int:
    """The heading level that a style's name or outline gives; 0 for none."""
    for ancestor in _ancestry(style):
        named = re.fullmatch(r"heading ([1-6])|title", (ancestor.name_val or "").lower())
        if named:
            return int(named.group(1) or 1)
        levels = [e for e in ancestor.iter() if local(e) == "outlineLvl"]
        if levels and attribute(levels[0], "val") in "012345":
            return int(attribute(levels[0], "val")) + 1
    return 0
