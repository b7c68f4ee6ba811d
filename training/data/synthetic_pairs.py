"""Examples from the synthetic groups that come with Footnote: questions of many styles.

They keep a run from unlearning what a question looks like: the weak pairs of one collection
hold no real ones.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from training.data.examples import Example

SOURCE = "synthetic"
SYNTHETIC = Path(__file__).parents[1] / "synthetic"
HELD_OUT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Three confusable passages, each with the queries that it alone answers."""

    passages: tuple[str, ...]
    queries: tuple[tuple[str, ...], ...]


def groups(folder: Path = SYNTHETIC) -> list[Group]:
    """All synthetic groups in the order of their files; titles stand above their texts."""
    return [
        Group(
            passages=tuple(f"{doc['title']}\n{doc['text']}" for doc in row["docs"]),
            queries=tuple(tuple(doc["queries"]) for doc in row["docs"]),
        )
        for path in sorted(folder.glob("*.jsonl"))
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def held_out(number: int) -> bool:
    """Whether the group of this number, counted from zero, has no part in the statistics."""
    return number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def general_examples(
    count: int | None = None, seed: int = 0, *, from_held_out: bool = False
) -> list[Example]:
    """At most `count` examples, of the groups that are not held out, or of those that are.

    The other two passages of a group are the hard negatives, in an order that the seed draws.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    made: list[Example] = []
    for number, group in enumerate(groups()):
        if held_out(number) != from_held_out:
            continue
        for place, (passage, queries) in enumerate(zip(group.passages, group.queries, strict=True)):
            others = [text for at, text in enumerate(group.passages) if at != place]
            for query in queries:
                negatives = tuple(draw.sample(others, len(others)))
                name = f"synthetic {number}.{place}"
                made.append(Example(query, passage, negatives, source=SOURCE, document=name))
    return made if count is None or count >= len(made) else draw.sample(made, count)
