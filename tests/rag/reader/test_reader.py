"""The trained reader: what it looks at, what it says, and that it can be left out."""

import json

import numpy as np
import pytest

from rag.evidence.cite import Source
from rag.evidence.quotables import quotables
from rag.languages import ENGLISH
from rag.question.analysis import Question
from rag.reader import cues, features
from rag.reader.claims import CLAIM, hold
from rag.reader.features import PASSAGE, QUESTION, SENTENCE
from rag.reader.reader import WEIGHTS, shipped
from rag.reader.trees import Trees
from rag.reader.words import Matches, WordVectors
from tests.passages_found import found, pages_of

LEAVE = "Employees may carry over five days. The canteen opens at noon. Tell your manager in May."
CANTEEN = "The canteen serves soup on Fridays."


def asked(text, *words, kind="any"):
    weights = {(word,): 1 / len(words) for word in words}
    return Question(text, weights, 5.0, kind, ENGLISH, ("en",))


DAYS = asked("How many days of leave may staff keep?", "day", "leav", "staff", "keep")


def test_the_weights_belong_to_the_features():
    spec = json.loads((WEIGHTS / "spec.json").read_text())
    kinds = {"passages": PASSAGE, "sentences": SENTENCE, "questions": QUESTION, "claims": CLAIM}
    assert {name: spec[name] for name in kinds} == {k: list(v) for k, v in kinds.items()}
    reader = shipped()
    for name, names in kinds.items():
        trees = getattr(reader, name)
        assert trees.feature.max() < len(names)
        assert trees.left.max() < trees.value.shape[1]
        assert trees.right.max() < trees.value.shape[1]
    assert 0 < reader.lines["answered"] < 1
    assert reader.lines["partly"] < reader.lines["supported"]


@pytest.mark.parametrize(
    ("name", "names"), [("passages", PASSAGE), ("sentences", SENTENCE), ("claims", CLAIM)]
)
def test_more_of_what_can_only_help_never_hurts(name, names):
    trees = getattr(shipped(), name)
    draw = np.random.default_rng(0)
    rows = draw.uniform(0, 1, (50, len(names)))
    for place, sense in enumerate(names.values()):
        more = rows.copy()
        more[:, place] += 0.5
        change = trees.logits(more) - trees.logits(rows)
        assert (sense * change >= -1e-6).all()


def test_trees_send_a_row_left_up_to_the_threshold_and_a_missing_value_as_they_learnt():
    one = np.array([[0, 0, 0]])
    trees = Trees(
        one, np.array([[0.5, np.inf, np.inf]]), np.array([[True, False, False]]),
        np.array([[1, 1, 2]]), np.array([[2, 1, 2]]), np.array([[0.0, -1.0, 2.0]]), 0.25, 1,
    )  # fmt: skip
    rows = np.array([[0.5], [0.6], [np.nan]])
    assert trees.logits(rows).tolist() == [-0.75, 2.25, -0.75]
    again = Trees.read(trees.tensors("x"), "x")
    assert again.logits(rows).tolist() == [-0.75, 2.25, -0.75]
    assert trees.logits(np.empty((0, 1))).tolist() == []


def test_words_near_in_meaning_count_partly_and_the_same_word_wholly():
    words = shipped().words
    near = words.similarities([("physician",), ("qqqq",)], ["doctor", "bicycl", "qqqq"])
    assert near[0, 0] > 0.5 > near[0, 1]
    assert near[1].tolist() == [0, 0, 1]
    matches = Matches.of({("physician",): 1.0}, [["doctor"]], words)
    best = matches.best(["doctor"])
    assert matches.exact(best) == 0
    assert 0.3 < matches.soft(best) < 1
    assert matches.soft(matches.best(["elsewher"])) == 0


def test_without_a_vocabulary_words_are_near_to_themselves_alone():
    none = WordVectors.none()
    assert none.similarities([("day",)], ["day", "week"]).tolist() == [[1.0, 0.0]]
    assert none.weighed([("day",), ("week",)]) == {("day",): 0.5, ("week",): 0.5}


