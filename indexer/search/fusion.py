"""How keyword and dense evidence become one score. Pure.

Both sides are brought to units of evidence that mean the same for every query and collection,
and are then added, the dense side times the weight that was fitted for the collection
(`indexer.trust`):

- keyword: BM25 over the geometric mean of the best BM25 found and of the most that the query's
  words could weigh. The best passage of a query that it covers wholly stands at `_SCALE`, of a
  query that it covers by a quarter at half of that: so each query says for itself how far its
  words can be trusted;
- dense: standard deviations above the mean cosine of this query with passages at random. For
  a query that the embedder makes nothing of, nothing stands out, and little is added.

Sums of evidence let one side outvote the other only where it is sure, which ranks cannot
express. What was tried, and what it gave, is in `docs/log.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from indexer.keyword import bm25

_SCALE = 10.0
_LEAST = 1e-2


@dataclass(frozen=True, slots=True)
class Background:
    """Cosines of one query with passages at random: their mean and standard deviation."""

    mean: float
    deviation: float


def mass(statistics: bm25.TermStatistics) -> float:
    """The summed weight (IDF) of those words of a query that any passage holds."""
    weighed = zip(statistics.words, bm25.weights(statistics), strict=True)
    return sum(weight for word, weight in weighed if statistics.holding[word.terms])


def keyword_unit(best: float, mass: float) -> float:
    """The BM25 that makes one unit of keyword evidence. Never zero."""
    return max(math.sqrt(max(best * mass, 0.0)), _LEAST) / _SCALE


def keyword_evidence(scores: Mapping[int, float], mass: float) -> dict[int, float]:
    """Evidence by passage id, from BM25 by passage id: from 0 to about `_SCALE`."""
    unit = keyword_unit(max(scores.values(), default=0.0), mass)
    return {passage: score / unit for passage, score in scores.items()}


def dense_evidence(cosines: Mapping[int, float], background: Background) -> dict[int, float]:
    """Evidence by passage id, in standard deviations above the background."""
    deviation = max(background.deviation, _LEAST)
    return {passage: (cosine - background.mean) / deviation for passage, cosine in cosines.items()}


def fuse(
    words: Mapping[int, float], meaning: Mapping[int, float], weight: float
) -> dict[int, float]:
    """Fused score by passage id, for every passage that either side has evidence of.

    A passage without keyword evidence holds none of the words; one without dense evidence has
    no vector and counts as background.
    """
    return {
        passage: words.get(passage, 0.0) + weight * meaning.get(passage, 0.0)
        for passage in words.keys() | meaning.keys()
    }
