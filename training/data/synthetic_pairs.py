"""Examples from the synthetic groups that come with Footnote: questions of many styles.

They keep a run from unlearning what a question looks like: the weak pairs of one collection
hold no real ones.
"""

from __future__ import annotations

import random

from training.bundled.statistics import groups, held_out
from training.data.examples import Example

SOURCE = "synthetic"


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
