"""Pieces of lines and rules → tables and what stands between them. Pure.

Two ways lead to a table: rules that cross (`ruled.py`), and pieces that stand beside each other
with white space running through between them (`aligned.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from indexer.parsers.pdf.drawn import Drawing
from indexer.parsers.pdf.lines import Line, Table
from indexer.parsers.pdf.tables.aligned import aligned_tables
from indexer.parsers.pdf.tables.ruled import ruled_table
from indexer.parsers.pdf.tables.rules import joined_rules, ruled_grids

_MOST_LINES = 3_000


def with_tables(
    lines: Sequence[Sequence[Line]],
    drawing: Drawing,
    before: Table | None = None,
    *,
    in_order: bool = True,
) -> list[Line | Table]:
    """The lines of a page in the order of the file, tables where the first of their cells stood.

    `lines` are in pieces; what is not in a table is put together again. `before` is the table that
    the page before ends with. `in_order` says whether the order tells anything.
    """
    pieces = [piece for line in lines for piece in line]
    if len(pieces) > _MOST_LINES:
        return [_whole(line) for line in lines]
    order = {id(piece): n for n, piece in enumerate(pieces)} if in_order else {}
    across = joined_rules(drawing.across, across=True)
    down = joined_rules(drawing.down, across=False)
    tables: list[Table] = []
    for grid in ruled_grids(across, down):
        table = ruled_table(grid, pieces, before)
        if table is not None:
            tables.append(table)
            pieces = _without(pieces, [table])
    if any(len(line) > 1 for line in lines) or _beside(pieces):
        separators = joined_rules([*drawing.across, *drawing.edges], across=True)
        tables += aligned_tables(pieces, separators, order, before)
    if not tables:
        return [_whole(line) for line in lines]
    owner = {id(line): table for table in tables for line in table.lines()}
    return list(_in_order(lines, owner))


def _in_order(lines: Iterable[Sequence[Line]], owner: dict[int, Table]) -> Iterable[Line | Table]:
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
    foreign = any(piece.area is not None for piece in pieces)
    return Line(
        " ".join([piece.text for piece in pieces]),
        min(piece.left for piece in pieces),
        max(piece.right for piece in pieces),
        first.bottom,
        first.top,
        first.size,
        all(piece.bold for piece in pieces),
        [run for piece in pieces for run in piece.runs],
        alone=foreign,
        parts=tuple(pieces) if foreign else (),
    )


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
