"""Tables without rules, or with rules between their rows alone. Pure.

Columns of prose are told from tables by the order of the file: they come one after the other in it,
the cells of a table row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from indexer.parsers.grid import Area
from indexer.parsers.pdf.layout import ITEM_MARK
from indexer.parsers.pdf.lines import Line, Table
from indexer.parsers.pdf.tables.bands import Band, Region, find_bands, grow
from indexer.parsers.pdf.tables.columns import covered_columns, find_columns
from indexer.parsers.pdf.tables.names import (
    is_banner,
    is_headed,
    label_rows,
    name_spans,
    with_banner,
)
from indexer.parsers.pdf.tables.rows import group_rows
from indexer.parsers.pdf.tables.ruled import LEAST_BANDS, same_columns
from indexer.parsers.pdf.tables.rules import Rule

# Columns of prose have lines of more characters than this.
_PROSE = 32
_LEADER = re.compile(r"(?:\.\s?){4,}|…{2,}")


def aligned_tables(
    pieces: Sequence[Line],
    rules: Sequence[Rule],
    order: dict[int, int],
    before: Table | None,
) -> list[Table]:
    """The tables that alignment shows; `before` is the one that the page before ends with."""
    upright = [piece for piece in pieces if piece.top - piece.bottom < 3 * piece.size]
    bands = find_bands(upright)
    tables: list[Table] = []
    at = 0
    while at < len(bands):
        if len(bands[at].lines) < 2:
            at += 1
            continue
        region, end = grow(bands, at, rules)
        goes_on = before is not None and not tables and _fits(region.bands[0], before)
        table = _aligned_table(region, order, before if goes_on else None)
        if table is not None:
            tables.append(table)
        at = max(end, at + 1)
    return tables


def _fits(band: Band, before: Table) -> bool:
    """Whether pieces beside each other stand in columns of a table on the page before."""
    held = [[line for line in band.lines if _stands_in(line, column)] for column in before.columns]
    return sum(map(len, held)) == len(band.lines) and all(len(lines) < 2 for lines in held)


def _stands_in(line: Line, column: tuple[float, float]) -> bool:
    left, right = column
    aligned = abs(line.left - left) < 4 or abs(line.right - right) < 4
    return aligned and min(line.right, right) > max(line.left, left)


def _aligned_table(region: Region, order: dict[int, int], before: Table | None) -> Table | None:
    """The table of a region, which may go on with the one before; None where it is no table."""
    least = 2 if len(region.inner) >= 2 else LEAST_BANDS
    if region.several < least and before is None:
        return None
    columns = find_columns(region.bands)
    if before is not None and len(columns) <= len(before.columns):
        columns = before.columns
    if len(columns) < 2 or _is_prose(region, columns, order):
        return None
    place = {
        id(line): covered_columns(line, columns) for band in region.bands for line in band.lines
    }
    groups, banner = _grouped(region, columns, place)
    cells: list[list[list[Line]]] = []
    areas: list[Area] = []
    for number, group in enumerate(groups):
        row: list[list[Line]] = [[] for _ in columns]
        for line in (line for band in group for line in band.lines):
            covered = place[id(line)]
            row[covered[0]].append(line)
            if len(covered) > 1:
                areas.append(Area(number, covered[0], number, covered[-1]))
        cells.append(row)
    texts = [line.text for band in region.bands for line in band.lines]
    if 3 * sum(_LEADER.search(text) is not None for text in texts) > len(region.bands):
        return None  # a table of contents
    follows = same_columns(columns, before)
    if (len(cells) < 2 and not follows) or _is_list_of_pairs(cells):
        return None
    table = Table(cells, list(dict.fromkeys(areas)), columns, ruled=False, follows=follows)
    table.headed = is_headed(groups, region.inner)
    name_spans(table)
    table.heads = 2 if banner else table.heads
    label_rows(table)
    return table


def _is_prose(
    region: Region, columns: Sequence[tuple[float, float]], order: dict[int, int]
) -> bool:
    """Whether the columns are read one after the other."""
    held: list[list[Line]] = [[] for _ in columns]
    for band in region.bands:
        for line in band.lines:
            held[covered_columns(line, columns)[0]].append(line)
    held = [column for column in held if column]
    if order and len(region.inner) < 3 and _one_by_one(region, held, order):
        return True
    full = sum(
        len(column) > 0.7 * len(region.bands) and median(len(line.text) for line in column) > _PROSE
        for column in held
    )
    return full >= 2 and len(region.inner) < 2


def _grouped(
    region: Region, columns: Sequence[tuple[float, float]], place: dict[int, list[int]]
) -> tuple[list[list[Band]], bool]:
    """Bands by row, and whether the first is a name over all columns but one, not in the region."""
    first_column = {key: covered[0] for key, covered in place.items()}
    groups = group_rows(region.bands, region.inner, len(columns), first_column)
    groups[:1] = with_banner(groups[0], first_column)
    banner = region.banner
    if banner is None or not is_banner(banner, groups[0], columns, first_column):
        return groups, False
    place[id(banner.lines[0])] = list(range(1, len(columns)))
    return [[banner], *groups], True


def _one_by_one(region: Region, columns: Sequence[Sequence[Line]], order: dict[int, int]) -> bool:
    """Whether the file has one column after the other."""
    near = [
        abs(order[id(other)] - order[id(one)]) <= 2 * len(columns) + 8
        for band in region.bands
        for one, other in pairwise(band.lines)
    ]
    apart = all(
        max(order[id(line)] for line in one) < min(order[id(line)] for line in other)
        for one, other in pairwise(columns)
    )
    return len(region.bands) > 2 and (apart or 2 * sum(near) < len(near))


def _is_list_of_pairs(cells: Sequence[Sequence[Sequence[Line]]]) -> bool:
    """Whether rows are names with a colon and what they stand for, or items with their marks.

    Or labels and the fields of a form beside them.
    """
    if len(cells[0]) != 2:
        return False
    pairs = [(row[0], row[1]) for row in cells]
    named = sum(
        bool(name)
        and (
            name[-1].text.endswith((":", "："))
            or ITEM_MARK.fullmatch(name[0].text) is not None
            or (bool(value) and all(line.area is not None for line in value))
        )
        for name, value in pairs
    )
    return named > 0.5 * len(cells)
