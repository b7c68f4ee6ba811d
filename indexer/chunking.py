"""Pages → passages: the unit that is embedded, searched and cited. Pure.

The pages are laid out as one run of *units* (a sentence, a table row, a line of code, a
heading), and the run is cut where a cost is lowest: near the wanted size, at a heading or a
paragraph rather than inside one, and never so that a heading loses its text. Every unit keeps
its place on its page, so a passage's spans are exact whatever was cut around them.

This file does not know what a token is: the caller hands in its embedder's counter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from indexer.records import Block, Page, Passage, Span
from indexer.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class PassageLimits:
    """How large passages are, in the embedder's tokens.

    `target` is the wanted size; `maximum` is never passed.

    The default was chosen with BM25 (`benchmarks/passages.py`): over six sets the sizes from
    80 to 400 tokens differ by little, smaller ones finding the right page of the Northwind
    booklets and of product documentation more often (first 74 % at 140, 69 % at 400), larger
    ones the right scientific abstract (nDCG@10 0.669 and 0.681). Repeating a sentence in
    the next passage made every set worse, or better by one question in 201.
    """

    target: int = 140
    maximum: int = 224


DEFAULT = PassageLimits()

# The cost of a cut, beside ((size - target) / target)². A section under some 30 % of the
# target costs more as a passage of its own (0.5 and up) than joined to its neighbour.
_INSIDE_SENTENCE = 1.0
_INSIDE_PARAGRAPH = 0.6
_BETWEEN_BLOCKS = 0.03
_MIXED_HEADINGS = 0.5
# What names or announces the text behind it (a term of a glossary, a line that ends on a colon)
# is nothing at the end of a passage, and is missed in the next.
_LOST_LABEL = 0.5
_LABEL_CHARACTERS = 40
_NEVER = 1e6

# A title or heading longer than this is cut in `embedding_text`: the passage's own words must
# not be pushed out of the embedder's window by a file name or a heading that is a paragraph.
_PREFIX_BYTES = 120  # of UTF-8: letters of scripts with longer codes have more tokens, too
_PREFIX_HEADINGS = 2

# A unit of more characters is none that fits; it is parted before its tokens are counted.
_UNIT_CHARACTERS = 8_000

# What is written once a passage is bounded, or one line of a file fills the disk: a heading of
# 200 KB over its own passages made a database of 600 MB. A heading longer than this is cut in
# the path (as text of the page it stays whole); a header row longer than this stays with its rows.
_HEADING_CHARACTERS = 200
_HEADER_CHARACTERS = 1_000

# A passage costs some 2 KB beside its text. Texts have one in 400 bytes and more; where chapters
# of a few letters would bring more than one in 60, chapters share passages as sections do.
_FREE_PASSAGES = 1_000
_BYTES_A_PASSAGE = 60


# The number of a heading.
_NUMBER = re.compile(r"((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)[.)]?\s+\S")


@dataclass(frozen=True, slots=True)
class _Unit:
    """Text that is not cut any further, and what it stands under.

    `goes_on` is true in the middle of a sentence: after a page break, or where one was too
    long.
    """

    page: int
    start: int
    end: int
    block: int
    level: int
    headings: tuple[str, ...]
    header: tuple[int, int] | None
    tokens: int = 0
    goes_on: bool = False


def cut(
    pages: Sequence[Page], count_tokens: CountTokens, limits: PassageLimits = DEFAULT
) -> list[Passage]:
    """Cut a document's pages into passages, in reading order.

    `count_tokens` takes texts and returns one count each; it is called a few times with many
    texts. No passage is longer than `limits.maximum` tokens, up to the token or two by which
    joining texts changes a count.
    """
    texts = {page.number: page.text for page in pages}
    units = _fit(_over_page_breaks(list(_units(pages)), texts), texts, count_tokens, limits.maximum)
    headers = _header_tokens(units, texts, count_tokens)
    # A header that would take up most of each passage is not carried from one to the next.
    long = {
        key
        for key, tokens in headers.items()
        if tokens > limits.maximum // 2 or key[2] - key[1] > _HEADER_CHARACTERS
    }
    units = [
        replace(unit, header=None) if unit.header and (unit.page, *unit.header) in long else unit
        for unit in units
    ]
    labels = _labels(units, texts)
    ranges = _ranges(units, headers, labels, limits, _NEVER)
    size = sum(len(text.encode(errors="replace")) for text in texts.values())
    if len(ranges) > _FREE_PASSAGES + size // _BYTES_A_PASSAGE:
        ranges = _ranges(units, headers, labels, limits, _MIXED_HEADINGS)
    passages: list[Passage] = []
    for first, last in ranges:
        run = units[first:last]
        spans = _spans(run, texts)
        text = "\n".join(texts[s.page][s.start : s.end] for s in spans)
        passages.append(Passage(text, _shared_path(run), spans, len(passages)))
    return passages


def locate(passage: Passage, start: int, end: int) -> list[Span]:
    """Translate characters `start` to `end` of `passage.text` into spans of its pages."""
    if not 0 <= start <= end <= len(passage.text):
        raise ValueError(
            f"characters {start} to {end} lie outside the passage's {len(passage.text)} characters"
        )
    found, offset = [], 0
    for span in passage.spans:
        length = span.end - span.start
        low, high = max(start, offset), min(end, offset + length)
        if low < high:
            shift = span.start - offset
            found.append(Span(span.page, low + shift, high + shift))
        offset += length + 1  # the newline that joins spans
    return found


def embedding_text(title: str, passage: Passage) -> str:
    """The text under which a passage is embedded and found: title, heading path, text.

    What the passage's text itself begins with is not said twice.
    """
    opening = passage.text[: 4 * _PREFIX_BYTES]
    prefix: list[str] = []
    for part in (title, *passage.headings[-_PREFIX_HEADINGS:]):
        short = " ".join(part.split()).encode()[:_PREFIX_BYTES].decode(errors="ignore")
        if short and short not in prefix and short not in opening.split("\n"):
            prefix.append(short)
    return "\n".join([" > ".join(prefix), passage.text]) if prefix else passage.text


def text_hash(title: str, passage: Passage) -> str:
    """SHA-256 of the text that a passage is embedded as: equal texts share their vector."""
    return hashlib.sha256(embedding_text(title, passage).encode()).hexdigest()


def _units(pages: Sequence[Page]) -> Iterator[_Unit]:
    """Lay the pages out as units, each with the headings above it."""
    path: list[tuple[int, str]] = []
    serial = 0
    for page in pages:
        for block in page.blocks or (Block("text", 0, len(page.text)),):
            serial += 1
            if block.kind == "heading":
                title = _heading(page.text, block)
                path = [
                    (level, above)
                    for level, above in path
                    if level < block.level or _is_part(title, above)
                ]
                path.append((block.level, title))
            headings = tuple(title for _, title in path)
            level = block.level if block.kind == "heading" else 0
            for start, end in _pieces(page.text, block):
                yield _Unit(page.number, start, end, serial, level, headings, _header(block, start))


def _is_part(title: str, above: str) -> bool:
    """Whether a heading is numbered as a part of another: "3.1.2 …" of "3.1 …".

    Whatever their levels: many a layout sets all of them alike.
    """
    whole, part = _NUMBER.match(above), _NUMBER.match(title)
    return whole is not None and part is not None and part[1].startswith(f"{whole[1]}.")


def _heading(text: str, block: Block) -> str:
    """A heading as it stands in paths: on one line, and no longer than one is."""
    end = min(block.end, block.start + _HEADING_CHARACTERS)
    title = " ".join(text[block.start : end].split())
    return title + "…" if end < block.end else title


def _over_page_breaks(units: list[_Unit], texts: dict[int, str]) -> list[_Unit]:
    """Mark the units in which a sentence of the page before goes on."""
    for at in range(1, len(units)):
        above, unit = units[at - 1], units[at]
        if above.page == unit.page or above.level or unit.level or unit.header:
            continue
        if texts[unit.page][unit.start].islower() and texts[above.page][above.end - 1].isalnum():
            units[at] = replace(unit, goes_on=True)
    return units


def _header(block: Block, start: int) -> tuple[int, int] | None:
    """The header row that must travel with a table row, where it is not that row itself."""
    if block.kind != "table" or not block.header or start < block.start + block.header:
        return None
    return block.start, block.start + block.header


def _pieces(text: str, block: Block) -> Iterator[tuple[int, int]]:
    body = text[block.start : block.end]
    if block.kind == "heading":
        pieces: Iterable[tuple[int, int]] = [(0, len(body))]
    elif block.kind in ("table", "code"):
        pieces = (match.span() for match in re.finditer(r"[^\n]+", body))
    else:
        pieces = sentences(body)
    for start, end in pieces:
        piece = body[start:end]
        if piece.strip():
            first = block.start + start + len(piece) - len(piece.lstrip())
            yield first, first + len(piece.strip())


def _fit(
    units: list[_Unit], texts: dict[int, str], count_tokens: CountTokens, maximum: int
) -> list[_Unit]:
    """Count every unit's tokens, splitting those too long (scripts without blanks, base64)."""
    fitting: list[_Unit] = []
    pending = [
        (place, piece)
        for place, unit in enumerate(units)
        for piece in (
            _split_long(unit, texts[unit.page], _UNIT_CHARACTERS)
            if unit.end - unit.start > _UNIT_CHARACTERS
            else (unit,)
        )
    ]
    order: list[int] = []
    while pending:
        counts = count_tokens([texts[u.page][u.start : u.end] for _, u in pending])
        again: list[tuple[int, _Unit]] = []
        for (place, unit), count in zip(pending, counts, strict=True):
            room = maximum if unit.header is None else maximum // 2
            if count <= room or unit.end - unit.start <= 1:
                fitting.append(replace(unit, tokens=max(1, min(count, maximum))))
                order.append(place)
                continue
            share = max(1, int(0.9 * (unit.end - unit.start) * room / count))
            again.extend((place, piece) for piece in _split_long(unit, texts[unit.page], share))
        pending = again
    keyed = sorted(zip(order, fitting, strict=True), key=lambda item: (item[0], item[1].start))
    return [unit for _, unit in keyed]


