"""Round-trip filtering of examples, and their hard negatives.

Both look at the live index, by way of the vectors of the embedder in use: a query whose own
passage does not come back is a bad query (the round-trip filter of Promptagator, Dai et al.,
arXiv 2209.11755), and a passage that scores almost as its own does is likely to answer it as
well, so it is no negative (NV-Retriever, Moreira et al., arXiv 2407.15831).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from training.data.examples import Example

# NV-Retriever's best: a negative scores below 95 % of what the positive does.
_SHARE = 0.95
# A passage this near to the positive (cosine) says the same, or is the positive in its place in
# the document, title and all.
_SAME = 0.8
# Negatives are drawn from this many of the nearest that are left.
_NEAREST = 30
_QUERIES_AT_ONCE = 256


class EmbeddingModel(Protocol):
    """What mining needs of an embedder."""

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Unit vectors float32 [n, dimension]."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors float32 [n, dimension]."""
        ...


@dataclass(frozen=True)
class Neighbourhood:
    """The passages among which positives come back or not: texts, vectors [n, dimension].

    `ids` are the collection's; an example that was made of one of them is judged by its vector.
    """

    texts: Sequence[str]
    vectors: np.ndarray
    ids: Sequence[int] = ()

    def vectors_of(self, examples: Sequence[Example], encoder: EmbeddingModel) -> np.ndarray:
        """Vectors [n, dimension] of the examples' positives, embedded where there are none."""
        places = {number: place for place, number in enumerate(self.ids)}
        found = np.empty((len(examples), self.vectors.shape[1]), np.float32)
        new = [at for at, one in enumerate(examples) if one.passage not in places]
        for at, one in enumerate(examples):
            if one.passage in places:
                found[at] = self.vectors[places[one.passage]]
        if new:
            found[new] = encoder.embed_passages([examples[at].positive for at in new])
        return found


@dataclass(frozen=True, slots=True)
class Mined:
    """What passed, with negatives; and how many did not come back."""

    examples: tuple[Example, ...]
    lost: int


def mine(
    examples: Sequence[Example],
    encoder: EmbeddingModel,
    around: Neighbourhood,
    *,
    count: int = 1,
    within: int = 50,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Mined:
    """Keep examples whose positive comes back; give them `count` hard negatives each.

    A positive comes back where fewer than `within` passages are nearer to the query. Examples
    that have negatives already keep them. Passages that are nearly the positive itself count as
    the positive. `progress` is told how many have been looked at; cancelled, it returns what it
    has by then.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    kept: list[Example] = []
    for start in range(0, len(examples), _QUERIES_AT_ONCE):
        progress(start)
        if cancelled():
            break
        some = examples[start : start + _QUERIES_AT_ONCE]
        queries = _queries(some, encoder, around.vectors.shape[1])
        positives = around.vectors_of(some, encoder)
        own = (queries * positives).sum(axis=1)
        others = np.where(positives @ around.vectors.T < _SAME, queries @ around.vectors.T, -np.inf)
        for example, scores, its_own in zip(some, others, own, strict=True):
            if int((scores > its_own).sum()) < within:
                negatives = _negatives(scores, float(its_own), count, draw)
                kept.append(_completed(example, [around.texts[place] for place in negatives]))
    return Mined(tuple(kept), len(examples) - len(kept))


def _queries(examples: Sequence[Example], encoder: EmbeddingModel, dimension: int) -> np.ndarray:
    """Vectors [n, dimension] of the examples' queries, each behind its own task."""
    found = np.empty((len(examples), dimension), np.float32)
    for task in sorted({one.task for one in examples}):
        places = [place for place, one in enumerate(examples) if one.task == task]
        texts = [examples[place].query for place in places]
        found[places] = encoder.embed_queries(texts, task or None)
    return found


def _completed(example: Example, negatives: Sequence[str]) -> Example:
    return example if example.negatives else replace(example, negatives=tuple(negatives))


def _negatives(scores: np.ndarray, own: float, count: int, draw: random.Random) -> list[int]:
    """Places of near passages that score clearly below the positive's `own`."""
    # Cosines of whitened vectors can be negative, where a share of one would be above it.
    below = own - (1 - _SHARE) * abs(own)
    nearest = np.argsort(-np.where(scores < below, scores, -np.inf))[:_NEAREST]
    places = [
        int(place) for place in nearest if np.isfinite(scores[place]) and scores[place] < below
    ]
    return draw.sample(places, min(count, len(places)))
