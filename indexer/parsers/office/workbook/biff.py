"""What cells of an XLS workbook look like: the codes of their formats, by sheet and place.

calamine gives values alone. Records after Microsoft's [MS-XLS], 2.4: BoundSheet8 (2.4.28), Format
(2.4.126), XF (2.4.353), and the cells that hold numbers (2.4.127, 2.4.174, 2.4.180, 2.4.220).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from indexer.parsers.container import ole_stream, open_ole
from indexer.parsers.errors import ParseError
from indexer.parsers.office.workbook.hidden import Place
from indexer.parsers.office.workbook.number_format import BUILT_IN

_FORMAT, _XF, _SHEET, _EPOCH = 0x041E, 0x00E0, 0x0085, 0x0022
_NUMBER, _RK, _MULRK, _FORMULA, _END = 0x0203, 0x027E, 0x00BD, 0x0006, 0x000A
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass
class OldFormats:
    """The formats of one XLS workbook; none of other files."""

    epoch_1904: bool = False
    _stream: bytes = b""
    _codes: list[str] = field(default_factory=list)
    _sheets: dict[str, int] = field(default_factory=dict)

    def cells(self, sheet: str) -> Iterator[tuple[Place, str]]:
        """The place of each cell of a sheet with a format of its own, and the format's code."""
        start = self._sheets.get(sheet)
        if start is None:
            return
        for kind, body in _records(self._stream, start):
            if kind == _END:
                return
            if kind in (_NUMBER, _RK, _FORMULA) and len(body) >= 6:
                row, column, style = struct.unpack_from("<HHH", body)
                yield from self._cell(row, column, style)
            elif kind == _MULRK and len(body) >= 12:
                row, column = struct.unpack_from("<HH", body)
                for number in range((len(body) - 6) // 6):
                    style = struct.unpack_from("<H", body, 4 + 6 * number)[0]
                    yield from self._cell(row, column + number, style)

    def _cell(self, row: int, column: int, style: int) -> Iterator[tuple[Place, str]]:
        code = self._codes[style] if style < len(self._codes) else ""
        if code and code.lower() not in ("general", "@"):
            yield (row, column), code


def old_formats(data: bytes) -> OldFormats:
    """Look into an XLS file; no formats where it is none, or is damaged here."""
    if not data.startswith(_OLE):
        return OldFormats()
    try:
        container = open_ole(data)
        stream = ole_stream(container, "Workbook") or ole_stream(container, "Book")
        return _read(stream)
    except (ParseError, struct.error, ValueError, IndexError):
        return OldFormats()


def _read(stream: bytes) -> OldFormats:
    found = OldFormats(_stream=stream)
    named: dict[int, str] = dict(BUILT_IN)
    styles: list[int] = []
    for kind, body in _records(stream, 0):
        if kind == _END:
            break
        if kind == _FORMAT and len(body) >= 5:
            number, length, wide = struct.unpack_from("<HHB", body)
            named[number] = _text(body[5:], length, wide)
        elif kind == _XF and len(body) >= 4:
            styles.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == _SHEET and len(body) >= 8:
            start, _, length, wide = struct.unpack_from("<IHBB", body)
            found._sheets[_text(body[8:], length, wide)] = start
        elif kind == _EPOCH and len(body) >= 2:
            found.epoch_1904 = body[0] == 1
    found._codes = _codes(named, styles)
    return found


def _codes(named: Mapping[int, str], styles: list[int]) -> list[str]:
    return [named.get(number, "") for number in styles]


def _text(data: bytes, length: int, wide: int) -> str:
    if wide & 1:
        return data[: 2 * length].decode("utf-16-le", errors="replace")
    return data[:length].decode("latin-1")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at >= 0 and at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