def test_each_table_has_a_row_for_what_it_is_of():
    hits = found(LEAVE, CANTEEN, title="Handbook")
    evidence = features.Evidence.of(DAYS, hits, shipped().words)
    said = quotables(hits, pages_of(hits))
    rows = features.sentence_rows(evidence, said)
    assert rows.shape == (len(said), len(SENTENCE))
    best = rows[:, list(SENTENCE).index("soft")].argmax()
    assert "five days" in said[best].text
    texts = [[one.text for one in said if one.hit == place] for place in range(2)]
    assert features.passage_rows(evidence, texts).shape == (2, len(PASSAGE))
    row = features.question_row(evidence, rows, np.zeros(len(said)), np.zeros(2))
    assert row.shape == (len(QUESTION),)


def test_it_reads_a_question():
    hits = found(LEAVE, CANTEEN, title="Handbook")
    hope = shipped().hope(DAYS, hits, quotables(hits, pages_of(hits)))
    assert hope.line == shipped().lines["answered"]
    assert hope.lacking == ""
    assert hope.probability > shipped().hope(DAYS, [], []).probability == 0.0


def test_what_has_nothing_to_do_with_the_documents_has_little_hope():
    hits = found(LEAVE, CANTEEN, title="Handbook")
    far = asked("Who painted the Mona Lisa?", "paint", "mona", "lisa", kind="name")
    hope = shipped().hope(far, hits, quotables(hits, pages_of(hits)))
    assert hope.probability < hope.line


def test_a_word_without_which_nothing_answers_is_named():
    hits = found("Cook County has its own taxes on sales.", CANTEEN, title="Handbook")
    rice = asked("How do I cook rice?", "cook", "rice")
    assert shipped().hope(rice, hits, quotables(hits, pages_of(hits))).lacking == "rice"
    typed = asked("How do I pay taxees in Cook County?", "taxees", "cook", "county")
    assert shipped().hope(typed, hits, quotables(hits, pages_of(hits))).lacking == ""


def test_who_did_something_is_not_told_by_what_does_not_speak_of_the_deed():
    study = "The Lakeside study of birds drew its sample from the county."
    hits = found(study, CANTEEN, title="Handbook")
    funded = asked("Who funded the Lakeside study?", "fund", "lakeside", "studi")
    assert shipped().hope(funded, hits, quotables(hits, pages_of(hits))).lacking == "funded"
    hits = found(study, "It was paid by the county, which funds such work.", title="Handbook")
    assert shipped().hope(funded, hits, quotables(hits, pages_of(hits))).lacking == ""


@pytest.mark.parametrize("verb", ["held", "conducted", "scheduled"])
def test_that_something_goes_on_need_not_be_said(verb):
    hits = found("Staff reviews are an annual affair.", CANTEEN, title="Handbook")
    goes_on = asked(f"When are reviews {verb}?", "review", verb)
    assert shipped().hope(goes_on, hits, quotables(hits, pages_of(hits))).lacking == ""


def test_a_claim_is_held_against_the_place_that_holds_most_of_it():
    sources = [Source(0, CANTEEN), Source(1, "Staff may carry over five days."), Source(1, "Ask.")]
    held = hold("Workers can keep 5 days.", sources, ENGLISH, shipped().words)
    assert 1 in held.place
    assert held.row.shape == (len(CLAIM),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Why is the sky blue?", "why"),
        ("How do I reset my password?", "how"),
        ("What is a deductible?", "definition"),
        ("Is dental care covered?", "yes or no"),
        ("dental care limits", "keywords"),
    ],
)
def test_what_a_question_asks_for(text, kind):
    assert cues.KINDS[cues.asked_kind(asked(text, "x"))] == kind


def test_names_are_looked_for_as_they_are_written():
    assert cues.named("What does Health Plus pay under clause 3.2?") == ("health", "plus", "3.2")
    assert cues.share_named(("plus", "3.2"), "health plus pays") == 0.5
    assert cues.share_named((), "anything") == 1.0
