"""The trainer: loss, batches, gradient caching, resuming, what comes out of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from statistics import mean

import numpy as np
import pytest
import torch
from conftest import TINY_WIDTH, make_base
from pupils import RECIPE, examples, student

from embedder.encoder import Projection
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from training.data.examples import Example
from training.fit.batches import batch_of, plan
from training.fit.config import Recipe, RecipeError
from training.fit.dev_set import Development, ranks
from training.fit.grad_cache import accumulate, accumulate_cached, chunked
from training.fit.log import history
from training.fit.loss import accuracy, info_nce, linear_schedule
from training.fit.student import UntrainableError
from training.fit.trainer import Trainer


class Alone:
    """One process."""

    num_processes, process_index = 1, 0

    def reduce(self, tensor, reduction):
        return tensor


def in_float32(spec, files) -> Embedder:
    """What was saved, computed as the trainer computes: another format's rounding is not it."""
    return Embedder(spec, files, "float32")


def test_info_nce_is_minus_the_log_of_the_softmax():
    queries = torch.nn.functional.normalize(torch.randn(3, 8), dim=-1)
    passages = torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    positive = torch.tensor([2, 0, 4])
    expected = 0.0
    for row, right in enumerate(positive.tolist()):
        weights = np.exp((queries[row] @ passages.T).numpy() / 0.05)
        expected -= np.log(weights[right] / weights.sum()) / 3
    assert float(info_nce(queries, passages, positive, 0.05)) == pytest.approx(expected, rel=1e-4)


def test_accuracy_and_ranks():
    passages = torch.eye(3)
    queries = torch.eye(3)[[0, 2, 2]]
    positive = torch.tensor([0, 1, 2])
    assert accuracy(queries, passages, positive) == pytest.approx(2 / 3)
    assert ranks(queries @ passages.T, positive).tolist() == [1, 3, 1]


def test_the_rate_rises_then_falls_to_nothing():
    rates = [linear_schedule(step, 10, 4) for step in range(11)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": -1},
        {"batch": 1},
        {"temperature": 0},
        {"dropout": 1.0},
        {"rank": -1},
        {"rank": 0, "projection_rate": 0.0},
    ],
)
def test_a_recipe_refuses_what_cannot_be(wrong):
    with pytest.raises(RecipeError):
        Recipe(**wrong)


def test_batches_are_of_one_source_use_all_and_repeat_for_a_seed():
    mixed = examples(24, "a") + examples(16, "b") + examples(3, "rare") + examples(2, "rarer")
    planned = plan(mixed, size=4, steps=12, seed=1)
    assert planned == plan(mixed, size=4, steps=12, seed=1)
    assert planned != plan(mixed, size=4, steps=12, seed=2)
    for batch in planned:
        sources = {mixed[place].source for place in batch}
        assert len(sources) == 1 or sources == {"rare", "rarer"}
    first_pass = [place for batch in planned[:11] for place in batch]
    assert len(first_pass) == len(set(first_pass)) >= 43


def test_a_query_stands_once_in_a_batch_and_a_passage_too():
    same = [Example("the same question", f"answer {n}", source="s") for n in range(3)]
    others = [Example(f"question {n}", "one answer", ("no",), source="s") for n in range(9)]
    for batch in plan(same + others, size=4, steps=20, seed=0):
        queries = [(same + others)[place].query for place in batch]
        assert len(queries) == len(set(queries))
    batch = batch_of(others[:3], negatives=1)
    assert batch.passages == ("one answer", "no")
    assert batch.positive == (0, 0, 0)
    assert batch_of(others[:3], negatives=0).passages == ("one answer",)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradient_caching_gives_the_gradient_of_the_whole_batch(tiny_embedder, dropout):
    recipe = replace(RECIPE, dropout=dropout)
    learner = student(tiny_embedder, recipe)
    learner.encoder.train()
    with torch.no_grad():  # LoRA begins at zero, where dropout makes no difference
        for name, parameter in learner.trainable.items():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    batch = batch_of(examples(8), 1)
    chunks = chunked(
        learner.query_ids(batch.queries, batch.tasks), learner.passage_ids(batch.passages), 40
    )
    assert len(chunks) > 4
    positive = torch.tensor(batch.positive)

    def loss(vectors):
        return info_nce(vectors[:8], vectors[8:], positive, 0.05)

    found = []
    for cached in (False, True):
        learner.encoder.zero_grad()
        if cached:
            accumulate_cached(learner.encode, chunks, loss, 3, Alone(), [])
        else:
            accumulate(learner.encode, chunks, loss, 3)
        found.append({name: p.grad.clone() for name, p in learner.trainable.items()})
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, atol=2e-4, rtol=2e-3)
    assert any(float(g.abs().max()) > 0.01 for g in found[0].values())


