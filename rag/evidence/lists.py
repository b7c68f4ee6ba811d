"""The whole of a list or table around a place of a document, over passages and pages. Pure.

A passage may hold half a list: what a reader is shown is the whole, with the line that
announces it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.records import Block, Page, Passage, Span
from indexer.sentences import sentences
from rag.languages import language_of

PageOf = Callable[[int], Page]

# Passages before and after the place that are looked at, and entries that are taken at most.
_PASSAGES = 8
_MOST_ENTRIES = 200
_NUMBERED = re.compile(r"\s*\(?(\d{1,3}|[a-z])[.)]")
_FIRST = ("1", "a")
# What no item that goes on over the page ends on.
_ENDS = (".", "!", "?", ":", ";")
# An item that is explained below: so long at most, and by so many blocks.
_NAME, _EXPLANATION, _BULLETS = 80, 3, "-*•‣·▪○●–"
# What announces ends on a colon, or where nothing but a list can follow: "The three kinds are".
_ANNOUNCES = re.compile(
    r":\s*$|\b(?:are|were|may|must|shall|should|can|will|includ(?:es?|ing)|such as|either|on the"
    r"|consists? of|sind|umfass(?:t|en)|son|incluyen?|sont)\s*$"
)


def announces(text: str) -> bool:
    """Whether a line announces what comes below it, as far as its end tells."""
    return _ANNOUNCES.search(text) is not None


@dataclass(frozen=True, slots=True)
class Entries:
    """A list's items or a table's rows, in order, with the line that announces them, if any.

    `header` is the span of a table's column names; `pages` holds the page of each span's number.
    """

    kind: Literal["list", "table"]
    opening: Span | None
    items: tuple[Span, ...]
    header: Span | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block of a page."""

    page: Page
    block: Block

    @property
    def text(self) -> str:
        return self.page.text[self.block.start : self.block.end]

    @property
    def span(self) -> Span:
        return Span(self.page.number, self.block.start, self.block.end)


def entries_at(place: Span, passages: Sequence[Passage], page_of: PageOf) -> Entries | None:
    """The list or table that holds `place`, or that the line at `place` announces.

    `passages` are those of the document, in order. None where there is no list.
    """
    pieces = list(_pieces(_near(place, passages), page_of))
    at = next((n for n, piece in enumerate(pieces) if _holds(piece, place)), None)
    if at is None:
        return None
    if pieces[at].block.kind not in ("list", "table"):
        # only the last line of a block can announce what comes below it
        rest = pieces[at].page.text[place.end : pieces[at].block.end].strip()
        if rest or at + 1 == len(pieces):
            return None
        if (grouped := _grouped(pieces, at)) is not None:
            return grouped
        if pieces[at + 1].block.kind not in ("list", "table"):
            return None
        at += 1
    return _table(pieces, at) if pieces[at].block.kind == "table" else _list(pieces, at)


def _near(place: Span, passages: Sequence[Passage]) -> Sequence[Passage]:
    for at, passage in enumerate(passages):
        if any(s.page == place.page and s.start <= place.start < s.end for s in passage.spans):
            return passages[max(0, at - _PASSAGES) : at + _PASSAGES + 1]
    return ()


def _pieces(passages: Sequence[Passage], page_of: PageOf) -> Iterator[_Piece]:
    """The blocks that the passages touch, each once: what stands in none is a running header."""
    seen: set[tuple[int, int]] = set()
    for passage in passages:
        for span in passage.spans:
            page = page_of(span.page)
            for block in page.blocks:
                key = (span.page, block.start)
                if key not in seen and block.start < span.end and span.start < block.end:
                    seen.add(key)
                    yield _Piece(page, block)


def _holds(piece: _Piece, place: Span) -> bool:
    block = piece.block
    return piece.page.number == place.page and block.start <= place.start < block.end


def _list(pieces: Sequence[_Piece], at: int) -> Entries:
    first, last = at, at + 1
    while first and _in_list(pieces, first - 1) and not _begins(pieces[first]):
        first -= 1
    while last < len(pieces) and _in_list(pieces, last) and not _begins(pieces[last]):
        last += 1
    listed = list(pieces[first:last])
    if len(listed) == 1:
        first, listed = _explained(pieces, at)
    items = tuple(item for piece in listed for item in _items(piece))
    before = pieces[first - 1] if first else None
    opening = _announcement(before) if before is not None else None
    return Entries("list", opening, items[:_MOST_ENTRIES])


def _in_list(pieces: Sequence[_Piece], at: int) -> bool:
    """Whether a block is an item, or the rest of one that goes on over a page."""
    piece, before = pieces[at], pieces[at - 1] if at else None
    return piece.block.kind == "list" or (
        piece.block.kind == "text"
        and piece.text[:1].islower()
        and before is not None
        and before.block.kind == "list"
        and before.page.number + 1 == piece.page.number
        and before.text.rstrip()[-1:] not in _ENDS
    )


