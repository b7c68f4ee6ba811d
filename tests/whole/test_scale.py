"""What must not cost more in a large collection than in a small one: counted, not timed.

Work is counted in steps of SQLite's virtual machine, which are the same at every run.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from homes import add_lines, clustered

from indexer.records import Document, Page, Passage, Span
from indexer.search.searcher import Scope, Searcher
from indexer.store import writes
from indexer.store.store import Store

FINGERPRINT = "f" * 16
SMALL, LARGE = 100, 2_000
GRAIN = 10  # steps from one count to the next


def word(number):
    """One that stands in the paper of this number alone."""
    return "zeb" + "".join("abcdefghij"[int(digit)] for digit in f"{number:04}")


def filled(folder, documents):
    """A store with so many documents of one passage each, written in one go."""
    store = Store.open(folder / "home")
    collection = store.create_collection("many").id
    vectors = clustered(documents, 8)
    with store.transaction() as connection:
        connection.execute("UPDATE collections SET fingerprint = ?", (FINGERPRINT,))
        for number in range(documents):
            text = f"Paper {number} tells of {word(number)} and of the leave that all have."
            record = Document(
                f"d{number:06}", collection, f"/papers/{number:06}.txt", f"Paper {number:06}",
                f"{number:064}", len(text), "text", 1, True, "ready", "", 1, 0, 1, 0.0,
            )  # fmt: skip
            writes.insert_document(connection, record, "en")
            writes.insert_pages(connection, record.id, [Page(1, text)])
            passage = Passage(text, (), (Span(1, 0, len(text)),), 0)
            terms = writes.keyword_terms(record.title, [passage], "en")
            ids = writes.insert_passages(connection, record, [passage], terms)
            writes.insert_vectors(connection, ids, vectors[number : number + 1], FINGERPRINT)
    return store, collection


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A small store and a large one, each with its collection and folder."""
    made = []
    for documents in (SMALL, LARGE):
        folder = tmp_path_factory.mktemp("scale")
        made.append((*filled(folder, documents), folder))
    return made


@contextmanager
def counted(connection):
    """A list whose length grows with the work that SQLite does meanwhile."""
    steps: list[None] = []

    def count():
        steps.append(None)
        return 0

    connection.set_progress_handler(count, GRAIN)
    yield steps
    connection.set_progress_handler(None, GRAIN)


def delete_one(store, collection, folder):
    assert len(store.delete(["d000050"]).documents) == 1


def delete_a_batch(store, collection, folder):
    assert len(store.delete([f"d{n:06}" for n in range(10, 30)]).documents) == 20


def replace_one(store, collection, folder):
    lines = ["Paper 60 tells of another thing by now."]
    source = folder / "60.txt"
    with store.transaction() as connection:
        connection.execute("UPDATE documents SET path = ? WHERE id = 'd000060'", (str(source),))
    add_lines(store, collection, source, lines, clustered(1, 8), FINGERPRINT)
    assert not store.document("d000060").current


def keep_in_step(store, collection, folder):
    """What a watched folder asks for each file that changed, before anything is read."""
    assert store.documents_under(collection, ["/papers/000085.txt", "/papers/nothing"])
    assert store.document_at(collection, "/papers/000086.txt")
    assert store.document_with(collection, f"{87:064}")


def open_one(store, collection, folder):
    assert store.pages("d000070")
    assert store.passages_of("d000070")
    assert store.revisions("d000070")


def ask_by_words(store, collection, folder):
    searcher = Searcher(store, folder / "index", None)
    hits = searcher.search(word(80), Scope(frozenset({collection})), mode="keyword")
    assert [hit.document.id for hit in hits] == ["d000080"]


def load_vectors(store, collection, folder):
    assert len(store.passage_vectors(range(31, 50), FINGERPRINT)) == 19


@pytest.mark.parametrize(
    "work",
    [
        delete_one,
        delete_a_batch,
        replace_one,
        keep_in_step,
        open_one,
        ask_by_words,
        load_vectors,
    ],
)
def test_work_on_few_documents_does_not_grow_with_the_collection(stores, work):
    costs = []
    for store, collection, folder in stores:
        with counted(store.connection) as steps:
            work(store, collection, folder)
        costs.append(len(steps))
    assert costs[1] < 4 * costs[0]


def test_a_question_writes_nothing_and_makes_no_index(stores):
    """Its statements are known by what they do: they read."""
    store, collection, folder = stores[1]
    searcher = Searcher(store, folder / "index", None)
    scope = Scope(frozenset({collection}))
    searcher.search(f"leave of {word(90)}", scope, mode="keyword")
    connection, said = store.connection, []
    state = [f"PRAGMA {name}" for name in ("data_version", "schema_version")]
    before = [connection.execute(one).fetchone()[0] for one in state], connection.total_changes
    connection.set_trace_callback(said.append)
    searcher.search(f"leave of {word(90)}", scope, mode="keyword")
    connection.set_trace_callback(None)
    after = [connection.execute(one).fetchone()[0] for one in state], connection.total_changes
    assert before == after
    assert {one.split()[0] for one in said} <= {"SELECT", "WITH", "--"}


def test_a_common_word_is_scored_in_a_bounded_number_of_passages(stores, monkeypatch):
    """All passages hold "leave"; only so many candidates are put in order."""
    from indexer.keyword import bm25

    store, collection, _ = stores[1]
    scored, score = [], bm25.score

    def noted(row, *arguments):
        scored.append(row.passage)
        return score(row, *arguments)

    monkeypatch.setattr(bm25, "score", noted)
    assert len(store.keyword(collection, "leave", 10)) == 10
    assert len(scored) == 100


@pytest.mark.parametrize("filters", [{}, {"text": "paper 0001"}, {"state": "ready"}])
def test_a_page_of_the_listing_reads_its_rows_and_one_index(stores, filters):
    store, collection, _ = stores[1]
    said = []
    store.connection.set_trace_callback(said.append)
    found = store.documents([collection], **filters, limit=50, offset=50)
    store.connection.set_trace_callback(None)
    assert len(found.rows) == min(50, found.total - 50)
    plans = [
        row["detail"]
        for statement in said
        for row in store.connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    over_documents = [plan for plan in plans if " documents" in plan]
    assert over_documents
    for plan in over_documents:
        assert "COVERING INDEX documents_listing" in plan or "INTEGER PRIMARY KEY" in plan, plan


def test_vectors_are_read_in_batches(stores, monkeypatch):
    monkeypatch.setattr("indexer.store.queries._BATCH", 64)
    store, collection, _ = stores[1]
    sizes = [len(batch.ids) for batch in store.vectors(collection, FINGERPRINT)]
    assert max(sizes) == 64
    assert sum(sizes) == store.count_passages(collection)
    assert np.all(np.array(sizes[:-1]) == 64)
