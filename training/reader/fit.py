"""Features → trees: gradient boosting by scikit-learn, written out as plain arrays.

scikit-learn is needed here alone; `rag.reader.trees` reads what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.reader.trees import Trees


@dataclass(frozen=True, slots=True)
class Growth:
    """How many trees, how large, how carefully."""

    trees: int = 120
    leaves: int = 12
    rate: float = 0.06
    least: int = 40
    ridge: float = 5.0


def grown(
    rows: np.ndarray,
    right: np.ndarray,
    features: Mapping[str, int],
    weights: np.ndarray | None = None,
    growth: Growth = Growth(),
) -> Trees:
    """Trees for the log odds of `right` bool [n] given `rows` float [n, features].

    `features` says of each whether more of it may only raise (1) or lower (-1) them. That is what
    holds on documents of another kind: free trees learn how the texts were made.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=growth.trees,
        max_leaf_nodes=growth.leaves,
        learning_rate=growth.rate,
        min_samples_leaf=growth.least,
        l2_regularization=growth.ridge,
        monotonic_cst=list(features.values()),
        early_stopping=False,
        random_state=0,
    )
    model.fit(rows.astype(np.float32), right, sample_weight=weights)
    return _written_out(model)


def _written_out(model: Any) -> Trees:
    trees = [predictor.nodes for (predictor,) in model._predictors]
    shape = (len(trees), max(map(len, trees)))
    feature, left, right = (np.zeros(shape, np.intp) for _ in range(3))
    missing_left, value = np.zeros(shape, bool), np.zeros(shape)
    threshold = np.full(shape, np.inf)
    for place, nodes in enumerate(trees):
        own = slice(len(nodes))
        leaf = nodes["is_leaf"].astype(bool)
        numbers = np.arange(len(nodes))
        feature[place, own] = np.where(leaf, 0, nodes["feature_idx"])
        left[place, own] = np.where(leaf, numbers, nodes["left"])
        right[place, own] = np.where(leaf, numbers, nodes["right"])
        missing_left[place, own] = nodes["missing_go_to_left"].astype(bool)
        threshold[place, own] = np.where(leaf, np.inf, nodes["num_threshold"])
        value[place, own] = np.where(leaf, nodes["value"], 0.0)
    depth = max(int(nodes["depth"].max()) for nodes in trees)
    baseline = float(np.ravel(model._baseline_prediction)[0])
    return Trees(feature, threshold, missing_left, left, right, value, baseline, depth)
