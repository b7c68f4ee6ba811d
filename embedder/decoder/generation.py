"""Text that continues a text: the decoder with a key-value cache, many continuations a prefix.

A prefix is read once, and its keys and values are shared by all that continues it: each of the
continuations looks at the prefix and at itself, none at another. Reading and continuing may be
done by two decoders of one shape, so that an adapter on the one leaves the prefix as the base
reads it: what was read serves training without a gradient through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from embedder.decoder.llama import Llama, rotation_at


@dataclass(frozen=True, slots=True)
class Prefix:
    """What was read: for each layer keys and values [texts, heads, length, width].

    `lengths` [texts] are those without padding, which stands at the right.
    """

    keys: list[Tensor]
    values: list[Tensor]
    lengths: Tensor

    @property
    def hidden_part(self) -> Tensor:
        """[texts, 1, 1, length]: true where there is only padding."""
        places = torch.arange(self.keys[0].shape[2], device=self.lengths.device)
        return (places >= self.lengths[:, None])[:, None, None]


@dataclass(slots=True)
class Continuation:
    """What has been written so far: for each layer keys and values [texts, n, length, ...]."""

    keys: list[Tensor]
    values: list[Tensor]
    length: int = 0

    @classmethod
    def empty(cls) -> Continuation:
        """Before the first token."""
        return cls([], [])

    def extended(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the layer's keys and values of the latest tokens; all there are."""
        if len(self.keys) == layer:
            self.keys.append(keys)
            self.values.append(values)
        else:
            self.keys[layer] = torch.cat((self.keys[layer], keys), dim=2)
            self.values[layer] = torch.cat((self.values[layer], values), dim=2)
        return self.keys[layer], self.values[layer]


@torch.no_grad()
def read_prefix(decoder: Llama, ids: Tensor, lengths: Tensor) -> Prefix:
    """Read token ids [texts, length], padded at the right."""
    x = decoder.embed_tokens(ids)
    angles = _angles(decoder, torch.arange(ids.shape[1], device=ids.device), x)
    keys, values = [], []
    last = len(decoder.layers)
    for number, layer in enumerate(_layers(decoder), start=1):
        attention = layer.self_attn
        q, k, v = (
            part.transpose(1, 2) for part in attention.project(layer.input_layernorm(x), angles)
        )
        keys.append(k.contiguous())
        values.append(v.contiguous())
        if number == last:
            break  # what the last layer says of the prefix is looked at by nothing
        shared = attention.heads // attention.kv_heads
        k, v = (part.repeat_interleave(shared, dim=1) for part in (k, v))
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + attention.o_proj(out.transpose(1, 2).reshape(*ids.shape, -1))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return Prefix(keys, values, lengths)


def continue_prefix(
    decoder: Llama, ids: Tensor, prefix: Prefix, written: Continuation | None = None
) -> Tensor:
    """Hidden states [texts, n, length, hidden] of n continuations a text: ids [texts, n, length].

    Padding, at the right, is looked at by nothing. With `written` the ids follow what stands
    there, which grows by them.
    """
    written = written or Continuation.empty()
    texts, n, length = ids.shape
    places = torch.arange(length, device=ids.device) + written.length
    positions = (prefix.lengths[:, None, None] + places).expand(texts, n, length)
    x = decoder.embed_tokens(ids).flatten(0, 1)
    angles = _angles(decoder, positions.flatten(0, 1), x)
    later = places[:, None] < torch.arange(written.length + length, device=ids.device)
    for number, layer in enumerate(_layers(decoder)):
        q, k, v = layer.self_attn.project(layer.input_layernorm(x), angles)
        q, k, v = (part.view(texts, n, *part.shape[1:]) for part in (q, k, v))
        k, v = written.extended(number, k, v)
        found = _attend(q, k, v, (prefix.keys[number], prefix.values[number]), prefix, later)
        x = x + layer.self_attn.o_proj(found.reshape(texts * n, length, -1))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    written.length += length
    return decoder.norm(x).view(texts, n, length, -1)


