"""The cross-encoder learns from pairs, and goes on where it was."""

from dataclasses import replace

import pytest
import torch

from training.reader.cross_encoder import RECIPE, CrossEncoder, pairs, report, train

TINY = replace(RECIPE, batch=8, rank=4, alpha=8, learning_rate=1e-2, max_tokens=120)


def labelled(count=12):
    return [
        {
            "id": number + 1,
            "source": "made",
            "sentences": [
                f"The leave is {number} weeks.",
                f"The premium is {number + 50} dollars.",
            ],
            "queries": [
                {"text": f"How long is the leave {number}?", "sentences": [1]},
                {"text": "Who may enter?", "sentences": []},
            ],
            "supported": f"Leave lasts {number} weeks.",
            "contradicted": "Nobody may leave.",
            "unfounded": "The policy was written in paid time.",
        }
        for number in range(count)
    ]


def test_pairs_hold_each_query_with_its_own_passage_and_another_and_each_claim():
    found = pairs(labelled())
    questions = [pair for pair in found if pair.answers is not None]
    assert sum(pair.label is not None for pair in found) == 36
    assert sum(pair.answers == (0,) for pair in questions) == 12
    assert sum(pair.answers == () for pair in questions) >= 12


def test_it_learns(tiny_embedder, tmp_path):
    model = CrossEncoder(tiny_embedder, 1, TINY)
    learnt = pairs(labelled())
    before = float(model.loss(learnt).detach())
    train(model, learnt, tmp_path, 30)
    assert float(model.loss(learnt).detach()) < 0.8 * before
    assert "AUROC" in report(model, pairs(labelled()))


def test_a_sentence_that_does_not_fit_has_no_logit(tiny_embedder):
    model = CrossEncoder(tiny_embedder, 1, replace(TINY, max_tokens=12))
    long = [pair for pair in pairs(labelled(2)) if pair.answers is not None]
    assert all(len(each) < 2 for each in model.read(long).sentences)


def test_an_interrupted_run_ends_as_one_that_was_not(tiny_embedder, tmp_path):
    learnt = pairs(labelled())
    whole = CrossEncoder(tiny_embedder, 1, TINY)
    train(whole, learnt, tmp_path / "whole", 6)
    train(CrossEncoder(tiny_embedder, 1, TINY), learnt, tmp_path / "broken", 3)
    resumed = CrossEncoder(tiny_embedder, 1, TINY)
    assert len(train(resumed, learnt, tmp_path / "broken", 6)) == 3
    for name, parameter in whole.trainable.items():
        assert torch.allclose(parameter, resumed.trainable[name], atol=1e-6), name
    assert train(resumed, learnt, tmp_path / "broken", 6) == pytest.approx([])
