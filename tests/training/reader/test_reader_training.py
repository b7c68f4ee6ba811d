"""What the reader is grown from, and that the written-out trees are those that were grown."""

import json

import numpy as np
import pytest

from rag.reader.features import PASSAGE, SENTENCE
from tests.training.reader.test_cross_encoder import labelled
from training.data.packed import read_rows
from training.reader import cases, models
from training.reader.fit import Growth, grown
from training.reader.material import Case, claims, materials
from training.reader.verdicts import held_claims
from training.reader.words import vocabulary


def test_written_out_trees_say_what_scikit_learn_says(monkeypatch):
    from sklearn.ensemble import HistGradientBoostingClassifier

    models_made = []
    fitting = HistGradientBoostingClassifier.fit

    def kept(self, *args, **more):
        models_made.append(self)
        return fitting(self, *args, **more)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", kept)
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(400, 3)).astype(np.float32)
    rows[draw.random((400, 3)) < 0.1] = np.nan
    right = np.nan_to_num(rows[:, 0]) + 0.3 * draw.normal(size=400) > 0
    trees = grown(rows, right, {"a": 1, "b": 0, "c": -1}, growth=Growth(trees=12, least=10))
    theirs = models_made[0].decision_function(rows)
    assert np.allclose(trees.logits(rows), theirs, atol=1e-5)


def test_each_collection_has_its_own_questions_near_misses_and_strangers():
    data = [row | {"source": f"source {row['id'] % 20}"} for row in labelled(400)]
    made = materials(data)
    own = [case for material in made for case in material.cases]
    assert {case.kind for case in own} == {"answerable", "near miss", "far off"}
    for material in made:
        for case in material.cases:
            assert (case.kind == "answerable") == (case.document >= 0)
            if case.sentences:
                assert case.sentences[0] in material.documents[case.document][1]


def test_a_tenth_is_held_out():
    assert Case("?", "far off", 20).held_out
    assert not Case("?", "far off", 21).held_out
    assert sum(claim.held_out for claim in claims(labelled(20))) == 6


def test_claims_are_held_against_passages_that_hold_them_or_do_not():
    held = list(held_claims(labelled(4)))
    assert {one.kind for one in held} >= {"supported", "contradicted", "half", "other passage"}
    for one in held:
        if one.kind == "sentence":
            assert one.text in one.sentences


def test_small_collections_and_those_of_one_language():
    groups = [
        {"lang": lang, "docs": [
            {"title": f"{lang} {n} {d}", "text": "x", "queries": [f"q{n}{d}", f"r{n}{d}"]}
            for d in range(2)
        ]}
        for n, lang in enumerate(["de", "de", "de", "ja"])
    ]  # fmt: skip
    made = {one.name: one for one in materials(labelled(400), groups)}
    small = [one for name, one in made.items() if name.startswith("small")]
    assert [len(one.documents) for one in small][:4] == [1, 2, 3, 4]
    assert [len(made[name].documents) for name in ("de 0", "de 1", "ja 0")] == [2, 4, 2]
    for case in made["de 1"].cases:
        assert (case.kind == "answerable") == (case.document >= 0)


def test_rows_are_read_packed_or_not(tmp_path):
    import lzma

    line = json.dumps({"a": 1}) + "\n"
    (tmp_path / "a.jsonl").write_text(line)
    with lzma.open(tmp_path / "a.jsonl.xz", "wt") as file:
        file.write(line)
    assert read_rows(tmp_path / "a.jsonl") == read_rows(tmp_path / "a.jsonl.xz") == [{"a": 1}]


def test_the_vocabulary_holds_what_comes_often_with_its_forms():
    terms = vocabulary(["Plans plan planned; planned plans.", "zygote"])
    assert terms["plan"].total() == 5
    assert "zygot" not in terms


@pytest.fixture
def looked():
    draw = np.random.default_rng(1)

    def one(part, kind):
        able = kind == "answerable"
        sentences = draw.uniform(0, 1, (6, len(SENTENCE)))
        passages = draw.uniform(0, 1, (3, len(PASSAGE)))
        if able:
            sentences[0, :6], passages[0, :6] = 1.5, 1.5
        answers = np.arange(6) == (0 if able else -1)
        return cases.Looked(
            kind, part, passages, 0 if able else -1, sentences, answers, np.zeros(6, int),
            draw.uniform(0, 1, 6), draw.uniform(0, 1, len(models.QUESTION)),
        )  # fmt: skip

    kinds = ("answerable", "answerable", "removed", "near miss", "far off")
    return [one(part, kinds[part // 10 % 5]) for part in range(1, 300)]


def test_looked_at_cases_are_kept_without_loss(looked, tmp_path):
    cases.save(tmp_path / "a.safetensors", looked[:7])
    for one, again in zip(looked, cases.load(tmp_path / "a.safetensors"), strict=False):
        assert (one.kind, one.part, one.right) == (again.kind, again.part, again.right)
        assert np.array_equal(one.sentences, again.sentences)
        assert np.array_equal(one.answers, again.answers)
        assert np.array_equal(one.rest, again.rest)


def test_what_parts_the_cases_is_learnt_and_written(looked, tmp_path):
    draw = np.random.default_rng(2)
    right = draw.random(400) < 0.5
    held = models.Claims(
        draw.uniform(0, 1, (400, len(models.CLAIM))) + right[:, None], right, np.ones(400),
        np.where(right, "supported", "unfounded"), np.arange(400) % 10 == 0,
    )  # fmt: skip
    made = models.grow(looked, looked, held)
    lines = list(models.held_out_report(made, looked, held))
    assert any("far off" in line for line in lines)
    models.write(made, tmp_path)
    spec = json.loads((tmp_path / "spec.json").read_text())
    assert 0 < spec["lines"]["answered"] < 1
    assert (tmp_path / "trees.safetensors").stat().st_size < 1_000_000
