"""Passages with the searches that were written to them, in batches of like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.packed import read_rows
from training.writer.styles import STYLES, Form

HELD_OUT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Written:
    """A passage and its searches, each with the word of its style."""

    passage: str
    searches: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The same as token ids; of each search how many stand before it."""

    passage: list[int]
    searches: list[list[int]]
    openings: list[int]


def read_written(path: Path, *, held_out: bool = False) -> list[Written]:
    """What is trained on, of a file of `../shared/queries`, or every tenth id, which is not."""
    return [
        Written(row["passage"], tuple((STYLES[q["style"]], q["text"]) for q in row["queries"]))
        for row in read_rows(path)
        if (row["id"] % HELD_OUT_EVERY == 0) == held_out
    ]


def as_tokens(written: Written, form: Form) -> Tokens:
    """Token ids of a passage and of its searches behind the words of their styles."""
    openings = [form.opening(style) for style, _ in written.searches]
    searches = [
        opening + form.search(text)
        for opening, (_, text) in zip(openings, written.searches, strict=True)
    ]
    return Tokens(form.passage(written.passage), searches, [len(one) for one in openings])


def batches(examples: Sequence[Tokens], size: int, seed: int) -> Iterator[list[Tokens]]:
    """Batches without end: like lengths beside one another, in an order that the seed draws.

    The n-th batch is the same whichever was the first that was asked for.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    while True:
        order = sorted(examples, key=lambda one: len(one.passage) + draw.random() * 20)
        cut = [order[place : place + size] for place in range(0, len(order) - size + 1, size)]
        draw.shuffle(cut)
        yield from cut
