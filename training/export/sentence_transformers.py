"""An embedder's computation as modules that come with sentence-transformers: values, no import.

What its modules can do that ours needs, found in version 6.2:

- `Transformer` can give out any hidden state (`method_output_name`), and all of them beside it;
  `WeightedLayerPooling` takes one out of all.
- `WordWeights` weighs tokens by id. A sink is a token of weight nought.
- `Pooling` sets two vectors side by side: its `cls` mode takes what it finds under
  `cls_token_embeddings`, whoever put it there. Here a `Dense` of ones on the diagonal does.
- `Dense` is the whitening, (x - mean) M = x M - mean M, and `Router` has one for each side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from embedder.encoder import Projection
    from embedder.spec import EmbedderSpec

_POOLED, _BESIDE = "sentence_embedding", "cls_token_embeddings"


@dataclass(frozen=True, slots=True)
class StockModule:
    """One module: its class in `sentence_transformers.models`, and what its folder holds.

    `routes` are the modules of a `Router`, by sentence-transformers' names of the sides.
    """

    kind: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    routes: Mapping[str, StockModule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Base:
    """What the chain depends on in the decoder: `vocabulary` by id, `sink` the id of that token."""

    width: int
    layers: int
    vocabulary: Sequence[str]
    sink: int | None


def chain(spec: EmbedderSpec, base: Base, projection: Projection) -> tuple[StockModule, ...]:
    """The modules that make a text's vector, in order; the first is the decoder."""
    first, *others = [feature % (base.layers + 1) for feature in spec.features]
    weights = _word_weights(spec, base, projection)
    pool = "lasttoken" if spec.pooling == "last" else "mean"
    modules = [_transformer(spec, base, first), *weights, _pooling(base.width, pool)]
    for done, state in enumerate(others, start=1):
        keep = _dense(torch.eye(done * base.width), None, output=_BESIDE)
        # Only the model's dimension, of which a `Pooling` with two modes makes twice its width,
        # is reckoned from it.
        half = (done + 1) * base.width // 2
        modules += [keep, _state(base, state), *weights, _pooling(half, "cls", pool)]
    modules += _whitening(projection)
    return (*modules, StockModule("Normalize", {}))


def _transformer(spec: EmbedderSpec, base: Base, state: int) -> StockModule:
    config: dict[str, Any] = {"max_seq_length": spec.max_tokens, "do_lower_case": False}
    if state != base.layers:
        path = {"method": "forward", "method_output_name": ["hidden_states", state]}
        config |= {"modality_config": {"text": path}, "module_output_name": "token_embeddings"}
    return StockModule("Transformer", config)


def _state(base: Base, number: int) -> StockModule:
    """Takes hidden state `number` out of all."""
    weights = torch.zeros(base.layers + 1 - number)
    weights[0] = 1.0
    config = {
        "word_embedding_dimension": base.width,
        "layer_start": number,
        "num_hidden_layers": base.layers,
    }
    return StockModule("WeightedLayerPooling", config, {"layer_weights": weights})


def _word_weights(spec: EmbedderSpec, base: Base, projection: Projection) -> list[StockModule]:
    if spec.pooling == "last" or (projection.token_weights is None and base.sink is None):
        return []
    values = torch.ones(len(base.vocabulary))
    if projection.token_weights is not None:
        values = projection.token_weights.clone()
    if base.sink is not None:
        values[base.sink] = 0.0
    by_token = dict(zip(base.vocabulary, values.tolist(), strict=True))
    config = {"vocab": list(base.vocabulary), "word_weights": by_token, "unknown_word_weight": 1}
    return [StockModule("WordWeights", config)]


def _pooling(width: int, *modes: str) -> StockModule:
    """In the words that versions before 6 and other servers of these folders read too."""
    config = {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": "cls" in modes,
        "pooling_mode_mean_tokens": "mean" in modes,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
        "pooling_mode_weightedmean_tokens": False,
        "pooling_mode_lasttoken": "lasttoken" in modes,
        "include_prompt": True,
    }
    return StockModule("Pooling", config)


def _whitening(projection: Projection) -> list[StockModule]:
    matrix, means = projection.matrix, (projection.query_mean, projection.passage_mean)
    queries = projection.query_matrix
    if queries is None and not any(mean is not None for mean in means):
        return [] if matrix is None else [_dense(matrix, None)]
    if matrix is None:
        known = next(one for one in (*means, queries) if one is not None)
        matrix = torch.eye(len(known))
    matrices = (matrix if queries is None else queries, matrix)
    denses = (_dense(*both) for both in zip(matrices, means, strict=True))
    sides = dict(zip(("query", "document"), denses, strict=True))
    return [StockModule("Router", {"default_route": "document"}, routes=sides)]


def _dense(matrix: Tensor, mean: Tensor | None, output: str = _POOLED) -> StockModule:
    """(pooled - mean) @ matrix, without the tanh that `Dense` would put behind it."""
    config = {
        "in_features": matrix.shape[0],
        "out_features": matrix.shape[1],
        "bias": mean is not None,
        "activation_function": "torch.nn.modules.linear.Identity",
        "module_input_name": _POOLED,
        "module_output_name": output,
    }
    tensors = {"linear.weight": matrix.T.contiguous()}
    if mean is not None:
        tensors["linear.bias"] = -(mean @ matrix)
    return StockModule("Dense", config, tensors)
