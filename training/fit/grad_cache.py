"""The gradient of a loss over a whole batch, whatever of it fits into memory.

Gradient caching (Gao et al., arXiv 2101.06983): all texts are encoded without a graph, the
loss gives the gradient of every vector, and each chunk of texts is encoded again and sent its
part. The same chunks can be dealt to several processes, which then sum what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from embedder.batches import batches
from embedder.model import Side

Encode = Callable[[Side, Sequence[Sequence[int]]], Tensor]
Loss = Callable[[Tensor], Tensor]  # vectors [n, dimension], queries first → a scalar


@dataclass(frozen=True, slots=True)
class Chunk:
    """Texts of one side that go through the decoder together, and their rows in the batch."""

    side: Side
    rows: tuple[int, ...]
    ids: tuple[tuple[int, ...], ...]

    @property
    def tokens(self) -> int:
        """Padding not counted."""
        return sum(map(len, self.ids))


class Team(Protocol):
    """The processes that train together; `accelerate.Accelerator` is one."""

    num_processes: int
    process_index: int

    def reduce(self, tensor: Tensor, reduction: str) -> Tensor:
        """The sum over all processes."""
        ...


def chunked(
    queries: Sequence[tuple[int, ...]], passages: Sequence[tuple[int, ...]], budget: int
) -> list[Chunk]:
    """Token ids in chunks of at most `budget` tokens, padding included; rows: queries first."""
    sides: tuple[tuple[Side, Sequence[tuple[int, ...]], int], ...] = (
        ("queries", queries, 0),
        ("passages", passages, len(queries)),
    )
    return [
        Chunk(side, tuple(first + m for m in members), tuple(ids[m] for m in members))
        for side, ids, first in sides
        for members in batches([len(text) for text in ids], budget)
    ]


def encoded(encode: Encode, chunks: Sequence[Chunk], seed: int) -> Tensor:
    """Vectors [rows, dimension] of all chunks, in the order of their rows."""
    parts = [_seeded(encode, chunk, seed) for chunk in chunks]
    order = torch.tensor([row for chunk in chunks for row in chunk.rows])
    return torch.cat(parts)[order.argsort().to(parts[0].device)]


def accumulate(encode: Encode, chunks: Sequence[Chunk], loss: Loss, seed: int) -> Tensor:
    """Add the gradient of `loss` to what is trained, all chunks in memory; return the vectors."""
    vectors = encoded(encode, chunks, seed)
    loss(vectors).backward()
    return vectors.detach()


def accumulate_cached(
    encode: Encode,
    chunks: Sequence[Chunk],
    loss: Loss,
    seed: int,
    team: Team,
    parameters: Iterable[nn.Parameter],
) -> Tensor:
    """As `accumulate`, with one chunk's graph in memory at a time, over all processes."""
    mine = list(range(team.process_index, len(chunks), team.num_processes))
    with torch.no_grad():
        parts = {number: _seeded(encode, chunks[number], seed) for number in mine}
        # A process without a chunk still has to know the shape.
        like = next(iter(parts.values())) if parts else _seeded(encode, chunks[0], seed)
    vectors = like.new_zeros(sum(len(chunk.rows) for chunk in chunks), like.shape[1])
    for number, part in parts.items():
        vectors[list(chunks[number].rows)] = part
    if team.num_processes > 1:
        vectors = team.reduce(vectors, "sum")
    vectors.requires_grad_(True)
    loss(vectors).backward()
    gradient = vectors.grad
    assert gradient is not None
    for number in mine:
        _seeded(encode, chunks[number], seed).backward(gradient[list(chunks[number].rows)])
    if team.num_processes > 1:
        for parameter in parameters:
            found = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
            parameter.grad = team.reduce(found, "sum")
    return vectors.detach()


def _seeded(encode: Encode, chunk: Chunk, seed: int) -> Tensor:
    """Encode with dropout that depends on seed and chunk alone: both passes drop the same."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed * 1_000_003 + chunk.rows[0])
        return encode(chunk.side, chunk.ids)
