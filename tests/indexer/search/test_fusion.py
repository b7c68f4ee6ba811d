"""The maths of fusion and of the fit, and how the fit tells good vectors from bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.keyword import bm25
from indexer.keyword.bm25 import TermStatistics
from indexer.search import calibration, fusion
from indexer.search.calibration import FusionWeight, conditional_logit
from indexer.search.fusion import Background
from indexer.search.pseudo_queries import pseudo_queries
from indexer.store.store import Store
from tests.homes import add_lines
from tests.synonyms import Synonyms, paragraph

# Below a hundredth the unit of evidence has a floor: no BM25 of a word that says something.
SCORES = st.lists(st.floats(0.1, 40) | st.just(0.0), max_size=20).map(np.array)


@given(SCORES, st.floats(0.1, 100))
def test_keyword_evidence_does_not_depend_on_the_scale_of_bm25(scores, factor):
    plain = fusion.keyword_evidence(scores, 20.0)
    scaled = fusion.keyword_evidence(factor * scores, factor * 20.0)
    assert scaled == pytest.approx(plain, abs=1e-3)


@given(SCORES)
def test_with_no_weight_the_order_is_that_of_the_keywords(scores):
    assert fusion.fuse(scores, scores[::-1], 0.0).tolist() == scores.tolist()


def test_a_query_that_the_passages_cover_badly_weighs_its_words_less():
    whole = fusion.keyword_evidence(np.array([20.0, 10.0]), 20.0)
    quarter = fusion.keyword_evidence(np.array([5.0, 2.5]), 20.0)
    assert whole == pytest.approx([10.0, 5.0])
    assert quarter == pytest.approx([5.0, 2.5])


def test_dense_evidence_is_counted_in_deviations_from_the_background():
    evidence = fusion.dense_evidence(np.array([0.5, 0.2]), Background(0.2, 0.1))
    assert evidence == pytest.approx([3.0, 0.0])
    assert fusion.fuse(np.array([1.0]), np.array([3.0]), 0.5) == [2.5]


def test_a_passage_without_a_vector_counts_as_background():
    assert fusion.dense_evidence(np.array([np.nan, 0.3]), Background(0.2, 0.1))[0] == 0.0


def test_words_that_no_passage_holds_are_trusted_away():
    """The best passage of a query that it covers by a quarter stands half as high."""
    from indexer.keyword.analysis import Word

    words = tuple(Word((name,)) for name in ("known", "of", "another", "language"))
    held = {word.terms: 0 for word in words} | {("known",): 1}
    whole = TermStatistics(words[:1], 1000, 10_000, held)
    part = TermStatistics(words, 1000, 10_000, held)
    best = np.array([bm25.weights(whole)[0]])
    high = fusion.keyword_evidence(best, fusion.mass(whole))[0]
    low = fusion.keyword_evidence(best, fusion.mass(part))[0]
    assert low == pytest.approx(high / 2, rel=0.1)


def simulated(keyword, dense, queries=400, passages=60, seed=0):
    """Evidence, and right passages drawn by the model itself."""
    rng = np.random.default_rng(seed)
    words, meaning = rng.standard_normal((2, queries, passages))
    noise = rng.gumbel(size=(queries, passages))
    return words, meaning, (keyword * words + dense * meaning + noise).argmax(axis=1)


@pytest.mark.parametrize(("keyword", "dense"), [(1.0, 0.5), (0.3, 1.4), (0.8, 0.0)])
def test_the_fit_finds_the_coefficients_that_made_the_data(keyword, dense):
    found = conditional_logit(*simulated(keyword, dense))
    assert found == pytest.approx((keyword, dense), abs=0.12)


def test_the_fit_holds_for_evidence_that_is_strong_and_often_zero():
    """Like real keyword evidence; plain Newton steps overshot here, and found nothing."""
    rng = np.random.default_rng(1)
    words = 10 * rng.random((200, 500)) * (rng.random((200, 500)) < 0.1)
    meaning = rng.standard_normal((200, 500))
    noise = rng.gumbel(size=words.shape)
    right = (0.7 * words + 1.2 * meaning + noise).argmax(axis=1)
    assert conditional_logit(words, meaning, right) == pytest.approx((0.7, 1.2), abs=0.3)


def test_the_fit_agrees_with_another_implementation():
    linear_model = pytest.importorskip("sklearn.linear_model")
    words, meaning, right = simulated(0.7, 0.9, passages=2, seed=3)
    # With two passages a conditional logit is a logistic regression on their difference.
    difference = np.stack([words[:, 1] - words[:, 0], meaning[:, 1] - meaning[:, 0]], axis=1)
    model = linear_model.LogisticRegression(C=1e6, fit_intercept=False).fit(difference, right)
    assert conditional_logit(words, meaning, right) == pytest.approx(model.coef_[0], rel=0.02)


def test_evidence_against_itself_gets_no_weight():
    words, meaning, right = simulated(1.0, 0.8)
    keyword, dense = conditional_logit(words, -meaning, right)
    assert dense == 0
    assert keyword > 0.5


TEXT = (
    "The harbour was built in the year of the great storm. Its walls are of grey granite from "
    "the northern quarries. Every spring the fishermen paint their boats. Tourists come in July."
)


def test_a_pseudo_query_is_made_of_a_sentence_that_its_passage_has_lost():
    queries = pseudo_queries([TEXT] * 8, ["en"] * 8, count=8)
    assert queries == pseudo_queries([TEXT] * 8, ["en"] * 8, count=8)
    assert len({query.text for query in queries}) > 4
    for query in queries:
        removed = [s for s in TEXT.split(". ") if s.rstrip(".") not in query.rest]
        assert len(removed) == 1
        assert set(query.text.rstrip(".").split()) <= set(removed[0].rstrip(".").split())


def test_pseudo_queries_of_a_script_without_blanks_and_of_nothing_usable():
    japanese = (
        "港は大嵐の年に建てられました。" * 2 + "壁は北の採石場の灰色の花崗岩でできています。" * 4
    )
    (query,) = pseudo_queries([japanese], ["ja"], count=5)
    assert 4 <= len(query.text) <= 18
    assert pseudo_queries(["Too short.", "", "1 2 3"], ["en", "", ""], count=5) == []


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """What is fitted for a good model, a poor one, and one that is noise alone."""
    found = {}
    for name, noise in (("good", 0.0), ("poor", 1.0), ("noise", 1e6)):
        folder = tmp_path_factory.mktemp(name)
        store, encoder = Store.open(folder / "home"), Synonyms(noise)
        number = store.create_collection("all").id
        lines = [paragraph(one) for one in range(200)]
        vectors = encoder.embed_passages([f"all > Part\n{line}" for line in lines])
        add_lines(store, number, folder / "all.txt", lines, vectors, encoder.fingerprint)
        found[name] = calibration.fit(store, number, encoder)
        assert found[name] == calibration.fit(store, number, encoder)
        store.close()
    return found


def test_a_better_model_is_trusted_more_and_noise_not_at_all(weights):
    assert weights["good"].weight > 1.2 * weights["poor"].weight
    assert weights["poor"].weight > 0.1
    assert weights["noise"].weight < 0.03
    assert weights["good"].queries >= 100


def test_a_weight_survives_the_database_and_other_versions_fall_back(weights):
    assert FusionWeight.from_json(weights["good"].to_json()) == weights["good"]
    assert FusionWeight.from_json("") == calibration.PRIOR
    assert FusionWeight.from_json('{"version": 99, "dense": 7}') == calibration.PRIOR


def test_a_collection_too_small_to_examine_gets_the_prior(tmp_path):
    store, encoder = Store.open(tmp_path / "home"), Synonyms()
    number = store.create_collection("few").id
    lines = [paragraph(one) for one in range(5)]
    add_lines(
        store,
        number,
        tmp_path / "few.txt",
        lines,
        encoder.embed_passages(lines),
        encoder.fingerprint,
    )
    assert calibration.is_due(store, number, encoder.fingerprint)
    fitted = calibration.fit(store, number, encoder)
    assert fitted.weight == calibration.PRIOR.weight
    assert fitted.passages == 5
    store.set_fusion_weight(number, encoder.fingerprint, fitted.to_json())
    assert not calibration.is_due(store, number, encoder.fingerprint)


def test_questions_say_how_far_meaning_is_trusted_with_some_caution():
    words, meaning, right = simulated(0.5, 1.0, queries=2000)
    found = FusionWeight(dense=calibration.of_questions(words, meaning, right))
    assert found.weight == pytest.approx(2 / 3 * 2.0, rel=0.15)
    nothing = FusionWeight(dense=calibration.of_questions(words, -meaning, right))
    assert nothing.weight == 0
    words, meaning, right = simulated(-0.5, 1.0)
    alone = FusionWeight(dense=calibration.of_questions(words, meaning, right))
    assert 1 < alone.weight < 10  # words that mislead: meaning counts for much, not without end


def test_what_questions_have_said_outlives_the_growth_of_a_collection(tmp_path):
    store, encoder = Store.open(tmp_path / "home"), Synonyms()
    number = store.create_collection("all").id
    lines = [paragraph(one) for one in range(60)]
    vectors = encoder.embed_passages(lines)
    add_lines(store, number, tmp_path / "all.txt", lines, vectors, encoder.fingerprint)
    said = FusionWeight(dense=1.7, asked=200)
    store.set_fusion_weight(number, encoder.fingerprint, said.to_json())
    assert calibration.is_due(store, number, encoder.fingerprint)
    fitted = calibration.fit(store, number, encoder)
    assert (fitted.dense, fitted.asked, fitted.passages) == (1.7, 200, 60)
    assert fitted.background
    store.set_fusion_weight(number, encoder.fingerprint, fitted.to_json())
    assert not calibration.is_due(store, number, encoder.fingerprint)
