"""What the reader looks at in a claim beside its source. Pure.

The source is a few texts in reading order (sentences), each of one passage. The claim's words are
weighed by how rare they are in general text, and looked for in one sentence, in two neighbours,
and in the whole passage; figures, names and denials are compared apart.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.keyword.analysis import index_terms, query_words
from rag.evidence.numbers import in_figures, unsaid
from rag.question.languages import Language
from rag.reader.words import Matches, WordVectors, nearness

CLAIM = {
    "soft of one": 1, "exact of one": 1, "soft of two": 1, "exact of two": 1,
    "soft of passage": 1, "exact of passage": 1, "missing of two": -1, "missing of passage": -1,
    "neighbours": 1, "order": 1, "weakest clause": 1,
    "figures not in two": -1, "figures not in passage": -1,
    "names not in two": -1, "names not in passage": -1,
    "denied": -1, "denials": 0, "strong words": -1, "rare words missing": -1,
    "words": 0, "length": 0,
}  # fmt: skip

Opposed = Callable[[str, str, Language], bool]

_CLAUSE = re.compile(r"[,;:()–—]|\b(?:and|but|or|while|whereas|because|which|who|that|when|if"
                     r"|although|though|unless|so)\b", re.IGNORECASE)  # fmt: skip
_STRONG = re.compile(
    r"\b(?:only|all|always|never|every|none|no|not|solely|must|most|more|less|fewer|least|fewest"
    r"|highest|lowest|largest|smallest|first|last|before|after|without|unless|except|any|best"
    r"|worst|higher|lower|greater|smaller|longer|shorter|earlier|later|twice|half|rather|instead"
    r"|increas\w*|decreas\w*|ris\w+|fell|falls?|reduc\w*|rais\w*)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,;:)’'\"“(/-] )[A-ZÀ-ÖØ-ÞЀ-Я][\w’'-]+|\b[A-Z]{2,}\b|\b\w+[A-Z]\w*\b")
_RARE = 0.12  # share of a claim's weight from which a word counts as rare
_NOTHING_NEAR = 0.3


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence of the cited text: its passage's number, its words, title and headings above."""

    passage: int
    text: str
    head: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A claim held against its source: the features [`CLAIM`], and the sentences that hold most."""

    row: np.ndarray
    place: tuple[int, ...]


def hold(
    claim: str, sources: Sequence[Source], language: Language, vectors: WordVectors, opposed: Opposed
) -> Held:
    """Hold a claim against at least one sentence; `opposed`: whether it denies what they say."""
    words = [w.terms for w in query_words(in_figures(claim, language), [language.code])]
    words = [word for word in words if any(map(str.isalpha, word[0]))]
    weights = vectors.weighed(words)
    terms = [_terms(f"{one.head} {one.text}", language) for one in sources]
    matches = Matches.of(weights, terms, vectors)
    each = [matches.best(own) for own in terms]
    pairs = [(place,) for place in range(len(sources))] + [
        (place, place + 1)
        for place in range(len(sources) - 1)
        if sources[place].passage == sources[place + 1].passage
    ]
    tops = [np.max([each[place] for place in pair], axis=0) for pair in pairs]
    one = max(each, key=matches.soft)
    two = max(range(len(pairs)), key=lambda place: matches.soft(tops[place]))
    home = sources[pairs[two][0]].passage
    inside = [place for place, source in enumerate(sources) if source.passage == home]
    passage = np.max([each[place] for place in inside], axis=0)
    near = " ".join(sources[place].text for place in pairs[two])
    all_of = " ".join(f"{sources[place].head} {sources[place].text}" for place in inside)
    in_order = [term for place in pairs[two] for term in terms[place]]
    row = np.array([
        matches.soft(one), matches.exact(one), matches.soft(tops[two]), matches.exact(tops[two]),
        matches.soft(passage), matches.exact(passage),
        matches.missing(tops[two]), matches.missing(passage),
        _neighbours(list(weights), in_order), _order(list(weights), in_order),
        _weakest(claim, matches, each, list(weights), language),
        len(unsaid(claim, near, language)), len(unsaid(claim, all_of, language)),
        _unnamed(claim, near), _unnamed(claim, all_of),
        opposed(claim, near, language), _denials(claim, near, language), _strong(claim, near),
        ((matches.weights > _RARE) & (passage < _NOTHING_NEAR)).sum(),
        math.log1p(len(words)), math.log1p(len(all_of.split())),
    ], float)  # fmt: skip
    return Held(row, pairs[two])


def _terms(text: str, language: Language) -> list[str]:
    return index_terms(text, language.code).split()


def _neighbours(words: Sequence[tuple[str, ...]], terms: Sequence[str]) -> float:
    """Share of neighbouring words of the claim that stand beside each other in the source."""
    beside = set(itertools.pairwise(terms))
    asked = [
        any((a, b) in beside for a in first for b in second)
        for first, second in itertools.pairwise(words)
    ]
    return sum(asked) / len(asked) if asked else 0.0


def _order(words: Sequence[tuple[str, ...]], terms: Sequence[str]) -> float:
    """Longest run of the claim's words that the source has in the same order, as a share."""
    if not words:
        return 0.0
    row = [0] * (len(terms) + 1)
    for word in words:
        before = 0
        for place, term in enumerate(terms, start=1):
            above = row[place]
            row[place] = before + 1 if term in word else max(above, row[place - 1])
            before = above
    return row[-1] / len(words)


def _weakest(
    claim: str,
    matches: Matches,
    each: Sequence[np.ndarray],
    words: Sequence[tuple[str, ...]],
    language: Language,
) -> float:
    """How well the clause of the claim that is held worst is held by any one sentence."""
    weakest = 1.0
    for clause in _CLAUSE.split(claim):
        own = set(_terms(clause, language))
        mine = np.array([bool(own & set(word)) for word in words], bool)
        if mine.sum() < 2:
            continue
        total = matches.weights[mine].sum()
        held = max(float(matches.weights[mine] @ nearness(best[mine])) for best in each)
        weakest = min(weakest, held / total if total else 1.0)
    return weakest


def _unnamed(claim: str, source: str) -> int:
    """How many names of the claim its source lacks."""
    known = source.casefold()
    names = {match.group().strip("’'").removesuffix("'s") for match in _NAME.finditer(claim)}
    return sum(name.casefold() not in known for name in names)


def _denials(claim: str, source: str, language: Language) -> int:
    """How many more denials the claim has than its source."""
    return len(language.denial.findall(claim)) - len(language.denial.findall(source))


def _strong(claim: str, source: str) -> int:
    """How many words that decide a claim ("only", "never", "more") its source lacks."""
    said = {match.casefold() for match in _STRONG.findall(source)}
    return len({match.casefold() for match in _STRONG.findall(claim)} - said)
