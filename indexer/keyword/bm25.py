"""BM25 over passages with a title and headings. Pure.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009): fields
are weighted before saturation (BM25F with one length), and a word of the query counts as often
as it is said there. The IDF is Lucene's, which stays above zero for words that most passages
hold: with a handful of documents nearly every word does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from indexer.keyword.analysis import Word

if TYPE_CHECKING:
    import numpy as np

Numbers = TypeVar("Numbers", float, "np.ndarray")

# Within 0.7 points of nDCG@10 of the best of eight pairs on scifact, squad-dev, anthropic-docs,
# cisi, xquad-de and xquad-es; 0.9 and 0.4, which Anserini uses, lose up to 2.6.
K1 = 1.2
B = 0.75
# Of 1, 1.5, 2 and 3 the steadiest over the same sets, by half a point at most.
TITLE = 1.5
HEADINGS = 1.0

# A word that is said more often in a query does not count for more than this. To count
# repetitions at all takes cisi, whose queries are paragraphs, from 32.2 to 40.8.
_MOST_REPETITIONS = 5


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What a search knows of its words and of the passages that it looks through.

    `terms` is the number of terms in all passages. `holding[word.terms]` is the number of
    passages that hold one of a word's terms (one that holds two may count twice).
    """

    words: tuple[Word, ...]
    passages: int
    terms: int
    holding: Mapping[tuple[str, ...], int]

    @property
    def mean_length(self) -> float:
        """Terms in a passage, at least 1."""
        return max(self.terms / max(self.passages, 1), 1.0)


class Fields(Protocol):
    """Terms of a passage's fields, joined by blanks."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def headings(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102


def idf(holding: int, passages: int) -> float:
    """Inverse document frequency, in nats: of a word that `holding` of the `passages` hold."""
    held = min(holding, passages)
    return math.log(1 + (passages - held + 0.5) / (held + 0.5))


def weights(statistics: TermStatistics) -> list[float]:
    """IDF times occurrences in the query, for each of the words."""
    return [
        idf(statistics.holding[word.terms], statistics.passages)
        * min(word.count, _MOST_REPETITIONS)
        for word in statistics.words
    ]


def saturated(occurrences: Numbers, length: Numbers, mean_length: float) -> Numbers:
    """What occurrences of a word count for in passages of this length; numbers or arrays."""
    return occurrences * (K1 + 1) / (occurrences + K1 * (1 - B + B * length / mean_length))


def score(fields: Fields, statistics: TermStatistics, weights: Sequence[float]) -> float:
    """BM25 of one passage. All the terms of a word are one word here."""
    length = 0
    counted = []
    wanted = {term for word in statistics.words for term in word.terms}
    for text, field_weight in (
        (fields.title, TITLE),
        (fields.headings, HEADINGS),
        (fields.text, 1.0),
    ):
        terms = text.split()
        length += len(terms)
        counts = Counter([term for term in terms if term in wanted])
        counted.append((counts, field_weight))
    total = 0.0
    for word, weight in zip(statistics.words, weights, strict=True):
        found = sum([counts[term] * each for counts, each in counted for term in word.terms])
        if found:
            total += weight * saturated(found, length, statistics.mean_length)
    return total
