"""How keyword and dense evidence become one score. Pure.

Both sides are brought to units of evidence that mean the same for every query and collection,
and are then added, the dense side times the weight that was fitted for the collection
(`indexer.search.calibration`):

- keyword: BM25 over the geometric mean of the best BM25 found and of the most that the query's
  words could weigh. The best passage of a query that it covers wholly stands at `_SCALE`, of a
  query that it covers by a quarter at half of that: so each query says for itself how far its
  words can be trusted;
- dense: standard deviations above the mean cosine of this query with passages at random. For
  a query that the embedder makes nothing of, nothing stands out, and little is added.

Sums of evidence let one side outvote the other only where it is sure, which ranks cannot
express. What was tried, and what it gave, is in `docs/log/search.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.keyword import bm25

if TYPE_CHECKING:
    import numpy as np

_SCALE = 10.0
_LEAST = 1e-2


@dataclass(frozen=True, slots=True)
class Background:
    """Cosines of one query with passages at random: their mean and standard deviation."""

    mean: float
    deviation: float


def mass(statistics: bm25.TermStatistics) -> float:
    """The summed weight (IDF) of a query's words, those that no passage holds among them.

    They are what the words found cannot tell: most of a query in another language than the
    documents', and few of any other.
    """
    return sum(bm25.weights(statistics))


def keyword_evidence(scores: np.ndarray, mass: float) -> np.ndarray:
    """Evidence from the BM25 [passages] of one query: from 0 to about `_SCALE`."""
    best = float(scores.max(initial=0.0))
    return scores * (_SCALE / max(math.sqrt(max(best * mass, 0.0)), _LEAST))


def dense_evidence(cosines: np.ndarray, background: Background) -> np.ndarray:
    """Evidence from the cosines [passages] of one query: deviations above the background.

    A passage without a vector has NaN for a cosine, and counts as background.
    """
    import numpy as np

    evidence = (cosines - background.mean) / max(background.deviation, _LEAST)
    return np.nan_to_num(evidence, nan=0.0)


def fuse(keyword: np.ndarray, dense: np.ndarray, weight: float) -> np.ndarray:
    """The fused scores of the same passages from both evidences."""
    return keyword + weight * dense
