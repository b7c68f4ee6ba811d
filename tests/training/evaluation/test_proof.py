"""The proof: what holds, and that a better embedder is told from a worse one."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace

import numpy as np

from indexer.ingest.sources import find
from indexer.vector.generations import embed_passages
from tests.homes import unit, write_papers
from training.data.split import split_collection
from training.evaluation import asking
from training.evaluation.asking import ProofQuestion
from training.evaluation.metrics import Interval
from training.evaluation.proof import (
    Comparison,
    Proof,
    gain_at,
    prove,
)
from training.evaluation.trusts import Trusts


def proof_of(dense: list[tuple[int, int]], fused: list[tuple[int, int]]) -> Proof:
    from training.evaluation import proof

    rows = tuple(
        Comparison("q", "pseudo", n, 1, *d, *f)
        for n, (d, f) in enumerate(zip(dense, fused, strict=True))
    )
    return Proof(
        len(rows), proof._means(rows, "before"), proof._means(rows, "after"), {"ndcg@10": 1.0},
        proof._gain(rows, "dense"), proof._gain(rows, "fused"), rows,
    )  # fmt: skip


def test_only_what_is_better_for_certain_holds():
    better, same, worse = [(5, 1)] * 40, [(3, 3)] * 40, [(1, 5)] * 40
    assert proof_of(better, better).holds
    assert proof_of(better, same).holds
    assert not proof_of(better, worse).holds
    assert not proof_of(same, better).holds
    assert not proof_of(worse, worse).holds
    assert not proof_of(better[:20], better[:20]).holds
    mixed = [(2, 1), (1, 2)] * 20
    assert not proof_of(mixed, mixed).holds
    for one in (proof_of(better, worse), proof_of(same, same), proof_of(better[:9], better[:9])):
        assert one.verdict
    assert Proof.from_json(json.loads(json.dumps(proof_of(mixed, mixed).to_json()))) == proof_of(
        mixed, mixed
    )
    assert gain_at(1) == 1
    assert gain_at(11) == 0


def test_half_a_point_is_what_the_writers_questions_do_not_see():
    better = proof_of([(5, 1)] * 40, [(3, 3)] * 40)
    doubtful = replace(better, fused_gain=Interval(-0.002, -0.006, 0.002))
    assert not doubtful.holds
    rows = tuple(replace(one, origin="writer") for one in better.comparisons)
    written = replace(doubtful, comparisons=rows)
    assert written.holds
    assert not replace(written, fused_gain=Interval(-0.006, -0.013, 0.002)).holds
    certain = Interval(-0.002, -0.003, -0.001)
    assert not replace(written, fused_gain=certain).holds
    assert "no difference" in written.verdict


def test_where_the_embedder_gains_nothing_another_balance_may():
    same, better = proof_of([(3, 3)] * 40, [(3, 3)] * 40), proof_of([(5, 1)] * 40, [(3, 3)] * 40)
    gain = Interval(0.02, 0.01, 0.03)
    balanced = replace(same, trusts=Trusts(balanced=1.1, asked=200), balance_gain=gain)
    assert balanced.balances
    assert "+2.0" in balanced.advice
    assert Proof.from_json(json.loads(json.dumps(balanced.to_json()))) == balanced
    assert not replace(balanced, balance_gain=Interval(0.02, -0.01, 0.05)).balances
    assert not replace(better, balance_gain=gain).balances  # the trained one is switched in
    before_trusts = {k: v for k, v in same.to_json().items() if k not in ("trusts", "balance_gain")}
    assert Proof.from_json(before_trusts) == same


def test_what_new_documents_lose_for_certain_is_no_gain():
    better = proof_of([(5, 1)] * 80, [(2, 1)] * 40 + [(1, 5)] * 40)
    half = [replace(one, again=place < 40) for place, one in enumerate(better.comparisons)]
    mixed = replace(better, fused_gain=Interval(0.1, 0.0, 0.2), comparisons=tuple(half))
    assert mixed.again == 40
    assert not mixed.holds
    kinder = [replace(one, fused_after=1) for one in half]
    assert replace(mixed, comparisons=tuple(kinder)).holds


def test_ties_rank_as_in_search_by_passage_id():
    from training.evaluation import proof

    scores, ids = np.array([[1.0, 2.0, 2.0, 2.0]] * 3), np.array([7, 5, 9, 3])
    ranks = asking.ranks(scores, ids, np.array([1, 2, 3]))
    assert ranks.tolist() == [2, 3, 1]
    assert proof._firsts(scores, ids).tolist() == [3, 3, 3]


class Words:
    """Finds texts by their words; `blind`, it makes noise of them."""

    def __init__(self, *, blind: bool) -> None:
        self.blind, self.fingerprint = blind, "blind" if blind else "words"

    def embed_passages(self, texts):
        rows = np.zeros((len(texts), 256), np.float32)
        for place, text in enumerate(texts):
            for word in [text] if self.blind else re.findall(r"\w+", text.lower()):
                rows[place] += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(256)
        return unit(rows)

    def embed_queries(self, texts, task=None):
        return self.embed_passages(texts)


def test_the_writers_questions_count_where_the_words_bring_their_passage_back(bare_home, tmp_path):
    write_papers(tmp_path / "papers", 200)
    bare_home.index(find([tmp_path / "papers"]), "papers")
    number, store = bare_home.collection("papers").id, bare_home.store
    model = Words(blind=False)
    embed_passages(store, model, [one.id for one in store.sample_passages(number, 2000)])
    split = split_collection(store, number)
    held = [source.passage for source in split.part("proof")]
    own = [ProofQuestion(one.text, one.id, "writer") for one in held]
    strange = [ProofQuestion("Wherefore zyzzyva?", one.id, "writer") for one in held]
    people = replace(strange[0], origin="labelled")
    asked = prove(store, number, split, model, model, [*own, *strange, people]).comparisons
    assert {one.question for one in asked if one.origin == "writer"} == {one.text for one in own}
    assert [one.question for one in asked if one.origin == "labelled"] == [people.text]


def test_the_proof_tells_a_better_embedder_from_a_worse_one(bare_home, tmp_path):
    write_papers(tmp_path / "papers", 200)
    bare_home.index(find([tmp_path / "papers"]), "papers")
    number, store = bare_home.collection("papers").id, bare_home.store
    good, bad = Words(blind=False), Words(blind=True)
    drawn = [one.id for one in store.sample_passages(number, 2000)]
    for one in (good, bad):
        embed_passages(store, one, drawn)
    taken = split_collection(store, number)
    held = taken.part("proof")
    real = [ProofQuestion("What of it?", held[0].passage.id), ProofQuestion("And it?", drawn[-1])]
    better = prove(store, number, taken, bad, good, real)
    worse = prove(store, number, taken, good, bad, real)
    assert better.queries >= 30
    assert better.holds
    assert better.dense_gain.low > 0
    assert better.against == bad.fingerprint
    assert not worse.holds
    assert worse.dense_gain.high < 0
    assert better.before == worse.after
    assert better.offered == 2
    assert better.real == 1 + (taken.part_of(store.passages([drawn[-1]])[drawn[-1]]) == "proof")
    assert better.balance_gain is None
    told = prove(store, number, taken, good, bad, real, Trusts(before=0.0, balanced=3.0, after=0.0))
    assert told.balance_gain is not None
    assert told.before["fused"] == told.keyword["ndcg@10"] == told.after["fused"]
    for one in better.comparisons:
        for side in ("dense", "fused"):
            for when in ("before", "after"):
                first = getattr(one, f"{side}_first_{when}")
                assert (first == one.passage) is (getattr(one, f"{side}_{when}") == 1)
