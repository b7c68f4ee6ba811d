"""Tables with rules: a grid of cells, whatever stands in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from indexer.parsers.grid import Area
from indexer.parsers.pdf.lines import Line, Table
from indexer.parsers.pdf.tables.bands import find_bands
from indexer.parsers.pdf.tables.rows import group_rows
from indexer.parsers.pdf.tables.rules import RuledGrid

# With fewer lines of several pieces there is no table, unless rules say so.
LEAST_BANDS = 3


def ruled_table(grid: RuledGrid, pieces: Iterable[Line], before: Table | None) -> Table | None:
    """The table of a grid; None where fewer than two columns or rows of it hold anything."""
    members: dict[int, list[Line]] = {}
    for piece in pieces:
        place = grid.place((piece.left + piece.right) / 2, (piece.bottom + piece.top) / 2)
        if place is not None:
            members.setdefault(grid.cells[place], []).append(piece)
    areas: dict[int, Area] = {}
    for (row, column), number in grid.cells.items():
        area = areas.get(number, Area(row, column, row, column))
        areas[number] = Area(
            min(area.top, row), min(area.left, column),
            max(area.bottom, row), max(area.right, column),
        )  # fmt: skip
    if len({areas[n].left for n in members}) < 2 or len({areas[n].top for n in members}) < 1:
        return None
    height, width = len(grid.rows) - 1, len(grid.columns) - 1
    cells: list[list[list[Line]]] = [[[] for _ in range(width)] for _ in range(height)]
    for number, lines in members.items():
        area = areas[number]
        cells[area.top][area.left] = sorted(lines, key=lambda line: -line.bottom)
    merged = [areas[number] for number in members if areas[number].merges]
    columns = list(pairwise(grid.columns))
    table = Table(cells, merged, columns, ruled=True)
    if height <= 3:
        _split_rows(table)
    _drop_empty(table)
    table.follows = same_columns(columns, before)
    return table if len(table.cells) > 1 or table.follows else None


def same_columns(columns: Sequence[tuple[float, float]], before: Table | None) -> bool:
    """Whether columns stand where those of a table on the page before do."""
    return (
        before is not None
        and len(columns) == len(before.columns)
        and all(
            min(one[1], other[1]) > max(one[0], other[0])
            for one, other in zip(columns, before.columns, strict=True)
        )
    )


def _split_rows(table: Table) -> None:
    """Part rows between which there is no rule: a table with lines down and hardly any across."""
    covered = {row for a in table.areas if a.bottom > a.top for row in range(a.top, a.bottom + 1)}
    cells: list[list[list[Line]]] = []
    shift: dict[int, int] = {}
    for number, row in enumerate(table.cells):
        shift[number] = len(cells)
        bands = find_bands([line for cell in row for line in cell])
        wide = any(a.top == number and a.right > a.left for a in table.areas)
        if number in covered or wide or len(bands) < 2 * LEAST_BANDS - 2:
            cells.append(row)
            continue
        column = {id(line): at for at, cell in enumerate(row) for line in cell}
        for group in group_rows(bands, [], len(row), column):
            new: list[list[Line]] = [[] for _ in row]
            for band in group:
                for line in band.lines:
                    new[column[id(line)]].append(line)
            cells.append(new)
    table.areas = [
        Area(shift[a.top], a.left, shift[a.top] + a.bottom - a.top, a.right) for a in table.areas
    ]
    table.cells = cells


def _drop_empty(table: Table) -> None:
    """Take out columns and rows that hold nothing: doubled rules and margins part off such."""
    height = len(table.cells)
    filled_rows = [
        any(row) or any(a.top < n <= a.bottom for a in table.areas)
        for n, row in enumerate(table.cells)
    ]
    filled_columns = [
        any(row[c] for row in table.cells) or any(a.left < c <= a.right for a in table.areas)
        for c in range(len(table.columns))
    ]
    if all(filled_rows) and all(filled_columns):
        return
    down = [sum(filled_rows[:n]) for n in range(height + 1)]
    over = [sum(filled_columns[:n]) for n in range(len(filled_columns) + 1)]
    table.areas = [
        Area(down[a.top], over[a.left], down[a.bottom + 1] - 1, over[a.right + 1] - 1)
        for a in table.areas
    ]
    table.areas = [area for area in table.areas if area.merges]
    table.columns = [c for c, kept in zip(table.columns, filled_columns, strict=True) if kept]
    table.cells = [
        [cell for cell, kept in zip(row, filled_columns, strict=True) if kept]
        for row, keep in zip(table.cells, filled_rows, strict=True)
        if keep
    ]