@pytest.mark.parametrize("how", [{}, {"whole": True, "learning_rate": 3e-3}])
def test_training_learns_and_what_it_saves_gives_the_students_vectors(tiny_embedder, tmp_path, how):
    recipe = replace(RECIPE, steps=60, batch=8, evaluate_every=20, **how)
    learner = student(tiny_embedder, recipe)
    texts = [one.positive for one in examples(6)]
    development = Development(examples(24))
    before = mean(development.reciprocal_ranks(learner))
    result = Trainer(learner, examples(24), recipe, tmp_path / "run", development=development).run()
    assert result.finished
    assert result.development_before == pytest.approx(before)
    assert result.development_after > before + 0.1
    assert mean(development.reciprocal_ranks(learner)) == pytest.approx(result.development_after)

    spec = learner.save(tmp_path / "saved", "taught")
    assert spec.fingerprint != tiny_embedder.spec.fingerprint
    files = EmbedderFiles(folder=tmp_path / "saved", cache=tmp_path / "cache")
    with torch.inference_mode():
        wanted = learner.encode("passages", learner.passage_ids(texts)).numpy()
    np.testing.assert_allclose(in_float32(spec, files).embed_passages(texts), wanted, atol=5e-3)

    # A second run goes on from the adapter, and nobody puts one over whole weights.
    again = student(in_float32(spec, files), replace(recipe, whole=False))
    assert any("lora_" in name for name in again.trainable) is not recipe.whole
    with torch.inference_mode():
        there = again.encode("passages", again.passage_ids(texts)).numpy()
    np.testing.assert_allclose(there, wanted, atol=5e-3)


def test_whole_weights_are_trained_from_where_an_adapter_had_come_to(tiny_embedder, tmp_path):
    Trainer(student(tiny_embedder), examples(), RECIPE, tmp_path / "run").run()
    learner = student(tiny_embedder)
    Trainer(learner, examples(), RECIPE, tmp_path / "run").run()
    spec = learner.save(tmp_path / "adapted", "adapted")
    files = EmbedderFiles(folder=tmp_path / "adapted", cache=tmp_path / "cache")
    recipe = replace(RECIPE, whole=True, learning_rate=1e-9)
    whole = student(in_float32(spec, files), recipe)
    assert all(name.endswith(".weight") for name in whole.trainable)
    Trainer(whole, examples(), recipe, tmp_path / "whole").run()
    texts = [one.positive for one in examples(4)]
    spec = whole.save(tmp_path / "saved", "whole")
    files = EmbedderFiles(folder=tmp_path / "saved", cache=tmp_path / "cache")
    with torch.inference_mode():
        before = learner.encode("passages", learner.passage_ids(texts)).numpy()
    np.testing.assert_allclose(in_float32(spec, files).embed_passages(texts), before, atol=5e-3)


@pytest.fixture
def projected_embedder(tiny_embedder, tmp_path) -> Embedder:
    """The tiny embedder with two means and a matrix, which begin as nothing."""
    width = tiny_embedder.dimension
    folder = tmp_path / "projected"
    folder.mkdir()
    Projection(
        token_weights=torch.ones(512),
        query_mean=torch.zeros(width),
        passage_mean=torch.zeros(width),
        matrix=torch.eye(width),
    ).write(folder / "projection.safetensors")
    digest = hashlib.sha256((folder / "projection.safetensors").read_bytes()).hexdigest()
    spec = replace(tiny_embedder.spec, name="projected", tensors=digest)
    return in_float32(spec, EmbedderFiles(folder, tiny_embedder.files.cache))


