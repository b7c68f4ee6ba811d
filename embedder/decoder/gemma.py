"""The text decoder of Gemma 3 as a small torch module, beside `embedder.decoder.llama`.

What sets it apart: four norms a layer, whose weights are differences from one; GeGLU; norms over
queries and keys; token embeddings times the root of their width; layers that look at a window
between layers that look at all, each kind with rotary angles of its own (Gemma 3 technical
report, arXiv 2503.19786). Parameter names are those of transformers' `Gemma3TextModel`, and a
test holds the two implementations together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedder.decoder.llama import Embedding, Linear, RMSNorm, rotate, rotation

MODEL_TYPE = "gemma3_text"
_WINDOWED, _WHOLE = "sliding_attention", "full_attention"
# Of the rotary angles where a configuration names no base (transformers' defaults).
_BASES = {_WINDOWED: 10_000.0, _WHOLE: 1_000_000.0}
# Every so manyth layer looks at everything, where a configuration does not list its layers.
_PATTERN = 6


@dataclass(frozen=True, slots=True)
class GemmaShape:
    """The numbers that a Gemma 3 decoder's computation depends on.

    `kinds` has a layer's kind of attention for each layer, `bases` the base of the rotary angles
    for each kind, `window` how many positions a windowed layer looks at, its own included, and,
    in bidirectional attention, to either side.
    """

    vocabulary: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_width: int
    epsilon: float
    scale: float
    window: int
    kinds: tuple[str, ...]
    bases: Mapping[str, float]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> GemmaShape:
        """Read a transformers `config.json`."""
        window = config.get("sliding_window") or 4096
        if config.get("use_bidirectional_attention"):
            window = window // 2 + 1  # to either side
        return cls(
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            heads=config["num_attention_heads"],
            key_value_heads=config["num_key_value_heads"],
            head_width=config["head_dim"],
            epsilon=config["rms_norm_eps"],
            scale=config["query_pre_attn_scalar"] ** -0.5,
            window=window,
            kinds=_kinds(config),
            bases={kind: _base(config, kind) for kind in _BASES},
        )


def _kinds(config: Mapping[str, Any]) -> tuple[str, ...]:
    if config.get("layer_types"):
        return tuple(config["layer_types"])
    pattern = config.get("sliding_window_pattern") or _PATTERN
    layers = range(1, config["num_hidden_layers"] + 1)
    return tuple(_WINDOWED if number % pattern else _WHOLE for number in layers)


def _rope(config: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Rotary parameters of a kind of layer, of transformers 5 or of older files."""
    if (config.get("rope_parameters") or {}).get(kind):
        return config["rope_parameters"][kind]
    old = "rope_local_base_freq" if kind == _WINDOWED else "rope_theta"
    scaling = (config.get("rope_scaling") if kind == _WHOLE else None) or {}
    return {"rope_theta": config.get(old), "rope_type": scaling.get("rope_type", "default")}


def _base(config: Mapping[str, Any], kind: str) -> float:
    return _rope(config, kind).get("rope_theta") or _BASES[kind]


def supports(config: Mapping[str, Any]) -> bool:
    """Whether `Gemma` computes what transformers would for this `config.json`."""
    return (
        config.get("model_type") == MODEL_TYPE
        and set(_kinds(config)) <= _BASES.keys()
        and all(_rope(config, kind).get("rope_type", "default") == "default" for kind in _BASES)
        and config.get("hidden_activation", "gelu_pytorch_tanh") == "gelu_pytorch_tanh"
        and not config.get("attention_bias")
        and not config.get("use_bidirectional_attention")
        and not config.get("attn_logit_softcapping")
    )


class OffsetRMSNorm(RMSNorm):
    """A norm whose weights are stored as differences from one."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] → the same."""
        return functional.rms_norm(x, (x.shape[-1],), 1.0 + self.weight, self.epsilon)