def _grouped(pieces: Sequence[_Piece], at: int) -> Entries | None:
    """Several lists, each below a label of its own: "These count:", "Major:", …, "Minor:", …."""
    items: list[Span] = []
    place = at + 1
    while place + 1 < len(pieces):
        label = pieces[place].text.strip()
        named = pieces[place].block.kind == "text" and label.endswith(":") and len(label) <= _NAME
        if not named or pieces[place + 1].block.kind != "list":
            break
        items.append(pieces[place].span)
        place += 1
        while place < len(pieces) and pieces[place].block.kind == "list":
            items += _items(pieces[place])
            place += 1
    opening = _announcement(pieces[at])
    return Entries("list", opening, tuple(items[:_MOST_ENTRIES])) if items else None


def _explained(pieces: Sequence[_Piece], at: int) -> tuple[int, list[_Piece]]:
    """Where a list begins each of whose items is explained below it, and the items.

    "- Adlib", a paragraph on it, "- Tandy", a paragraph on that: names, with no two of them
    together.
    """
    first, names = at, [pieces[at]]
    if not _is_name(pieces[at]):
        return first, names
    for step in (-1, 1):
        place = at
        while (after := _next_name(pieces, place, step)) is not None:
            place = after
            names.insert(0 if step < 0 else len(names), pieces[place])
        first = min(first, place)
    return first, names


def _next_name(pieces: Sequence[_Piece], place: int, step: int) -> int | None:
    """The place of the next name of such a list, None where there is none near."""
    for away in range(1, _EXPLANATION + 2):
        other = place + step * away
        if not 0 <= other < len(pieces):
            return None
        if pieces[other].block.kind == "list":
            return other if away > 1 and _is_name(pieces[other]) else None
        if pieces[other].block.kind != "text" or pieces[other].text.rstrip().endswith(":"):
            return None
    return None


def _is_name(piece: _Piece) -> bool:
    """Whether an item is a few words behind a bullet, and no sentence."""
    text = piece.text.strip()
    return (
        len(text) <= _NAME and "\n" not in text and text[-1:] not in ".:;!?"
        and text[:1] in _BULLETS
    )  # fmt: skip


def _begins(piece: _Piece) -> bool:
    """Whether an item is the first of a numbered list that is not nested in another."""
    found = _NUMBERED.match(piece.text)
    return found is not None and found[1] in _FIRST and not piece.text[:1].isspace()


def _items(piece: _Piece) -> Iterator[Span]:
    """The items of a block: most parsers make one block of each."""
    offset = piece.block.start
    for line in piece.text.splitlines(keepends=True):
        bare = line.strip()
        if bare:
            start = offset + line.index(bare[0])
            yield Span(piece.page.number, start, start + len(bare))
        offset += len(line)


def _announcement(piece: _Piece) -> Span | None:
    """The last sentence of a block, where it announces what follows.

    "These include:" comes with the sentence before it, which may say that they are not covered.
    """
    text = piece.text
    if piece.block.kind in ("list", "table") or not announces(text):
        return None
    spans = sentences(text, language_of(text).code)
    start, end = spans[-1]
    if len(spans) > 1 and language_of(text).anaphor.match(text[start:end]):
        start = spans[-2][0]
    return Span(piece.page.number, piece.block.start + start, piece.block.start + end)


def _table(pieces: Sequence[_Piece], at: int) -> Entries:
    """Rows of the table at `at`, and of those that go on with it under the same column names."""
    names = _header(pieces[at])
    first, last = at, at + 1
    while first and _goes_on(pieces[first - 1], names):
        first -= 1
    while last < len(pieces) and _goes_on(pieces[last], names):
        last += 1
    rows = tuple(row for piece in pieces[first:last] for row in _rows(piece))
    before = pieces[first - 1] if first else None
    opening = _announcement(before) if before is not None else None
    head = pieces[first].block
    header = Span(pieces[first].page.number, head.start, head.start + head.header)
    return Entries("table", opening, rows[:_MOST_ENTRIES], header if head.header else None)


def _header(piece: _Piece) -> str:
    return " ".join(piece.text[: piece.block.header].split())


def _goes_on(piece: _Piece, names: str) -> bool:
    return piece.block.kind == "table" and bool(names) and _header(piece) == names


def _rows(piece: _Piece) -> Iterator[Span]:
    offset = piece.block.start + piece.block.header
    for line in piece.page.text[offset : piece.block.end].splitlines(keepends=True):
        if line.strip():
            yield Span(piece.page.number, offset, offset + len(line.rstrip("\n")))
        offset += len(line)
