"""How far two searches agree: hits of the same score may change places, or be the other's eleventh.

Passages of one score stand in the order of their ids, which is that of indexing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from indexer.records import Hit

_PRECISION = 1e-4  # of a score, beside the best one's
Found = list[list[tuple[str, float]]]  # texts and scores of the best, question by question


def told(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    """What is compared of hits."""
    return [(hit.passage.text, hit.score) for hit in hits]


def agreement(one: Found, other: Found) -> dict[str, float]:
    """Shares of questions with the same best passages, also in the same order, and of hits."""
    pairs = [*zip(one, other, strict=True)]
    return {
        "same_ten_best": _share([_misses(a, b) == 0 for a, b in pairs]),
        "same_order": _share([_in_order(a, b) for a, b in pairs]),
        "same_first": _share([_misses(a[:1], b[:1]) == 0 for a, b in pairs]),
        "in_common": _share([1 - _misses(a, b) / max(1, len(a)) for a, b in pairs]),
    }


def _share(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def _misses(one: list[tuple[str, float]], other: list[tuple[str, float]]) -> int:
    """How many of the hits are not the other's, though they score above its last."""
    found = {text for text, _ in other}
    least = other[-1][1] + _PRECISION * other[0][1] if other else 0.0
    return sum(text not in found and score > least for text, score in one)


def _in_order(one: list[tuple[str, float]], other: list[tuple[str, float]]) -> bool:
    places = dict(one)
    return _misses(one, other) == 0 and all(
        text not in places or after not in places
        or places[text] >= places[after] - _PRECISION * one[0][1]
        for (text, _), (after, _) in pairwise(other)
    )  # fmt: skip
