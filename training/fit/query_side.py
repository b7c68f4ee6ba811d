"""The query side alone: a map of queries' vectors, learnt while passages' vectors stay.

What a passage's vector says is in the index already, so a question can be set beside all of
them at once: the softmax runs over the whole training part, nothing goes through the decoder,
and a fit takes seconds. The map stays near to leaving all as it is; how near is found by questions
about documents that the fit does not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.evaluation.metrics import Interval, bootstrap, gain_at

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPERATURE = 0.05
# How much a map costs that is far from none, weakest first.
STRENGTHS = (0.1, 0.3, 1.0, 3.0)
_FOLDS = 4
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions as vectors [n, dimension]; of each the place of its passage, and its document."""

    vectors: np.ndarray
    places: np.ndarray
    documents: Sequence[str]

    def part(self, chosen: np.ndarray) -> Asked:
        """Some of them."""
        documents = [self.documents[place] for place in np.flatnonzero(chosen)]
        return Asked(self.vectors[chosen], self.places[chosen], documents)


@dataclass(frozen=True, slots=True)
class QueryMap:
    """What was learnt: `matrix` [dimension, dimension] and `shift` [dimension] of queries.

    A query's vector becomes q + q matrix + shift. `gain` is what it brought questions about
    documents that were left out of the fit; `strength` is what held it near to nothing.
    """

    matrix: np.ndarray
    shift: np.ndarray
    strength: float
    gain: Interval

    def __call__(self, queries: np.ndarray) -> np.ndarray:
        """Unit vectors of queries, mapped."""
        moved = queries + queries @ self.matrix + self.shift
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def learn(asked: Asked, passages: np.ndarray, teacher: np.ndarray | None = None) -> QueryMap | None:
    """The map that serves questions about unseen documents best; None where none is worth it.

    `passages` [n, dimension] are what all are sought among. Each strength is tried on questions
    whose documents were left out; what is better than no map for certain is fitted on all.
    """
    folds = _folds(asked.documents)
    before = _gains(asked.vectors, asked.places, passages)
    tried: dict[float, np.ndarray] = {}
    for strength in STRENGTHS:
        after = np.zeros(len(before))
        for fold in range(_FOLDS):
            left_out = folds == fold
            if left_out.all() or not left_out.any():
                return None
            found = fit(asked.part(~left_out), passages, strength)
            part = asked.part(left_out)
            after[left_out] = _gains(_mapped(part.vectors, *found), part.places, passages)
        tried[strength] = after - before
    best = max(STRENGTHS, key=lambda strength: float(tried[strength].mean()))
    gain = bootstrap(list(tried[best]))
    if gain.low <= 0:
        return None
    return QueryMap(*fit(asked, passages, best), best, gain)


def fit(asked: Asked, passages: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and shift of the least loss: cross-entropy over all passages, held near nothing."""
    queries, among = torch.from_numpy(asked.vectors), torch.from_numpy(passages)
    right = torch.from_numpy(asked.places)
    size = queries.shape[1]
    matrix = torch.zeros(size, size, requires_grad=True)
    shift = torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [matrix, shift], max_iter=_ROUNDS, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        moved = functional.normalize(queries + queries @ matrix + shift, dim=1)
        wrong = functional.cross_entropy(moved @ among.T / TEMPERATURE, right)
        value = wrong + strength * (matrix.square().sum() + shift.square().sum())
        value.backward()
        return value

    optimizer.step(loss)
    return matrix.detach().numpy(), shift.detach().numpy()
