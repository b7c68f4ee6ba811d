"""Documents whole, one vector each, cut to 256 tokens: a quick look at what training changed.

For comparing students with one another; what users get is measured by `footnote eval`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.data.synthetic_pairs import general_examples
from training.evaluation.beir import Dataset, read
from training.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from training.fit.student import Student

_CUT = 256
# Documents of a corpus beside the judged ones, and queries of a set: enough to tell a point.
_OTHERS = 1000
_QUERIES = 300


def measured(student: Student, folders: Sequence[Path]) -> dict[str, float]:
    """Dense nDCG@10 by set; under `groups`, right first among held-out synthetic passages."""
    found = {}
    for folder in folders:
        dataset = reduced(read(folder))
        texts = [f"{entry.title}\n{entry.text}".strip() for entry in dataset.corpus]
        scores = _scores(student, [query.text for query in dataset.queries], texts)
        found[dataset.name] = ndcg(dataset, scores)
    asked = general_examples(from_held_out=True)
    passages = list(dict.fromkeys(one.positive for one in asked))
    first = _scores(student, [one.query for one in asked], passages).argmax(axis=1)
    right = [passages[place] == one.positive for place, one in zip(first, asked, strict=True)]
    return found | {"groups": float(np.mean(right))}


def ndcg(dataset: Dataset, scores: np.ndarray) -> float:
    """Mean nDCG@10 of scores [queries, documents], both in the set's order."""
    ids = [entry.id for entry in dataset.corpus]
    values = [
        METRICS["ndcg@10"]([ids[place] for place in np.argsort(-row)[:10]], query.judgements)
        for row, query in zip(scores, dataset.queries, strict=True)
    ]
    return float(np.mean(values))


def reduced(dataset: Dataset, others: int = _OTHERS, queries: int = _QUERIES) -> Dataset:
    """At most so many queries, spread evenly, their documents and so many others."""
    asked = dataset.queries
    if len(asked) > queries:
        asked = tuple(asked[place * len(asked) // queries] for place in range(queries))
    judged = {name for query in asked for name in query.judgements}
    rest = [entry for entry in dataset.corpus if entry.id not in judged]
    kept = judged | {one.id for one in random.Random(0).sample(rest, min(others, len(rest)))}
    corpus = tuple(entry for entry in dataset.corpus if entry.id in kept)
    return Dataset(dataset.name, corpus, asked, dataset.digest)


def _scores(student: Student, queries: Sequence[str], passages: Sequence[str]) -> np.ndarray:
    """Cosines [queries, passages]."""
    import torch

    from training.fit.grad_cache import chunked, encoded

    chunks = chunked(
        student.query_ids(queries, [""] * len(queries)),
        student.passage_ids(passages, _CUT),
        student.embedder.compute.tokens_a_batch,
    )
    student.encoder.eval()
    with torch.inference_mode():
        vectors = encoded(student.encode, chunks, seed=0)
    return (vectors[: len(queries)] @ vectors[len(queries) :].T).cpu().numpy()