@pytest.mark.parametrize("rates", [(0.02, 0.0), (0.0, 0.05), (0.02, 0.05)])
def test_rank_nought_trains_what_stands_over_the_decoder(projected_embedder, tmp_path, rates):
    recipe = replace(
        RECIPE, rank=0, projection_rate=rates[0], token_rate=rates[1], steps=40, batch=8,
        evaluate_every=20,
    )  # fmt: skip
    learner = student(projected_embedder, recipe)
    runs = []
    inner = learner.encoder.decoder.decoder.forward

    def counted(ids, mask, features):
        runs.append(len(ids))
        return inner(ids, mask, features)

    learner.encoder.decoder.decoder.forward = counted
    development = Development(examples(24))
    before = mean(development.reciprocal_ranks(learner))
    result = Trainer(learner, examples(24), recipe, tmp_path / "run", development=development).run()
    assert result.development_after > before
    if not rates[1]:  # each text has gone through the decoder once
        texts = {t for one in examples(24) for t in (one.query, one.positive, *one.negatives)}
        assert sum(runs) == len(texts)

    spec = learner.save(tmp_path / "saved", "taught")
    assert spec.adapter == ""
    assert not (tmp_path / "saved" / "adapter").exists()
    assert spec.fingerprint != projected_embedder.fingerprint
    kept = Projection.read(tmp_path / "saved" / "projection.safetensors")
    assert kept.token_weights.min() > 0
    assert bool((kept.token_weights != 1).any()) == bool(rates[1])
    assert torch.equal(kept.matrix, torch.eye(spec.dimension)) == (not rates[0])
    asked = [one.query for one in examples(6)]
    with torch.inference_mode():
        wanted = learner.encode("queries", learner.query_ids(asked, [""] * 6)).numpy()
    files = EmbedderFiles(tmp_path / "saved", tmp_path / "cache")
    np.testing.assert_allclose(in_float32(spec, files).embed_queries(asked), wanted, atol=5e-3)


def test_rank_nought_over_an_adapter_keeps_it(tiny_embedder, tmp_path):
    adapted = student(tiny_embedder)
    with torch.no_grad():
        for name, parameter in adapted.trainable.items():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    spec = adapted.save(tmp_path / "adapted", "adapted")
    start = in_float32(spec, EmbedderFiles(tmp_path / "adapted", tmp_path / "cache"))
    learner = student(start, replace(RECIPE, rank=0, token_rate=0.01))
    saved = learner.save(tmp_path / "saved", "taught")
    assert saved.adapter == spec.adapter
    again = in_float32(saved, EmbedderFiles(tmp_path / "saved", tmp_path / "cache"))
    texts = [one.positive for one in examples(4)]
    np.testing.assert_allclose(again.embed_passages(texts), start.embed_passages(texts), atol=1e-3)


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(tiny_embedder, tmp_path):
    recipe = replace(RECIPE, dropout=0.1)
    weights = []
    for folder, stop_at in (("whole", None), ("broken", 3)):
        steps = []
        development = Development(examples(6))
        if stop_at:
            learner = student(tiny_embedder, recipe)
            first = Trainer(learner, examples(), recipe, tmp_path / folder, development=development)
            result = first.run(
                progress=lambda state, steps=steps: steps.append(state.step),
                cancelled=lambda steps=steps, stop=stop_at: len(steps) == stop,
            )
            assert not result.finished
            assert steps == [1, 2, 3]
        learner = student(tiny_embedder, recipe)
        result = Trainer(
            learner, examples(), recipe, tmp_path / folder, development=development
        ).run()
        assert result.finished
        weights.append({n: p.detach().clone() for n, p in learner.trainable.items()})
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, atol=0, rtol=0)
    assert [row["step"] for row in history(tmp_path / "broken")] == [1, 2, 3, 4, 5, 6]


