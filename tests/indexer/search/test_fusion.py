"""The maths of fusion and of the fit, and how the fit tells good vectors from bad ones."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.keyword.bm25 import TermStatistics
from indexer.search import calibration, fusion
from indexer.search.calibration import FusionWeight, conditional_logit
from indexer.search.fusion import Background
from indexer.search.pseudo_queries import pseudo_queries
from indexer.store.store import Store
from tests.homes import add_lines, unit

SCORES = st.dictionaries(st.integers(1, 50), st.floats(0, 40, allow_subnormal=False), max_size=20)


@given(SCORES, st.floats(0.1, 100))
def test_keyword_evidence_does_not_depend_on_the_scale_of_bm25(scores, factor):
    plain = fusion.keyword_evidence(scores, 20.0)
    scaled = fusion.keyword_evidence({p: factor * s for p, s in scores.items()}, factor * 20.0)
    assert scaled == pytest.approx(plain, abs=1e-3)


@given(SCORES, SCORES)
def test_with_no_trust_the_order_is_that_of_the_keywords(words, meaning):
    fused = fusion.fuse(words, meaning, 0.0)
    assert fused.keys() == words.keys() | meaning.keys()
    assert all(fused[passage] == words.get(passage, 0.0) for passage in fused)


def test_a_query_that_the_passages_cover_badly_weighs_its_words_less():
    whole = fusion.keyword_evidence({1: 20.0, 2: 10.0}, 20.0)
    quarter = fusion.keyword_evidence({1: 5.0, 2: 2.5}, 20.0)
    assert whole == pytest.approx({1: 10.0, 2: 5.0})
    assert quarter == pytest.approx({1: 5.0, 2: 2.5})


def test_dense_evidence_is_counted_in_deviations_from_the_background():
    evidence = fusion.dense_evidence({1: 0.5, 2: 0.2}, Background(0.2, 0.1))
    assert evidence == pytest.approx({1: 3.0, 2: 0.0})
    assert fusion.fuse({1: 1.0}, {2: 3.0}, 0.5) == {1: 1.0, 2: 1.5}


def test_words_that_no_passage_holds_have_no_mass():
    from indexer.keyword.analysis import Word

    words = (Word(("known",)), Word(("unknown",)))
    held = TermStatistics(words, 100, 1000, {("known",): 3, ("unknown",): 0})
    alone = TermStatistics(words[:1], 100, 1000, {("known",): 3})
    assert fusion.mass(held) == pytest.approx(fusion.mass(alone))


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


class Synonyms:
    """A dense model that knows what means the same: `word7a` and `word7b` share a vector.

    `noise` is what is added to each vector; much of it makes the model useless.
    """

    fingerprint = "0123456789abcdef"
    dimension = 256

    def __init__(self, noise=0.0):
        self.noise = noise

    def embed_passages(self, texts, progress=None):
        return np.stack([self._vector(text) for text in texts])

    def embed_queries(self, texts, task=None):
        return self.embed_passages(texts)

    def _vector(self, text):
        words = [word.strip(".").rstrip("abcdefgh").lower() for word in text.split()]
        total = np.sum([self._random(word) for word in words], axis=0)
        spread = np.linalg.norm(total) / np.sqrt(self.dimension)
        return unit(total + self.noise * spread * self._random("noise of " + text))

    def _random(self, word):
        seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
        return np.random.default_rng(seed).standard_normal(self.dimension)


def paragraph(number):
    """Sentences on one subject, which say the same things in different words."""
    draw = np.random.default_rng(number)
    subject = [f"word{one}" for one in draw.choice(400, 5, replace=False)]
    common = [f"common{one}" for one in range(40)]
    sentences = []
    for _ in range(4):
        words = [one + draw.choice(list("abcdefgh")) for one in draw.choice(subject, 4)]
        words += list(draw.choice(common, 4))
        draw.shuffle(words)
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)


@pytest.fixture(scope="module")
def trusts(tmp_path_factory):
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


def test_a_better_model_is_trusted_more_and_noise_not_at_all(trusts):
    assert trusts["good"].weight > 1.2 * trusts["poor"].weight
    assert trusts["poor"].weight > 0.1
    assert trusts["noise"].weight < 0.03
    assert trusts["good"].queries >= 100


def test_trust_survives_the_database_and_other_versions_fall_back(trusts):
    assert FusionWeight.from_json(trusts["good"].to_json()) == trusts["good"]
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
