"""Lines that are written from above to below, the first at the right, as in Japanese. Pure.

They come as lines that are tall, as single characters below each other, or as rows of characters
that belong to as many columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from indexer.parsers.pdf.drawn import around
from indexer.parsers.pdf.lines import Line

_CHARACTER = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]")
# So much of a page is written so, or none of it.
_SHARE = 0.7
_LEAST = 6
_END = ("。", "！", "？", "」")


def in_columns(lines: list[list[Line]]) -> list[list[Line]]:
    """Lines of vertical writing from right to left; others as they are."""
    pieces = [piece for line in lines for piece in line]
    if not any(_is_tall(piece) or _is_single(piece) for piece in pieces):
        return lines
    total = sum(len(piece.text) for piece in pieces)
    tall = [piece for piece in pieces if _is_tall(piece)]
    if sum(len(piece.text) for piece in tall) >= max(_LEAST, _SHARE * total):
        columns = [[piece] for piece in tall]
    else:
        singles = [piece for piece in pieces if _is_single(piece)]
        if len(singles) < max(_LEAST, _SHARE * total):
            return lines
        columns = _stacked(singles)
        if not columns:
            return lines
        tall = singles
    taken = {id(piece) for piece in tall}
    rest = [[piece for piece in line if id(piece) not in taken] for line in lines]
    columns.sort(key=lambda column: -(column[0].left + column[0].right))
    return [*_paragraphs([_joined(column) for column in columns]), *filter(None, rest)]


def _is_tall(piece: Line) -> bool:
    width, height = piece.right - piece.left, piece.top - piece.bottom
    return height > 1.5 * width and len(piece.text) > 1 and bool(_CHARACTER.match(piece.text))


def _is_single(piece: Line) -> bool:
    return len(piece.text) == 1 and _CHARACTER.match(piece.text) is not None


def _stacked(singles: Sequence[Line]) -> list[list[Line]]:
    """Single characters by column; none where they are nearer to each other across than down."""
    columns: list[list[Line]] = []
    for piece in sorted(singles, key=lambda one: (-one.left - one.right, -one.top)):
        middle = (piece.left + piece.right) / 2
        if (
            columns
            and abs((columns[-1][-1].left + columns[-1][-1].right) / 2 - middle) < 0.4 * piece.size
        ):
            columns[-1].append(piece)
        else:
            columns.append([piece])
    down = [a.top - b.top for column in columns for a, b in pairwise(column)]
    over = [a[0].left - b[0].left for a, b in pairwise(columns)]
    if not down or (over and median(over) <= median(down)):
        return []
    return columns


def _joined(column: Sequence[Line]) -> Line:
    """A column as one line."""
    if len(column) == 1:
        return column[0]
    left, bottom, right, top = around(
        [(one.left, one.bottom, one.right, one.top) for one in column]
    )
    return Line(
        "".join(one.text for one in column),
        left, right, bottom, top, column[0].size, column[0].bold,
        [run for one in column for run in one.runs],
    )  # fmt: skip


def _paragraphs(columns: Iterable[Line]) -> list[list[Line]]:
    """Columns, those put together in which a sentence goes on."""
    columns = list(columns)
    lowest = min(column.bottom for column in columns)
    found: list[Line] = []
    full = False
    for column in columns:
        if found and full and not found[-1].text.endswith(_END):
            found[-1] = _joined([found[-1], column])
        else:
            found.append(column)
        full = column.bottom < lowest + 2 * column.size
    for paragraph in found:
        paragraph.alone = True
    return [[paragraph] for paragraph in found]
