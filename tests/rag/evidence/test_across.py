"""Sentences chosen across languages, by what an embedder says of them."""

import numpy as np

from indexer.keyword.bm25 import TermStatistics
from rag.evidence.across import LINE, nearest
from rag.evidence.quotables import Quotable
from rag.question.analysis import read

QUESTION = read("How many weeks of leave are there?", TermStatistics((), 1, 1, {}), ["de"])


def quotable(hit, order, text):
    return Quotable(hit, order, 0, len(text), text)


SENTENCES = [
    quotable(0, 0, "Die Kantine öffnet um elf."),
    quotable(0, 1, "Es gibt sechs Wochen Urlaub."),
    quotable(1, 0, "Im Winter wird geheizt."),
]


def cosines(*values):
    return lambda question, texts: np.array(values, dtype=np.float32)[: len(texts)]


def test_the_nearest_sentence_answers():
    chosen, hope = nearest(QUESTION, SENTENCES, cosines(0.1, 0.6, 0.2))
    assert [one.text for one in chosen] == ["Es gibt sechs Wochen Urlaub."]
    assert hope > LINE


def test_two_that_are_as_near_come_in_reading_order():
    same = [quotable(0, order, text) for order, text in enumerate(("Eins ist so.", "Zwei auch."))]
    chosen, _ = nearest(QUESTION, same, cosines(0.5, 0.52))
    assert [one.order for one in chosen] == [0, 1]


def test_a_year_is_the_same_in_every_language():
    asked = read("Which works did Luther publish in 1520?", TermStatistics((), 1, 1, {}), ["de"])
    texts = ("Studenten kamen, um Luther zu hören.", "Drei Werke erschienen 1520.", "Es war 15200.")
    found = [quotable(0, order, text) for order, text in enumerate(texts)]
    chosen, _ = nearest(asked, found, cosines(0.55, 0.52, 0.5))
    assert [one.order for one in chosen] == [1]


def test_nothing_near_leaves_no_hope():
    _, hope = nearest(QUESTION, SENTENCES, cosines(0.02, 0.05, 0.01))
    assert hope < LINE


def test_without_sentences_there_is_nothing():
    assert nearest(QUESTION, [], cosines()) == ([], 0.0)


def test_of_many_sentences_the_first_are_embedded():
    asked = []

    def meaning(question, texts):
        asked.append(len(texts))
        return np.zeros(len(texts))

    many = [quotable(hit, order, "Ein Satz.") for hit in range(9) for order in range(20)]
    chosen, _ = nearest(QUESTION, many, meaning)
    assert asked == [40]
    assert all(one.hit < 2 for one in chosen)
