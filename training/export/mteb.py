"""An embedder as mteb 2 takes models (its `EncoderProtocol`), without mteb being needed here.

    mteb.evaluate(MtebModel(registry.load("bundled")), mteb.get_tasks(["SciFact"]))

The folder that `training.export` writes can be given to mteb as well; this object computes
with Footnote's own code, and gives each task's own instruction to embedders that take one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from embedder.errors import FootnoteError

if TYPE_CHECKING:
    from torch import Tensor

    from embedder.model import Embedder


class MtebMissingError(FootnoteError):
    """mteb itself is asked for, and not installed."""


class Task(Protocol):
    """What is read of mteb's `TaskMetadata`: an instruction, or one for each kind of text."""

    prompt: str | Mapping[str, str] | None


class MtebModel:
    """Texts of mteb's batches → vectors. See the module's docstring."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._instructed = "{task}" in embedder.spec.query_template

    @cached_property
    def mteb_model_meta(self) -> Any:
        """A `ModelMeta` of mteb; results are filed under its name and revision."""
        try:
            from mteb.models.model_meta import ModelMeta, ScoringFunction
        except ImportError as error:
            raise MtebMissingError("mteb is not installed; run: pip install mteb") from error
        spec = self._embedder.spec
        return ModelMeta.create_empty(
            {
                "name": f"footnote/{spec.name}",
                "revision": spec.fingerprint,
                "max_tokens": spec.max_tokens,
                "embed_dim": spec.dimension,
                "framework": ["PyTorch"],
                "similarity_fn_name": ScoringFunction.COSINE,
                "use_instructions": self._instructed,
            }
        )

    def encode(
        self,
        inputs: Iterable[Mapping[str, Sequence[str]]],
        *,
        task_metadata: Task | None = None,
        prompt_type: str | None = None,
        **ignored: Any,
    ) -> np.ndarray:
        """Vectors float32 [n, dimension] of the `text` of each batch.

        `prompt_type` is "query", "document", or None in tasks whose texts are all of a kind.
        Those are queries to an embedder that takes an instruction, as its recipe has it, and
        passages to any other. Split, subset and batch size are of no interest here.
        """
        texts = [text for batch in inputs for text in batch["text"]]
        if prompt_type == "query" or (prompt_type is None and self._instructed):
            return self._embedder.embed_queries(texts, _instruction(task_metadata))
        return self._embedder.embed_passages(texts)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Tensor:
        """Cosines [n, m] of unit vectors [n, dimension] and [m, dimension]."""
        return _rows(embeddings1) @ _rows(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Tensor:
        """Cosines [n] of unit vectors, row by row."""
        return (_rows(embeddings1) * _rows(embeddings2)).sum(dim=1)


def _instruction(task: Task | None) -> str | None:
    """The task's own instruction for queries, if it has one."""
    prompt = None if task is None else task.prompt
    return (prompt.get("query") if isinstance(prompt, Mapping) else prompt) or None


def _rows(vectors: Any) -> Tensor:
    import torch

    return torch.atleast_2d(torch.as_tensor(vectors))
