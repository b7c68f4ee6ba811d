"""The Llama family of decoders (Llama, Mistral, Qwen2, Qwen3, SmolLM2) as a small torch module.

transformers has these too, but importing its Llama costs twice what importing torch does
(1.5 s + 3.3 s on two cores), which every `footnote search` from a cold shell would pay, and
it runs no faster for it. Parameter names are those of transformers' base models
(`layers.0.self_attn.q_proj.weight`), so that checkpoints load and LoRA adapters fit as they
are; a test holds the two implementations together.

It does not know positions beyond plain rotary embeddings, sliding windows, or mixtures of
experts: `supports` says which configurations it covers, and `embedder.decoder` hands the
others to transformers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_FAMILY = frozenset({"llama", "mistral", "qwen2", "qwen3"})


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The numbers of a Llama-like decoder that its computation depends on."""

    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    key_value_heads: int
    head_width: int
    epsilon: float
    rope_base: float
    projection_bias: bool
    query_key_norm: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LlamaShape:
        """Read a transformers `config.json`."""
        heads = config["num_attention_heads"]
        kind = config["model_type"]
        return cls(
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=heads,
            key_value_heads=config.get("num_key_value_heads") or heads,
            head_width=config.get("head_dim") or config["hidden_size"] // heads,
            epsilon=config["rms_norm_eps"],
            rope_base=_rope(config).get("rope_theta", 10_000.0),
            projection_bias=kind == "qwen2" or bool(config.get("attention_bias")),
            query_key_norm=kind == "qwen3",
        )


def supports(config: Mapping[str, Any], max_tokens: int) -> bool:
    """Whether `Llama` computes what transformers would for this `config.json`."""
    window = config.get("sliding_window")
    return (
        config.get("model_type") in _FAMILY
        and _rope(config).get("rope_type", "default") == "default"
        and config.get("hidden_act", "silu") == "silu"
        and not config.get("mlp_bias")
        # Llama's attention_bias also adds one to the output projection; no public base uses it.
        and not config.get("attention_bias")
        and (window is None or window >= max_tokens)
    )


def _rope(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary parameters, of transformers 5 (`rope_parameters`) or of older files."""
    if config.get("rope_parameters"):
        return config["rope_parameters"]
    scaling = config.get("rope_scaling") or {}
    return {
        "rope_theta": config.get("rope_theta", 10_000.0),
        "rope_type": scaling.get("rope_type", scaling.get("type", "default")),
    }


class Linear(nn.Linear):
    """Without initial values: they are always loaded, and making them costs an import.

    On the meta device PyTorch's own initialisation pulls in `torch._dynamo`, 1.5 s at every
    start.
    """

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""


class Embedding(nn.Embedding):
    """As `Linear`: without initial values."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""


class RMSNorm(nn.Module):
    """Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] → the same."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, shape: LlamaShape) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.width = shape.heads, shape.key_value_heads, shape.head_width
        inner, kv = self.heads * self.width, self.kv_heads * self.width
        bias = shape.projection_bias
        self.q_proj = Linear(shape.hidden, inner, bias=bias)
        self.k_proj = Linear(shape.hidden, kv, bias=bias)
        self.v_proj = Linear(shape.hidden, kv, bias=bias)
        self.o_proj = Linear(inner, shape.hidden, bias=False)
        if shape.query_key_norm:
            self.q_norm: nn.Module = RMSNorm(self.width, shape.epsilon)
            self.k_norm: nn.Module = RMSNorm(self.width, shape.epsilon)
        else:
            self.q_norm = self.k_norm = nn.Identity()

    def project(self, x: Tensor, angles: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """[batch, length, hidden] → queries, keys and values [batch, length, heads, width]."""
        batch, length, _ = x.shape
        q = self.q_norm(self.q_proj(x).view(batch, length, self.heads, self.width))
        k = self.k_norm(self.k_proj(x).view(batch, length, self.kv_heads, self.width))
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.width)
        return rotate(q, angles), rotate(k, angles), v

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """[batch, length, hidden] → the same; `mask` as in `Llama.forward`."""
        batch, length, _ = x.shape
        q, k, v = (part.transpose(1, 2) for part in self.project(x, angles))
        shared = self.heads // self.kv_heads
        k = k.repeat_interleave(shared, dim=1)
        v = v.repeat_interleave(shared, dim=1)
        out = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None
        )
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


class MLP(nn.Module):
    """The gated feed-forward layer (SwiGLU)."""

    def __init__(self, shape: LlamaShape) -> None:
        super().__init__()
        self.gate_proj = Linear(shape.hidden, shape.intermediate, bias=False)
        self.up_proj = Linear(shape.hidden, shape.intermediate, bias=False)
        self.down_proj = Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., hidden] → the same."""
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """One decoder layer."""

    def __init__(self, shape: LlamaShape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = MLP(shape)
        self.input_layernorm = RMSNorm(shape.hidden, shape.epsilon)
        self.post_attention_layernorm = RMSNorm(shape.hidden, shape.epsilon)

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """[batch, length, hidden] → the same; `mask` as in `Llama.forward`."""
        x = x + self.self_attn(self.input_layernorm(x), angles, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Token ids → hidden states. See the module's docstring for what it covers."""

    def __init__(self, shape: LlamaShape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.hidden, shape.epsilon)

    def forward(self, ids: Tensor, mask: Tensor | None, features: Sequence[int]) -> list[Tensor]:
        """Hidden states [batch, length, hidden], one for each of `features`.

        `ids` [batch, length] are padded at the right, if at all. Without `mask` attention is
        causal, so that padding at the right is never looked at; with one (boolean, broadcast
        to [batch, heads, length, length]; true = may look) it is what the mask says. Features
        are numbered as transformers' `hidden_states`: 0 is the token embeddings, the last one
        (-1) is behind the final norm.
        """
        last = len(self.layers)
        wanted = [feature % (last + 1) for feature in features]
        x = self.embed_tokens(ids)
        states = {0: x}
        angles = rotation(ids.shape[1], self.shape.head_width, self.shape.rope_base, x)
        for number, layer in enumerate(self.layers[: max(wanted)], start=1):
            x = layer(x, angles, mask)
            if number in wanted:
                states[number] = self.norm(x) if number == last else x
        return [states[feature] for feature in wanted]


def rotation(length: int, width: int, base: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines [length, 1, head width] of RoPE (Su et al., arXiv 2104.09864)."""
    return rotation_at(torch.arange(length, device=like.device), width, base, like)


def rotation_at(positions: Tensor, width: int, base: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """The same of tokens at these positions [...]: [..., 1, head width]."""
    steps = torch.arange(0, width, 2, device=like.device, dtype=torch.float32)
    rates = base ** (-steps / width)
    angles = positions.float()[..., None] * rates
    angles = torch.cat((angles, angles), dim=-1)[..., None, :]
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each half-split pair of x [batch, length, heads, width] by its position's angle."""
    cosine, sine = angles
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine
