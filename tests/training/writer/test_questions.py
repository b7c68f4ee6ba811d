"""Questions that the writer asks about a collection: kept, gone on with, and asked in the proof."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from embedder.errors import FootnoteError
from footnote.runs import service
from footnote.runs.service import TrainingError, TrainingOptions
from indexer.search.calibration import FusionWeight
from training.data.examples import read_examples
from training.data.split import split_collection
from training.evaluation.proof import Proof
from training.fit import whitening
from training.fit.config import Recipe
from training.pipeline import run as training_run
from training.writer.questions import AT_ONCE, KIND, asked, asked_about

MANY = AT_ONCE + 4


class Writes:
    """Asks about each passage, in every style but the last, no two questions alike."""

    def __init__(self, most=None):
        self.batches = []
        self._most = most

    def write(self, passages, styles):
        if self._most is not None and len(self.batches) == self._most:
            raise FootnoteError("no space left")
        self.batches.append(list(passages))
        return [[_question(style, text) for style in styles[:-1]] for text in passages]


def _question(style, text):
    digest = hashlib.sha256(f"{style} {text}".encode()).hexdigest()
    return " ".join(digest[place : place + 8] for place in range(0, 64, 8))


@pytest.fixture
def sources(papers_home):
    return list(split_collection(papers_home.store, papers_home.collection("papers").id).sources)


def test_each_passage_is_asked_about_once_and_a_run_that_broke_off_goes_on(sources, tmp_path):
    chosen = asked_about(sources, MANY, seed=0)
    assert len(chosen) == len({one.passage.id for one in chosen}) == MANY
    assert chosen == asked_about(sources, MANY, seed=0)
    path = tmp_path / "written.jsonl"
    with pytest.raises(FootnoteError, match="no space left"):
        asked(path, chosen, lambda: Writes(most=1))
    rest = Writes()
    told = []
    found = asked(path, chosen, lambda: rest, told.append)
    assert [len(batch) for batch in rest.batches] == [MANY - AT_ONCE]
    assert told[0] == AT_ONCE
    assert Counter(one.passage for one in found) == {one.passage.id: 3 for one in chosen}
    assert {one.source for one in found} == {KIND}
    by_id = {one.passage.id: one for one in chosen}
    assert all(one.positive == by_id[one.passage].text for one in found)
    assert asked(path, chosen, _none) == found == read_examples(path)


def _none():
    raise AssertionError("nothing is missing, so nothing is loaded")


def test_cancelled_it_asks_no_more_and_keeps_what_there_is(sources, tmp_path):
    chosen = asked_about(sources, MANY, seed=0)
    writer = Writes()
    path = tmp_path / "written.jsonl"
    assert asked(path, chosen, lambda: writer, cancelled=lambda: len(writer.batches) == 1) is None
    assert len(read_examples(path)) == 3 * AT_ONCE


def test_a_run_learns_from_its_questions_and_proves_with_those_to_what_was_kept_out(
    papers_home, monkeypatch
):
    monkeypatch.setattr(service, "writes", lambda home: True)
    monkeypatch.setattr(service, "question_writer", lambda *_: Writes)
    monkeypatch.setattr(training_run, "_FEWEST_TOLD_BY", 5)
    run = service.order(papers_home, TrainingOptions("papers", recipe=Recipe(queries_alone=True)))
    result = service.learning(papers_home, run).run()
    split = split_collection(papers_home.store, papers_home.collection("papers").id)
    learnt = [one for one in read_examples(run.examples) if one.source == KIND]
    assert learnt
    assert all(split.parts[one.document] == "train" for one in learnt)
    assert result.proof is not None
    proved = Counter(one.origin for one in result.proof.comparisons)
    assert proved[KIND]
    assert (result.proof.real, result.proof.offered) == (0, 0)
    trusts = result.proof.trusts
    assert trusts.before is None
    assert trusts.balanced is not None
    assert trusts.after is not None
    assert trusts.asked >= 5


@pytest.mark.parametrize("better", ["trained", "balance", "nothing"])
def test_search_trusts_meaning_as_the_questions_say_where_that_was_proved(
    papers_home, monkeypatch, better
):
    monkeypatch.setattr(service, "writes", lambda home: True)
    monkeypatch.setattr(service, "question_writer", lambda *_: Writes)
    monkeypatch.setattr(training_run, "_FEWEST_TOLD_BY", 5)
    monkeypatch.setattr(Proof, "holds", property(lambda proof: better == "trained"))
    monkeypatch.setattr(Proof, "balances", property(lambda proof: better == "balance"))
    number, store = papers_home.collection("papers").id, papers_home.store
    old = store.generation(number)
    before = FusionWeight.from_json(store.fusion_weight(number, old))
    run = service.order(papers_home, TrainingOptions("papers", recipe=Recipe(queries_alone=True)))
    result = service.learning(papers_home, run).run()
    assert result.promoted is (better == "trained")
    assert result.proof is not None
    trusts = result.proof.trusts
    now = FusionWeight.from_json(store.fusion_weight(number, store.generation(number)))
    if better == "nothing":
        assert now == before
    else:
        assert now.asked == trusts.asked
        assert now.dense == (trusts.after if result.promoted else trusts.balanced)
        assert now.background == before.background or result.promoted
    assert result.balanced is (better == "balance")
    if better != "nothing":  # and the way back is to what was
        assert service.rollback(papers_home, "papers") == papers_home.registry.current()
        assert store.generation(number) == old
        assert FusionWeight.from_json(store.fusion_weight(number, old)) == before
        assert run.outcome == "rolled back"
    if better == "balance":  # gone on with, it installs nothing that the proof refused
        names = papers_home.registry.names()
        assert not service.learning(papers_home, run).run().promoted
        assert papers_home.registry.names() == names


def test_a_balance_that_was_only_proved_can_be_taken_later(papers_home, monkeypatch):
    monkeypatch.setattr(service, "writes", lambda home: True)
    monkeypatch.setattr(service, "question_writer", lambda *_: Writes)
    monkeypatch.setattr(training_run, "_FEWEST_TOLD_BY", 5)
    monkeypatch.setattr(Proof, "holds", property(lambda proof: False))
    recipe = Recipe(queries_alone=True)
    run = service.order(papers_home, TrainingOptions("papers", recipe=recipe, promote=False))
    service.carry_out(papers_home, run)
    assert run.outcome == "rejected"
    monkeypatch.setattr(Proof, "balances", property(lambda proof: False))
    with pytest.raises(TrainingError, match="no other weight"):
        service.balance(papers_home, run)
    monkeypatch.setattr(Proof, "balances", property(lambda proof: True))
    service.balance(papers_home, run)
    assert run.outcome == "balanced"
    found = service.balanced_by(papers_home, "papers")
    assert found is not None
    assert found.id == run.id
    number = papers_home.collection("papers").id
    name = papers_home.store.generation(number)
    now = FusionWeight.from_json(papers_home.store.fusion_weight(number, name))
    assert now.asked == run.proof.trusts.asked
    run.write_proof(replace(run.proof, against="another"))
    assert service.balanced_by(papers_home, "papers") is None
    with pytest.raises(TrainingError, match="another model answers"):
        service.balance(papers_home, run)


def test_where_nothing_is_learnt_only_what_is_kept_out_is_asked_about(papers_home, monkeypatch):
    monkeypatch.setattr(service, "writes", lambda home: True)
    monkeypatch.setattr(service, "question_writer", lambda *_: Writes)
    monkeypatch.setattr(whitening, "FEWEST", 5)
    run = service.order(papers_home, TrainingOptions("papers", recipe=Recipe(steps=0)))
    proof = service.learning(papers_home, run).run().proof
    split = split_collection(papers_home.store, papers_home.collection("papers").id)
    assert {split.parts[one.document] for one in read_examples(run.written)} == {"proof"}
    assert KIND in {one.origin for one in proof.comparisons}


def test_a_writer_that_is_switched_off_is_neither_counted_nor_asked(papers_home):
    assert KIND not in service.usual_kinds(papers_home)
    with pytest.raises(TrainingError, match="FOOTNOTE_WRITER=on"):
        service.order(papers_home, service.TrainingOptions("papers", kinds=(KIND,)))
