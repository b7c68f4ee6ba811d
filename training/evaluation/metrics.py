"""How good a ranking is: nDCG, recall, reciprocal rank, each with its uncertainty.

Pure functions over document ids; they know no model and no store. The definitions are
trec_eval's (tests compare with it): gain is the judged grade itself, a document without a
judgement is irrelevant, a query without any relevant document has no value and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Judgements = Mapping[str, int]


class NothingRelevantError(ValueError):
    """A metric was asked for a query that has no relevant document."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the bounds between which it lies with the asked-for confidence."""

    mean: float
    low: float
    high: float


def ndcg(ranking: Sequence[str], judgements: Judgements, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `k`, between 0 and 1.

    Jaervelin and Kekaelaeinen 2002, with linear gain and log2(rank + 1) as trec_eval has it.
    """
    ideal = sorted(_relevant(judgements).values(), reverse=True)
    gains = [max(judgements.get(document, 0), 0) for document in ranking[:k]]
    return _discounted(gains) / _discounted(ideal[:k])


def recall(ranking: Sequence[str], judgements: Judgements, k: int = 10) -> float:
    """Share of the relevant documents that stand among the first `k`."""
    relevant = _relevant(judgements)
    return len(relevant.keys() & set(ranking[:k])) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], judgements: Judgements, k: int = 10) -> float:
    """One over the rank of the first relevant document, 0 where none is among the first `k`."""
    relevant = _relevant(judgements)
    return next((1 / rank for rank, d in enumerate(ranking[:k], 1) if d in relevant), 0.0)


METRICS: dict[str, Callable[[Sequence[str], Judgements], float]] = {
    "ndcg@10": ndcg,
    "recall@10": recall,
    "recall@100": lambda ranking, judgements: recall(ranking, judgements, 100),
    "mrr@10": reciprocal_rank,
}


def bootstrap(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The mean over queries and its percentile bootstrap interval (Efron 1979).

    For the difference of two rankers, pass the per-query differences: both were asked the
    same queries, so the paired interval is the narrow and the right one. Raises `ValueError`
    on no values.
    """
    if not len(values):
        raise ValueError("no query was evaluated, so there is no mean to give")
    sample = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    # Counts of a multinomial draw are the same resampling without resamples × n indices.
    counts = generator.multinomial(len(sample), np.full(len(sample), 1 / len(sample)), resamples)
    means = counts @ sample / len(sample)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(sample.mean()), float(low), float(high))


def _relevant(judgements: Judgements) -> dict[str, int]:
    relevant = {document: grade for document, grade in judgements.items() if grade > 0}
    if not relevant:
        raise NothingRelevantError("no document is judged relevant; leave such queries out")
    return relevant


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
