"""Recognised words → lines and tables, as if they had been printed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from indexer.parsers.layout import PageBuilder
from indexer.parsers.ocr import RecognisedWord, text_of
from indexer.parsers.pdf.drawn import Drawing
from indexer.parsers.pdf.layout import survey, write_page
from indexer.parsers.pdf.lines import Line, PageLines, Table
from indexer.parsers.pdf.tables.find import with_tables
from indexer.parsers.text import add_plain

# White space that parts cells, in heights of the line.
_GAP = 1.0


def recognised_items(
    words: Sequence[RecognisedWord], dots: float, left: float, top: float
) -> list[Line | Table]:
    """The lines and tables of a picture; `dots` a point, its upper left corner at a place."""
    pieces = [
        [_piece(part, dots, left, top) for part in _parted(list(line))]
        for _, line in groupby(words, key=lambda word: word.line)
    ]
    if not pieces:
        return []
    # Sizes are guesses from a few letters: those of one picture are taken for one.
    heights = sorted(piece.top - piece.bottom for line in pieces for piece in line)
    for piece in (piece for line in pieces for piece in line):
        piece.size = heights[len(heights) // 2]
    return with_tables(pieces, Drawing(), in_order=False)


def write_recognised(builder: PageBuilder, words: Sequence[RecognisedWord]) -> None:
    """Write a page that is a picture: as a printed one where it holds a table, else as text."""
    items = recognised_items(words, 1.0, 0.0, 0.0)
    if any(isinstance(item, Table) for item in items):
        page = PageLines(tuple(items), float("inf"))
        write_page(builder, page, survey([page]))
    else:
        add_plain(builder, text_of(words))


def _parted(line: Sequence[RecognisedWord]) -> Iterator[list[RecognisedWord]]:
    """The words of a line between wide gaps."""
    height = max(word.bottom for word in line) - min(word.top for word in line)
    part: list[RecognisedWord] = []
    for word in line:
        if part and word.left - part[-1].right > _GAP * height:
            yield part
            part = []
        part.append(word)
    yield part


def _piece(words: Iterable[RecognisedWord], dots: float, left: float, top: float) -> Line:
    words = list(words)
    high, low = min(word.top for word in words), max(word.bottom for word in words)
    return Line(
        " ".join(word.text for word in words),
        left + words[0].left / dots,
        left + max(word.right for word in words) / dots,
        top - low / dots,
        top - high / dots,
        (low - high) / dots,
        bold=False,
    )
