"""What a sentence needs around it to be an answer: its record, its entry, its heading. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.evidence import explaining
from rag.evidence.definitions import names_given
from rag.evidence.extract import Scored, is_fragment
from rag.evidence.leaning import leans
from rag.evidence.lists import announces
from rag.evidence.quotables import Quotable
from rag.evidence.quotes import Quote, Quoter
from rag.question.analysis import Question, holds_kind

# Lines that a label and its value may stand apart.
_RECORD = 3
# "Option: Warn-Not-Root", "Default: true", "Description: …": so many fields of a record.
_FIELD = re.compile(r"([A-ZÀ-Þ][\w -]{1,24}):(?: \S|$)")
_FIELDS, _FIELD_CHARACTERS = 5, 100
# The share of the question that the name above short lines holds where all of them answer.
_ENTRY_HELD = 0.5
# So many sentences, or characters, explain a term.
_EXPLAINED, _EXPLAINED_CHARACTERS = 3, 320
# What is shorter says nothing without the term above it, unless that is a page's running header.
_BARE, _FIGURE = 40, re.compile(r"\d")


class Around:
    """The sentences scored for a question, by where they stand, best first in `scored`."""

    def __init__(self, question: Question, scored: Sequence[Scored], quoter: Quoter) -> None:
        self._question, self._quoter, self._best = question, quoter, scored[0]
        self._by_place = {(one.quotable.hit, one.quotable.order): one for one in scored}

    def told_there(self) -> Quote | None:
        """What stands first below a heading that asks the same, where the best sentence is there.

        None where that breaks off before the best sentence, or comes to a list.
        """
        best = self._best
        if not best.asked or not best.quotable.topic:
            return None
        below = [
            one.quotable
            for (hit, _), one in sorted(self._by_place.items())
            if hit == best.quotable.hit and one.quotable.topic == best.quotable.topic
        ]
        said = 0
        for place, one in enumerate(below):
            said += len(one.text)
            if one.item or announces(one.text):
                return None
            if place and (said > _EXPLAINED_CHARACTERS or place == _EXPLAINED):
                below = below[:place]
                break
        if best.quotable not in below or len(below) == 1:
            return None
        return self._quoter.stretch(best.quotable.hit, below[0].order, below[-1].order, prose=True)

    def explanation(self, quotable: Quotable) -> Quote | None:
        """The first sentences under a term that is to be explained."""
        wants = self._told(quotable).defines or self._question.form == "compare"
        if not (quotable.entry and wants) or quotable.item:
            return None
        last, said = quotable.order, len(quotable.text)
        short = [explaining.content(self._question, name) for name in names_given(quotable.text)]
        for order in range(last + 1, last + _EXPLAINED):
            one = self._by_place.get((quotable.hit, order))
            if one is None or one.quotable.topic != quotable.topic or one.quotable.item:
                break
            said += len(one.quotable.text)
            goes_on = leans(one.quotable) or any(name and name <= one.terms for name in short)
            if said > _EXPLAINED_CHARACTERS or not goes_on:
                break
            last = order
        if last == quotable.order:
            return None
        return self._quoter.stretch(quotable.hit, quotable.order, last, prose=True)

    def record(self, quotable: Quotable) -> Quote | None:
        """The lines around a line that says too little: a label and the figure that it bears.

        In a receipt or a form a name and its value stand on lines of their own.
        """
        if quotable.item or not is_fragment(quotable.text):
            return None
        first = last = quotable.order
        if self._question.kind == "any":
            last = self._end_of_entry(quotable)
            return self._quoter.stretch(quotable.hit, first, last) if first < last else None
        if not self._told(quotable).coverage:
            first = self._reach(quotable, -1, lambda one: one.coverage > 0)
        elif not holds_kind(self._question, quotable.text):
            last = self._reach(
                quotable, 1, lambda one: holds_kind(self._question, one.quotable.text)
            )
        return self._quoter.stretch(quotable.hit, first, last) if first < last else None

    def _end_of_entry(self, quotable: Quotable) -> int:
        """The order of the last of the short lines under the name that is asked about."""
        last = quotable.order
        named = self._question.covered(self._question.terms_of(quotable.topic))
        while named >= _ENTRY_HELD and last - quotable.order < _RECORD:
            one = self._by_place.get((quotable.hit, last + 1))
            if one is None or one.quotable.topic != quotable.topic:
                break
            if not is_fragment(one.quotable.text):
                break
            last += 1
        return last

    def _reach(self, quotable: Quotable, step: int, ends: Callable[[Scored], bool]) -> int:
        """The order of the nearest line that ends a record, its own where none does."""
        for away in range(1, _RECORD + 1):
            order = quotable.order + away * step
            one = self._by_place.get((quotable.hit, order))
            if one is None or not is_fragment(one.quotable.text):
                break
            if ends(one):
                return order
        return quotable.order

    def label(self, quotable: Quotable) -> str:
        """The heading right above a line that is nothing without it, '' for any other.

        A field of a record ("Description: …") is nothing without the record's first line.
        """
        if name := self._record_name(quotable):
            return name
        one = self._told(quotable)
        topic = self._question.terms_of(quotable.topic)
        if quotable.entry and not quotable.item and not (topic and topic <= one.terms):
            bare = len(quotable.text) < _BARE or (one.defines and self._question.covered(topic) > 0)
            return quotable.topic if bare and not _FIGURE.search(quotable.topic) else ""
        says = self._question.covered(topic) > one.coverage
        return quotable.topic if says and is_fragment(quotable.text) else ""

    def _record_name(self, quotable: Quotable) -> str:
        """The first line of a record of fields on lines of their own, '' for what is in none."""
        own, name = _FIELD.match(quotable.text), ""
        if own is None or quotable.item:
            return ""
        for away in range(1, _FIELDS + 1):
            one = self._by_place.get((quotable.hit, quotable.order - away))
            field = _FIELD.match(one.quotable.text) if one is not None else None
            if one is None or field is None or one.quotable.item or field[1] == own[1]:
                break
            if len(one.quotable.text) <= _FIELD_CHARACTERS:
                name = one.quotable.text
        return name

    def _told(self, quotable: Quotable) -> Scored:
        return self._by_place[quotable.hit, quotable.order]
