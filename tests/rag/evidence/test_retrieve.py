"""What is read of what a search finds."""

from passages_found import found

from indexer.search.searcher import Scope, SearchResult
from rag.evidence.retrieve import retrieve


class Shelf:
    def __init__(self, *texts):
        self.hits = tuple(found(*texts))

    def find(self, query, scope, k=10):
        return SearchResult(self.hits[:k], "")

    def passages_of(self, document):
        return []


def texts(shelf, question):
    return [h.passage.text for h in retrieve(shelf, shelf, question, Scope(frozenset({1}))).hits]


def test_a_table_of_contents_is_passed_over():
    shelf = Shelf("Taxes .............. 12\nRice .............. 14", "Taxes are due in May.")
    assert texts(shelf, "When are taxes due?") == ["Taxes are due in May."]


def test_what_explains_a_name_is_read_though_much_is_said_of_it():
    mentions = [f"An upload of kind {n} needs an NMU now and then." for n in range(30)]
    shelf = Shelf(*mentions, "Such uploads are called Non-Maintainer Uploads (NMU).")
    assert "called" in texts(shelf, "What is an NMU?")[2]
