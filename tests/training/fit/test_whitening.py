"""An embedder fitted to a collection by what its own vectors say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footnote.runs import service
from footnote.runs.service import TrainingOptions
from indexer.search import calibration
from indexer.vector import generations
from training.data.split import TooLittleToLearnError, split_collection
from training.fit import whitening
from training.fit.config import Recipe, RecipeError
from training.fit.whitening import adapt, map_vectors, part_whitening
from training.pipeline import run as pipeline

QUICK = Recipe(steps=4, batch=4, rank=2, alpha=4, warmup=1, evaluate_every=2)


@pytest.fixture
def home(papers_home):
    return papers_home


def number_of(home) -> int:
    return home.collection("papers").id


def test_part_whitening_takes_the_weight_off_what_all_share():
    draw = np.random.default_rng(0)
    spread = np.array([10.0, 1.0, 1.0, 0.1])
    vectors = draw.normal(size=(4000, 4)) * spread + 3
    white = part_whitening(vectors)
    np.testing.assert_allclose(white, white.T, atol=1e-6)
    lifted = spread**2 + 0.25 * (spread**2).mean()
    expected = lifted**-0.125
    np.testing.assert_allclose(np.diag(white), expected / expected.mean(), rtol=0.05)


def test_vectors_of_an_adapted_embedder_are_mapped_from_those_of_its_start(home, monkeypatch):
    monkeypatch.setattr(whitening, "FEWEST", 5)
    run = service.order(home, TrainingOptions("papers", recipe=QUICK, promote=False))
    work = service.learning(home, run)
    sources = split_collection(home.store, number_of(home)).sources
    start = home.registry.load("tiny")
    texts = [source.text for source in sources]
    adapt(start, start.embed_passages(texts), run.embedder, run.id)
    assert work.run().proof is not None
    if run.id not in home.registry.names():  # where it was rejected
        home.registry.install(run.id, run.embedder)
    trained = home.registry.load(run.id)
    assert trained.spec.name == run.id
    ids = [source.passage.id for source in sources]
    map_vectors(home.store, ids, start.fingerprint, trained)
    mapped = home.store.passage_vectors(ids, trained.fingerprint)
    new = trained.embed_passages(texts)
    np.testing.assert_allclose(np.stack([mapped[one] for one in ids]), new, atol=2e-3)
    assert np.abs(new - start.embed_passages(texts)).max() > 0.01
    # How far it is trusted is examined on the evidence that its start gave.
    seen = []
    monkeypatch.setattr(
        calibration, "conditional_logit", lambda w, m, right: (0.0, seen.append(m) or 0)
    )
    for one in (start, trained):
        calibration.fit(home.store, number_of(home), one)
    np.testing.assert_allclose(seen[0], seen[1], atol=0.05)


def test_adapted_twice_it_is_undone_to_its_very_beginning(home, tmp_path):
    start = home.registry.load("tiny")
    texts = [source.text for source in split_collection(home.store, number_of(home)).sources]
    before = after = start.embed_passages(texts)
    one = start
    for name in ("once", "twice"):
        adapt(one, after, tmp_path / name, name)
        home.registry.install(name, tmp_path / name)
        one = home.registry.load(name)
        after = one.embed_passages(texts)
        undone = after @ one.inverse_whitening
        undone /= np.linalg.norm(undone, axis=1, keepdims=True)
        np.testing.assert_allclose(undone, before, atol=5e-3)
    assert start.inverse_whitening is None


def test_steps_that_teach_nothing_leave_the_adapted_embedder(home, monkeypatch, always_better):
    monkeypatch.setattr(whitening, "FEWEST", 5)
    order = TrainingOptions("papers", recipe=replace(QUICK, learning_rate=1e-12, projection_rate=0))
    run = service.order(home, order)
    # No passage goes through the decoder for it, neither for the proof nor for the switch.
    monkeypatch.setattr(pipeline, "embed_passages", None)
    monkeypatch.setattr(generations, "embed_passages", None)
    assert service.learning(home, run).run().promoted
    assert (run.embedder / "whitening.safetensors").exists()
    number = number_of(home)
    assert home.store.generation(number) == home.registry.spec(run.id).fingerprint
    assert home.store.unembedded(number, home.store.generation(number), 1) == []
    assert home.searcher.search("paid leave", home.scope(["papers"]), mode="dense")


def test_without_steps_the_embedder_is_adapted_and_nothing_learnt(home, monkeypatch, always_better):
    nothing = TrainingOptions("papers", recipe=replace(QUICK, steps=0))
    with pytest.raises(service.TrainingError, match="30 passages, too few to adapt"):
        service.order(home, nothing)
    monkeypatch.setattr(whitening, "FEWEST", 25)
    with pytest.raises(TooLittleToLearnError, match="passages could be adapted to"):
        service.learning(home, service.order(home, nothing)).run()
    monkeypatch.setattr(whitening, "FEWEST", 5)
    run = service.order(home, nothing)
    result = service.learning(home, run).run()
    assert (result.promoted, result.examples, result.steps) == (True, 0, 0)
    assert (run.embedder / "whitening.safetensors").exists()
    with pytest.raises(RecipeError, match="adapted"):
        replace(QUICK, steps=0, adapt=False)
