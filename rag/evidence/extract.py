"""The extractive answerer: which sentences of the passages found answer the question. Pure.

A sentence is scored by how much of the question's information it holds, with what its title,
headings and neighbours say counting partly, by whether it holds the kind of thing asked for,
and by how high its passage was found (by words and by meaning). The best one answers; another
joins it where it adds something or where it cannot be read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.records import Hit
from rag.evidence.quotables import Quotable
from rag.languages import language_of
from rag.question.analysis import Question, holds_kind

# What each ought to weigh against a sentence's own coverage (at most 1). None is delicate: on 500
# squad-dev questions over BM25 hits the best sentence holds the gold answer in 71.6 to 74.2 %
# whichever one is set to nought or doubled.
_HEADING_SHARE = 0.6
_NEIGHBOUR_SHARE = 0.4
_KIND = 0.1
_PASSAGE = 0.3
_QUESTION_PENALTY = 0.6
_FRAGMENT_PENALTY = 0.15
_EXAMPLE_PENALTY = 0.15

MOST_SENTENCES = 3
# A further sentence must score this share of the best one …
_NEAR = 0.9
# … or this share of it and hold that much of the question that the chosen ones do not.
_FAR = 0.7
_ADDS = 0.2


@dataclass(frozen=True, slots=True)
class Scored:
    """A quotable with its score.

    `coverage` is the share of the question that it holds itself, `context` the share with its
    headings and neighbours.
    """

    quotable: Quotable
    score: float
    coverage: float
    context: float
    terms: frozenset[str]


def score(
    question: Question,
    hits: Sequence[Hit],
    quotables: Sequence[Quotable],
) -> list[Scored]:
    """Score every quotable, best first."""
    terms = [question.terms_of(quotable.text) for quotable in quotables]
    scored = []
    for place, quotable in enumerate(quotables):
        hit = hits[quotable.hit]
        around = _neighbours(quotables, terms, place)
        head = question.terms_of(
            " ".join((hit.document.title, *hit.passage.headings, quotable.topic))
        )
        own = question.covered(terms[place])
        with_head = question.covered(terms[place] | head)
        whole = question.covered(terms[place] | head | around)
        value = own + _HEADING_SHARE * (with_head - own) + _NEIGHBOUR_SHARE * (whole - with_head)
        value += _KIND * (question.kind != "any" and holds_kind(question, quotable.text))
        value += _PASSAGE / (1.0 + 0.5 * quotable.hit)
        value -= _QUESTION_PENALTY * quotable.text.rstrip().endswith(("?", "？", "؟"))
        value -= _FRAGMENT_PENALTY * _is_fragment(quotable.text)
        value -= _EXAMPLE_PENALTY * _is_example(quotable.text)
        scored.append(Scored(quotable, value, own, whole, terms[place]))
    return sorted(scored, key=lambda one: -one.score)


def choose(question: Question, scored: Sequence[Scored]) -> list[Quotable]:
    """One to three quotables that answer, passages in order of their best, each in reading order.

    Empty where there is nothing to quote.
    """
    if not scored:
        return []
    best = scored[0]
    chosen = [best]
    for one in scored[1:]:
        if len(chosen) == MOST_SENTENCES:
            break
        held = frozenset().union(*(each.terms for each in chosen))
        adds = question.covered(held | one.terms) - question.covered(held)
        near = one.score >= _NEAR * best.score
        more = adds >= _ADDS and one.score >= _FAR * best.score
        if (near or more) and not _repeats(one, chosen):
            chosen.append(one)
    quoted = _with_antecedents([one.quotable for one in chosen], scored)
    first = {q.hit: place for place, q in reversed(list(enumerate(quoted)))}
    return sorted(quoted, key=lambda q: (first[q.hit], q.order))


def _is_fragment(text: str) -> bool:
    """Whether a text is less than a sentence: a caption, a label, a lone list item."""
    return len(text) < 60 and not text.rstrip("\"'”’)»").endswith((".", "!", "。", "।", ";", ":"))


def _is_example(text: str) -> bool:
    """Whether a sentence shows a rule at work, which is better answered by the rule itself."""
    return language_of(text).example.match(text) is not None


def _neighbours(
    quotables: Sequence[Quotable], terms: Sequence[frozenset[str]], place: int
) -> frozenset[str]:
    """Terms of the sentences before and after in the same passage."""
    found: frozenset[str] = frozenset()
    for other in (place - 1, place + 1):
        if 0 <= other < len(quotables) and quotables[other].hit == quotables[place].hit:
            found |= terms[other]
    return found


def _repeats(one: Scored, chosen: Sequence[Scored]) -> bool:
    """Whether a sentence says hardly anything that a chosen one does not say."""
    return any(
        len(one.terms & other.terms) >= 0.8 * min(len(one.terms), len(other.terms))
        for other in chosen
    )


def _with_antecedents(chosen: list[Quotable], scored: Sequence[Scored]) -> list[Quotable]:
    """Put the sentence before in where the best one cannot be read without it."""
    best = chosen[0]
    if not best.order or not language_of(best.text).anaphor.match(best.text):
        return chosen
    before = next(
        one.quotable
        for one in scored
        if one.quotable.hit == best.hit and one.quotable.order == best.order - 1
    )
    if before in chosen:
        return chosen
    return [best, before, *chosen[1 : MOST_SENTENCES - 1]]
