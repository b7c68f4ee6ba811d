"""Tables that are drawn with rules: the cells that lines across and down part. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexer.parsers.pdf.drawn import Box

# Rules nearer than this (in points) are one, or touch.
_NEAR = 3.0
_MOST_RULES = 600
_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across (`at` is its height) or down (`at` is its place from the left)."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RuledGrid:
    """Places of the borders: columns from the left, rows from the top; and which cells are one.

    `cells` maps (row, column) to the number of the cell, which merged ones share.
    """

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cells: dict[tuple[int, int], int]

    def place(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column at a point; None outside."""
        column = bisect_right(self.columns, x) - 1
        row = bisect_right([-at for at in self.rows], -y) - 1
        inside = 0 <= column < len(self.columns) - 1 and 0 <= row < len(self.rows) - 1
        return (row, column) if inside else None


def joined_rules(boxes: Iterable[Box], *, across: bool) -> list[Rule]:
    """Rules without doubles, pieces of one line put together."""
    one, two, level = (0, 2, 1) if across else (1, 3, 0)
    pieces = sorted(((box[level] + box[level + 2]) / 2, box[one], box[two]) for box in boxes)
    rules: list[Rule] = []
    at = 0
    while at < len(pieces):
        end = at
        while end < len(pieces) and pieces[end][0] - pieces[at][0] <= _NEAR / 2:
            end += 1
        height = sum(piece[0] for piece in pieces[at:end]) / (end - at)
        start, stop = None, 0.0
        for _, begin, finish in sorted(pieces[at:end], key=lambda piece: piece[1]):
            if start is None:
                start, stop = begin, finish
            elif begin <= stop + _NEAR:
                stop = max(stop, finish)
            else:
                rules.append(Rule(height, start, stop))
                start, stop = begin, finish
        rules.append(Rule(height, start or 0.0, stop))
        at = end
    return rules


def ruled_grids(across: Sequence[Rule], down: Sequence[Rule]) -> list[RuledGrid]:
    """The grids of two columns and rows or more that rules make."""
    if not down or len(across) < 2 or len(across) + len(down) > _MOST_RULES:
        return []
    return [
        grid
        for rows, columns in _touching(across, down)
        if (grid := _grid(rows, columns)) is not None
    ]


def _touching(across: Sequence[Rule], down: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Groups of rules that touch each other."""
    parent = list(range(len(across) + len(down)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for n, row in enumerate(across):
        for m, column in enumerate(down, len(across)):
            if (
                row.start - _NEAR <= column.at <= row.end + _NEAR
                and column.start - _NEAR <= row.at <= column.end + _NEAR
            ):
                parent[root(n)] = root(m)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for n, rule in enumerate([*across, *down]):
        groups.setdefault(root(n), ([], []))[n >= len(across)].append(rule)
    return list(groups.values())


def _levels(values: Iterable[float]) -> list[float]:
    """Sorted places, those near each other as one."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found


def _grid(across: Sequence[Rule], down: Sequence[Rule]) -> RuledGrid | None:
    if not across or not down:
        return None
    # A table may do without the borders at its sides, or above and below.
    left, right = min(rule.start for rule in across), max(rule.end for rule in across)
    low, high = min(rule.start for rule in down), max(rule.end for rule in down)
    columns = _levels([left, right, *(rule.at for rule in down)])
    rows = _levels([low, high, *(rule.at for rule in across)])[::-1]
    wide, tall = len(columns) - 1, len(rows) - 1
    if wide < 2 or tall < 1 or wide * tall > _MOST_CELLS:
        return None
    walls = [[rule for rule in down if abs(rule.at - x) <= _NEAR] for x in columns]
    floors = [[rule for rule in across if abs(rule.at - y) <= _NEAR] for y in rows]
    parent = {(r, c): (r, c) for r in range(tall) for c in range(wide)}

    def root(cell: tuple[int, int]) -> tuple[int, int]:
        while parent[cell] != cell:
            cell = parent[cell]
        return cell

    for r, c in parent:
        middle = (rows[r] + rows[r + 1]) / 2
        if c + 1 < wide and not _covers(walls[c + 1], middle):
            parent[root((r, c + 1))] = root((r, c))
        centre = (columns[c] + columns[c + 1]) / 2
        if r + 1 < tall and not _covers(floors[r + 1], centre):
            parent[root((r + 1, c))] = root((r, c))
    numbers: dict[tuple[int, int], int] = {}
    cells = {cell: numbers.setdefault(root(cell), len(numbers)) for cell in parent}
    return RuledGrid(tuple(columns), tuple(rows), cells)


def _covers(rules: Iterable[Rule], place: float) -> bool:
    return any(rule.start - 1 <= place <= rule.end + 1 for rule in rules)
