"""Where each letter of a page's text stands in its text layer, whatever order it was read in.

A table is read cell by cell, and a merged cell is said in each row that it reaches over; the file
has its characters in another order. The pieces of lines that the page is read in are looked for in
its text, one after the other; what a piece is not found for has no place. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A shorter piece counts only where it ends with a word, so that "1" is not found in "12".
_LONG = 6


@dataclass(frozen=True, slots=True)
class PlacedPiece:
    """The letters of a piece of a line, and the place of each.

    `goes_on` says whether its last word may go on in the next piece.
    """

    letters: str
    places: tuple[object, ...]
    goes_on: bool = False


def places_of(
    letters: str, starts: Sequence[bool], pieces: Sequence[PlacedPiece]
) -> list[object | None]:
    """The place of each of a text's letters; None where it is not known.

    `starts` says of each letter whether a word, or the text of a cell, begins with it.
    """
    known: dict[str, list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        if piece.letters:
            known[piece.letters[0]].append(number)
    found: list[object | None] = [None] * len(letters)
    used: set[int] = set()
    at, last = 0, -1
    while at < len(letters):
        fitting = [
            n
            for n in known.get(letters[at], ())
            if letters.startswith(pieces[n].letters, at) and _ends(letters, starts, at, pieces[n])
        ]
        if fitting:
            last = _nearest(fitting, last, used, pieces)
            used.add(last)
            piece = pieces[last]
            found[at : at + len(piece.letters)] = piece.places
            at += len(piece.letters)
        else:
            at += 1
            while at < len(letters) and not starts[at]:
                at += 1
    return found


def _ends(letters: str, starts: Sequence[bool], at: int, piece: PlacedPiece) -> bool:
    """Whether a piece that fits at a place ends where a word does."""
    end = at + len(piece.letters)
    return end == len(letters) or starts[end] or piece.goes_on or len(piece.letters) >= _LONG


def _nearest(
    fitting: Iterable[int], last: int, used: set[int], pieces: Sequence[PlacedPiece]
) -> int:
    """The piece to go on with: the next in order, else the longest, not met yet, nearest."""

    def strangeness(n: int) -> tuple[bool, int, bool, int]:
        return n != last + 1, -len(pieces[n].letters), n in used, abs(n - last)

    return min(fitting, key=strangeness)
