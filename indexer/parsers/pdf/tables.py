"""Pieces of lines and rules → tables and what stands between them. Pure.

Two ways lead to a table. Rules that cross part a grid of cells, whatever stands in them. Without,
pieces of lines that stand beside each other in several lines, with white space between them that
runs through, are columns; lines are rows where more white space parts them, or a rule does, and
lines of one cell where a neighbour is empty. Columns of prose are told from tables by the order of
the file: they come one after the other in it, the cells of a table row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from indexer.parsers.grid import VALUE, YEAR, Area
from indexer.parsers.pdf.drawn import Drawing
from indexer.parsers.pdf.layout import ITEM_MARK, Line, Table
from indexer.parsers.pdf.rules import Rule, RuledGrid, joined_rules, ruled_grids

# The size of type beside the height of its line.
_SIZE = 0.88
# Distances in sizes of the type: the least gutter, the largest step from row to row, the step of
# lines in a cell, and how much larger one must be that leads to the next row.
_GUTTER = 0.4
_STEP = 3.6
_LINE_STEP = 1.75
_ROW_STEP = 1.13
# Bands that may run over a gutter: a spanned cell here and there.
_CROSSING = 0.25
# Columns of prose have lines this long.
_PROSE = 32
_LEAST_BANDS = 3
_MOST_LINES = 3_000
_LEADER = re.compile(r"(?:\.\s?){4,}|…{2,}")


@dataclass(slots=True)
class _Band:
    """Pieces of lines at one height, from left to right."""

    lines: list[Line]
    bottom: float
    top: float

    @property
    def size(self) -> float:
        # The size that a font says it has may be scaled by the page.
        return _SIZE * max(line.top - line.bottom for line in self.lines)


@dataclass(slots=True)
class _Region:
    """Bands that may be a table, and the gutters that run through all of them."""

    bands: list[_Band]
    gutters: list[tuple[float, float]]
    left: float
    right: float
    several: int = 1
    inner: list[Rule] = field(default_factory=list)


def with_tables(
    lines: Sequence[Sequence[Line]], drawing: Drawing, before: Table | None = None
) -> list[Line | Table]:
    """The lines of a page in the order of the file, tables where the first of their cells stood.

    `lines` are in pieces; what is not in a table is put together again. `before` is the table that
    the page before ends with.
    """
    pieces = [piece for line in lines for piece in line]
    if len(pieces) > _MOST_LINES:
        return [_whole(line) for line in lines]
    order = {id(piece): n for n, piece in enumerate(pieces)}
    across = joined_rules(drawing.across, across=True)
    down = joined_rules(drawing.down, across=False)
    tables: list[Table] = []
    for grid in ruled_grids(across, down):
        table = _ruled_table(grid, pieces, before)
        if table is not None:
            tables.append(table)
            pieces = _without(pieces, [table])
    if any(len(line) > 1 for line in lines) or _beside(pieces):
        separators = joined_rules([*drawing.across, *drawing.edges], across=True)
        tables += _aligned_tables(pieces, separators, order, before)
    if not tables:
        return [_whole(line) for line in lines]
    owner = {id(line): table for table in tables for line in table.lines()}
    return list(_in_order(lines, owner))


def _in_order(
    lines: Iterable[Sequence[Line]], owner: dict[int, Table]
) -> Iterable[Line | Table]:
    seen: set[int] = set()
    for line in lines:
        rest: list[Line] = []
        for piece in line:
            table = owner.get(id(piece))
            if table is None:
                rest.append(piece)
                continue
            if rest:
                yield _whole(rest)
                rest = []
            if id(table) not in seen:
                seen.add(id(table))
                yield table
        if rest:
            yield _whole(rest)


def _whole(pieces: Sequence[Line]) -> Line:
    """The pieces of a line as one line."""
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0]
    return Line(
        " ".join([piece.text for piece in pieces]),
        min(piece.left for piece in pieces), max(piece.right for piece in pieces),
        first.bottom, first.top, first.size, all(piece.bold for piece in pieces),
        [run for piece in pieces for run in piece.runs],
    )  # fmt: skip


def _without(pieces: Iterable[Line], tables: Iterable[Table]) -> list[Line]:
    gone = {id(line) for table in tables for line in table.lines()}
    return [piece for piece in pieces if id(piece) not in gone]


def _beside(pieces: Sequence[Line]) -> bool:
    """Whether pieces stand beside each other that follow each other in the file."""
    return any(
        min(one.top, other.top) - max(one.bottom, other.bottom)
        > 0.5 * min(one.top - one.bottom, other.top - other.bottom)
        for one, other in pairwise(pieces)
    )


# Tables with rules.


def _ruled_table(
    grid: RuledGrid, pieces: Iterable[Line], before: Table | None
) -> Table | None:
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
    table.follows = _same_columns(columns, before)
    return table if len(table.cells) > 1 or table.follows else None


def _same_columns(columns: Sequence[tuple[float, float]], before: Table | None) -> bool:
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
        bands = _bands([line for cell in row for line in cell])
        wide = any(a.top == number and a.right > a.left for a in table.areas)
        if number in covered or wide or len(bands) < 2 * _LEAST_BANDS - 2:
            cells.append(row)
            continue
        column = {id(line): at for at, cell in enumerate(row) for line in cell}
        for group in _rows(bands, [], len(row), column):
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


# Tables without rules, or with rules between their rows alone.


def _aligned_tables(
    pieces: Sequence[Line],
    rules: Sequence[Rule],
    order: dict[int, int],
    before: Table | None,
) -> list[Table]:
    upright = [piece for piece in pieces if piece.top - piece.bottom < 3 * piece.size]
    bands = _bands(upright)
    tables = []
    at = 0
    while at < len(bands):
        if len(bands[at].lines) < 2:
            at += 1
            continue
        region, end = _grown(bands, at, rules)
        goes_on = before is not None and not tables and _fits(region.bands[0], before)
        table = _aligned_table(region, order, before if goes_on else None)
        if table is not None:
            tables.append(table)
        at = max(end, at + 1)
    return tables


def _bands(pieces: Iterable[Line]) -> list[_Band]:
    """Pieces by height, from above to below."""
    bands: list[_Band] = []
    for piece in sorted(pieces, key=lambda piece: (-piece.bottom - piece.top, piece.left)):
        band = bands[-1] if bands else None
        height = piece.top - piece.bottom
        if band is not None:
            shared = min(band.top, piece.top) - max(band.bottom, piece.bottom)
            if shared > 0.6 * min(height, band.top - band.bottom):
                band.lines.append(piece)
                continue
        bands.append(_Band([piece], piece.bottom, piece.top))
    for band in bands:
        band.lines.sort(key=lambda line: line.left)
    return bands


def _grown(bands: Sequence[_Band], first: int, rules: Sequence[Rule]) -> tuple[_Region, int]:
    """The region that a band of several pieces begins, and the band that comes after it."""
    band = bands[first]
    region = _Region(
        [band], _gaps(band.lines, band.size), band.lines[0].left, _reach(band.lines)
    )
    waiting: list[_Band] = []
    end = first + 1
    for at in range(first + 1, len(bands)):
        band = bands[at]
        above = bands[at - 1]
        ruled = _within_rules(band, region, rules)
        if above.bottom - band.bottom > _STEP * band.size and not ruled:
            break
        gutters = _fitting(region, band)
        if len(band.lines) > 1 and gutters:
            region.bands += [*waiting, band]
            waiting = []
            region.gutters = gutters
            region.left = min(region.left, band.lines[0].left)
            region.right = max(region.right, _reach(band.lines))
            region.several += 1
            end = at + 1
        elif ruled or (len(band.lines) == 1 and len(gutters) == len(region.gutters)):
            waiting.append(band)
            if ruled:
                region.bands += waiting
                waiting = []
                end = at + 1
        else:
            break
    for band in waiting:
        # The last cell may go on below the others: in lines as near as those above.
        steps = [a.bottom - b.bottom for a, b in pairwise(region.bands)]
        step = region.bands[-1].bottom - band.bottom
        if step > min([_LINE_STEP * band.size, *(1.1 * step for step in steps)]):
            break
        region.bands.append(band)
        end += 1
    region.inner = [
        rule
        for rule in rules
        if region.bands[-1].bottom - 8 < rule.at < region.bands[0].top + 8
        and min(rule.end, region.right) - max(rule.start, region.left)
        > 0.6 * (region.right - region.left)
    ]
    return region, end


def _reach(lines: Iterable[Line]) -> float:
    return max(line.right for line in lines)


def _gaps(lines: Sequence[Line], size: float) -> list[tuple[float, float]]:
    return [
        (one.right, other.left)
        for one, other in pairwise(lines)
        if other.left - one.right > _GUTTER * size
    ]


def _fitting(region: _Region, band: _Band) -> list[tuple[float, float]]:
    """What is left of a region's gutters beside the pieces of a band, and new ones outside."""
    least = _GUTTER * band.size
    left: list[tuple[float, float]] = []
    for start, end in region.gutters:
        for line in band.lines:
            if line.right <= start or line.left >= end:
                continue
            if line.left <= start + least and line.right >= end - least:
                break
            if line.left <= start + least:
                start = max(start, line.right)
            else:
                end = min(end, line.left)
        else:
            if end - start >= least:
                left.append((start, end))
    outer = [line for line in band.lines if line.left - region.right > least]
    if outer:
        left.append((region.right, outer[0].left))
    return left


def _within_rules(band: _Band, region: _Region, rules: Sequence[Rule]) -> bool:
    """Whether rules as wide as the region stand above and below a band."""
    wide = 0.8 * (region.right - region.left)
    near = [
        rule
        for rule in rules
        if min(rule.end, region.right) - max(rule.start, region.left) >= wide
    ]
    above = [rule for rule in near if band.top - 3 < rule.at < region.bands[0].top + 12]
    below = [
        rule for rule in near if band.bottom - _STEP * band.size < rule.at <= band.bottom + 3
    ]
    return bool(above) and bool(below)


def _fits(band: _Band, before: Table) -> bool:
    """Whether pieces beside each other stand in columns of a table on the page before."""
    held = [
        [line for line in band.lines if _stands_in(line, column)] for column in before.columns
    ]
    return sum(map(len, held)) == len(band.lines) and all(len(lines) < 2 for lines in held)


def _stands_in(line: Line, column: tuple[float, float]) -> bool:
    left, right = column
    aligned = abs(line.left - left) < 4 or abs(line.right - right) < 4
    return aligned and min(line.right, right) > max(line.left, left)


def _aligned_table(
    region: _Region, order: dict[int, int], before: Table | None
) -> Table | None:
    """The table of a region, which may go on with the one before; None where it is no table."""
    least = 2 if len(region.inner) >= 2 else _LEAST_BANDS
    if region.several < least and before is None:
        return None
    columns = _columns(region.bands)
    if before is not None and len(columns) <= len(before.columns):
        columns = before.columns
    if len(columns) < 2 or _is_prose(region, columns, order):
        return None
    place = {
        id(line): _covered(line, columns) for band in region.bands for line in band.lines
    }
    first_column = {key: columns_of[0] for key, columns_of in place.items()}
    groups = _rows(region.bands, region.inner, len(columns), first_column)
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
    follows = _same_columns(columns, before)
    if (len(cells) < 2 and not follows) or _is_list_of_pairs(cells):
        return None
    table = Table(cells, list(dict.fromkeys(areas)), columns, ruled=False, follows=follows)
    table.headed = _is_headed(groups, region.inner)
    _name_spans(table)
    _label_rows(table)
    return table


