"""Gradient-boosted trees as plain arrays: a few gathers a row, no library. Pure.

Grown by scikit-learn at training (`training/reader/fit.py`), which the product does not need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Trees:
    """All trees side by side [trees, nodes]; node 0 is the root, a leaf is its own child.

    At a node a row goes `left` where its `feature` is at most `threshold`, or is missing (NaN)
    and `missing_left` says so; else right. The logit is `baseline` and the leaves' `value`s.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    baseline: float
    depth: int

    @classmethod
    def read(cls, tensors: Mapping[str, np.ndarray], name: str) -> Trees:
        """The trees that stand in a weights file under `name`."""
        parts = {key: tensors[f"{name}.{key}"] for key in _ARRAYS}
        parts = {key: part.astype(_KINDS.get(key, part.dtype)) for key, part in parts.items()}
        baseline, depth = tensors[f"{name}.scalars"]
        return cls(**parts, baseline=float(baseline), depth=int(depth))

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        """What `read` takes, in small numbers."""
        small = {"feature": np.uint8, "left": np.uint8, "right": np.uint8, "value": np.float32}
        small |= {"missing_left": np.uint8, "threshold": np.float32}
        parts = {f"{name}.{key}": getattr(self, key).astype(small[key]) for key in _ARRAYS}
        return parts | {f"{name}.scalars": np.array([self.baseline, self.depth], np.float32)}

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Floats [n] for rows float [n, features]."""
        if not len(rows):
            return np.zeros(0)
        trees = np.arange(len(self.feature))[None, :]
        nodes = np.zeros((len(rows), len(self.feature)), np.intp)
        lines = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            values = rows[lines, self.feature[trees, nodes]]
            missing = np.isnan(values) & self.missing_left[trees, nodes]
            leftwards = (values <= self.threshold[trees, nodes]) | missing
            nodes = np.where(leftwards, self.left[trees, nodes], self.right[trees, nodes])
        return self.baseline + self.value[trees, nodes].sum(axis=1)


_ARRAYS = ("feature", "threshold", "missing_left", "left", "right", "value")
_KINDS = {
    "feature": np.intp, "left": np.intp, "right": np.intp, "missing_left": bool,
    "threshold": np.float32,
}  # fmt: skip


def probability(logits: np.ndarray) -> np.ndarray:
    """From logits to probabilities."""
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
