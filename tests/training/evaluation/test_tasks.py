"""Tasks beside search: what is read, what is refused, and that the figures are right."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from training.evaluation.beir import EvaluationError
from training.evaluation.tasks import TASKS, neighbours, probe, spearman


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_correlation_is_that_of_scipy(seed):
    draw = np.random.default_rng(seed)
    left, right = draw.integers(0, 6, 40), draw.standard_normal(40)
    assert spearman(left, right) == pytest.approx(spearmanr(left, right).statistic)
    assert spearman([1, 1, 1], [1, 2, 3]) == 0.0


def test_likeness_of_sentences(tiny_embedder, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "5\tpaid leave weeks\tpaid leave weeks\n2,5\tpaid leave weeks\tpaid leave policy\n"
        "0.0\tpaid leave weeks\tout of premium\n\n"
    )
    found = TASKS["sts"](path, tiny_embedder)
    assert (found.count, found.figures) == (3, {"spearman": pytest.approx(1.0)})
    assert TASKS["sts"](path, tiny_embedder, 2).count == 2


def test_translations(tiny_embedder, tmp_path):
    texts = ["leave", "premium", "deductible"]
    rows = [{"_id": text, "title": "", "text": f"the {text}"} for text in texts]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    rows = [{"_id": f"q{text}", "text": f"of {text}"} for text in texts]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "qrels.tsv").write_text("".join(f"q{text}\t{text}\t1\n" for text in texts))
    found = TASKS["bitext"](tmp_path, tiny_embedder)
    assert (found.count, found.figures) == (3, {"accuracy": 1.0})


def test_classes(tiny_embedder, tmp_path):
    path = tmp_path / "labels.tsv"
    words = {"work": "leave policy employee weeks paid", "cost": "premium deductible up out more"}
    lines = [
        f"{label}\t{a} {b}"
        for label, all_ in words.items()
        for a in all_.split()
        for b in all_.split()
        if a != b
    ]
    path.write_text("\n".join(lines))
    found = TASKS["classification"](path, tiny_embedder)
    assert found.count == 8
    assert found.figures["nearest neighbours"] >= 0.75
    assert found.figures["linear probe"] == 1.0


def test_a_tie_between_classes_goes_to_the_nearest():
    known = np.eye(2, dtype=np.float32)
    labels = np.array(["b", "a"])
    asked = np.array([[1.0, 0.1], [0.1, 1.0]], dtype=np.float32)
    assert neighbours(asked, known, labels).tolist() == ["b", "a"]
    assert probe(asked, known, labels).tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("task", "text", "said"),
    [
        ("sts", "high\ta\tb\n", "line 1: 'high' is no score"),
        ("sts", "1\ta\n", "expected 3 columns"),
        ("sts", "\n", "nothing to measure"),
        ("classification", "a\tone\nb\ttwo\n", "two texts each"),
        ("classification", "a\t \n", "expected 2 columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tiny_embedder, tmp_path, task, text, said):
    path = tmp_path / "file.tsv"
    path.write_text(text)
    with pytest.raises(EvaluationError, match=said):
        TASKS[task](path, tiny_embedder)