def _is_headed(groups: Sequence[Sequence[_Band]], rules: Sequence[Rule]) -> bool:
    """Whether a rule stands below the first row and hardly any between the others."""
    parted = [
        any(below[0].top - 3 < rule.at < above[-1].bottom + 3 for rule in rules)
        for above, below in pairwise(groups)
    ]
    return len(parted) > 1 and parted[0] and 3 * sum(parted[1:]) < len(parted)


def _columns(bands: Sequence[_Band]) -> list[tuple[float, float]]:
    """The columns: where hardly any band has text between them, and both have text in one."""
    size = median(band.size for band in bands)
    edges: list[tuple[float, int]] = []
    for band in bands:
        for line in band.lines:
            edges += [(line.left, 1), (max(line.right, line.left + 1), -1)]
    several = sum(len(band.lines) > 1 for band in bands)
    allowed = int(_CROSSING * several)
    edges.sort()
    found: list[tuple[float, float]] = []
    count, start = 0, None
    for at, step in edges:
        before, count = count, count + step
        if before <= allowed < count and start is None:
            start = at
        elif before > allowed >= count and start is not None:
            if found and start - found[-1][1] < _GUTTER * size:
                found[-1] = (found[-1][0], at)
            else:
                found.append((start, at))
            start = None
    sparse = _sparse(bands, found, _GUTTER * size)
    return _together(sorted([*found, *sparse]), bands)


