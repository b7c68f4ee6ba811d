"""Yes or no is said only where a sentence plainly says it."""

from __future__ import annotations

import pytest

from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Document, Hit, Passage, Span
from rag.evidence.extract import score
from rag.evidence.quotables import Quotable
from rag.evidence.verdicts import polarity
from rag.question.analysis import read


def said(question, sentence):
    words = tuple(query_words(question, ["en"]))
    asked = read(question, TermStatistics(words, 100, 5000, {w.terms: 5 for w in words}), ["en"])
    passage = Passage(sentence, (), (Span(1, 0, len(sentence)),), 0, 1, "d")
    document = Document("d", 1, "d.txt", "", "", 0, "txt", 1, True, "ready", "", 1, 0, 1, 0.0)
    hit = Hit(1, 1.0, passage, document)
    [one] = score(asked, [hit], [Quotable(0, 0, 0, len(sentence), sentence)])
    return polarity(asked, one)


@pytest.mark.parametrize(
    ("question", "sentence", "verdict"),
    [
        (
            "Are safety tips mandatory?",
            "Staff are encouraged to read the safety tips, but these are not mandatory.",
            "",
        ),
        (
            "Can I charge a fee for copies?",
            "You may charge any fee or no fee for copies that you make.",
            "yes",
        ),
        (
            "Did the town join the union?",
            "Because its council refused to sign, the town did not join the union.",
            "no",
        ),
        (
            "Is smoking allowed in the yard?",
            "Smoking is not prohibited in the yard, it is allowed there.",
            "yes",
        ),
        (
            "Can dogs travel in the wagon?",
            "Dogs can travel in the wagon, but should not travel without a muzzle.",
            "",
        ),
        (
            "Was the new bridge wider than the old bridge?",
            "The new bridge was no wider than the old bridge.",
            "no",
        ),
        (
            "Are the objects changed by the filter?",
            "The objects changed by the filter are not necessarily all of them.",
            "",
        ),
        ("Is parking free?", "Parking is free.", "yes"),
    ],
)
def test_what_a_sentence_says_to_a_question(question, sentence, verdict):
    assert said(question, sentence) == verdict
