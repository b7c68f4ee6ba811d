"""Tables of sheets: their headers and captions; CSV and TSV with the delimiter found out."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from indexer.parsers.encoding import decode
from indexer.parsers.errors import CorruptedError, EmptyFileError
from indexer.parsers.grid import VALUE, YEAR, Area, Grid, is_banner, spread, table_rows
from indexer.parsers.layout import PageBuilder
from indexer.records import Page, ParsedFile

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
# A sheet is shown and cited in parts of this many rows.
_PART_ROWS = 2_000

_ADDRESS = re.compile(r"\S@\S|://")
# The line by which Excel tells itself the delimiter; no spreadsheet shows it.
_TOLD = re.compile(r"\ufeff?\"?sep=([^\r\n\"])\"?(?:\r\n|\n|\r|\Z)", re.IGNORECASE)
# Questions of surveys are column names of up to some hundred characters.
_LONGEST_NAME = 120
# Merged cells of one sheet at the most.
_MOST_AREAS = 20_000

Row = Sequence[str]


def parse_csv(data: bytes, name: str) -> ParsedFile:
    """A CSV or TSV file, one table or several."""
    text = decode(data)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    csv.field_size_limit(10_000_000)
    told = _TOLD.match(text)
    delimiter = told.group(1) if told else find_delimiter(text)
    try:
        text = text[told.end() :] if told else text
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CorruptedError(f"cannot be read as a table ({error}); save it again") from error
    return ParsedFile(name, tuple(sheet_pages(rows, "", 0)), "csv")


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into the most even columns.

    A decimal comma makes commas frequent but uneven, so evenness goes before number.
    """
    sample = "\n".join(text.splitlines()[:_SAMPLE_ROWS])

    def evenness(delimiter: str) -> tuple[float, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        widths = [len(row) for row in rows] or [0]
        usual = max(set(widths), key=widths.count)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual

    return max(_DELIMITERS, key=evenness)


def sheet_pages(
    rows: list[list[str]],
    sheet: str,
    before: int,
    areas: Sequence[Area] = (),
    write_beside: Callable[[PageBuilder], None] = lambda _: None,
) -> list[Page]:
    """The pages of one sheet, numbered after the `before` pages of earlier ones.

    `areas` are its merged cells; `write_beside` writes what lies on the sheet and in no cell.
    """
    areas = sorted(areas, key=_top)[:_MOST_AREAS]
    spread(Grid(rows, areas))
    starts = range(0, len(rows), _PART_ROWS) or [0]
    pages: list[Page] = []
    header: Row | None = None
    for number, start in enumerate(starts, 1):
        part = rows[start : start + _PART_ROWS]
        builder = PageBuilder()
        if sheet and any(any(row) for row in part):
            builder.heading(sheet, 1)
        for place, (top, table) in enumerate(_tables(part)):
            continued = number > 1 and not place
            grid = Grid(table, _areas_of(areas, start + top, len(table)))
            header = _write_table(builder, grid, header if continued else None)
        if number == len(starts):
            write_beside(builder)
        label = f"sheet {sheet}" if sheet else ""
        if len(starts) > 1:
            label = f"{label}, part {number}" if label else f"part {number}"
        problem = "" if builder.length else "empty sheet"
        pages.append(builder.page(before + number, label, problem))
    return pages


def _tables(rows: Iterable[list[str]]) -> Iterable[tuple[int, list[list[str]]]]:
    """Runs of rows between empty rows, each with the number of its first."""
    table: list[list[str]] = []
    for number, row in enumerate(rows):
        if any(cell.strip() for cell in row):
            table.append(row)
        elif table:
            yield number - len(table), table
            table = []
    if table:
        yield number + 1 - len(table), table


def _areas_of(areas: Sequence[Area], top: int, height: int) -> list[Area]:
    """The merged cells that begin in some rows; `areas` are ordered."""
    first, last = (bisect_left(areas, row, key=_top) for row in (top, top + height))
    return [area.moved(top) for area in areas[first:last]]


def _top(area: Area) -> int:
    return area.top


def _write_table(builder: PageBuilder, grid: Grid, carried: Row | None) -> Row:
    """Write a table, its captions (leading rows with hardly a cell) as paragraphs.

    Returns its header row, empty where it has none; `carried` is that of the table which this
    one continues, None where it begins one.
    """
    filled = _filled(grid)
    wide = max(filled)
    if wide == 1:
        builder.table([[next(filter(None, row), "")] for row in grid.rows], header=False)
        return ()
    at = 0
    while at < len(grid.rows) - 1 and _is_caption(grid, at, filled[at], wide):
        builder.paragraph(" ".join(dict.fromkeys(filter(None, grid.rows[at]))))
        at += 1
    captions, table, heads = table_rows(Grid(grid.rows[at:], [a.moved(at) for a in grid.areas]))
    for caption in captions:
        builder.paragraph(caption)
    if carried is not None and not at:
        builder.table([carried, *table], header=bool(carried))
        return carried
    header = bool(table) and (heads > 1 or has_header(table))
    builder.table(table, header=header)
    return table[0] if header else ()


def _filled(grid: Grid) -> list[int]:
    """The number of cells with text in each row, those of a merged area once."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in grid.rows]
    for area in grid.areas:
        for row in range(max(0, area.top), min(area.bottom + 1, len(filled))):
            if area.left < len(grid.rows[row]) and grid.rows[row][area.left].strip():
                filled[row] -= min(area.right, len(grid.rows[row]) - 1) - area.left
    return filled


def _is_caption(grid: Grid, row: int, filled: int, wide: int) -> bool:
    """Whether a row stands over a table, and is not the first of its header rows."""
    if filled > max(1, wide // 3):
        return False
    banners = any(a.top == row and a.right > a.left > 0 for a in grid.areas)
    return not banners and not is_banner(grid.rows[row:])


def has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row of a table names its columns.

    It does where it is text and something below it is not. Where all is text it is taken for
    names unless one of its cells comes again below it, twice in it, or is too long or an address.
    """
    names = [cell.strip() for cell in rows[0]]
    below = rows[1:_SAMPLE_ROWS]
    if not below:
        return False
    columns = [
        [row[place].strip() for row in below if place < len(row) and row[place].strip()]
        for place in range(len(names))
    ]
    pairs = [(name, column) for name, column in zip(names, columns, strict=True) if name]
    if any(_is_value(name, column) for name, column in pairs):
        return False
    if any(_mostly(VALUE, column) for _, column in pairs):
        return True
    return len({name for name, _ in pairs}) == len(pairs) and not any(
        name in column or len(name) > _LONGEST_NAME or _ADDRESS.search(name)
        for name, column in pairs
    )


def _is_value(name: str, column: Sequence[str]) -> bool:
    """Whether a cell of the first row is a value; a year may be the name of a column."""
    if YEAR.fullmatch(name):
        return _mostly(YEAR, column)
    return VALUE.fullmatch(name) is not None


def _mostly(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return 2 * sum(pattern.fullmatch(cell) is not None for cell in cells) > len(cells)