def _sparse(
    bands: Sequence[_Band], columns: Sequence[tuple[float, float]], least: float
) -> list[tuple[float, float]]:
    """Columns that few bands have text in: the first, which has names, or at least two."""
    found: list[tuple[float, float, int]] = []
    for number, band in enumerate(bands):
        for line in band.lines:
            if any(line.left - right < least and left - line.right < least for left, right in columns):
                continue
            held = 1 + (number == 0)
            for other in found:
                if line.left < other[1] and line.right > other[0]:
                    found.remove(other)
                    held += other[2]
                    break
            else:
                other = (line.left, line.right, 0)
            found.append((min(line.left, other[0]), max(line.right, other[1]), held))
    return [(left, right) for left, right, held in found if held > 1]


def _together(
    columns: list[tuple[float, float]], bands: Sequence[_Band]
) -> list[tuple[float, float]]:
    """Columns, those made one that never have text in the same band."""
    held = [
        [{n for n, c in enumerate(columns) if line.left < c[1] and line.right > c[0]} for line in band.lines]
        for band in bands
    ]  # fmt: skip
    found: list[list[int]] = []
    for n in range(len(columns)):
        if found and not any(
            any(n in one for one in band) and any(set(found[-1]) & one - {n} and n not in one for one in band)
            for band in held
        ):  # fmt: skip
            found[-1].append(n)
        else:
            found.append([n])
    return [(columns[group[0]][0], columns[group[-1]][1]) for group in found]


def _covered(line: Line, columns: Sequence[tuple[float, float]]) -> list[int]:
    """The columns that a line stands in; the nearest where it is in none."""
    found = []
    for n, (left, right) in enumerate(columns):
        shared = min(line.right, right) - max(line.left, left)
        if shared > min(0.25 * (right - left), 0.5 * (line.right - line.left), 6.0):
            found.append(n)
    if found:
        return list(range(found[0], found[-1] + 1))
    middle = (line.left + line.right) / 2
    nearest = min(
        range(len(columns)),
        key=lambda n: max(columns[n][0] - middle, middle - columns[n][1]),
    )
    return [nearest]


def _is_prose(
    region: _Region, columns: Sequence[tuple[float, float]], order: dict[int, int]
) -> bool:
    """Whether the columns are read one after the other."""
    held: list[list[Line]] = [[] for _ in columns]
    for band in region.bands:
        for line in band.lines:
            held[_covered(line, columns)[0]].append(line)
    held = [column for column in held if column]
    back = forth = 0
    for band in region.bands:
        for one, other in pairwise(band.lines):
            near = abs(order[id(other)] - order[id(one)]) <= 2 * len(columns) + 8
            forth, back = forth + near, back + (not near)
    one_by_one = all(
        max(order[id(line)] for line in one) < min(order[id(line)] for line in other)
        for one, other in pairwise(held)
    )
    if len(region.bands) > 2 and (one_by_one or back > forth) and len(region.inner) < 3:
        return True
    full = sum(
        len(column) > 0.7 * len(region.bands)
        and median(len(line.text) for line in column) > _PROSE
        for column in held
    )
    return full >= 2 and len(region.inner) < 2


def _is_list_of_pairs(cells: Sequence[Sequence[Sequence[Line]]]) -> bool:
    """Whether rows are names with a colon and what they stand for, or items with their marks."""
    named = sum(
        bool(row[0])
        and (row[0][-1].text.endswith((":", "：")) or ITEM_MARK.fullmatch(row[0][0].text) is not None)
        for row in cells
    )
    return len(cells[0]) == 2 and named > 0.5 * len(cells)


def _rows(
    bands: Sequence[_Band], rules: Sequence[Rule], width: int, column: dict[int, int]
) -> list[list[_Band]]:
    """Bands by row of the table."""
    parted = [
        any(below.top - 2.5 < rule.at < above.bottom + 2.5 for rule in rules)
        for above, below in pairwise(bands)
    ]
    if sum(parted) >= 2 and _one_row_each(bands, parted):
        ends = parted
    else:
        least = _row_step(bands)
        ends = [
            rule or _begins_row(above, below, least, width, column)
            for rule, (above, below) in zip(parted, pairwise(bands), strict=True)
        ]
    groups = [[bands[0]]]
    for end, band in zip(ends, bands[1:], strict=True):
        if end:
            groups.append([])
        groups[-1].append(band)
    return groups


