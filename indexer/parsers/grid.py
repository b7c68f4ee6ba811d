"""Tables as grids: merged cells in all places that they cover, several header rows as one. Pure.

Every format hands over its rows, and which of their cells are merged; the page gets one header row,
in which each column has its whole name ("2024 Q2"), and rows that say what a reader sees in them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.parsers.layout import PageBuilder

# Cells of a grid and of its merged areas at the most: spans are numbers that a file makes up.
_MOST_CELLS = 2_000_000
_MOST_COLUMNS = 2_000
# A longer text is said once: it is no label of what stands beside it.
_LONGEST_LABEL = 200
_MOST_HEADER_ROWS = 6

# A figure, date or truth value, with at most a short unit: nothing that a column is called.
VALUE = re.compile(
    r"[-+−(]?\s?[€$£¥]?\s?[-−]?\d[\d.,'’\s/:-]*(?:T[\d:.]+Z?)?(?:\s?(?:%|[€$£¥]|[A-Za-z]{1,3}))?\)?"
    r"|TRUE|FALSE",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as a file describes it: how many columns and rows it covers.

    With 0 rows it goes on with the cell above it, which is how Word, PowerPoint and RTF merge.
    """

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells, from row `top` to `bottom` and column `left` to `right`, inclusive, from 0."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def merges(self) -> bool:
        """Whether it is more than one cell."""
        return self.bottom > self.top or self.right > self.left

    def moved(self, rows: int, columns: int = 0) -> Area:
        """The area on a grid that begins so many rows and columns later."""
        return Area(self.top - rows, self.left - columns, self.bottom - rows, self.right - columns)


@dataclass
class Grid:
    """A table's texts by row and column, and its merged areas.

    `heads` is the number of header rows where the file tells, else None.
    """

    rows: list[list[str]]
    areas: list[Area] = field(default_factory=list)
    heads: int | None = None

    @property
    def width(self) -> int:
        """The number of columns."""
        return max((len(row) for row in self.rows), default=0)


def laid_out(rows: Iterable[Iterable[Cell]], heads: int | None = None) -> Grid:
    """A grid of cells that flow around those which reach down from above."""
    listed = [list(row) for row in rows]
    grid = Grid([[] for _ in listed], heads=heads)
    taken: dict[int, int] = {}  # column → the first row that is free again
    begun: dict[int, int] = {}  # column → its last area, by its place in the list
    for top, cells in enumerate(listed):
        row, left = grid.rows[top], 0
        for cell in cells:
            while taken.get(left, 0) > top:
                left += 1
            if left >= _MOST_COLUMNS:
                break
            row.extend([""] * (left + 1 - len(row)))
            row[left] = cell.text
            right = min(left + max(1, cell.columns), _MOST_COLUMNS) - 1
            bottom = min(top + max(1, cell.rows), len(listed)) - 1
            if bottom > top:
                taken.update(dict.fromkeys(range(left, right + 1), bottom + 1))
            above = grid.areas[begun[left]] if cell.rows == 0 and left in begun else None
            if above is not None and above.bottom == top - 1:
                grid.areas[begun[left]] = Area(above.top, left, top, above.right)
            else:
                begun[left] = len(grid.areas)
                grid.areas.append(Area(top, left, bottom, right))
            left = right + 1
    # A span makes no columns: those that no cell begins in are seen nowhere.
    last = grid.width - 1
    areas = (Area(a.top, a.left, a.bottom, min(a.right, last)) for a in grid.areas)
    grid.areas = [area for area in areas if area.merges]
    return grid


def write_grid(builder: PageBuilder, grid: Grid, header: bool = True) -> None:
    """Write a table: what stands over its whole width as paragraphs, then its rows.

    With `header` the first row names the columns where the file does not tell.
    """
    captions, rows, heads = table_rows(grid)
    for caption in captions:
        builder.paragraph(caption)
    told = grid.heads is not None or heads > 1
    builder.table(rows, header=heads > 0 if told else header and not _is_form(rows))


def _is_form(rows: Sequence[Sequence[str]]) -> bool:
    """Whether two columns are names and values from the first row on ("Phone | 0171 555")."""
    return bool(rows) and len(rows[0]) == 2 and not _is_name(rows[0][1].strip() or "x", True)


def table_rows(grid: Grid) -> tuple[list[str], list[list[str]], int]:
    """Captions over the table, its rows with the header rows as one, and how many those were.

    A merged row between others, over the whole width, is a label of the rows below it: it becomes
    a first column without a name.
    """
    spread(grid)
    wide = _full_rows(grid)
    captions = []
    while grid.rows and (0 in wide or not any(grid.rows[0])):
        captions.append(_said(grid.rows[0]))
        wide = _cut_first(grid, wide)
    heads = header_depth(grid)
    heads = next((row for row in range(heads) if row in wide), heads)
    rows = grid.rows
    if heads > 1:
        rows = [joined(rows[:heads]), *rows[heads:]]
        wide = {row - heads + 1 for row in wide if row >= heads}
    return [one for one in captions if one.strip()], _labelled(rows, wide, bool(heads)), heads


def spread(grid: Grid) -> None:
    """Write each merged area's text into all of its cells, of rows that say something else too."""
    room = _MOST_CELLS
    height = len(grid.rows)
    own = [any(cell.strip() for cell in row) for row in grid.rows]
    for area in grid.areas:
        if not (0 <= area.top < height and 0 <= area.left < len(grid.rows[area.top])):
            continue
        text = grid.rows[area.top][area.left]
        right = min(area.right, area.left + _MOST_COLUMNS)
        if not text.strip() or len(text) > _LONGEST_LABEL:
            continue
        for number in range(area.top, min(area.bottom + 1, height)):
            room -= right - area.left + 1
            if room < 0:
                return
            row = grid.rows[number]
            if own[number]:
                row.extend([""] * (right + 1 - len(row)))
                row[area.left : right + 1] = [text] * (right + 1 - area.left)


