"""Which texts go through the decoder together."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group positions of `lengths` so that no batch, padded to its longest, exceeds `budget`.

    Batches come longest texts first: a memory shortage shows at once, and the progress that a
    person sees runs ahead of its estimate, not behind. A text longer than the budget is a
    batch of its own. Texts of one length lie together, so padding is a few per cent.
    """
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    groups: list[list[int]] = []
    for position in order:
        # Sorted downwards, the first member of a group is its longest.
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups
