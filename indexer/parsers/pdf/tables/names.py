"""Names of columns over several, and labels of rows over several, where no rule tells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from indexer.parsers.grid import VALUE, YEAR, Area
from indexer.parsers.pdf.lines import Line, Table
from indexer.parsers.pdf.tables.bands import Band, step_between
from indexer.parsers.pdf.tables.rules import Rule

# A name over several columns stands no farther above theirs, in sizes of the type.
_BANNER_STEP = 4.0
# A row of sums belongs to no label.
_SUMS = frozenset(
    ("total", "totals", "sum", "subtotal", "summe", "gesamt", "totaal", "totale", "итого")
)


def is_headed(groups: Sequence[Sequence[Band]], rules: Sequence[Rule]) -> bool:
    """Whether a rule stands below the first row and hardly any between the others."""
    parted = [
        any(below[0].top - 3 < rule.at < above[-1].bottom + 3 for rule in rules)
        for above, below in pairwise(groups)
    ]
    return len(parted) > 1 and parted[0] and 3 * sum(parted[1:]) < len(parted)


def with_banner(group: list[Band], column: dict[int, int]) -> list[list[Band]]:
    """The first row as two, where names in its first line are centred over several below."""
    if len(group) < 2:
        return [group]
    above = [line for line in group[0].lines if column[id(line)]]
    below = [line for line in group[-1].lines if column[id(line)]]
    if not above or len(below) <= len(above):
        return [group]
    at = 0
    for line in above:
        width = 0
        while at + width < len(below):
            width += 1
            middle = (below[at].left + below[at + width - 1].right) / 2
            if width > 1 and abs(middle - (line.left + line.right) / 2) < 0.6 * group[0].size:
                break
        else:
            return [group]
        at += width
    return [group[:-1], group[-1:]] if at == len(below) else [group]


def is_banner(
    band: Band,
    names: Sequence[Band],
    columns: Sequence[tuple[float, float]],
    column: dict[int, int],
) -> bool:
    """Whether a line above the first row is a name over all of its columns but the first.

    It is centred over them, and the first has no name: over all columns it would be a caption.
    """
    below = [line for one in names for line in one.lines]
    if len(columns) < 3 or any(column[id(line)] == 0 for line in below):
        return False
    if step_between(band, names[0]) > _BANNER_STEP:
        return False
    left, right = min(line.left for line in below), max(line.right for line in below)
    middle = (band.lines[0].left + band.lines[0].right) / 2
    return abs(middle - (left + right) / 2) < 1.5 * band.size


def name_spans(table: Table) -> None:
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
    centres = {n: _centre(first[n]) for n in starts}  # before any name is moved
    for n in gaps:
        owner = max((s for s in starts if s < n), default=None)
        if not to_left:
            middle = (table.columns[n][0] + table.columns[n][1]) / 2
            owner = min(starts, key=lambda s: abs(middle - centres[s]), default=None)
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


def label_rows(table: Table) -> None:
    """A first cell that is empty goes on with the label above it, in rows that are not sums."""
    start = max(1, table.heads or 1)
    top = None
    for n, row in enumerate(table.cells):
        if row[0]:
            top = n
            continue
        words = {
            word.strip(":").lower() for cell in row for line in cell for word in line.text.split()
        }
        named = row[1] and not _is_value(row[1]) and any(row[2:])
        if n <= start or top is None or top < start or not named or words & _SUMS:
            top = None
            continue
        table.areas.append(Area(top, 0, n, 0))
