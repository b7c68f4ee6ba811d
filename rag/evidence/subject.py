"""Is a sentence about what was asked about? Names decide. Pure.

A name in the question must stand in what is quoted, or in its title or headings; a sentence
that has it only elsewhere in its passage comes after those, one that lacks it last. Where
documents have sibling titles ("Standard plan", "Plus plan"), what parts them counts as a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from indexer.records import Hit
from rag.evidence.extract import Scored
from rag.evidence.marks import part_of
from rag.evidence.quotables import Quotable
from rag.languages import content_words
from rag.question.analysis import Question
from rag.question.names import initials, names_of

# What a missing name takes off a score (at most about 1.5): all of it where the passage lacks
# the name too.
_ELSEWHERE = 0.15
_MISSING = 0.3
# What opens with these is about whom the sentence before names.
_THEY = re.compile(r"\W*(?:they|he|she|sie|er)\b", re.IGNORECASE)
# A word of so many letters is taken for another that it resembles so far.
_TYPED = 5
_NEARLY = 0.84


@dataclass(frozen=True, slots=True)
class Named:
    """The sentences, those about the names first; `unknown` names stand in no passage found.

    `apart` says that each stands in some, and no two of them in one.
    """

    scored: tuple[Scored, ...]
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    apart: bool = False


def by_subject(question: Question, hits: Sequence[Hit], scored: Sequence[Scored]) -> Named:
    """Weigh the scores by whether each sentence is about the names in the question."""
    names = names_of(question.text, question.language)
    if any(one.numbered for one in scored):  # found by its number, whatever it is called there
        part = part_of(question.text).casefold()
        names = [name for name in names if name.casefold() != part]
    parts = [_Words.of(question, name) for name in names]
    parts += [_Words.of(question, word) for word in _parting(question, hits)]
    if not parts or not scored:
        return Named(tuple(scored), tuple(names), ())
    passages = [_passage_terms(question, hit) for hit in hits]
    held = {}
    said = {(one.quotable.hit, one.quotable.order): one for one in scored}
    for one in scored:
        near = _spoken_of(one, said) or passages[one.quotable.hit]
        own = one.terms | one.head
        held[one.quotable] = sum(
            _ELSEWHERE if part.inside(near) else 1.0
            for part in parts
            if not (one.asked or part.inside(own))
        )
    worst = 1.0 / len(parts)
    weighed = [replace(one, score=one.score - _MISSING * worst * held[one.quotable])
               for one in scored]  # fmt: skip
    unknown = [
        name
        for name, part in zip(names, parts, strict=False)
        if not any(part.inside(terms) for terms in passages) and not mistyped(name, hits)
    ]
    kept = _about(weighed, held)
    named = parts[: len(names)]
    apart = len(named) > 1 and not any(
        sum(part.inside(terms) for part in named) > 1 for terms in passages
    )
    return Named(tuple(kept), tuple(names), tuple(unknown), apart)


def _spoken_of(one: Scored, said: Mapping[tuple[int, int], Scored]) -> frozenset[str]:
    """The terms of what "They …" is about: the sentence before. None for any other sentence."""
    before = said.get((one.quotable.hit, one.quotable.order - 1))
    if before is None or one.quotable.item or before.quotable.topic != one.quotable.topic:
        return frozenset()
    return before.terms if _THEY.match(one.quotable.text) else frozenset()


def _about(scored: Sequence[Scored], held: Mapping[Quotable, float]) -> list[Scored]:
    """Best first; what lacks a name goes where others have them all."""
    some = [one for one in scored if held[one.quotable] < 1.0]
    return sorted(some or scored, key=lambda one: -one.score)


@dataclass(frozen=True, slots=True)
class _Words:
    """The terms of a name, word by word, and what it is abbreviated to."""

    words: tuple[frozenset[str], ...]
    short: frozenset[str]

    @classmethod
    def of(cls, question: Question, name: str) -> _Words:
        words = [question.terms_of(word) for word in name.replace("-", " ").split()]
        return cls(tuple(word for word in words if word), initials(name))

    def inside(self, terms: frozenset[str]) -> bool:
        """Whether each word of the name, or its abbreviation, stands among `terms`."""
        return bool(self.short & terms) or all(
            word & terms or any(f"{term}s" in terms for term in word) for word in self.words
        )


def _passage_terms(question: Question, hit: Hit) -> frozenset[str]:
    text = " ".join((hit.document.title, *hit.passage.headings, hit.passage.text))
    return question.terms_of(text) | initials(text)


def mistyped(name: str, hits: Sequence[Hit]) -> bool:
    """Whether each word of a name nearly is a word of the passages: "Sunnside" for Sunnyside."""
    said = {word for hit in hits for word in re.findall(r"\w{4,}", hit.passage.text.casefold())}
    return all(
        len(word) >= _TYPED and (word in said or bool(get_close_matches(word, said, 1, _NEARLY)))
        for word in name.casefold().split()
    )


def _parting(question: Question, hits: Sequence[Hit]) -> list[str]:
    """Words of the question that stand in one of several sibling titles and not in the others."""
    titles = {hit.document.title for hit in hits}
    words = {title: question.terms_of(_content(question, title)) for title in titles}
    asked = content_words(question.text, question.language)
    found = []
    for word in asked:
        terms = question.terms_of(word)
        having = [title for title in titles if terms and terms & words[title]]
        lacking = [title for title in titles if title not in having]
        if any(_siblings(words[a], words[b]) for a in having for b in lacking):
            found.append(word)
    return found


def _siblings(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two titles share half of the shorter one's words and both have others."""
    shared = len(one & other)
    return bool(one - other) and bool(other - one) and shared >= 0.5 * min(len(one), len(other))


def _content(question: Question, text: str) -> str:
    return " ".join(content_words(text, question.language))