def header_depth(grid: Grid) -> int:
    """How many rows at the top name the columns: 1, unless the file or merged cells say more.

    Names that reach over several columns have those of the columns below them.
    """
    if grid.heads is not None:
        return min(grid.heads, len(grid.rows) - 1) if len(grid.rows) > 1 else 0
    depth = 1
    most = min(_MOST_HEADER_ROWS, len(grid.rows) - 1)
    while depth < most and _goes_on(grid, depth):
        depth += 1
    if depth == 1 and is_banner(grid.rows):
        fill_right(grid.rows[0])
        return 2
    return depth if len(grid.rows) > 1 else 0


def joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """Header rows as one: each column's names from above to below, what repeats only once."""
    width = max(len(row) for row in rows)
    columns: list[list[str]] = [[] for _ in range(width)]
    for row in rows:
        for column, text in enumerate(row):
            said = " ".join(text.split())
            if said and said not in columns[column][-1:]:
                columns[column].append(said)
    return [" ".join(names) for names in columns]


def fill_right(row: list[str]) -> None:
    """Let each name of a row reach to the next."""
    last = ""
    for column, text in enumerate(row):
        last = text if text.strip() else last
        row[column] = last


def inner_text(grid: Grid) -> str:
    """A table inside a cell, on one line: "Part: bolt, Size: 4; Part: nut, Size: 6"."""
    captions, rows, _ = table_rows(grid)
    rows = [[" ".join(cell.split()) for cell in row] for row in rows if any(row)]
    said = captions
    if len(rows) > 1 and len(rows[0]) > 1 and all(rows[0]):
        names = rows[0]
        for row in rows[1:]:
            pairs = zip(names, row, strict=False)
            said.append(", ".join(f"{name}: {cell}" for name, cell in pairs if cell))
    else:
        said += [", ".join(filter(None, row)) for row in rows]
    return "; ".join(filter(None, said))


def _full_rows(grid: Grid) -> set[int]:
    """The rows that say one thing alone, in cells merged from the table's first column on."""
    filled = [[n for n, text in enumerate(row) if text.strip()] for row in grid.rows]
    first = min((columns[0] for columns in filled if columns), default=0)
    return {
        area.top
        for area in grid.areas
        if area.top == area.bottom
        and area.right > area.left == first
        and area.top < len(grid.rows)
        and filled[area.top]
        and filled[area.top][-1] <= area.right
    }


def _cut_first(grid: Grid, wide: set[int]) -> set[int]:
    """Take the first row off; the numbers of the full rows that are left."""
    del grid.rows[0]
    grid.areas = [
        Area(max(0, area.top - 1), area.left, area.bottom - 1, area.right)
        for area in grid.areas
        if area.bottom > 0
    ]
    if grid.heads:
        grid.heads -= 1
    return {row - 1 for row in wide if row}


def _goes_on(grid: Grid, depth: int) -> bool:
    """Whether the header goes on in row `depth`: a name above reaches over several columns."""
    above = [area for area in grid.areas if area.top < depth]
    under = _columns(a for a in above if a.bottom == depth - 1 and a.right > a.left)
    down = _columns(a for a in above if a.bottom >= depth)
    row = grid.rows[depth]
    names = {column: text.strip() for column, text in enumerate(row) if text.strip()}
    return bool(under & names.keys()) and all(
        column in down or _is_name(text, column in under or not _at(grid.rows[depth - 1], column))
        for column, text in names.items()
    )


def _is_name(text: str, has_room: bool) -> bool:
    """Whether a text names a column, under a wider name or under none."""
    return has_room and (YEAR.fullmatch(text) is not None or VALUE.fullmatch(text) is None)


def _columns(areas: Iterable[Area]) -> set[int]:
    return {column for area in areas for column in range(area.left, area.right + 1)}


def is_banner(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has names with gaps to their right, which the second row's go under.

    Sheets centre such names over columns without merging, and CSV has lost the merging. Only where
    the second row says the same under several of them, which names of columns never do alone.
    """
    if len(rows) < 3:
        return False
    first, second = ([cell.strip() for cell in row] for row in rows[:2])
    starts = [column for column, text in enumerate(first) if text]
    named = [text for text in second if text]
    if len(starts) < 2 or any(VALUE.fullmatch(t) and not YEAR.fullmatch(t) for t in named):
        return False
    if not all(_at(second, column) for column in range(starts[0], len(first))):
        return False
    bounds = [*starts, len(second)]
    groups = [second[a:b] for a, b in itertools.pairwise(bounds)]
    gaps = sum(len(group) > 1 for group in groups)
    return gaps >= 2 and len(set(second[starts[0] :])) < len(second[starts[0] :])


def _labelled(rows: list[list[str]], wide: set[int], header: bool) -> list[list[str]]:
    """Rows with the merged rows between them as a first column."""
    labels = {row for row in wide if row > 0 or not header}
    last = max((n for n, row in enumerate(rows) if n not in labels), default=-1)
    inner = {row for row in labels if row < last}
    found: list[list[str]] = []
    label = ""
    for number, row in enumerate(rows):
        if number in inner:
            label = _said(row)
        elif number in labels:  # below all others: a remark
            found.append([_said(row)])
        elif inner:
            found.append([label, *row])
        else:
            found.append(row)
    return found


def _said(row: Sequence[str]) -> str:
    """What a row says that says one thing alone."""
    return next((text for text in row if text.strip()), "")


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""
