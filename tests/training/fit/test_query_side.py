"""The query side alone: a map of queries that leaves passages where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footnote.runs import service
from footnote.runs.service import TrainingOptions
from tests.homes import unit
from training.data.examples import Example, write_examples
from training.data.split import split_collection
from training.evaluation.metrics import Interval
from training.fit import query_side, whitening
from training.fit.config import Recipe
from training.fit.query_side import Asked, Lessons, QueryMap, fit, learn

ALONE = Recipe(queries_alone=True, adapt=False)


@pytest.fixture
def home(papers_home):
    return papers_home


def asked_askew(count: int = 200) -> tuple[Asked, np.ndarray]:
    """Questions that all miss their passages in the same way: two directions are swapped."""
    draw = np.random.default_rng(0)
    passages = unit(draw.normal(size=(count, 16)))
    askew = passages.copy()
    askew[:, [0, 1]] = askew[:, [1, 0]]
    questions = unit(askew + 0.1 * draw.normal(size=askew.shape))
    return Asked(questions, np.arange(count), [f"d{n // 2}" for n in range(count)]), passages


def test_what_all_questions_miss_by_is_learnt_and_serves_others():
    asked, passages = asked_askew()
    found = learn(asked, passages)
    assert found is not None
    assert found.gain.low > 0.02
    first = np.arange(len(passages)) < 150
    matrix = fit(asked.part(first), passages, found.strength)
    others = asked.part(~first)
    before = (others.vectors @ passages.T).argmax(axis=1) == others.places
    after = (others.vectors @ matrix @ passages.T).argmax(axis=1) == others.places
    assert after.sum() > before.sum()


def test_an_order_is_taught_by_shares_that_better_evidence_has_more_of():
    found = Lessons.of([{3: 8.0, 5: 4.0}, {1: 2.0}])
    assert found.places.tolist() == [[3, 5], [1, 0]]
    assert found.shares[0].tolist() == pytest.approx([np.e / (1 + np.e), 1 / (1 + np.e)])
    assert found.shares[1].tolist() == [1, 0]


def test_made_questions_teach_what_is_found_for_them_and_not_what_they_were_made_of():
    asked, passages = asked_askew()
    made_of = np.roll(asked.places, 1)  # each is answered by another passage
    taught = Asked(asked.vectors, made_of, asked.documents, Lessons.of(
        [{int(place): 8.0, int(other): 0.0}
         for place, other in zip(asked.places, made_of, strict=True)]
    ))  # fmt: skip
    first = np.arange(len(passages)) < 150
    others = asked.part(~first)
    right = [
        ((others.vectors @ fit(one.part(first), passages, 0.03) @ passages.T).argmax(axis=1)
         == others.places).sum()
        for one in (taught, replace(taught, lessons=None))
    ]  # fmt: skip
    assert right[0] > 40 > right[1]


def test_questions_that_teach_nothing_leave_all_as_it_is():
    draw = np.random.default_rng(0)
    passages = unit(draw.normal(size=(100, 16)))
    nonsense = Asked(
        unit(draw.normal(size=(80, 16))), draw.integers(0, 100, 80), [f"d{n}" for n in range(80)]
    )
    assert learn(nonsense, passages) is None
    assert learn(asked_askew()[0].part(np.arange(200) < 2), passages) is None


@pytest.mark.parametrize(("on_new", "taken"), [(0.0, True), (-0.01, False)])
def test_what_people_ask_again_counts_where_it_costs_new_documents_nothing(
    monkeypatch, on_new, taken
):
    asked, passages = asked_askew()

    def left_out(part, among, strength, folds):
        again = np.array_equal(folds, np.arange(len(folds)) % 4)
        return query_side._gains(part, part.vectors, among) + (0.1 if again else on_new)

    monkeypatch.setattr(query_side, "_left_out", left_out)
    assert learn(asked, passages) is None
    assert (learn(asked, passages, by_people=True) is not None) == taken


def test_what_made_questions_gain_in_doubt_is_left_to_the_proof(monkeypatch):
    asked, passages = asked_askew()
    monkeypatch.setattr(query_side, "bootstrap", lambda _: Interval(0.01, -0.01, 0.03))
    assert learn(asked, passages) is not None
    assert learn(asked, passages, by_people=True) is None


def test_two_questions_about_one_document_are_never_apart():
    folds = query_side._folds(["a", "b", "a", "c", "b"])
    assert folds[0] == folds[2]
    assert folds[1] == folds[4]


def test_passages_keep_their_vectors_and_the_switch_embeds_nothing(
    home, always_better, monkeypatch
):
    monkeypatch.setattr(
        query_side, "learn", lambda asked, passages, progress, **how: QueryMap(
            2 * np.eye(passages.shape[1], dtype=np.float32)[::-1].copy(), 0.1, Interval(1, 1, 1)
        )
    )  # fmt: skip
    number = home.collection("papers").id
    sources = split_collection(home.store, number).sources
    ids = [one.passage.id for one in sources]
    before = home.store.passage_vectors(ids, home.store.generation(number))
    start = home.embedder_of(number)
    run = service.order(home, TrainingOptions("papers", recipe=ALONE))
    monkeypatch.setattr("training.pipeline.run.embed_passages", None)  # nobody calls it
    monkeypatch.setattr("indexer.vector.generations.embed_passages", None)
    result = service.learning(home, run).run()
    assert result.promoted
    after = home.store.passage_vectors(ids, home.store.generation(number))
    for one in ids:
        np.testing.assert_allclose(after[one], before[one], atol=2e-3)
    trained = home.registry.load(run.id)
    asked = "What of the premium?"
    np.testing.assert_allclose(
        trained.embed_queries([asked]), start.embed_queries([asked])[:, ::-1], atol=5e-3
    )
    # Where the trust is fitted it is examined as it began.
    undone = trained.embed_queries([asked]) @ trained.inverse_query_map
    np.testing.assert_allclose(unit(undone), start.embed_queries([asked]), atol=5e-3)
    again = service.order(home, TrainingOptions("papers", recipe=replace(ALONE, seed=1)))
    assert service.learning(home, again).run().promoted  # a map behind a map
    twice = home.registry.load(again.id).embed_queries([asked])
    np.testing.assert_allclose(twice, start.embed_queries([asked]), atol=1e-2)
    undone = twice @ home.registry.load(again.id).inverse_query_map
    np.testing.assert_allclose(unit(undone), start.embed_queries([asked]), atol=1e-2)
    service.rollback(home, "papers")
    assert service.rollback(home, "papers") == start.spec.name


def test_a_run_without_gain_keeps_what_was_adapted(home, tmp_path, monkeypatch):
    monkeypatch.setattr(whitening, "FEWEST", 5)
    sources = split_collection(home.store, home.collection("papers").id).part("train")
    file = tmp_path / "faq.jsonl"
    write_examples(file, [Example(f"{n}?", one.text) for n, one in enumerate(sources)])
    options = TrainingOptions("papers", data=(file,), recipe=replace(ALONE, adapt=True))
    run = service.order(home, options)
    monkeypatch.setattr(query_side, "learn", lambda asked, passages, progress, **how: None)
    service.learning(home, run).run()
    assert run.kept == 0
    assert (run.embedder / "whitening.safetensors").exists()


def test_who_names_a_setting_of_the_decoder_trains_it(home):
    def alone(**options) -> bool:
        return service.order(
            home, TrainingOptions("papers", **options)
        ).request.recipe.queries_alone

    assert alone()
    assert alone(overrides={"seed": 3})
    assert not alone(overrides={"rank": 4})
    assert not alone(overrides={"steps": 3})
