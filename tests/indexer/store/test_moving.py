"""Documents moved to another collection: found there, and here no more."""

import numpy as np
import pytest
from homes import add_lines, clustered

from indexer.doctor.repair import examine
from indexer.store.errors import CollectionNameTakenError, TwinDocumentError
from indexer.store.moving import move_document, rename_collection
from indexer.store.store import Store

LINES = ["The mill was built in 1890.", "The yard lies behind the mill."]


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "home")


def put(store, tmp_path, collection, name="mill.txt", lines=LINES, fingerprint="f"):
    number = store.create_collection(collection).id
    vectors = clustered(len(lines), 8)
    return add_lines(store, number, tmp_path / name, lines, vectors, fingerprint)


def found(store, collection, query):
    return len(store.keyword(collection, query, 10))


def test_a_moved_document_is_found_where_it_went_and_nowhere_else(store, tmp_path):
    document = put(store, tmp_path, "old")
    target = store.create_collection("new").id
    before = store.passage_vectors([one.id for one in store.passages_of(document.id)], "f")
    moved = move_document(store, document.id, target)
    assert (moved.id, moved.collection) == (document.id, target)
    assert store.document(document.id) == moved
    assert found(store, document.collection, "mill") == 0
    assert found(store, target, "mill") == 2
    assert store.generation(target) == "f"
    after = store.passage_vectors([one.id for one in store.passages_of(document.id)], "f")
    assert not set(before) & set(after)  # the old collection's index knows the old ids
    assert np.array_equal(np.stack(list(before.values())), np.stack(list(after.values())))
    assert not examine(store, tmp_path / "home" / "index")


def test_its_earlier_versions_go_along(store, tmp_path):
    first = put(store, tmp_path, "old")
    second = put(store, tmp_path, "old", lines=["The mill is gone."])
    target = store.create_collection("new").id
    move_document(store, second.id, target)
    assert {one.id for one in store.revisions(second.id)} == {first.id, second.id}
    assert not store.documents([first.collection]).total


def test_a_path_that_is_taken_is_kept_apart_and_the_same_content_stays(store, tmp_path):
    document = put(store, tmp_path, "old")
    (tmp_path / "other").mkdir()
    other = put(store, tmp_path, "new", lines=["Something else."])
    moved = move_document(store, document.id, other.collection)
    assert moved.path == str(tmp_path / "mill (2).txt")
    twin = put(store, tmp_path, "third")
    with pytest.raises(TwinDocumentError, match="there already"):
        move_document(store, twin.id, other.collection)
    assert store.document(twin.id) == twin


def test_where_another_generation_answers_vectors_are_to_be_made(store, tmp_path):
    document = put(store, tmp_path, "old")
    other = put(store, tmp_path, "new", "b.txt", ["Something else."], "g")
    move_document(store, document.id, other.collection)
    assert len(store.unembedded(other.collection, "g", 10)) == 2
    assert found(store, other.collection, "mill") == 2


def test_a_collection_is_renamed_but_not_to_anothers_name(store):
    one, other = store.create_collection("One"), store.create_collection("Other")
    assert rename_collection(store, one.id, "ONE").name == "ONE"
    with pytest.raises(CollectionNameTakenError):
        rename_collection(store, one.id, "other")
    assert [each.name for each in store.collections()] == ["ONE", other.name]