def _attend(
    q: Tensor, k: Tensor, v: Tensor, read: tuple[Tensor, Tensor], prefix: Prefix, later: Tensor
) -> Tensor:
    """Attention of q [texts, n, length, heads, width] on the prefix and on its own text.

    The queries of all continuations and of all heads that share keys go into one product with
    the prefix, which is never copied.
    """
    texts, n, length, heads, width = q.shape
    shared = k.shape[3]
    q = q.view(texts, n, length, shared, heads // shared, width).permute(0, 3, 1, 4, 2, 5)
    k, v = k.permute(0, 3, 1, 2, 4), v.permute(0, 3, 1, 2, 4)
    of_prefix = q.reshape(texts, shared, -1, width) @ read[0].transpose(-1, -2)
    of_prefix = of_prefix.masked_fill(prefix.hidden_part, float("-inf"))
    own = q.reshape(texts, shared, n, -1, width) @ k.transpose(-1, -2)
    own = own.view(*q.shape[:-1], -1).masked_fill(later, float("-inf"))
    scores = torch.cat((of_prefix.view(*q.shape[:-1], -1), own), dim=-1) * width**-0.5
    weights = scores.softmax(dim=-1)
    size = read[0].shape[2]
    out = weights[..., :size].reshape(texts, shared, -1, size) @ read[1]
    rest = weights[..., size:].reshape(texts, shared, n, -1, k.shape[3]) @ v
    out = out.view(q.shape) + rest.view(q.shape)
    return out.permute(0, 2, 4, 1, 3, 5).flatten(-2)


def logits(decoder: Llama, states: Tensor) -> Tensor:
    """What the decoder expects next, of states [..., hidden]; its base's embeddings are tied."""
    return states @ decoder.embed_tokens.weight.T


def _angles(decoder: Llama, positions: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    return rotation_at(positions, decoder.shape.head_width, decoder.shape.rope_base, like)


def _layers(decoder: Llama) -> Sequence[Any]:
    return list(decoder.layers)  # torch types the members of a module list as bare modules


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn: of the likeliest `most`, as many as make up `share`."""

    temperature: float = 0.8
    most: int = 40
    share: float = 0.9
    seed: int = 0


@torch.no_grad()
def written_by(
    decoder: Llama,
    prefix: Prefix,
    openings: Sequence[Sequence[int]],
    end: int,
    limit: int,
    sampling: Sampling,
) -> list[list[list[int]]]:
    """For each text one continuation behind each opening: its token ids without opening and end.

    One that does not come to its end within `limit` tokens is empty.
    """
    texts, n = len(prefix.lengths), len(openings)
    draw = torch.Generator().manual_seed(sampling.seed)
    longest = max(map(len, openings))
    opened = torch.tensor([[*one, *[-1] * (longest - len(one))] for one in openings])
    current = opened[:, 0].expand(texts, n)
    written = Continuation.empty()
    said: list[list[list[int]]] = [[[] for _ in range(n)] for _ in range(texts)]
    over = torch.zeros(texts, n, dtype=torch.bool)
    for step in range(1, longest + limit):
        states = continue_prefix(decoder, current[:, :, None].contiguous(), prefix, written)
        drawn = _drawn(logits(decoder, states[:, :, -1]), sampling, draw)
        forced = opened[:, step] if step < longest else torch.full((n,), -1)
        current = torch.where(forced >= 0, forced, drawn)
        over |= (forced < 0) & (drawn == end)
        for text, number in (~over & (forced < 0)).nonzero().tolist():
            said[text][number].append(int(drawn[text, number]))
        if bool(over.all()):
            break
    for text, number in (~over).nonzero().tolist():
        said[text][number] = []
    return said


def _drawn(scores: Tensor, sampling: Sampling, draw: torch.Generator) -> Tensor:
    """One token a row of scores [..., vocabulary]."""
    likeliest, tokens = scores.topk(min(sampling.most, scores.shape[-1]), dim=-1)
    chances = (likeliest / sampling.temperature).softmax(dim=-1)
    before = chances.cumsum(dim=-1) - chances
    chances = chances.masked_fill(before > sampling.share, 0.0)
    place = torch.multinomial(chances.flatten(0, -2), 1, generator=draw)
    return tokens.flatten(0, -2).gather(1, place).view(scores.shape[:-1])
