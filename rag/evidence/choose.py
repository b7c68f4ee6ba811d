"""Which of the scored sentences are quoted: the best, and what it needs or leaves out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rag.evidence.extract import Scored, is_fragment
from rag.evidence.leaning import antecedent, leans
from rag.evidence.marks import with_notes
from rag.evidence.quotables import Quotable
from rag.question.analysis import Question, holds_kind

MOST_SENTENCES = 3
# A further sentence must score this share of the best one …
_NEAR = 0.85
# … an item this, its like has the same heading and neighbours …
_NEAR_ITEM = 0.95
# … or this share of it and hold that much of the question that the chosen ones do not.
_FAR = 0.7
_ADDS = 0.2


def choose(question: Question, scored: Sequence[Scored]) -> list[Quotable]:
    """One to three quotables that answer, passages in order of their best, each in reading order.

    Empty where there is nothing to quote. Where a figure, a date or a name was asked for and the
    best sentence holds one, another must hold one too, or much that is new.
    """
    if not scored:
        return []
    best = scored[0]
    figures = frozenset(term for word in question.weights for term in word if term.isdigit())
    settled = question.kind != "any" and holds_kind(question, best.quotable.text)
    chosen = [best]
    for one in scored[1:]:
        if len(chosen) == MOST_SENTENCES:
            break
        line = one.quotable.item or is_fragment(one.quotable.text)
        if line and not one.coverage and question.form != "list":
            continue  # a neighbour in the list, which holds nothing of the question itself
        held = frozenset().union(*(each.terms for each in chosen))
        adds = question.covered(held | one.terms) - question.covered(held)
        near = one.score >= (_NEAR_ITEM if one.quotable.item else _NEAR) * best.score
        near = near and (not settled or holds_kind(question, one.quotable.text))
        near = near and _is_like(best, one) and figures & best.terms <= one.terms
        more = adds >= _ADDS and one.score >= _FAR * best.score
        more = more and not (best.defines or best.keyed) and best.asked <= one.asked
        names = any(one.quotable.text == each.quotable.topic for each in chosen)
        if (near or more) and not names and not _repeats(one, chosen):
            chosen.append(one)
    quoted = _with_antecedents([one.quotable for one in chosen], scored)
    quoted = with_notes(quoted, (one.quotable for one in scored))
    first = {q.hit: place for place, q in reversed(list(enumerate(quoted)))}
    behind = _leaps_to_best(quoted) if not leans(best.quotable) else []
    return sorted(quoted, key=lambda q: (first[q.hit], q in behind, q.order))


def _is_like(best: Scored, one: Scored) -> bool:
    """Whether a sentence explains, holds a key or stands below what is asked, as the best does."""
    return best.defines <= one.defines and best.keyed <= one.keyed and best.asked <= one.asked


def _leaps_to_best(quoted: Sequence[Quotable]) -> list[Quotable]:
    """What stands before the best sentence (the first), with something left out between them.

    It does not lead up to the answer, so the answer does not begin with it.
    """
    best = quoted[0]
    orders = {one.order for one in quoted if one.hit == best.hit}
    start = best.order
    while start - 1 in orders:
        start -= 1
    return [one for one in quoted if one.hit == best.hit and one.order < start]


def _repeats(one: Scored, chosen: Sequence[Scored]) -> bool:
    """Whether a sentence says hardly anything that a chosen one does not say."""
    return any(
        len(one.terms & other.terms) >= 0.8 * min(len(one.terms), len(other.terms))
        for other in chosen
    )


def _with_antecedents(chosen: list[Quotable], scored: Sequence[Scored]) -> list[Quotable]:
    """Put the sentence in where the best one cannot be read without it."""
    best = chosen[0]
    if not best.order or not leans(best):
        return chosen
    said = {one.quotable.order: one.quotable for one in scored if one.quotable.hit == best.hit}
    before = antecedent(best, said)
    if before in chosen or is_fragment(before.text):  # a line says of whom no more than headings do
        return chosen
    return [best, before, *chosen[1 : MOST_SENTENCES - 1]]
