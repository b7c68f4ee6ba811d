"""Workbooks: XLSX, XLS, XLSB and ODS through calamine."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError, EncryptedError
from indexer.parsers.grid import Area
from indexer.parsers.hidden import SHEET
from indexer.parsers.layout import PageBuilder
from indexer.parsers.office.sheets import sheet_pages
from indexer.parsers.office.workbook.hidden import Place, looks
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from python_calamine import CalamineSheet


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
            parts = sheet_pages(rows, sheet.name, len(pages), _areas(source))
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
    """A cell as a person sees it: whole numbers without ".0", dates without midnight."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)
