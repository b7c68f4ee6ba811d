"""`Recipe`: every number of a training run. Saved in the run's folder; never retyped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from embedder.errors import FootnoteError


class RecipeError(FootnoteError):
    """A training run was asked for with numbers that cannot be."""


# Learning rates where no other is named. Whole weights take one between the 1e-5 to 3e-5 and the
# 1e-4 to 3e-4 of E5's two stages (Wang et al., arXiv 2212.03533).
ADAPTER_RATE, WHOLE_RATE = 3e-4, 5e-5


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an embedder is trained. Defaults: FIELD.md's measurements and `docs/log/embedder.md`.

    Attributes:
        steps: optimiser steps; the published recipe needs fewer than 1,000. With 0 the embedder
            is adapted and nothing is learnt.
        batch: queries a step. Its size does not depend on memory: see `tokens_in_memory`.
        negatives: hard negatives a query, at most.
        temperature: of the softmax over cosines (0.02 in the published recipe, for last-token
            vectors of a 7B decoder; whitened vectors spread wider).
        learning_rate: of the adapter, or of whole weights, at the top of the schedule; None for
            the usual one of what is trained (`rate`).
        warmup: steps of linear increase, before linear decay to zero.
        weight_decay: AdamW's.
        rank, alpha: LoRA's, on every linear layer of the decoder. An embedder that
            has an adapter already goes on with that one. Rank 0 leaves the decoder as it is:
            only the projection is trained, each text goes through the decoder once, and a
            step costs next to nothing (`docs/log/embedder.md`, The bundled embedder).
        whole: whether the weights of the decoder's linear layers themselves are trained, instead
            of an adapter beside them; they are stored with the embedder then. Takes a lower
            learning rate (1e-5 to 1e-4), and four times the memory of those weights.
        dropout: on the adapter's input, on embeddings and on what attention and feed-forward
            layers say. SimCSE's pairs need it (Gao et al., arXiv 2104.08821: 0.1).
        projection_rate: learning rate of projection and means relative to their own size; 0
            leaves them as they are.
        token_rate: learning rate of the token weights' logarithms; 0 leaves them as they are.
        distillation: weight of the teacher's ranking beside the contrastive loss.
        vector_distillation: weight of how far the teacher's vectors are from what a linear map
            makes of the student's (`training.fit.distillation`).
        max_tokens: longer passages are cut to this while training; most of what a passage is
            about stands in its first half, and steps cost by the token.
        tokens_in_memory: a batch of more tokens goes through gradient caching; so many take
            some 2.5 GB with the bundled decoder in float32 (`benchmarks/gradients.py`).
        evaluate_every: steps between two looks at the development part.
        patience: looks without improvement after which training stops; with the usual numbers
            that is after forty steps at the earliest.
        queries_alone: whether only a map of queries' vectors is learnt, while passages keep
            theirs (`training.fit.query_side`): seconds, where the decoder takes minutes.
        adapt: whether the embedder is first fitted to the collection by what its vectors say
            (`training.fit.whitening`), which takes seconds.
        seed: the same seed gives the same run.
    """

    steps: int = 100
    batch: int = 32
    negatives: int = 1
    temperature: float = 0.05
    learning_rate: float | None = None
    warmup: int = 10
    weight_decay: float = 0.01
    rank: int = 16
    alpha: int = 32
    whole: bool = False
    dropout: float = 0.0
    projection_rate: float = 0.003
    token_rate: float = 0.0
    distillation: float = 0.0
    vector_distillation: float = 0.0
    max_tokens: int = 128
    tokens_in_memory: int = 12_288
    evaluate_every: int = 20
    patience: int = 2
    queries_alone: bool = False
    adapt: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.evaluate_every, self.alpha, self.patience) < 1:
            raise RecipeError("evaluate_every, alpha and patience must be at least 1")
        if self.steps < 0 or not (self.steps or self.adapt):
            raise RecipeError("steps must be at least 1, or 0 where the embedder is adapted")
        if self.rank < 0:
            raise RecipeError("rank must be 0 (the decoder as it is) or more")
        if not (self.trains_decoder or self.projection_rate or self.token_rate):
            raise RecipeError("nothing is to be trained: rank, projection and token rates are 0")
        if self.batch < 2:
            raise RecipeError(f"a batch of {self.batch} has no in-batch negatives; take 2 or more")
        if self.temperature <= 0 or self.rate <= 0:
            raise RecipeError("temperature and learning_rate must be above 0")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"dropout is {self.dropout}, not between 0 and 1")

    def changed(self, overrides: Mapping[str, float]) -> Recipe:
        """With other numbers. A rank without an alpha takes the usual one, twice the rank."""
        recipe = replace(self, **overrides)  # type: ignore[arg-type]  # checked on the way in
        if "rank" in overrides and "alpha" not in overrides:
            recipe = replace(recipe, alpha=max(2 * recipe.rank, 1))
        return recipe

    @property
    def rate(self) -> float:
        """The learning rate, whether it was named or not."""
        if self.learning_rate is not None:
            return self.learning_rate
        return WHOLE_RATE if self.whole else ADAPTER_RATE

    @property
    def learns(self) -> bool:
        """Whether anything is trained; without steps the embedder is adapted and no more."""
        return self.steps > 0

    @property
    def is_taught(self) -> bool:
        """Whether there is a teacher to learn from."""
        return bool(self.distillation or self.vector_distillation)

    @property
    def trains_decoder(self) -> bool:
        """Whether the decoder changes, by an adapter or as a whole."""
        return self.whole or self.rank > 0

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
