"""Documents near another: its copies and revisions left out, other collections' embedders kept."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.search.searcher import Nearness, Scope, Searcher
from indexer.search.similar import ranking, similar
from indexer.store.store import Store
from tests.homes import add_lines, embedded

WORDS = "paid leave weeks employee policy premium deductible out document other time new page more"


class Words:
    """An embedder that counts words; `turn` makes another space of it."""

    dimension = 16

    def __init__(self, name: str, turn: int = 0) -> None:
        self.fingerprint, self._turn = name * 16, turn

    def embed_passages(self, texts):
        rows = np.full((len(texts), self.dimension), 0.01, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                if word in WORDS.split():
                    row[(WORDS.split().index(word) + self._turn) % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


FIRST, SECOND = Words("a"), Words("b", turn=3)
FILES = {
    "leave": ["paid leave weeks employee policy paid leave", "leave policy weeks employee leave"],
    "absence": ["employee weeks leave paid leave policy", "weeks policy employee leave leave"],
    "premium": ["premium deductible out premium document", "deductible premium document out"],
    "travel": ["other time new page question their", "more only first many into them"],
}


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "home")
    yield store
    store.close()


def add(store, collection, source, lines, embedder=FIRST):
    vectors = embedded(embedder, source.stem, lines)
    return add_lines(store, collection, source, lines, vectors, embedder.fingerprint)


@pytest.fixture
def filled(store, tmp_path):
    number = store.create_collection("all").id
    documents = {
        name: add(store, number, tmp_path / f"{name}.txt", lines) for name, lines in FILES.items()
    }
    return Searcher(store, tmp_path / "index", lambda fingerprint: FIRST), documents


def titles(found):
    return [one.document.title for one in found]


def everything(store):
    return Scope(frozenset(one.id for one in store.collections()))


def test_the_nearest_document_comes_first_and_never_itself(filled, store):
    searcher, documents = filled
    found = similar(searcher, store, documents["leave"], everything(store))
    assert titles(found)[0] == "absence"
    assert "leave" not in titles(found)
    assert found[0].passage.document == documents["absence"].id
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(similar(searcher, store, documents["leave"], everything(store), k=1)) == 1


def test_copies_and_revisions_are_left_out(filled, store, tmp_path):
    searcher, documents = filled
    number = documents["leave"].collection
    (tmp_path / "elsewhere").mkdir()
    add(store, number, tmp_path / "elsewhere" / "leave.txt", FILES["leave"])
    again = add(store, number, tmp_path / "leave.txt", [*FILES["leave"], "who"])
    found = similar(searcher, store, again, everything(store))
    assert titles(found)[0] == "absence"
    assert {one.document.id for one in found}.isdisjoint({documents["leave"].id, again.id})
    found = similar(searcher, store, store.document(documents["absence"].id), everything(store))
    assert titles(found)[0] == "leave"


def test_only_what_may_be_read_is_named(filled, store, tmp_path):
    searcher, documents = filled
    other = store.create_collection("other").id
    add(store, other, tmp_path / "paid.txt", ["paid leave weeks employee policy"])
    mine = Scope(frozenset({documents["leave"].collection}))
    assert "paid" not in titles(similar(searcher, store, documents["leave"], mine))
    assert "paid" in titles(similar(searcher, store, documents["leave"], everything(store)))


def test_collections_of_another_embedder_are_ranked_with_the_others(filled, store, tmp_path):
    _, documents = filled
    other = store.create_collection("other").id
    add(store, other, tmp_path / "paid.txt", ["paid leave weeks employee policy"], SECOND)
    add(store, other, tmp_path / "else.txt", ["other time new page more"], SECOND)
    by_name = {one.fingerprint: one for one in (FIRST, SECOND)}
    searcher = Searcher(store, tmp_path / "index", by_name.__getitem__)
    found = titles(similar(searcher, store, documents["leave"], everything(store)))
    assert set(found[:2]) == {"absence", "paid"}


def test_a_document_without_text_has_none_like_it(filled, store, tmp_path):
    searcher, documents = filled
    number = documents["leave"].collection
    empty = add_lines(
        store, number, tmp_path / "empty.txt", [], np.empty((0, 16), np.float32),
        FIRST.fingerprint,
    )  # fmt: skip
    assert similar(searcher, store, empty, everything(store)) == []


def test_a_document_is_a_copy_only_where_all_of_it_is_found():
    near = [{1: Nearness(0.999, 5.0), 2: Nearness(0.5, 2.0)}, {3: Nearness(0.99, 4.0)}]
    found = ranking(near, {1: "a", 2: "b", 3: "a"})
    assert found == {"a": (4.5, 1, True), "b": (1.0, 2, False)}
    assert ranking([near[0], {}], {1: "a", 2: "b"})["a"] == (2.5, 1, False)