class Attention(nn.Module):
    """Grouped-query attention with norms over queries and keys."""

    def __init__(self, shape: GemmaShape) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.width = shape.heads, shape.key_value_heads, shape.head_width
        self.scale = shape.scale
        inner, kv = self.heads * self.width, self.kv_heads * self.width
        self.q_proj = Linear(shape.hidden, inner, bias=False)
        self.k_proj = Linear(shape.hidden, kv, bias=False)
        self.v_proj = Linear(shape.hidden, kv, bias=False)
        self.o_proj = Linear(inner, shape.hidden, bias=False)
        self.q_norm = OffsetRMSNorm(self.width, shape.epsilon)
        self.k_norm = OffsetRMSNorm(self.width, shape.epsilon)

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """[batch, length, hidden] → the same; `mask` as in `Gemma.forward`."""
        batch, length, _ = x.shape
        q = self.q_norm(self.q_proj(x).view(batch, length, self.heads, self.width))
        k = self.k_norm(self.k_proj(x).view(batch, length, self.kv_heads, self.width))
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.width)
        shared = self.heads // self.kv_heads
        out = functional.scaled_dot_product_attention(
            rotate(q, angles).transpose(1, 2),
            rotate(k, angles).transpose(1, 2).repeat_interleave(shared, dim=1),
            v.transpose(1, 2).repeat_interleave(shared, dim=1),
            attn_mask=mask,
            is_causal=mask is None,
            scale=self.scale,
        )
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


class MLP(nn.Module):
    """The gated feed-forward layer (GeGLU)."""

    def __init__(self, shape: GemmaShape) -> None:
        super().__init__()
        self.gate_proj = Linear(shape.hidden, shape.intermediate, bias=False)
        self.up_proj = Linear(shape.hidden, shape.intermediate, bias=False)
        self.down_proj = Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., hidden] → the same."""
        gate = functional.gelu(self.gate_proj(x), approximate="tanh")
        return self.down_proj(gate * self.up_proj(x))


class Layer(nn.Module):
    """One decoder layer: a norm before and behind each of its two halves."""

    def __init__(self, shape: GemmaShape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = MLP(shape)
        self.input_layernorm = OffsetRMSNorm(shape.hidden, shape.epsilon)
        self.post_attention_layernorm = OffsetRMSNorm(shape.hidden, shape.epsilon)
        self.pre_feedforward_layernorm = OffsetRMSNorm(shape.hidden, shape.epsilon)
        self.post_feedforward_layernorm = OffsetRMSNorm(shape.hidden, shape.epsilon)

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """[batch, length, hidden] → the same; `mask` as in `Gemma.forward`."""
        seen = self.self_attn(self.input_layernorm(x), angles, mask)
        x = x + self.post_attention_layernorm(seen)
        made = self.mlp(self.pre_feedforward_layernorm(x))
        return x + self.post_feedforward_layernorm(made)


class Gemma(nn.Module):
    """Token ids → hidden states, as `embedder.decoder.llama.Llama`.

    The embedding table may be of a lower precision than the layers: of 262,144 tokens it is nine
    tenths of a small model, and a text touches a few hundred rows of it.
    """

    def __init__(self, shape: GemmaShape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in shape.kinds)
        self.norm = OffsetRMSNorm(shape.hidden, shape.epsilon)

    def forward(self, ids: Tensor, mask: Tensor | None, features: Sequence[int]) -> list[Tensor]:
        """Hidden states [batch, length, hidden], one for each of `features`.

        `ids`, `mask` and the numbers of `features` are as in `Llama.forward`; feature 0 are the
        scaled token embeddings.
        """
        last = len(self.layers)
        wanted = [feature % (last + 1) for feature in features]
        x = self.embed_tokens(ids).to(self.norm.weight.dtype) * self.shape.hidden**0.5
        states = {0: x}
        length = ids.shape[1]
        angles = {
            kind: rotation(length, self.shape.head_width, base, x)
            for kind, base in self.shape.bases.items()
        }
        masks = {_WHOLE: mask, _WINDOWED: _windowed(mask, length, self.shape.window, ids)}
        kept = zip(self.layers[: max(wanted)], self.shape.kinds, strict=False)
        for number, (layer, kind) in enumerate(kept, start=1):
            x = layer(x, angles[kind], masks[kind])
            if number in wanted:
                states[number] = self.norm(x) if number == last else x
        return [states[feature] for feature in wanted]


def _windowed(mask: Tensor | None, length: int, window: int, like: Tensor) -> Tensor | None:
    """The mask of a layer that looks at fewer than `window` positions away."""
    if length <= window:
        return mask
    places = torch.arange(length, device=like.device)
    away = places[:, None] - places[None, :]
    if mask is None:
        return (away >= 0) & (away < window)
    return mask & (away.abs() < window)
