"""What can be worked out exactly from a list or table: how many, the largest, two side by side.

Each result cites the rows or items that it was worked out from. Anything else (sums, means,
comparisons of prose) is not done here. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from indexer.records import Page, Span
from rag.evidence.extract import Scored
from rag.evidence.lists import Entries, announces
from rag.evidence.numbers import numbers
from rag.evidence.quotables import Quotable, cells_of
from rag.languages import language_of
from rag.question.analysis import Question
from rag.question.form import Most, counted, superlative

# Lists and tables that are looked at, best first, and quotables that they are looked for from.
_LISTS = 4
_DEPTH = 24
# A list is what is counted if its announcement, headings and title hold this share of the
# question.
_NAMED = 0.6
# A column is one of figures if this share of its cells are.
_FIGURES = 0.6
_TIES = 3
# Words for whatever stands in a row.
_GENERIC = "product item thing article entry row one"

# What says no more than that something is in the table.
_SHOWN = "list listed given shown mentioned contained included table"

# "The states are Colorado, Delaware, and Ohio."
_ENUMERATION = re.compile(
    r"\b(?:are|is|include|includes|including|namely|sind|son|sont)(?: the following)?:? "
    r"(?P<items>[^,;.]+(?:, [^,;.]+){2,}(?:,? (?:and|or|und|y|et) [^,;.]+)?)\.?$"
)
_BETWEEN = re.compile(r",(?: (?:and|or|und|y|et) )?| (?:and|or|und|y|et) ")
_ITEM_WORDS = 5

EntriesOf = Callable[[Quotable], Entries | None]


@dataclass(frozen=True, slots=True)
class Worked:
    """A result in words, and what it was worked out from: spans of the document of `hit`."""

    lead: str
    hit: int
    spans: tuple[Span, ...]
    whole: Entries


@dataclass(frozen=True, slots=True)
class _Found:
    """A list or table near the top, with the quotable that led to it."""

    entries: Entries
    near: Scored


def count(
    question: Question,
    scored: Sequence[Scored],
    entries_of: EntriesOf,
    page_of: Callable[[int, int], Page],
) -> Worked | None:
    """How many entries the list has that is asked about; None where no list is plainly meant.

    A table may be of what one of its columns is called.
    """
    what = question.terms_of(counted(question.text))
    if not what or _stated(question, scored):
        return None
    for found in _lists(scored, entries_of):
        entries = found.entries
        leads = not found.near.quotable.item
        above = found.near.head | found.near.terms if leads else found.near.head
        above |= _named_by(question, what, entries, partial(page_of, found.near.quotable.hit))
        if len(entries.items) < 2 or question.covered(above) < _NAMED or not what & above:
            continue
        unit = "rows" if entries.kind == "table" else "items"
        lead = f"{len(entries.items)}, counting the {unit} of this {entries.kind}."
        return Worked(lead, found.near.quotable.hit, entries.items, entries)
    return None


def _named_by(
    question: Question, what: frozenset[str], entries: Entries, page_of: Callable[[int], Page]
) -> frozenset[str]:
    """The terms of a table's columns, where one of names and not of figures is what is counted."""
    if entries.kind != "table" or entries.header is None:
        return frozenset()
    names = cells_of(_text(entries.header, page_of).splitlines()[-1])
    rows = [cells_of(_text(row, page_of)) for row in entries.items]
    content = {term for word in question.weights for term in word}
    what = (what & content) - question.terms_of(_SHOWN)
    for place, name in enumerate(names):
        cells = [row[place] for row in rows if len(row) > place and row[place].strip()]
        figures = sum(_value(cell) is not None for cell in cells)
        if what and what <= question.terms_of(name) and len(cells) == len(rows) > 2 * figures:
            return question.terms_of(f"{' '.join(names)} {_SHOWN}")
    return frozenset()


def count_in_sentence(question: Question, scored: Sequence[Scored]) -> tuple[int, Scored] | None:
    """How many things a sentence names behind "the states are", and that sentence."""
    what = question.terms_of(" ".join(counted(question.text).split()[:2]))
    if not what or _stated(question, scored):
        return None
    for one in scored[:_DEPTH]:
        found = _ENUMERATION.search(one.quotable.text)
        if found is None or not what & question.terms_of(one.quotable.text[: found.start("items")]):
            continue
        items = [item for item in _BETWEEN.split(found["items"]) if item.strip(" .")]
        if one.context >= _NAMED and all(len(item.split()) <= _ITEM_WORDS for item in items):
            return len(items), one
    return None


