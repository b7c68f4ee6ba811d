"""Examples → batches: of one source each, without doubles, the same for the same seed. Pure."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.data.examples import Example
from training.fit.config import RecipeError

# Sources with fewer examples than a batch are thrown together.
_MIXED = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's texts. `positive` names each query's passage by its place in `passages`.

    Each passage stands once, so that two queries with the same positive are no negatives to
    each other. `tasks` are the queries' instructions, '' for the embedder's own.
    """

    queries: tuple[str, ...]
    tasks: tuple[str, ...]
    passages: tuple[str, ...]
    positive: tuple[int, ...]


def plan(examples: Sequence[Example], size: int, steps: int, seed: int) -> list[list[int]]:
    """Places in `examples` for each of `steps` batches.

    A batch holds one source's examples: mixed ones can be told apart by their style, which
    teaches nothing. Each pass over the examples shuffles them anew and uses each about once.
    Raises `RecipeError` where there are none.
    """
    if not examples:
        raise RecipeError("there are no examples to train on")
    draw = random.Random(seed)  # noqa: S311 - no secret
    made: list[list[int]] = []
    while len(made) < steps:
        made.extend(_epoch(examples, size, draw))
    return made[:steps]


def batch_of(examples: Sequence[Example], negatives: int) -> Batch:
    """The examples as a batch with at most so many hard negatives for each query."""
    places: dict[str, int] = {}
    positive = [places.setdefault(one.positive, len(places)) for one in examples]
    for one in examples:
        for text in one.negatives[:negatives]:
            places.setdefault(text, len(places))
    return Batch(
        tuple(one.query for one in examples),
        tuple(one.task for one in examples),
        tuple(places),
        tuple(positive),
    )


def _epoch(examples: Sequence[Example], size: int, draw: random.Random) -> list[list[int]]:
    """One pass: batches of all sources in random order."""
    batches = [
        batch for pool in _pools(examples, size) for batch in _dealt(pool, examples, size, draw)
    ]
    draw.shuffle(batches)
    return batches


def _pools(examples: Sequence[Example], size: int) -> list[list[int]]:
    by_source: dict[str, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        by_source[example.source].append(place)
    pools: dict[str, list[int]] = defaultdict(list)
    for source, members in by_source.items():
        pools[source if len(members) >= size else _MIXED].extend(members)
    return list(pools.values())


def _dealt(
    pool: Sequence[int], examples: Sequence[Example], size: int, draw: random.Random
) -> Iterator[list[int]]:
    """The pool in batches, no query twice in one: its other passage is no negative.

    What would be less than half a batch waits for the next pass.
    """
    waiting = list(pool)
    draw.shuffle(waiting)
    smallest = min(size, len(pool)) / 2
    while waiting:
        batch: dict[str, int] = {}
        later: list[int] = []
        for place in waiting:
            query = examples[place].query
            if len(batch) == size or query in batch:
                later.append(place)
            else:
                batch[query] = place
        if len(batch) >= smallest:
            yield list(batch.values())
        elif not later:
            return
        waiting = later
