"""Search through its own door: real SQLite, real FAISS, a tiny real decoder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from embedder.errors import FootnoteError
from indexer.search.calibration import FusionWeight, is_due
from indexer.search.searcher import Scope, Searcher
from indexer.store.store import Store
from tests.homes import add_lines, embedded

LEAVE = [
    "Parental leave is paid in full for sixteen weeks after the birth of a child.",
    "The deductible of the standard plan is two thousand dollars a year.",
    "Employees report an absence before nine in the morning to their team.",
    "The cafeteria serves soup on Mondays and pasta on Thursdays.",
]
RECIPES = [
    "Simmer the soup for an hour and season it with salt.",
    "Paid in patience, a sourdough needs a whole day of rest.",
    "Leave the dough to rise until it has doubled.",
]


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "home")
    yield store
    store.close()


@pytest.fixture
def filled(store, tiny_embedder, tmp_path):
    """Two collections, and a searcher over them."""
    numbers = {}
    for name, lines in (("handbook", LEAVE), ("recipes", RECIPES)):
        numbers[name] = store.create_collection(name).id
        add(store, tiny_embedder, numbers[name], tmp_path / f"{name}.txt", lines)
    return Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder), numbers


def add(store, embedder, collection, source, lines):
    vectors = embedded(embedder, source.stem, lines)
    return add_lines(store, collection, source, lines, vectors, embedder.fingerprint)


def scope(*numbers):
    return Scope(frozenset(numbers))


@pytest.mark.parametrize("mode", ["fused", "dense", "keyword"])
def test_finds_the_passage_with_the_words_of_the_query(filled, mode):
    searcher, numbers = filled
    hits = searcher.search("parental leave after the birth", scope(*numbers.values()), mode=mode)
    assert hits[0].passage.text == LEAVE[0]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_hit_says_how_each_side_ranked_it(filled):
    searcher, numbers = filled
    best = searcher.search("soup on Mondays", scope(numbers["handbook"]))[0]
    assert (best.keyword_rank, best.document.title) == (1, "handbook")
    assert best.dense_rank is not None
    assert best.keyword_score > 0
    assert -1.001 <= best.dense_score <= 1.001


@pytest.mark.parametrize("mode", ["fused", "dense", "keyword"])
def test_nothing_outside_the_scope_is_touched(filled, store, mode):
    searcher, numbers = filled
    statements = []
    store.connection.set_trace_callback(statements.append)
    hits = searcher.search("soup", scope(numbers["handbook"]), mode=mode)
    store.connection.set_trace_callback(None)
    assert {hit.document.collection for hit in hits} == {numbers["handbook"]}
    assert not any(f"keywords_{numbers['recipes']}" in one for one in statements)
    assert searcher.search("soup", scope(), mode=mode) == []


def test_a_word_is_rare_or_common_in_all_that_is_searched(store, tiny_embedder, tmp_path):
    """ "dough" says little about bread and must not win by being rare in the wrong collection."""
    bread = [f"The dough number {n} rests in a cool place." for n in range(12)]
    bread.append("Dough dough dough: how to fold dough by hand.")
    law = [f"Clause {n} of the contract binds both parties." for n in range(12)]
    law.append("A contract about dough, flour and other things that bakers sell in the morning.")
    numbers = []
    for name, lines in (("bread", bread), ("law", law)):
        numbers.append(store.create_collection(name).id)
        add(store, tiny_embedder, numbers[-1], tmp_path / f"{name}.txt", lines)
    searcher = Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder)
    best = searcher.search("dough", scope(*numbers), mode="keyword")[0]
    assert best.passage.text == bread[-1]


QUERIES = ["", " \n\t", "\x00\x01\x02", '" OR * NEAR( ) -', "\ud800 surrogate", "🦆" * 50]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("mode", ["fused", "dense", "keyword"])
def test_any_text_is_a_query(filled, query, mode):
    searcher, numbers = filled
    assert len(searcher.search(query, scope(*numbers.values()), mode=mode)) <= 10


def test_a_query_of_a_megabyte_is_read_in_its_beginning(filled):
    searcher, numbers = filled
    query = "parental leave after the birth " + "words and words " * 65_000
    assert searcher.search(query, scope(*numbers.values()))[0].passage.text == LEAVE[0]


@pytest.mark.parametrize("mode", ["fused", "dense", "keyword"])
def test_deleted_and_superseded_passages_are_never_found(
    filled, store, tiny_embedder, tmp_path, mode
):
    searcher, numbers = filled
    everything = scope(*numbers.values())
    assert searcher.search("parental leave", everything, mode=mode)[0].passage.text == LEAVE[0]
    add(store, tiny_embedder, numbers["handbook"], tmp_path / "handbook.txt", LEAVE[1:])
    found = [hit.passage.text for hit in searcher.search("parental leave", everything, mode=mode)]
    assert LEAVE[0] not in found
    recipes = store.documents([numbers["recipes"]]).rows[0]
    store.delete([recipes.id])
    left = searcher.search("dough soup leave paid", everything, mode=mode)
    assert all(hit.document.collection == numbers["handbook"] for hit in left)


def test_without_its_embedder_a_fused_search_answers_by_words_and_says_so(filled, store, tmp_path):
    _, numbers = filled

    def missing(fingerprint):
        raise FootnoteError(f"the embedder {fingerprint} is not installed")

    searcher = Searcher(store, tmp_path / "index", missing)
    found = searcher.find("parental leave", scope(*numbers.values()))
    assert found.hits[0].passage.text == LEAVE[0]
    assert "is not installed" in found.notice
    with pytest.raises(FootnoteError, match="not installed"):
        searcher.search("parental leave", scope(*numbers.values()), mode="dense")


def test_a_collection_without_vectors_is_searched_by_words(filled, store, tmp_path):
    searcher, numbers = filled
    empty = store.create_collection("empty").id
    assert searcher.search("soup", scope(empty)) == []
    assert searcher.search("soup", scope(empty, numbers["recipes"]))[0].passage.text == RECIPES[0]


def test_settling_fits_the_trust_once_and_again_after_growth(store, tiny_embedder, tmp_path):
    number = store.create_collection("many").id
    paragraphs = [prose(seed) for seed in range(60)]
    add(store, tiny_embedder, number, tmp_path / "one.txt", paragraphs[:40])
    searcher = Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder)
    searcher.maintain(number)
    first = store.fusion_weight(number, tiny_embedder.fingerprint)
    assert first
    searcher.maintain(number)
    assert store.fusion_weight(number, tiny_embedder.fingerprint) == first
    add(store, tiny_embedder, number, tmp_path / "two.txt", paragraphs[40:])
    searcher.maintain(number)
    assert store.fusion_weight(number, tiny_embedder.fingerprint) != first
    assert searcher.search(paragraphs[3][:60], scope(number))[0].passage.text == paragraphs[3]


def prose(seed, count=5):
    """A paragraph of sentences about a subject of its own."""
    draw = np.random.default_rng(seed)
    subject = [f"{a}{seed}" for a in ("river", "engine", "garden", "letter")]
    common = ["the", "old", "new", "small", "large", "from", "with", "under", "near", "often"]
    sentences = []
    for _ in range(count):
        words = [*draw.choice(subject, 3), *draw.choice(common, 6)]
        draw.shuffle(words)
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)


def test_keyword_search_loads_no_numpy_and_no_model(filled, store, tmp_path):
    program = (
        "import sys; from pathlib import Path; from indexer.store.store import Store;"
        "from indexer.search.searcher import Scope, Searcher;"
        f"searcher = Searcher(Store.open(Path({str(store.home)!r})), Path('.'), None);"
        "hits = searcher.search('soup', Scope(frozenset({1, 2})), mode='keyword');"
        "print(len(hits), *sys.modules)"
    )
    count, *loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert int(count) == 2
    assert not {"torch", "faiss", "numpy", "transformers"} & set(loaded)


def test_passages_with_all_common_words_are_found_at_any_depth(
    store, tiny_embedder, tmp_path, monkeypatch
):
    monkeypatch.setattr("indexer.keyword.fts._SCORED_ROWS", 4)
    number = store.create_collection("reports").id
    lines = [f"annual number {n}" for n in range(8)] + [f"report number {n}" for n in range(8)]
    add(store, tiny_embedder, number, tmp_path / "r.txt", [*lines, "the annual report at last"])
    for k in (1, 5, 17, 100):
        best, _ = store.keyword(number, "annual report", k)[0]
        assert store.passages([best])[best].text == "the annual report at last"


def test_the_best_by_words_is_the_best_whatever_is_asked_for(filled):
    searcher, numbers = filled
    asked = scope(*numbers.values())
    best = [searcher.search("paid leave", asked, k=k, mode="keyword")[0] for k in (1, 2, 50)]
    assert len({hit.passage.id for hit in best}) == 1


def test_trust_is_examined_anew_where_its_background_is_gone(filled):
    searcher, numbers = filled
    store, number = searcher._store, numbers["handbook"]
    fingerprint = store.generation(number)
    there = [passage.id for passage in store.sample_passages(number, 9)]
    known = FusionWeight(0.5, passages=len(there), background=tuple(there))
    store.set_fusion_weight(number, fingerprint, known.to_json())
    assert not is_due(store, number, fingerprint)
    gone = replace(known, background=(*there[:1], 901, 902, 903))
    store.set_fusion_weight(number, fingerprint, gone.to_json())
    assert is_due(store, number, fingerprint)
    hits = searcher.search("parental leave after the birth", scope(number))
    assert hits[0].passage.text == LEAVE[0]
    assert abs(hits[0].score) < 100


def test_a_damaged_vector_costs_the_meaning_and_says_so(filled):
    searcher, numbers = filled
    number = numbers["handbook"]
    with searcher._store.transaction() as connection:
        connection.execute(
            "UPDATE vectors SET vector = substr(vector, 3) WHERE passage ="
            " (SELECT max(id) FROM passages WHERE collection = ?)",
            (number,),
        )
    found = searcher.find("parental leave", scope(number))
    assert found.hits[0].passage.text == LEAVE[0]
    assert "words alone" in found.notice


def test_a_collection_deleted_a_moment_ago_is_passed_over(filled):
    searcher, numbers = filled
    searcher._store.delete_collection(numbers["recipes"])
    hits = searcher.search("paid leave", scope(*numbers.values()))
    assert {hit.document.collection for hit in hits} == {numbers["handbook"]}