def _one_row_each(bands: Sequence[_Band], parted: Sequence[bool]) -> bool:
    """Whether a rule stands below each row: hardly any lines between two of them are far apart."""
    steps = [
        (above.bottom - below.bottom) / max(above.size, below.size)
        for rule, (above, below) in zip(parted, pairwise(bands), strict=True)
        if not rule
    ]
    return not steps or max(steps) < _LINE_STEP and len(steps) < 4 * (sum(parted) + 1)


def _row_step(bands: Sequence[_Band]) -> float | None:
    """The least step, in sizes of the type, that leads to another row; None where all are alike."""
    steps = sorted(
        (above.bottom - below.bottom) / max(above.size, below.size)
        for above, below in pairwise(bands)
    )
    if not steps or steps[0] > _LINE_STEP:
        return 0.0
    best, at = 1.0, None
    for small, large in pairwise(steps):
        if small < _LINE_STEP and large / max(0.1, small) > best:
            best, at = large / max(0.1, small), (small + large) / 2
    return at if best > _ROW_STEP else None


def _begins_row(
    above: _Band, below: _Band, least: float | None, width: int, column: dict[int, int]
) -> bool:
    """Whether a band begins a row: it is far from the one above, or has text in the first column.

    `least` is the step that parts rows, None where the lines of cells are as far from each other.
    """
    if least is not None:
        return (above.bottom - below.bottom) / max(above.size, below.size) > least
    first = any(column[id(line)] == 0 for line in below.lines)
    return first or len(below.lines) > max(1, width - 2) and width > 2


def _name_spans(table: Table) -> None:
    """Find how far the names of the first row reach over those of the second."""
    if len(table.cells) < 3:
        return
    first, second = table.cells[:2]
    gaps = [n for n in range(1, len(first)) if not first[n]]
    under = [n for n, cell in enumerate(second) if cell]
    over = {n for a in table.areas if a.top == 0 for n in range(a.left + 1, a.right + 1)}
    gaps = [n for n in gaps if n not in over]
    if not over and (not gaps or not all(second[n] for n in gaps)):
        return
    if second[0] or not under or any(_is_value(second[n]) for n in under):
        return
    starts = [n for n in range(1, len(first)) if first[n] and second[n]]
    if not starts:
        return
    to_left = all(abs(first[n][0].left - table.columns[n][0]) < 4 for n in starts)
    for n in gaps:
        owner = max((s for s in starts if s < n), default=None)
        if not to_left:
            middle = (table.columns[n][0] + table.columns[n][1]) / 2
            owner = min(starts, key=lambda s: abs(middle - _centre(first[s])), default=None)
        if owner is not None:
            _extend(table, 0, owner, n)
    if first[0] and not second[0]:
        table.areas.append(Area(0, 0, 1, 0))
    table.heads = 2


def _extend(table: Table, row: int, start: int, column: int) -> None:
    """Let a cell of a row reach as far as a column."""
    for at, area in enumerate(table.areas):
        if area.top == row and area.left <= start <= area.right:
            left, right = min(area.left, column), max(area.right, column)
            table.areas[at] = Area(row, left, row, right)
            break
    else:
        table.areas.append(Area(row, min(start, column), row, max(start, column)))
    low = min(start, column)
    if low != start:  # the text of a merged cell stands in its first place
        table.cells[row][low], table.cells[row][start] = table.cells[row][start], []


def _centre(lines: Sequence[Line]) -> float:
    return (min(line.left for line in lines) + max(line.right for line in lines)) / 2


def _is_value(lines: Sequence[Line]) -> bool:
    text = " ".join(line.text for line in lines)
    return VALUE.fullmatch(text) is not None and YEAR.fullmatch(text) is None


def _label_rows(table: Table) -> None:
    """A first cell that is empty goes on with the label above it, in rows that are not sums."""
    start = max(1, table.heads or 1)
    top = None
    for n, row in enumerate(table.cells):
        if row[0]:
            top = n
            continue
        words = {word.strip(":").lower() for cell in row for line in cell for word in line.text.split()}
        named = row[1] and not _is_value(row[1]) and any(row[2:])
        if n <= start or top is None or top < start or not named or words & _SUMS:
            top = None
            continue
        table.areas.append(Area(top, 0, n, 0))


_SUMS = {"total", "totals", "sum", "subtotal", "summe", "gesamt", "totaal", "totale", "суммы", "итого"}
