"""What is read of what a search finds."""

from dataclasses import replace

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


class Book(Shelf):
    """A document of several passages, of which search finds the last."""

    def __init__(self, heading, *said):
        super().__init__(*said)
        self.all = [
            replace(hit.passage, headings=(heading,), ordinal=n, id=n + 1)
            for n, hit in enumerate(self.hits)
        ]
        self.hits = (replace(self.hits[-1], passage=self.all[-1]),)

    def passages_of(self, document):
        return self.all


def test_a_section_that_is_asked_for_is_read_from_its_beginning():
    book = Book(
        "5 The Harbour Strike", "It began in May.", "The crews met.", "Much is written on it."
    )
    assert texts(book, "What happened during the harbour strike?")[0] == "It began in May."
    assert texts(book, "What is written on the harbour strike?") == ["Much is written on it."]


def test_a_section_that_asks_the_question_is_read_from_its_beginning_wherever_it_was_found():
    book = Book("1.1) What is Kite?", "It sends mail.", "It was renamed.")
    book.hits = (
        *found("Kite 5 is out.", "Kite runs.", "Kite is built only with make."),
        *book.hits,
    )
    assert "It sends mail." in texts(book, "What is Kite?")[:3]


def test_a_run_of_numbered_headings_is_a_table_of_contents():
    listed = "10.4. Avoiding kits\n10.4.1. Loadable modules\n10.4.2. Telling kits\n10.5. Odd ideas"
    shelf = Shelf(listed, "A kit is told by the sums of its files.")
    assert texts(shelf, "How do I tell a kit?") == ["A kit is told by the sums of its files."]
