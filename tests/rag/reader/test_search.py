"""Search with its first hits read: the same hits, in the reader's order, where it is fused."""

from dataclasses import replace

import pytest

from indexer.keyword.bm25 import TermStatistics
from indexer.search.searcher import Scope, SearchResult
from rag.reader.reader import DEPTH, shipped
from rag.reader.search import ReadingSearcher
from tests.passages_found import found


class Found:
    """Finds the same hits for any question, and answers for the store."""

    def __init__(self, *texts):
        self.hits = [replace(hit, score=1.0) for hit in found(*texts, title="Handbook")]
        self.asked = []

    def find(self, query, scope, k=10, mode="fused", task=None):
        self.asked.append((k, mode))
        return SearchResult(tuple(self.hits[:k]), "a notice")

    def document_languages(self, ids):
        return dict.fromkeys(ids, "en")

    def term_statistics(self, collections, text):
        from indexer.keyword.analysis import query_words

        words = tuple(query_words(text, ["en"]))
        return TermStatistics(words, 10, 100, {word.terms: 1 for word in words})


TEXTS = ("The canteen serves soup.", "The leave of a new father is four weeks.", "Dogs may not.")
SCOPE = Scope(frozenset([1]))


def test_of_hits_found_alike_the_one_that_answers_comes_first():
    finder = Found(*TEXTS)
    result = ReadingSearcher(finder, finder, shipped()).find("How long is a father's leave?", SCOPE)
    assert result.hits[0].passage.text == TEXTS[1]
    assert result.notice == "a notice"
    assert finder.asked == [(DEPTH, "fused")]


@pytest.mark.parametrize("mode", ["keyword", "dense"])
def test_what_each_side_finds_by_itself_is_left_as_it_is(mode):
    finder = Found(*TEXTS)
    reading = ReadingSearcher(finder, finder, shipped())
    hits = reading.search("How long is a father's leave?", SCOPE, k=2, mode=mode)
    assert [hit.passage.text for hit in hits] == list(TEXTS[:2])
    assert finder.asked == [(2, mode)]
