"""Workbooks: XLSX, XLS and XLSB, their values through calamine."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError, EncryptedError
from indexer.parsers.grid import Area
from indexer.parsers.hidden import SHEET
from indexer.parsers.layout import PageBuilder
from indexer.parsers.office.sheets import sheet_pages
from indexer.parsers.office.workbook.beside import running_lines, write_beside
from indexer.parsers.office.workbook.biff import OldFormats, old_formats
from indexer.parsers.office.workbook.hidden import Place
from indexer.parsers.office.workbook.number_format import plain, writer
from indexer.parsers.office.workbook.package import (
    Package,
    SheetSource,
    column_number,
    formatted_cells,
    formulas_without_values,
    hidden_places,
    is_folded,
    open_package,
    raised_texts,
)
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata

_FOLDED = "hidden rows or columns were read too"
_FORMULAS = (
    "formulas whose results are not in the file are shown as formulas; "
    "open and save it in a spreadsheet program to have their values"
)
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
# A formula this far behind the last value is none of its table.
_FARTHEST = 1_000


def parse_workbook(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A workbook: one page a sheet, tables with their header row.

    Hidden sheets, and cells that nobody can read, are hidden text. Hidden rows and columns are
    read: a filter hides rows too, and nobody means them to be gone from the table.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        workbook = _Workbook(book, open_package(data), old_formats(data), reading)
        pages = tuple(workbook.pages())
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
    return ParsedFile(name, pages, "sheet", tuple(workbook.problems))


class _Workbook:
    """Reads the sheets of a workbook, one after the other."""

    def __init__(
        self, book: CalamineWorkbook, package: Package, old: OldFormats, reading: Reading
    ) -> None:
        self._book = book
        self._package = package
        self._old = old
        self._reading = reading
        self._running: set[str] = set()
        self.problems: dict[str, None] = {}

    def pages(self) -> Iterator[Page]:
        """The pages of all sheets; cells are read as they are needed, one sheet at a time."""
        count = 0
        for sheet in self._book.sheets_metadata:
            pages = self._sheet(sheet, count)
            count += len(pages)
            self._reading.check_pages(count, "sheets and parts of sheets")
            yield from pages

    def _sheet(self, sheet: SheetMetadata, before: int) -> list[Page]:
        from python_calamine import SheetVisibleEnum

        values = self._book.get_sheet_by_name(sheet.name)
        source = self._package.sheet(sheet.name)
        hidden = {} if source is None else hidden_places(source, self._package)
        rows = self._rows(values, source, hidden)
        builder = self._reading.builder()
        start = values.start or (0, 0)
        _take_out(builder, rows, start, hidden)
        if source is not None and is_folded(source):
            self.problems[_FOLDED] = None
        if sheet.visible != SheetVisibleEnum.Visible:
            said = " ".join(" ".join(filter(None, row)) for row in rows)
            if said.strip() and builder.hide(SHEET, f"{sheet.name}: {said}"):
                rows = []
            source = None if not rows else source

        def beside(page: PageBuilder) -> None:
            if source is not None:
                self._write_beside(page, source, rows, start)

        pages = sheet_pages(rows, sheet.name, before, _areas(values), beside)
        told = builder.page(before + 1).hidden
        return [replace(pages[0], hidden=told + pages[0].hidden), *pages[1:]]

    def _rows(
        self, values: CalamineSheet, source: SheetSource | None, hidden: Mapping[Place, str]
    ) -> list[list[str]]:
        """The cells of a sheet as they are shown, hidden ones as they are stored."""
        cells = values.to_python(skip_empty_area=True)
        rows = [[_cell(value) for value in row] for row in cells]
        top, left = values.start or (0, 0)
        if source is None:
            formats, epoch_1904 = self._old.cells(values.name), self._old.epoch_1904
        else:
            formats = formatted_cells(source, self._package)
            epoch_1904 = self._package.epoch_1904
        for place, code in formats:
            row, column = place[0] - top, place[1] - left
            if 0 <= row < len(cells) and 0 <= column < len(cells[row]) and place not in hidden:
                value = cells[row][column]
                if not isinstance(value, str | bool):
                    rows[row][column] = writer(code, epoch_1904)(value)
        if source is not None:
            for place, text in raised_texts(source, self._package):
                _place(rows, place[0] - top, place[1] - left, text)
            for place, formula in formulas_without_values(source):
                self.problems[_FORMULAS] = None
                _place(rows, place[0] - top, place[1] - left, formula)
        return rows

    def _write_beside(
        self, builder: PageBuilder, source: SheetSource, rows: list[list[str]], start: Place
    ) -> None:
        def text_at(reference: str) -> str:
            """The name of the row, and what stands in the cell."""
            found = _REFERENCE.match(reference)
            row = int(found[2]) - 1 - start[0] if found else -1
            if found is None or not 0 <= row < len(rows):
                return ""
            column = column_number(found[1].encode()) - start[1]
            said = (next(filter(None, rows[row]), ""), *rows[row][max(0, column) : column + 1])
            return ", ".join(dict.fromkeys(text for text in said if text))[:120]

        write_beside(builder, source, self._package, text_at)
        for line in running_lines(source):
            if line not in self._running:
                self._running.add(line)
                builder.paragraph(line)


def _place(rows: list[list[str]], row: int, column: int, text: str) -> None:
    """Write a text into a cell, also one behind the last that has a value."""
    if not (0 <= row < len(rows) + _FARTHEST and 0 <= column < _FARTHEST):
        return
    rows.extend([] for _ in range(row + 1 - len(rows)))
    rows[row].extend([""] * (column + 1 - len(rows[row])))
    rows[row][column] = text


def _areas(sheet: CalamineSheet) -> list[Area]:
    """The merged cells of a sheet, counted from its first cell that is filled."""
    top, left = sheet.start or (0, 0)
    found = (
        Area(a - top, b - left, c - top, d - left)
        for (a, b), (c, d) in sheet.merged_cell_ranges or ()
    )
    return [area for area in found if area.merges and area.top >= 0 and area.left >= 0]


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


def _cell(value: object) -> str:
    """A cell whose format is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | datetime.date | datetime.time | datetime.timedelta):
        return plain(value)
    return str(value)
