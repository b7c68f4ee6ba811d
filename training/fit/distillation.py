"""Distillation: a teacher's ranking of a batch and its vectors, beside the contrastive loss.

The ranking needs nothing in common with the teacher. Its vectors are met through a linear map
from the student's, which is learnt beside it and thrown away; they say of every text, pair or
not, what the teacher makes of it (Reimers and Gurevych, arXiv 2004.09813, who regress on a
teacher's vectors; a map between, because the two differ in dimension).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.evaluation.evaluate import subsample
from training.fit.loss import distillation

if TYPE_CHECKING:
    from training.data.examples import Example
    from training.fit.batches import Batch
    from training.fit.config import Recipe
    from training.fit.student import Student

# Texts that the map is fitted on before the first step, and the ridge beside their mean square.
_FITTED_ON = 4000
_RIDGE = 1e-3
# Learning rate of the map, relative to the size of its numbers.
_RATE = 0.003


class Teacher(Protocol):
    """Who is learnt from: any embedder, ours or another."""

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [n, any dimension]."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors [n, the same dimension]."""
        ...


class Teaching:
    """A teacher's part in a run. `map` [dimension, the teacher's], where its vectors count."""

    def __init__(
        self, teacher: Teacher, student: Student, examples: Sequence[Example], recipe: Recipe
    ) -> None:
        self._teacher, self._recipe, self._device = teacher, recipe, student.device
        self.map: nn.Parameter | None = None
        if recipe.vector_distillation:
            fitted = _fitted(teacher, student.embedder, examples)
            self.map = nn.Parameter(fitted.to(student.device))

    def groups(self) -> list[dict[str, object]]:
        """What is learnt beside the student, as a parameter group for the optimiser."""
        if self.map is None:
            return []
        size = float(self.map.detach().square().mean().sqrt())
        return [{"params": [self.map], "lr": _RATE * size, "weight_decay": 0.0}]

    def about(self, batch: Batch) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss of the student's vectors of this batch, queries and passages."""
        asked = self._vectors(self._teacher.embed_queries(batch.queries))
        found = self._vectors(self._teacher.embed_passages(batch.passages))

        def loss(queries: Tensor, passages: Tensor) -> Tensor:
            recipe = self._recipe
            value = queries.new_zeros(())
            if recipe.distillation:
                ranked = distillation(queries, passages, asked @ found.T, recipe.temperature)
                value = value + recipe.distillation * ranked
            if self.map is not None:
                guessed = torch.cat([queries, passages]) @ self.map
                cosine = functional.cosine_similarity(guessed, torch.cat([asked, found]))
                value = value + recipe.vector_distillation * (1 - cosine).mean()
            return value

        return loss

    def _vectors(self, found: np.ndarray) -> Tensor:
        return torch.from_numpy(found).float().to(self._device)


def _fitted(teacher: Teacher, embedder: Teacher, examples: Sequence[Example]) -> Tensor:
    """The map by ridge regression, from the vectors that the student has before it learns."""
    passages = subsample(list(dict.fromkeys(one.positive for one in examples)), _FITTED_ON)
    given = embedder.embed_passages(passages).astype(np.float64)
    wanted = teacher.embed_passages(passages).astype(np.float64)
    square = given.T @ given
    ridge = _RIDGE * np.trace(square) * np.eye(len(square))
    return torch.from_numpy(np.linalg.solve(square + ridge, given.T @ wanted)).float()
