"""ODS: cells as they are shown, which the file itself holds beside their values.

calamine gives the values alone; here the texts of cells, what is merged, comments and drawings are
read, row by row, so that a large sheet is never in memory as a tree.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from indexer.parsers.container import Container
from indexer.parsers.errors import CorruptedError, EncryptedError
from indexer.parsers.grid import Area
from indexer.parsers.hidden import SHEET
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, local, read_xml
from indexer.parsers.office.opendocument.parse import running_lines
from indexer.parsers.office.opendocument.styles import read_styles
from indexer.parsers.office.opendocument.text import TextReader, comment_of
from indexer.parsers.office.opendocument.writer import Writer
from indexer.parsers.office.sheets import sheet_pages
from indexer.parsers.office.workbook.number_format import general
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_FOLDED = "hidden rows or columns were read too"
_FORMULAS = (
    "formulas whose results are not in the file are shown as formulas; "
    "open and save it in a spreadsheet program to have their values"
)
_LOCKED = "is protected with a password; save it without one"
# Cells of a sheet at the most, and how often a row or cell with something in it is repeated.
_MOST_CELLS = 5_000_000
_MOST_REPEATS = 1_000
_MOST_COLUMNS = 16_384
# A day, a month and a year are shown; only then is the whole date known to the reader.
_WHOLE_DATE = re.compile(r"\d+\W+\w+\W+\d+|\w+\W+\d+\W+\d{2,4}|\d+年\d+月\d+日")
_TIMED = re.compile(r"\d:\d\d")


@dataclass
class _Sheet:
    """One sheet while it is read; `beside` are comments with the place of their cell."""

    name: str
    style: str
    rows: list[list[str]] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    beside: list[tuple[int, int, str, str]] = field(default_factory=list)
    shapes: list[_Element] = field(default_factory=list)
    cells: int = 0


def parse_ods(container: Container, name: str, reading: Reading) -> ParsedFile:
    """A workbook of OpenDocument: one page a sheet."""
    if b"encryption-data" in (container.find("META-INF/manifest.xml") or b""):
        raise EncryptedError(_LOCKED)
    return _Spreadsheet(container, reading).read(name)


class _Spreadsheet:
    """Reads the sheets of one file."""

    def __init__(self, container: Container, reading: Reading) -> None:
        self._container = container
        self._reading = reading
        self._problems: dict[str, None] = {}
        data = container.find("styles.xml")
        self._sheets = read_xml(data, "styles.xml") if data else None
        self._styles = read_styles((self._sheets,))
        self._running: set[str] = set()

    def read(self, name: str) -> ParsedFile:
        pages: list[Page] = []
        for sheet in self._tables(self._container.read("content.xml")):
            pages += self._pages(sheet, len(pages))
            self._reading.check_pages(len(pages), "sheets and parts of sheets")
        return ParsedFile(name, tuple(pages), "sheet", tuple(self._problems))

    def _tables(self, data: bytes) -> Iterator[_Sheet]:
        from lxml import etree

        events = etree.iterparse(
            io.BytesIO(data), events=("start", "end"), resolve_entities=False, no_network=True,
            recover=True, huge_tree=False,
        )  # fmt: skip
        sheet: _Sheet | None = None
        depth = 0
        reader = TextReader(self._styles, etree.Element("x"))
        try:
            for event, element in events:
                tag = local(element)
                if tag == "table":
                    depth += 1 if event == "start" else -1
                    if event == "start" and depth == 1:
                        sheet = _Sheet(attribute(element, "name"), attribute(element, "style-name"))
                    elif event == "end" and depth == 0 and sheet is not None:
                        sheet.shapes += [e for e in element if local(e) == "shapes"]
                        yield sheet
                        sheet = None
                        element.clear()
                elif event == "end" and tag == "automatic-styles":
                    self._styles = read_styles((self._sheets, element))
                    reader = TextReader(self._styles, etree.Element("x"))
                elif event == "end" and tag == "table-row" and depth == 1 and sheet is not None:
                    self._row(sheet, element, reader)
                    element.clear()
                elif event == "end" and tag == "table-column" and _is_folded(element):
                    self._problems[_FOLDED] = None
        except etree.XMLSyntaxError as error:
            raise CorruptedError(f"its XML is damaged ({error.msg}); get an intact copy") from error

    def _row(self, sheet: _Sheet, row: _Element, reader: TextReader) -> None:
        texts: list[str] = []
        top = len(sheet.rows)
        for cell in row:
            if local(cell) not in ("table-cell", "covered-table-cell"):
                continue
            said = self._cell(cell, reader)
            repeat = _number(cell, "number-columns-repeated")
            if len(cell):
                self._beside(sheet, cell, top, len(texts), reader)
                area = Area(
                    top,
                    len(texts),
                    top + _number(cell, "number-rows-spanned") - 1,
                    len(texts) + _number(cell, "number-columns-spanned") - 1,
                )
                if area.merges:
                    sheet.areas.append(area)
            texts += [said] * min(repeat, _MOST_REPEATS if said else _MOST_COLUMNS)
            if len(texts) > _MOST_COLUMNS:
                break
        while texts and not texts[-1]:
            texts.pop()
        if texts and _is_folded(row):
            self._problems[_FOLDED] = None
        times = _number(row, "number-rows-repeated")
        times = min(times, _MOST_REPEATS) if texts else min(times, 2)
        sheet.cells += times * (len(texts) + 1)
        if sheet.cells <= _MOST_CELLS:
            sheet.rows += [list(texts) for _ in range(times)]

    def _cell(self, cell: _Element, reader: TextReader) -> str:
        """What a cell shows: its text; a whole date in one form, a formula without a result."""
        said = " ".join(one_line(reader.read(p).text) for p in cell if local(p) == "p").strip()
        kind = attribute(cell, "value-type")
        if kind == "date" and (_WHOLE_DATE.search(said) or not said):
            date, _, time = attribute(cell, "date-value").partition("T")
            shown = f" {time.partition('.')[0]}" if time and _TIMED.search(said) else ""
            return f"{date}{shown.removesuffix(':00')}" or said
        if said:
            return said
        if kind in ("float", "percentage", "currency"):
            try:
                return general(float(attribute(cell, "value")))
            except ValueError:
                return ""
        formula = attribute(cell, "formula")
        if formula and not kind:
            self._problems[_FORMULAS] = None
            return re.sub(r"\[\.?([^\]]*)\]", r"\1", formula.partition(":")[2]).replace(":.", ":")
        return attribute(cell, "boolean-value").upper()

    def _beside(
        self, sheet: _Sheet, cell: _Element, row: int, column: int, reader: TextReader
    ) -> None:
        for node in cell:
            if local(node) == "annotation":
                sheet.beside.append((row, column, *comment_of(node, reader)))
            elif local(node) in ("frame", "custom-shape", "g", "rect", "control"):
                sheet.shapes.append(_copied(node))

    def _pages(self, sheet: _Sheet, before: int) -> list[Page]:
        hidden = sheet.style in self._styles.unseen_tables
        builder = self._reading.builder()
        if hidden:
            said = " ".join(" ".join(filter(None, row)) for row in sheet.rows)
            if said.strip() and builder.hide(SHEET, f"{sheet.name}: {said}"):
                sheet = _Sheet(sheet.name, sheet.style)
        pages = sheet_pages(
            sheet.rows, sheet.name, before, sheet.areas, lambda page: self._write(page, sheet)
        )
        told = builder.page(before + 1).hidden
        return [replace(pages[0], hidden=told + pages[0].hidden), *pages[1:]]

    def _write(self, builder: PageBuilder, sheet: _Sheet) -> None:
        """Write the comments of a sheet, its drawings, and what is printed over it."""
        from lxml.etree import Element

        reader = TextReader(self._styles, Element("x"))
        writer = Writer(builder, self._styles, reader, self._container)
        for shape in sheet.shapes:
            writer.blocks(shape if local(shape) == "shapes" else [shape])
        for row, column, author, said in sheet.beside:
            cells = sheet.rows[row] if row < len(sheet.rows) else []
            around = (next(filter(None, cells), ""), *cells[column : column + 1])
            beside = ", ".join(dict.fromkeys(filter(None, around)))[:120]
            by = f" by {author}" if author else ""
            place = f"{_letters(column)}{row + 1}"
            builder.paragraph(f"Comment{by} on {place}{f' ({beside})' if beside else ''}: {said}")
        for line in running_lines(self._sheets, reader):
            if line not in self._running and line != "???":
                self._running.add(line)
                builder.paragraph(line)


def _is_folded(element: _Element) -> bool:
    return attribute(element, "visibility") in ("collapse", "filter")


def _letters(column: int) -> str:
    said = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        said = chr(65 + place) + said
    return said


def _number(element: _Element, name: str) -> int:
    value = attribute(element, name)
    return int(value) if value.isdecimal() and 0 < len(value) < 8 else 1


def _copied(element: _Element) -> _Element:
    """A shape that outlives the row it lies in."""
    import copy

    return copy.deepcopy(element)
