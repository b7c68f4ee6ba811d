"""A home whose terms an earlier analysis made finds the other written forms once it is opened."""

import numpy as np
from homes import add_lines

from indexer.keyword import fts, renewal
from indexer.keyword.analysis import stemmer_version
from indexer.keyword.fts import KeywordRow
from indexer.store.store import Store


def home_of_before(tmp_path):
    """A home in which the passage of digits has terms as they were made before."""
    store = Store.open(tmp_path / "home")
    collection = store.create_collection("papers").id
    lines = ["Founded in ١٩٩٨ they say", "Plain words stay"]
    add_lines(store, collection, tmp_path / "a.txt", lines, np.eye(2, 4, dtype="f"), "space")
    with store.transaction() as connection:
        fts.delete(connection, collection, [1])
        fts.insert(connection, collection, [KeywordRow(1, "a", "part", "found ١٩٩٨")])
        before = stemmer_version().partition(";")[0]
        connection.execute("UPDATE collections SET stemmer = ?", (before,))
    return store, collection


def test_terms_are_renewed_when_the_home_is_opened(tmp_path):
    store, collection = home_of_before(tmp_path)
    assert store.keyword(collection, "1998", 5) == []
    store.close()
    store = Store.open(tmp_path / "home")
    assert [passage for passage, _ in store.keyword(collection, "1998", 5)] == [1]
    assert [passage for passage, _ in store.keyword(collection, "plain words", 5)] == [2]
    assert renewal.stale(store.connection) == []


def test_passages_whose_terms_are_the_same_are_not_touched(tmp_path, monkeypatch):
    store, _ = home_of_before(tmp_path)
    written = []
    insert = fts.insert
    monkeypatch.setattr(
        fts, "insert", lambda at, number, rows: insert(at, number, written_down(rows, written))
    )
    store._renew_terms()
    assert [row.passage for row in written] == [1]


def written_down(rows, written):
    rows = list(rows)
    written += rows
    return rows
