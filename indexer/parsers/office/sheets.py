"""Tables: XLSX, XLS, XLSB and ODS through calamine, CSV and TSV with the delimiter found out."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from indexer.parsers.encoding import decode
from indexer.parsers.errors import CorruptedError, EmptyFileError, EncryptedError
from indexer.parsers.hidden import SHEET
from indexer.parsers.layout import PageBuilder
from indexer.parsers.office.sheet_hidden import Place, looks
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
# A sheet is shown and cited in parts of this many rows.
_PART_ROWS = 2_000

# A figure, date or truth value, with at most a short unit: nothing that a column is called.
_VALUE = re.compile(
    r"[-+(]?\s?[€$£¥]?\s?\d[\d.,'’\s/:-]*(?:T[\d:.]+Z?)?(?:\s?(?:%|[€$£¥]|[A-Za-z]{1,3}))?\)?|TRUE|FALSE",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ADDRESS = re.compile(r"\S@\S|://")
# Questions of surveys are column names of up to some hundred characters.
_LONGEST_NAME = 120

Row = Sequence[str]


def parse_workbook(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A workbook: one page a sheet, tables with their header row.

    Hidden sheets, and cells that nobody can read, are hidden text. Hidden rows and columns are
    read: a filter hides rows too, and nobody means them to be gone from the table.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetVisibleEnum,
    )

    shown = looks(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        # Cells are read as they are needed: only one sheet is held at a time.
        pages: list[Page] = []
        for sheet in book.sheets_metadata:
            source = book.get_sheet_by_name(sheet.name)
            cells = source.to_python(skip_empty_area=True)
            rows = [[_cell(value) for value in row] for row in cells]
            builder = reading.builder()
            _take_out(builder, rows, source.start or (0, 0), shown.hidden.get(sheet.name, {}))
            if sheet.visible != SheetVisibleEnum.Visible:
                said = " ".join(" ".join(filter(None, row)) for row in rows)
                if said.strip() and builder.hide(SHEET, f"{sheet.name}: {said}"):
                    rows = []
            parts = _sheet_pages(rows, sheet.name, len(pages))
            told = builder.page(len(pages) + 1).hidden
            pages += [replace(parts[0], hidden=told + parts[0].hidden), *parts[1:]]
            reading.check_pages(len(pages), "sheets and parts of sheets")
    except PasswordError as error:
        raise EncryptedError("is protected with a password; save it without one") from error
    except (CalamineError, OSError, ValueError) as error:
        raise CorruptedError(f"cannot be read as a workbook ({error}); save it again") from error
    except BaseException as error:
        # A panic of calamine's Rust, which is no Exception and has no class that can be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise CorruptedError(
            "is damaged and cannot be read as a workbook; save it again"
        ) from error
    folded = ("hidden rows or columns were read too",)
    return ParsedFile(name, tuple(pages), "sheet", folded if shown.folded else ())


def _take_out(
    builder: PageBuilder, rows: list[list[str]], start: Place, hidden: Mapping[Place, str]
) -> None:
    """Empty hidden cells of rows that begin at `start`, and tell the page of them."""
    for place, how in hidden.items():
        row, column = place[0] - start[0], place[1] - start[1]
        if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
            said = rows[row][column]
            if said.strip() and builder.hide(how, said):
                rows[row][column] = ""


def parse_csv(data: bytes, name: str) -> ParsedFile:
    """A CSV or TSV file, one table or several."""
    text = decode(data)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    csv.field_size_limit(10_000_000)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text)))
    except csv.Error as error:
        raise CorruptedError(f"cannot be read as a table ({error}); save it again") from error
    return ParsedFile(name, tuple(_sheet_pages(rows, "", 0)), "csv")


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


def _sheet_pages(rows: list[Row], sheet: str, before: int) -> list[Page]:
    """The pages of one sheet, numbered after the `before` pages of earlier ones."""
    parts = [rows[at : at + _PART_ROWS] for at in range(0, len(rows), _PART_ROWS)] or [[]]
    pages: list[Page] = []
    header: Row | None = None
    for number, part in enumerate(parts, 1):
        builder = PageBuilder()
        if sheet and any(any(row) for row in part):
            builder.heading(sheet, 1)
        for place, table in enumerate(_tables(part)):
            continued = number > 1 and not place
            header = _write_table(builder, table, header if continued else None)
        label = f"sheet {sheet}" if sheet else ""
        if len(parts) > 1:
            label = f"{label}, part {number}" if label else f"part {number}"
        problem = "" if builder.length else "empty sheet"
        pages.append(builder.page(before + number, label, problem))
    return pages


def _tables(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Runs of rows between empty rows."""
    table: list[Row] = []
    for row in rows:
        if any(cell.strip() for cell in row):
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _write_table(builder: PageBuilder, rows: list[Row], carried: Row | None) -> Row:
    """Write a table, its captions (leading rows with hardly a cell) as paragraphs.

    Returns its header row, empty where it has none; `carried` is that of the table which this
    one continues, None where it begins one.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    wide = max(filled)
    if wide == 1:
        builder.table(rows, header=False)
        return ()
    at = 0
    while filled[at] <= max(1, wide // 3) and at < len(rows) - 1:
        builder.paragraph(" ".join(rows[at]))
        at += 1
    table = rows[at:]
    if carried is not None and not at:
        builder.table([carried, *table], header=bool(carried))
        return carried
    header = has_header(table)
    builder.table(table, header=header)
    return table[0] if header else ()


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
    if any(_mostly(_VALUE, column) for _, column in pairs):
        return True
    return len({name for name, _ in pairs}) == len(pairs) and not any(
        name in column or len(name) > _LONGEST_NAME or _ADDRESS.search(name)
        for name, column in pairs
    )


def _is_value(name: str, column: Sequence[str]) -> bool:
    """Whether a cell of the first row is a value; a year may be the name of a column."""
    if _YEAR.fullmatch(name):
        return _mostly(_YEAR, column)
    return _VALUE.fullmatch(name) is not None


def _mostly(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return 2 * sum(pattern.fullmatch(cell) is not None for cell in cells) > len(cells)


def _cell(value: object) -> str:
    """A cell as a person sees it: whole numbers without ".0", dates without midnight."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)
