"""What a teacher adds to a run: its ranking, its vectors, and nothing that is left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from pupils import RECIPE, examples, student

from embedder.model import Embedder
from training.fit.batches import batch_of
from training.fit.config import RecipeError
from training.fit.distillation import Teaching
from training.fit.log import history
from training.fit.loss import distillation
from training.fit.trainer import Trainer


class Elsewhere:
    """A teacher whose vectors are the start's, turned: a linear map away from them."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        draw = np.random.default_rng(0)
        self._turn = np.linalg.qr(draw.standard_normal((embedder.dimension,) * 2))[0][:, :5]

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._turned(self._embedder.embed_queries(texts))

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return self._turned(self._embedder.embed_passages(texts))

    def _turned(self, vectors: np.ndarray) -> np.ndarray:
        found = vectors @ self._turn
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_a_teachers_vectors_are_met_through_a_map(tiny_embedder):
    recipe = replace(RECIPE, vector_distillation=1.0)
    taught = Teaching(Elsewhere(tiny_embedder), student(tiny_embedder, recipe), examples(), recipe)
    batch = batch_of(examples(), 1)
    queries = torch.from_numpy(tiny_embedder.embed_queries(batch.queries))
    passages = torch.from_numpy(tiny_embedder.embed_passages(batch.passages))
    loss = taught.about(batch)
    own = float(loss(queries, passages).detach())
    # The map is there already; others' vectors are far from the teacher's.
    assert own < 0.1
    assert float(loss(queries.flip(0), passages.flip(0)).detach()) > own + 0.1


def test_a_run_with_a_teachers_vectors_resumes_to_the_same_result(tiny_embedder, tmp_path):
    recipe = replace(RECIPE, steps=4, evaluate_every=2, vector_distillation=1.0)
    found = []
    for name, stops in (("through", ()), ("stopped", (2,))):
        for stop in (*stops, 99):
            pupil = student(tiny_embedder, recipe)
            told: list[int] = []
            Trainer(
                pupil, examples(), recipe, tmp_path / name, teacher=Elsewhere(tiny_embedder)
            ).run(lambda state, told=told: told.append(state.step), lambda s=stop, t=told: s in t)
        found.append({name: value.detach().clone() for name, value in pupil.trainable.items()})
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_distillation_is_zero_only_for_the_teachers_ranking():
    queries = torch.nn.functional.normalize(torch.randn(3, 8), dim=-1)
    passages = torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    own = queries @ passages.T
    assert float(distillation(queries, passages, own, 0.05)) == pytest.approx(0, abs=1e-6)
    assert float(distillation(queries, passages, own.flip(1), 0.05)) > 0.01


def test_a_teacher_is_followed(tiny_embedder, tmp_path):
    losses = []
    for name, teacher in (("alone", None), ("taught", tiny_embedder)):
        recipe = replace(RECIPE, steps=2, distillation=1.0 if teacher else 0.0)
        Trainer(
            student(tiny_embedder, recipe), examples(), recipe, tmp_path / name, teacher=teacher
        ).run()
        losses.append([row["loss"] for row in history(tmp_path / name)])
    # The student is the teacher at first: nothing to add.
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-3)
    assert losses[0][1] != pytest.approx(losses[1][1], rel=1e-5)
    with pytest.raises(RecipeError, match="teacher"):
        Trainer(student(tiny_embedder, recipe), examples(), recipe, tmp_path / "none")