def test_a_killed_run_takes_its_steps_again(tiny_embedder, tmp_path):
    """Killed after step 5, with a checkpoint at 4 and half a line in the log."""
    learner = student(tiny_embedder)
    done = []

    class Killed(Exception):
        pass

    def progress(state):
        done.append(state.step)
        if state.step == 5:
            raise Killed

    with pytest.raises(Killed):
        Trainer(
            learner, examples(), RECIPE, tmp_path / "killed", development=Development(examples(6))
        ).run(progress)
    with (tmp_path / "killed" / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "lo')
    weights = []
    for folder in ("killed", "whole"):
        learner = student(tiny_embedder)
        Trainer(
            learner, examples(), RECIPE, tmp_path / folder, development=Development(examples(6))
        ).run()
        weights.append({n: p.detach().clone() for n, p in learner.trainable.items()})
        assert [row["step"] for row in history(tmp_path / folder)] == [1, 2, 3, 4, 5, 6]
    for name, value in weights[1].items():
        torch.testing.assert_close(weights[0][name], value, atol=0, rtol=0)


def test_the_same_seed_gives_the_same_run_and_another_another(tiny_embedder, tmp_path):
    losses = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        recipe = replace(RECIPE, seed=seed)
        Trainer(student(tiny_embedder, recipe), examples(), recipe, tmp_path / name).run()
        losses.append([row["loss"] for row in history(tmp_path / name)])
    assert losses[0] == losses[1] != losses[2]


def test_training_stops_where_nothing_gets_better(tiny_embedder, tmp_path):
    recipe = replace(RECIPE, steps=50, learning_rate=1e-9, projection_rate=0.0, patience=2)
    learner = student(tiny_embedder, recipe)
    result = Trainer(
        learner, examples(), recipe, tmp_path / "run", development=Development(examples(6))
    ).run()
    assert result.steps < 10
    assert result.best_step == 0


@pytest.mark.parametrize("kind", ["mistral", "qwen3", "gpt_neox"])
def test_other_architectures_train_by_the_same_path(kind, tmp_path):
    base = make_base(tmp_path / "base", kind)
    spec = EmbedderSpec(name=kind, base=str(base), dimension=TINY_WIDTH)
    embedder = Embedder(
        spec, EmbedderFiles(folder=tmp_path / "e", cache=tmp_path / "cache"), "float32"
    )
    recipe = replace(RECIPE, steps=30, batch=8, evaluate_every=30, learning_rate=3e-2)
    learner = student(embedder, recipe)
    Trainer(learner, examples(), recipe, tmp_path / "run").run()
    rows = history(tmp_path / "run")
    assert len(rows) == 30
    assert np.mean([row["loss"] for row in rows[-6:]]) < np.mean([r["loss"] for r in rows[:6]])
    saved = learner.save(tmp_path / "saved", "taught")
    config = json.loads((tmp_path / "saved" / "adapter" / "adapter_config.json").read_text())
    assert config["r"] == 4
    files = EmbedderFiles(folder=tmp_path / "saved", cache=tmp_path / "cache")
    texts = [one.query for one in examples(4)]
    with torch.inference_mode():
        wanted = learner.encode("queries", learner.query_ids(texts, [""] * 4)).numpy()
    np.testing.assert_allclose(in_float32(saved, files).embed_queries(texts), wanted, atol=1e-2)


def test_a_decoder_without_linear_layers_is_refused(tiny_embedder, monkeypatch):
    monkeypatch.setattr("training.fit.student._inner", lambda decoder: torch.nn.Embedding(2, 2))
    with pytest.raises(UntrainableError, match="no linear layers"):
        student(tiny_embedder)


def test_the_time_left_counts_looks_apart_from_steps(tiny_embedder, tmp_path, monkeypatch):
    recipe = replace(RECIPE, steps=10, evaluate_every=5)
    clock = iter(range(10_000))
    monkeypatch.setattr("training.fit.trainer.time.monotonic", lambda: float(next(clock)))
    slow = Development(examples(6))
    real = slow.reciprocal_ranks

    def looked(learner):
        for _ in range(100):
            next(clock)
        return real(learner)

    monkeypatch.setattr(slow, "reciprocal_ranks", looked)
    states = []
    Trainer(
        student(tiny_embedder, recipe), examples(), recipe, tmp_path / "run", development=slow
    ).run(states.append)
    # Two looks of some hundred seconds are still to come after the first step, not ten.
    assert 200 < states[0].seconds_left < 300
    assert states[-1].seconds_left == 0
