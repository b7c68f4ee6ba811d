"""The development part: how well a student finds held-out queries' passages among others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from training.fit.grad_cache import chunked, encoded

if TYPE_CHECKING:
    from training.data.examples import Example
    from training.fit.student import Student


class Development:
    """Examples that training does not see, and passages that their positives are sought among.

    `pool` are further passages (of the collection, say); the examples' own positives and
    hard negatives are always among the sought.
    """

    def __init__(self, examples: Sequence[Example], pool: Sequence[str] = ()) -> None:
        places: dict[str, int] = {}
        self._positive = [places.setdefault(one.positive, len(places)) for one in examples]
        for text in (*(n for one in examples for n in one.negatives), *pool):
            places.setdefault(text, len(places))
        self._examples, self._passages = tuple(examples), tuple(places)

    def reciprocal_ranks(self, student: Student) -> list[float]:
        """One over the rank of each example's positive; their mean is the score."""
        queries = student.query_ids(
            [one.query for one in self._examples], [one.task for one in self._examples]
        )
        chunks = chunked(
            queries,
            student.passage_ids(self._passages),
            student.embedder.compute.tokens_a_batch,
        )
        with torch.inference_mode():
            vectors = encoded(student.encode, chunks, seed=0)
        count = len(self._examples)
        positive = torch.tensor(self._positive, device=vectors.device)
        found = 1.0 / ranks(vectors[:count] @ vectors[count:].T, positive)
        return [float(value) for value in found]


def ranks(scores: Tensor, positive: Tensor) -> Tensor:
    """Rank, from 1, of each row's positive [n] in scores [n, m]; ties count against it."""
    own = scores.gather(1, positive[:, None])
    return (scores >= own).sum(dim=1).float()
