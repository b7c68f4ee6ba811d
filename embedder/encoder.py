"""The torch half of an embedder: token ids → unit vectors, differentiable from end to end.

Indexing, asking and training all run through `EncoderModule.forward`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedder.atomic import write_tensors
from embedder.pooling import last_token, own_tokens, weighted_mean
from embedder.tensors import UnusableWeightsError, read_tensors

if TYPE_CHECKING:
    from embedder.model import Side
    from embedder.spec import EmbedderSpec


class Decoder(Protocol):
    """What the encoder asks of a decoder; see `embedder.llama.Llama.forward`."""

    def __call__(self, ids: Tensor, mask: Tensor | None, features: Sequence[int]) -> list[Tensor]:
        """Hidden states [batch, length, width] for each of `features`."""
        ...


@dataclass(frozen=True, slots=True)
class Projection:
    """What `projection.safetensors` holds; any part may be missing.

    `token_weights` [vocabulary] are for weighted pooling. `query_mean` and `passage_mean`
    [width] and `matrix` [width, dimension] are the whitening, where width is that of all
    features side by side. Queries have a mean of their own because they are short and mostly
    questions: what all of them share says nothing about what one of them seeks. `query_matrix`
    is theirs where the query side was trained alone; else `matrix` is.
    """

    token_weights: Tensor | None = None
    query_mean: Tensor | None = None
    passage_mean: Tensor | None = None
    matrix: Tensor | None = None
    query_matrix: Tensor | None = None

    @classmethod
    def read(cls, path: Path) -> Projection:
        """Read the file beside a spec, as float32. Raises `UnusableWeightsError`."""
        tensors = read_tensors(path)
        if strange := sorted(tensors.keys() - {field.name for field in fields(cls)}):
            raise UnusableWeightsError(f"{path}: {strange[0]} is no part of a projection")
        return cls(**{name: tensor.float() for name, tensor in tensors.items()})

    def write(self, path: Path) -> None:
        """Write as float16: vectors change by less than 1e-3. Raises `StorageError`."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        write_tensors(path, {k: v.half().contiguous() for k, v in parts.items() if v is not None})


class EncoderModule(nn.Module):
    """Forward → pool → project → normalise, as the spec says.

    Everywhere `ids` [batch, length] are padded at the right with any id, and `lengths` [batch]
    count each text's own tokens.
    """

    def __init__(self, spec: EmbedderSpec, decoder: nn.Module, projection: Projection) -> None:
        super().__init__()
        self.spec = spec
        self.decoder = decoder
        # Parameters, so that training may move them; frozen until it says so.
        self.token_weights = _frozen(projection.token_weights)
        self.query_mean = _frozen(projection.query_mean)
        self.passage_mean = _frozen(projection.passage_mean)
        self.matrix = _frozen(projection.matrix)
        self.query_matrix = _frozen(projection.query_matrix)

    def queries(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Unit vectors float32 [batch, dimension] of queries."""
        return self.projected("queries", self.pooled(ids, lengths))

    def passages(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Unit vectors float32 [batch, dimension] of passages."""
        return self.projected("passages", self.pooled(ids, lengths))

    def projection(self) -> Projection:
        """The projection as it stands, after training for instance."""
        parts = {field.name: getattr(self, field.name) for field in fields(Projection)}
        return Projection(**{k: v.detach().cpu() for k, v in parts.items() if v is not None})

    def projected(self, side: Side, vectors: Tensor) -> Tensor:
        """Unit vectors float32 [batch, dimension] of what `pooled` gave."""
        mean, matrix = self.passage_mean, self.matrix
        if side == "queries":
            mean = self.query_mean
            matrix = self.matrix if self.query_matrix is None else self.query_matrix
        if mean is not None:
            vectors = vectors - mean
        if matrix is not None:
            vectors = vectors @ matrix
        return functional.normalize(vectors, dim=-1)

    def pooled(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Pooled features side by side, before the projection: float32 [batch, width]."""
        present = own_tokens(lengths, ids.shape[1])
        states = self.decoder(ids, self._mask(present), self.spec.features)
        if self.spec.pooling == "last":
            return torch.cat([last_token(state, lengths).float() for state in states], dim=-1)
        weights = self._weights(ids, present)
        return torch.cat([weighted_mean(state.float(), weights) for state in states], dim=-1)

    def _weights(self, ids: Tensor, present: Tensor) -> Tensor:
        weights = present if self.token_weights is None else present * self.token_weights[ids]
        if self.spec.sink:
            weights = weights * (torch.arange(ids.shape[1], device=ids.device) > 0)
        return weights

    def _mask(self, present: Tensor) -> Tensor | None:
        """None for causal attention: padding at the right is then out of everyone's sight."""
        if self.spec.attention == "causal":
            return None
        return present.bool()[:, None, None, :]


def _frozen(values: Tensor | None) -> nn.Parameter | None:
    return None if values is None else nn.Parameter(values, requires_grad=False)


def right_padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids of texts as `EncoderModule.forward` takes them: ids [batch, longest], lengths [batch]."""
    lengths = torch.tensor([len(row) for row in ids])
    padded = torch.zeros(len(ids), int(lengths.max()), dtype=torch.long)
    for row, text in zip(padded, ids, strict=True):
        row[: len(text)] = torch.tensor(text)
    return padded, lengths
