"""Sentences that speak of what another one names: "it", "this release", "the following". Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.evidence.quotables import Quotable
from rag.languages import language_of

# "… were added in this release" is about what up to so many sentences before it are about.
_POINTS_BACK = re.compile(
    r"\b(?:in|of|with|for|by|to|from|under|that) (?:this|these) (?!year|month|week|day|time|case"
    r"|way|chapter|section|document|manual|guide|book|page|table|list|point|reason|context|respect"
    r"|end)\w+",
    re.IGNORECASE,
)
_LEADS_BACK = 3
_POINTS_ON = re.compile(
    r"\b(?:the following|listed below|(?:der|die|das) folgenden?)\b", re.IGNORECASE
)


def leant_on(
    quotables: Sequence[Quotable], terms: Sequence[frozenset[str]], place: int
) -> frozenset[str]:
    """Terms of the sentences before that "it" or "this release" speak of, none for any other."""
    one = quotables[place]
    if not place or one.item or quotables[place - 1].hit != one.hit:
        return frozenset()
    if _POINTS_BACK.search(one.text):
        before = range(max(0, place - _LEADS_BACK), place)
        return frozenset().union(
            *(terms[n] for n in before
              if quotables[n].hit == one.hit and quotables[n].topic == one.topic)
        )  # fmt: skip
    return terms[place - 1] if language_of(one.text).anaphor.match(one.text) else frozenset()


def listed_below(
    quotables: Sequence[Quotable], terms: Sequence[frozenset[str]], place: int
) -> frozenset[str]:
    """Terms of the list right below a sentence that speaks of "the following", else none."""
    found: frozenset[str] = frozenset()
    if not _POINTS_ON.search(quotables[place].text):
        return found
    for one, own in zip(quotables[place + 1 :], terms[place + 1 :], strict=True):
        if one.hit != quotables[place].hit or not one.item:
            break
        found |= own
    return found


def leans(one: Quotable) -> bool:
    """Whether a sentence speaks of what one before it names."""
    opens = language_of(one.text).anaphor.match(one.text) is not None
    return opens or _POINTS_BACK.search(one.text) is not None


def antecedent(best: Quotable, said: Mapping[int, Quotable]) -> Quotable:
    """The sentence that one leans on: that before it, or further up what "this release" names.

    `said` are the quotables of its passage by their order.
    """
    before = said[best.order - 1]
    for order in range(best.order - 1, max(-1, best.order - 1 - _LEADS_BACK), -1):
        if said[order].topic != best.topic:
            break
        before = said[order]
        if _POINTS_BACK.search(before.text) is None:
            break
    return before