def most(
    question: Question,
    scored: Sequence[Scored],
    entries_of: EntriesOf,
    page_of: Callable[[int, int], Page],
) -> Worked | None:
    """The row with the largest or smallest figure in the column that is asked about."""
    asked = superlative(question.text)
    if asked is None:
        return None
    for found in _lists(scored, entries_of):
        if found.entries.kind != "table" or found.entries.header is None:
            continue
        place = found.near.quotable.hit
        worked = _extreme(question, asked, found, partial(page_of, place))
        if worked is not None:
            return worked
    return None


def _extreme(
    question: Question, asked: Most, found: _Found, page_of: Callable[[int], Page]
) -> Worked | None:
    entries = found.entries
    assert entries.header is not None
    names = cells_of(_text(entries.header, page_of).splitlines()[-1])
    rows = [cells_of(_text(row, page_of)) for row in entries.items]
    column = _column(question, asked, names, rows)
    above = found.near.head | question.terms_of(" ".join(names))
    if column is None or not _about(question, asked, above):
        return None
    valued = [
        (value, row)
        for row, cells in zip(entries.items, rows, strict=True)
        if len(cells) > column and (value := _value(cells[column])) is not None
    ]
    extreme = (max if asked.high else min)(value for value, _ in valued)
    best = tuple(row for value, row in valued if value == extreme)
    if len(best) > _TIES:
        return None
    lead = f"The {asked.word} of {len(valued)} rows by “{names[column]}”:"
    return Worked(lead, found.near.quotable.hit, best, entries)


def _about(question: Question, asked: Most, above: frozenset[str]) -> bool:
    """Whether title, headings and column names hold what the superlative is asked of."""
    said = question.terms_of(f"{asked.word} {_GENERIC}")
    rest = {word: share for word, share in question.weights.items() if not said & set(word)}
    held = sum(share for word, share in rest.items() if above & set(word))
    return held >= _NAMED * sum(rest.values())


def _column(
    question: Question, asked: Most, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> int | None:
    """The column of figures whose name the question says, or the superlative means."""
    wanted = question.terms_of(question.text) | question.terms_of(asked.measures)
    best: tuple[int, int] | None = None
    for place, name in enumerate(names):
        cells = [row[place] for row in rows if len(row) > place]
        figures = sum(_value(cell) is not None for cell in cells)
        terms = question.terms_of(name)
        if asked.word.casefold() in name.casefold():
            return None  # "highest price" is what the column holds, not what is to be found in it
        if cells and figures >= _FIGURES * len(rows) and terms & wanted:
            shared = len(terms & wanted)
            if best is None or shared > best[0]:
                best = (shared, place)
    return best[1] if best else None


def _value(cell: str) -> float | None:
    """The one figure of a cell."""
    found = numbers(cell, language_of(cell))
    values = [float(min(n.values, key=float)) for n in found if any(map(str.isdigit, n.written))]
    if len(values) != 1 or len(re.sub(r"[\d\W_]", "", cell)) > 12:
        return None
    return -values[0] if re.search(r"(?:^|\s)[-−]\s?\d", cell) else values[0]


def _lists(scored: Sequence[Scored], entries_of: EntriesOf) -> list[_Found]:
    """The lists and tables that the best sentences stand in or announce, each once."""
    found: list[_Found] = []
    for one in scored[:_DEPTH]:
        if not (one.quotable.item or announces(one.quotable.text)):
            continue
        entries = entries_of(one.quotable)
        if entries is None or any(entries.items == other.entries.items for other in found):
            continue
        found.append(_Found(entries, one))
        if len(found) == _LISTS:
            break
    return found


def _stated(question: Question, scored: Sequence[Scored]) -> bool:
    """Whether one of the best sentences says the number of what is counted."""
    what = counted(question.text).split()
    terms = question.terms_of(" ".join(what[:3]))
    for one in scored[:5]:
        text = one.quotable.text
        for number in numbers(text, language_of(text)):
            near = text[number.end : number.end + 40]
            if not number.bare_one and terms & question.terms_of(near):
                return True
    return False


def _text(span: Span, page_of: Callable[[int], Page]) -> str:
    return page_of(span.page).text[span.start : span.end]
