"""What is read of an RTF document on its way to a page: paragraphs and tables of body or note."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from indexer.parsers.grid import Cell, Grid, inner_text, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.raised import Line


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`grid` is None) or a table."""

    text: str = ""
    level: int = 0
    mark: str = ""
    listed: bool = False
    depth: int = 0
    grid: Grid | None = None

    def write(self, builder: PageBuilder) -> None:
        """Write it on a page."""
        if self.grid is not None:
            write_grid(builder, self.grid)
        elif self.level:
            builder.heading(f"{self.mark} {self.text}" if self.mark else self.text, self.level)
        elif self.listed:
            builder.item(self.text, self.depth, self.mark)
        else:
            builder.paragraph(self.text)


@dataclass(frozen=True, slots=True)
class CellShape:
    """How a cell is merged: it begins or goes on with one to its left, or above it."""

    right: bool = False
    down: bool = False


@dataclass
class Rows:
    """A table while its rows are read: the cells of the row at hand, and how they are merged."""

    done: list[list[Cell]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    shapes: list[CellShape] = field(default_factory=list)
    heads: int = 0

    def end_row(self) -> None:
        """Put the row at hand to those that are done."""
        row: list[Cell] = []
        for number, text in enumerate(self.cells):
            shape = self.shapes[number] if number < len(self.shapes) else CellShape()
            if shape.right and row:
                row[-1] = replace(row[-1], columns=row[-1].columns + 1)
            else:
                row.append(Cell(text, 1, 0 if shape.down else 1))
        if row:
            self.done.append(row)
        self.cells = []

    def grid(self) -> Grid:
        """The table."""
        return laid_out(self.done, self.heads if self.heads > 1 else None)


class Flow:
    """Gathers the paragraphs and tables of the body, a header, a note or a box."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.line = Line()
        self.mark: str | None = None
        self.numbers_pages = False
        self.kind = "footnote"
        self._tables: list[Rows] = []
        self._cell: list[str] = []
        self._after: list[Block] = []
        self._waiting: list[Block] = []

    def table(self, depth: int) -> Rows:
        """The table at a depth of nesting, from 1."""
        while len(self._tables) < depth:
            self._tables.append(Rows())
        return self._tables[depth - 1]

    def behind(self, block: Block) -> None:
        """Write a block behind the paragraph or table at hand."""
        self._after.append(block)

    def note(self, block: Block) -> None:
        """Write a note before the next heading, or at the end."""
        self._waiting.append(block)

    def end_paragraph(self, level: int, depth: int, in_table: bool) -> None:
        """End a paragraph; one in a table is a part of its cell."""
        text, mark = one_line(self.line.text()), self.mark
        self.line, self.mark = Line(), None
        if in_table:
            self._cell.append(f"{mark} {text}" if mark and text else text)
            return
        self._end_table()
        if text:
            if level:
                self._settle(self._waiting)
            self.blocks.append(Block(text, level, mark or "", mark is not None, depth))
        self._settle(self._after)

    def end_cell(self, depth: int) -> None:
        """End a cell of the table at a depth; tables inside it are read as text."""
        self.end_paragraph(0, 0, in_table=True)
        inner = self._tables[depth:]
        del self._tables[depth:]
        said = [
            *filter(None, self._cell),
            *(inner_text(rows.grid()) for rows in inner if rows.done),
        ]
        self._cell = []
        self.table(depth).cells.append(" ".join(said))

    def finish(self) -> list[Block]:
        """All blocks."""
        if self._tables and any(rows.cells for rows in self._tables):
            self._tables[0].end_row()
        self.end_paragraph(0, 0, in_table=False)
        self._settle(self._waiting)
        return self.blocks

    def text(self) -> str:
        """All on one line."""
        said = (inner_text(b.grid) if b.grid is not None else b.text for b in self.finish())
        return one_line(" ".join(said))

    def _end_table(self) -> None:
        if self._tables and self._tables[0].done:
            grid = self._tables[0].grid()
            if grid.width < 2:
                self.blocks += [Block(row[0]) for row in grid.rows if row]
            else:
                self.blocks.append(Block(grid=grid))
        self._tables = []

    def _settle(self, waiting: list[Block]) -> None:
        self.blocks += waiting
        waiting.clear()
