"""The shipped embedder gives the vectors that it gave where it was made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import PRECISION

from embedder.decoder.load import BaseNotFoundError
from embedder.registry import BUNDLED, Registry
from training.bundled.train import by_topic
from training.data.examples import Example

# Texts, and the first 64 numbers of their vectors in float32, made when the weights were shipped.
KNOWN = Path(__file__).with_name("bundled_vectors.json")
# Least cosine with them: bfloat16 and int8, where a machine is faster with them, keep 0.999 of
# float32's over all numbers (docs/log/embedder.md).
LEAST = 0.995


def test_vectors_are_the_same_on_the_next_machine(tmp_path):
    embedder = Registry(tmp_path / "embedders", tmp_path / "models", PRECISION).load(BUNDLED)
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    assert known["fingerprint"] == embedder.fingerprint
    texts = known["texts"]
    try:
        found = {
            "queries": embedder.embed_queries(texts),
            "passages": embedder.embed_passages(texts),
        }
    except BaseNotFoundError as error:
        pytest.skip(str(error))
    for side, vectors in found.items():
        cosines = unit(vectors[:, :64]) @ unit(np.array(known[side])).T
        assert cosines.diagonal().min() > LEAST
        assert cosines[~np.eye(len(texts), dtype=bool)].max() < 0.9


def test_a_topic_holds_what_is_alike_and_of_one_source(tiny_embedder):
    about = {"leave": "paid leave weeks employee", "answer": "question page answer document"}
    examples = [
        Example(f"{word} {number}?", f"{text} {word} {number}", source=source)
        for source in ("title", "question")
        for word, text in about.items()
        for number in range(20)
    ]
    found = by_topic(examples, tiny_embedder, 20)
    assert [(one.query, one.positive) for one in found] == [
        (one.query, one.positive) for one in examples
    ]
    topics = {(one.source, one.query.split()[0]) for one in found}
    assert len(topics) == len({source for source, _ in topics}) == 4
    assert {source.split()[0] for source, _ in topics} == {"title", "question"}


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