def _split_long(unit: _Unit, text: str, size: int) -> Iterator[_Unit]:
    """Split into pieces of at most `size` characters, at white space where there is some."""
    start = unit.start
    while start < unit.end:
        end = min(unit.end, start + size)
        if end < unit.end:
            blank = max(text.rfind(mark, start + size // 2, end) for mark in " \n\t")
            end = blank + 1 if blank > start else end
        if text[start:end].strip():
            rest = start > unit.start or unit.goes_on
            yield replace(
                unit, start=start, end=start + len(text[start:end].rstrip()), goes_on=rest
            )
        start = end


def _header_tokens(
    units: Sequence[_Unit], texts: dict[int, str], count_tokens: CountTokens
) -> dict[tuple[int, int, int], int]:
    """Tokens of each table header, by page and span."""
    keys = sorted({(u.page, *u.header) for u in units if u.header})
    counts = count_tokens([texts[page][start:end] for page, start, end in keys]) if keys else []
    return dict(zip(keys, counts, strict=True))


def _ranges(
    units: Sequence[_Unit],
    headers: dict[tuple[int, int, int], int],
    labels: Collection[int],
    limits: PassageLimits,
    chapter: float,
) -> list[tuple[int, int]]:
    """The cheapest way to cut the run of units: ranges `[first, last)` in order.

    `chapter` is what it costs that two chapters share a passage.
    Dynamic programming over the ends: `best[i]` is the lowest cost of cutting `units[:i]`.
    Looks back no further than one passage, so the time is linear in the text.
    """
    best = [0.0] + [_NEVER * len(units)] * len(units)
    origin = [0] * (len(units) + 1)
    for last in range(1, len(units) + 1):
        # A passage that ends with a heading has cut it off from its text.
        ending = _NEVER / 10 if units[last - 1].level and last < len(units) else 0.0
        ending += _LOST_LABEL * (last - 1 in labels)
        size, mixing = 0, 0.0
        for first in range(last - 1, -1, -1):
            unit = units[first]
            size += unit.tokens + (first < last - 1)
            carried = headers[(unit.page, *unit.header)] if unit.header else 0
            if first < last - 1:
                mixing += _mixing(unit, units[first + 1], chapter)
                if size + carried > limits.maximum or mixing >= _NEVER:
                    break
            starting = _starting(units, first)
            off = (size + carried - limits.target) / limits.target
            cost = best[first] + off * off + mixing + starting + ending
            if cost < best[last]:
                best[last], origin[last] = cost, first
    ranges = []
    last = len(units)
    while last:
        ranges.append((origin[last], last))
        last = origin[last]
    return ranges[::-1]


def _labels(units: Sequence[_Unit], texts: dict[int, str]) -> set[int]:
    """The places of the units that name or announce what follows them."""
    return {
        place
        for place, (unit, following) in enumerate(pairwise(units))
        if following.block != unit.block and _is_label(units, place, texts)
    }


def _is_label(units: Sequence[_Unit], place: int, texts: dict[int, str]) -> bool:
    unit = units[place]
    last = texts[unit.page][unit.end - 1]
    alone = not place or units[place - 1].block != unit.block
    short = unit.end - unit.start <= _LABEL_CHARACTERS and last.isalnum()
    asks = last in "?？"  # in a list of questions each is answered by what follows
    return last == ":" or (alone and (short or asks))


def _mixing(unit: _Unit, following: _Unit, chapter: float) -> float:
    """What it costs that both stand in one passage: nothing, unless a heading parts them."""
    if not following.level or unit.level:
        return 0.0
    return chapter if following.level == 1 else _MIXED_HEADINGS


def _starting(units: Sequence[_Unit], first: int) -> float:
    """What it costs to start a passage here."""
    if first == 0 or units[first].level:
        return 0.0
    if units[first].goes_on:
        return _INSIDE_SENTENCE
    return _INSIDE_PARAGRAPH if units[first].block == units[first - 1].block else _BETWEEN_BLOCKS


def _spans(run: Sequence[_Unit], texts: dict[int, str]) -> tuple[Span, ...]:
    """One span for what stands together on a page, header rows first where rows are cut off."""
    spans: list[Span] = []
    shown = {(unit.page, unit.start) for unit in run}
    previous: _Unit | None = None
    for unit in run:
        joins = (
            previous is not None
            and previous.page == unit.page
            and not texts[unit.page][previous.end : unit.start].strip()
        )
        if unit.header and (unit.page, unit.header[0]) not in shown:
            shown.add((unit.page, unit.header[0]))
            spans.append(Span(unit.page, *unit.header))
            joins = False
        if joins:
            spans[-1] = Span(unit.page, spans[-1].start, unit.end)
        else:
            spans.append(Span(unit.page, unit.start, unit.end))
        previous = unit
    return tuple(spans)


def _shared_path(run: Sequence[_Unit]) -> tuple[str, ...]:
    """The headings that all of the passage's text stands under."""
    paths = [unit.headings for unit in run if not unit.level] or [run[-1].headings]
    shared = 0
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return paths[0][:shared]
