"""Writes the blocks of OpenDocument: headings and lists with their numbers, tables, drawings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from indexer.parsers.container import Container
from indexer.parsers.errors import CorruptedError
from indexer.parsers.grid import Cell, Grid, inner_text, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.markup.mathml import linear
from indexer.parsers.office.graphics import described
from indexer.parsers.office.opendocument.styles import (
    Styles,
    count,
    counters,
    deepest,
    list_number,
)
from indexer.parsers.office.opendocument.text import Paragraph, TextReader, comment_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTAINERS = frozenset(
    {"section", "text-box", "frame", "index-body", "g", "a", "soft-page-break", "note-body"}
)
_SHAPES = frozenset({"custom-shape", "rect", "ellipse", "line", "connector", "polygon", "path"})
_MAX_REPEAT = 100
_MOST_ROWS = 100_000
_MOST_CELLS = 1_000_000


class Writer:
    """Writes parts of one document on a page."""

    def __init__(
        self, builder: PageBuilder, styles: Styles, reader: TextReader, container: Container | None
    ) -> None:
        self.builder = builder
        self.reader = reader
        self._styles = styles
        self._container = container
        self._outline = counters()
        self._counters: dict[str, list[int]] = {}
        self._waiting: list[_Element] = []
        self._prefix = ""

    def blocks(self, parent: Iterable[_Element]) -> None:
        """Write what is inside an element."""
        for node in parent:
            tag = local(node)
            if tag == "h":
                self._heading(node)
            elif tag == "p":
                self._write(self.reader.read(node))
            elif tag == "list":
                self._list(node, attribute(node, "style-name"), 0)
            elif tag == "table":
                self.table(node)
            elif tag in ("annotation", "note"):
                self._write_beside([(tag, node)])
            elif tag == "control":
                self.builder.paragraph(self.reader.control(node))
            elif tag in _SHAPES or tag == "frame":
                self.drawing(node)
            elif tag in _CONTAINERS or tag.endswith(("-of-content", "-index")):
                self.blocks(node)

    def write_notes(self) -> None:
        """Write the notes whose marks were written."""
        waiting, self._waiting = self._waiting, []
        for note in waiting:
            citation, body = child(note, "note-citation"), child(note, "note-body")
            kind = attribute(note, "note-class") or "footnote"
            number = "" if citation is None else one_line(citation.text or "")
            self._prefix = f"{kind.capitalize()} {number}: " if number else ""
            self.blocks(() if body is None else body)
            self._prefix = ""

    def drawing(self, node: _Element) -> None:
        """Write what a frame or shape shows: text, a table, a chart, or its description."""
        before = self.builder.length
        self.blocks(node)
        for one in node:
            if local(one) == "object":
                self._object(one)
        if self.builder.length == before:
            said = " ".join(e.text or "" for e in node if local(e) in ("title", "desc"))
            said = described(said)
            self.builder.paragraph(f"Picture: {said}" if said else "")

    def table(self, element: _Element) -> None:
        """Write a table; one of a single column frames text and is written as that."""
        beside: list[tuple[str, _Element]] = []
        grid = self._grid(element, beside)
        if grid.width < 2:
            for row in _rows(element):
                for cell in row:
                    self.blocks(cell)
            return
        write_grid(self.builder, grid)
        self._write_beside(beside)

    def _heading(self, node: _Element) -> None:
        level = attribute(node, "outline-level")
        level = level if level.isdecimal() and len(level) < 3 else "1"
        read = self.reader.read(node)
        number = ""
        if attribute(node, "is-list-header") != "true" and read.text.strip():
            depth = deepest(int(level) - 1)
            start = attribute(node, "start-value")
            if not start and attribute(node, "restart-numbering") == "true":
                start = "1"
            count(self._styles.outline, self._outline, depth, start)
            number = list_number(self._styles.outline, self._outline, depth)
        self.write_notes()
        self.builder.heading(f"{number} {read.text}" if number else read.text, int(level))
        self._write_beside(read.beside)

    def _list(self, element: _Element, style: str, depth: int) -> None:
        """Write a list; inner ones have the style of the outer."""
        depth = deepest(depth)
        levels = self._styles.lists.get(style, {})
        goes_on = attribute(element, "continue-numbering") == "true"
        if style not in self._counters or (
            depth == 0 and not goes_on and not attribute(element, "continue-list")
        ):
            self._counters[style] = counters()
        mine = self._counters[style]
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            first = next((e for e in item if local(e)), None)
            number = ""
            if local(item) == "list-item" and first is not None and local(first) != "list":
                count(levels, mine, depth, attribute(item, "start-value"))
                number = list_number(levels, mine, depth)
            self._item(item, style, depth, number)

    def _item(self, item: _Element, style: str, depth: int, number: str) -> None:
        for node in item:
            tag = local(node)
            if tag == "list":
                self._list(node, attribute(node, "style-name") or style, depth + 1)
            elif tag == "h":
                level = attribute(node, "outline-level")
                read = self.reader.read(node)
                said = f"{number} {read.text}" if number else read.text
                self.builder.heading(
                    said, int(level) if level.isdecimal() and len(level) < 3 else 1
                )
                self._write_beside(read.beside)
            elif tag == "p":
                read = self.reader.read(node)
                self.builder.item(read.text, depth, number)
                self._write_beside(read.beside)
            else:
                self.blocks([node])
                continue
            number = ""

    def _write(self, read: Paragraph) -> None:
        prefix, self._prefix = self._prefix, "" if read.text.strip() else self._prefix
        self.builder.paragraph(prefix + read.text if read.text.strip() else "")
        self._write_beside(read.beside)

    def _write_beside(self, beside: Iterable[tuple[str, _Element]]) -> None:
        for kind, node in beside:
            if kind == "note":
                self._waiting.append(node)
            elif kind == "annotation":
                author, said = comment_of(node, self.reader)
                if said:
                    self.builder.paragraph(f"Comment{f' by {author}' if author else ''}: {said}")
            else:
                self.drawing(node) if local(node) != "g" else self.blocks(node)

    def _grid(self, element: _Element, beside: list[tuple[str, _Element]]) -> Grid:
        rows, heads, room = [], 0, _MOST_CELLS
        for row in _rows(element):
            heads += local(row.getparent()) == "table-header-rows"
            cells: list[Cell] = []
            for cell in row:
                if local(cell) != "table-cell":
                    continue
                text = self._cell(cell, beside)
                repeat = _number(cell, "number-columns-repeated")
                wide = _number(cell, "number-columns-spanned")
                high = _number(cell, "number-rows-spanned")
                cells += [Cell(text, wide, high)] * min(_MAX_REPEAT, repeat)
            times = min(_MAX_REPEAT, _number(row, "number-rows-repeated"))
            room -= len(cells) * times
            if room < 0:
                break
            rows += [cells] * (times if any(c.text for c in cells) else 1)
        return laid_out(rows, heads if heads > 1 else None)

    def _cell(self, cell: _Element, beside: list[tuple[str, _Element]]) -> str:
        """The text of a cell on one line, that of lists, boxes and tables where they stand."""
        pieces: list[str] = []
        for node in cell:
            tag = local(node)
            if tag in ("p", "h"):
                read = self.reader.read(node)
                pieces.append(read.text)
                for kind, one in read.beside:
                    if kind == "drawing" and child(one, "object") is None:
                        pieces.append(self._cell(one, beside))
                    else:
                        beside.append((kind, one))
            elif tag == "table":
                pieces.append(inner_text(self._grid(node, beside)))
            elif tag == "list":
                pieces.append(self._cell_list(node, attribute(node, "style-name"), 0))
            elif tag == "annotation":
                beside.append(("annotation", node))
            elif tag in _CONTAINERS:
                pieces.append(self._cell(node, beside))
        return " ".join(filter(None, pieces))

    def _cell_list(self, element: _Element, style: str, depth: int) -> str:
        levels, mine, said = self._styles.lists.get(style, {}), counters(), []
        for item in element:
            if local(item) == "list-item":
                count(levels, mine, deepest(depth), attribute(item, "start-value"))
            number = list_number(levels, mine, deepest(depth))
            for node in item:
                if local(node) == "list":
                    inner = attribute(node, "style-name") or style
                    said.append(self._cell_list(node, inner, depth + 1))
                elif local(node) in ("p", "h"):
                    said.append(f"{number} {self.reader.read(node).text}".strip())
                    number = ""
        return " ".join(said)

    def _object(self, node: _Element) -> None:
        """Write a chart or equation, which is a document inside this one."""
        inner = next((e for e in node if local(e)), None)
        if inner is None and self._container is not None:
            folder = posixpath.normpath(attribute(node, "href").removeprefix("./"))
            data = self._container.find(f"{folder}/content.xml")
            try:
                inner = None if data is None else read_xml(data, folder)
            except CorruptedError:
                return
        if inner is None:
            return
        charts = [
            e for e in inner.iter() if local(e) == "chart" and local(e.getparent()) == "chart"
        ]
        if charts:
            self._chart(charts[0])
        elif local(inner) == "math":
            self.builder.paragraph(linear(inner))

    def _chart(self, chart: _Element) -> None:
        titles = [self.reader.plain(e) for e in chart.iter() if local(e) == "title"]
        said = "; ".join(filter(None, map(one_line, titles)))
        self.builder.paragraph(f"Chart: {said}" if said else "Chart")
        for table in (e for e in chart if local(e) == "table"):
            write_grid(self.builder, self._grid(table, []))


def _rows(table: _Element) -> Iterator[_Element]:
    """The rows of a table itself, not of tables in its cells."""
    waiting = list(reversed(table))
    found = 0
    while waiting and found < _MOST_ROWS:
        node = waiting.pop()
        tag = local(node)
        if tag == "table-row":
            found += 1
            yield node
        elif tag in ("table-rows", "table-header-rows", "table-row-group"):
            waiting.extend(reversed(node))


def _number(element: _Element, name: str) -> int:
    value = attribute(element, name)
    return int(value) if value.isdecimal() and len(value) < 8 else 1
