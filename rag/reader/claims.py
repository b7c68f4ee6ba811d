"""What the reader looks at in a claim beside its source. Pure.

The source is a few texts in reading order (sentences), each of one passage. The claim's words are
weighed by how rare they are in general text, and looked for in one sentence, in two neighbours,
and in the whole passage; figures, names and denials are compared apart. Left out since they
helped nowhere (held-out claims, `benchmarks/claims.jsonl`): order and neighbourhood of the words,
the best single sentence, the difference of denials, and lengths, which learn how claims were made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.keyword.analysis import index_terms, query_words
from rag.evidence.cite import Source, opposed
from rag.evidence.numbers import in_figures, unsaid
from rag.languages import Language
from rag.reader.words import Matches, WordVectors, nearness

CLAIM = {
    "soft of two": 1, "exact of two": 1, "soft of passage": 1,
    "missing of two": -1, "missing of passage": -1, "weakest clause": 1,
    "figures not in two": -1, "figures not in passage": -1,
    "names not in two": -1, "names not in passage": -1, "opposed": -1, "strong words": -1,
}  # fmt: skip

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


@dataclass(frozen=True, slots=True)
class Held:
    """A claim held against its source: the features [`CLAIM`], and the sentences that hold most."""

    row: np.ndarray
    place: tuple[int, ...]


def hold(claim: str, sources: Sequence[Source], language: Language, vectors: WordVectors) -> Held:
    """Hold a claim against at least one sentence."""
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
    two = max(range(len(pairs)), key=lambda place: matches.soft(tops[place]))
    home = sources[pairs[two][0]].passage
    inside = [place for place, source in enumerate(sources) if source.passage == home]
    passage = np.max([each[place] for place in inside], axis=0)
    near = " ".join(sources[place].text for place in pairs[two])
    all_of = " ".join(f"{sources[place].head} {sources[place].text}" for place in inside)
    row = (
        matches.soft(tops[two]), matches.exact(tops[two]), matches.soft(passage),
        matches.missing(tops[two]), matches.missing(passage),
        _weakest(claim, matches, each, list(weights), language),
        len(unsaid(claim, near, language)), len(unsaid(claim, all_of, language)),
        _unnamed(claim, near), _unnamed(claim, all_of),
        opposed(claim, near, language), _strong(claim, near),
    )  # fmt: skip
    return Held(np.array(row, float), pairs[two])


def _terms(text: str, language: Language) -> list[str]:
    return index_terms(text, language.code).split()


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


def _strong(claim: str, source: str) -> int:
    """How many words that decide a claim ("only", "never", "more") its source lacks."""
    said = {match.casefold() for match in _STRONG.findall(source)}
    return len({match.casefold() for match in _STRONG.findall(claim)} - said)
