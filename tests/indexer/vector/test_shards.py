"""A generation made by shards is that made in one go; a repeat skips what is there."""

import numpy as np
import pytest
from homes import add_lines, clustered

from indexer.encoders import Here
from indexer.store.store import Store
from indexer.vector import generations, shards
from indexer.vector.shards import ShardError, VectorSpace


class New:
    """Another embedder: vectors of 4 numbers out of a text's letters."""

    fingerprint, dimension = "new", 4

    def __init__(self):
        self.texts = []

    def embed_passages(self, texts):
        self.texts += texts
        rows = [[len(text), text.count("a"), text.count("e"), 1] for text in texts]
        rows = np.array(rows, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setattr("indexer.vector.shards.STRETCH", 16)
    monkeypatch.setattr("indexer.vector.shards._SLICE", 5)
    store = Store.open(tmp_path / "home")
    collection = store.create_collection("Papers").id
    for number in range(10):
        texts = [f"Passage {line} of paper {number} says a thing." for line in range(7)]
        vectors = clustered(7, 8, number)
        add_lines(store, collection, tmp_path / f"{number}.txt", texts, vectors, "old")
    return store, VectorSpace(collection, "new", 4)


def stored(store, space):
    ids = store.unembedded(space.collection, "never", -1)
    return {number: row.tolist() for number, row in store.passage_vectors(ids, "new").items()}


def expected(store, space):
    ids, texts = shards.texts_of(store, store.unembedded(space.collection, "never", -1))
    return dict(zip(ids, New().embed_passages(texts).astype("float16").tolist(), strict=True))


def test_a_generation_by_shards_is_the_same(shelf):
    store, space = shelf
    seen = []
    assert shards.fill(store, Here(New().embed_passages), space, seen.append)
    assert stored(store, space) == expected(store, space)
    assert seen[-1] == len(stored(store, space)) == 70
    assert not list((store.home / "shards").iterdir())


def test_killed_on_the_way_a_repeat_makes_only_what_is_missing(shelf, monkeypatch):
    store, space = shelf

    class KilledError(Exception):
        pass

    brought = shards.bring_in

    def killed(*arguments):
        if list((store.home / "shards").glob("*")):
            raise KilledError  # a shard is written, and not in the database yet
        return brought(*arguments)

    first = New()
    with monkeypatch.context() as patched:
        patched.setattr("indexer.vector.shards.bring_in", killed)
        with pytest.raises(KilledError):
            shards.fill(store, Here(first.embed_passages), space)
    assert len(list((store.home / "shards").iterdir())) == 1
    second = New()
    assert shards.fill(store, Here(second.embed_passages), space)
    assert stored(store, space) == expected(store, space)
    assert len(first.texts) >= 15
    assert len(second.texts) <= 70 - 15


def test_parts_made_elsewhere_are_brought_in_once(shelf, tmp_path):
    store, space = shelf
    folder = tmp_path / "shards"
    made = [
        shards.make_part(store, Here(New().embed_passages), space, folder, (part, 3))
        for part in (1, 2, 3)
    ]
    assert sum(made) == len(list(folder.iterdir())) == 5
    again = New()
    assert shards.make_part(store, Here(again.embed_passages), space, folder, (1, 3)) == 0
    assert again.texts == []
    gone = store.documents([space.collection]).rows[0].id
    store.delete([gone])
    assert shards.bring_in(store, folder, space) == 70
    assert stored(store, space) == expected(store, space)
    assert len(stored(store, space)) == 63
    assert shards.bring_in(store, folder, space) == 0


def test_cancelled_it_goes_on_later(shelf):
    store, space = shelf
    seen = []
    done = shards.fill(
        store, Here(New().embed_passages), space, seen.append, lambda: len(seen) == 2
    )
    assert not done
    assert 0 < len(stored(store, space)) < 70
    assert shards.fill(store, Here(New().embed_passages), space)
    assert stored(store, space) == expected(store, space)


def test_another_embedders_shard_is_refused(shelf, tmp_path):
    store, space = shelf
    folder = tmp_path / "shards"
    path = shards.write(folder, space, 0, [1, 2], np.ones((2, 4), np.float16))
    for other in (
        VectorSpace(space.collection + 1, "new", 4),
        VectorSpace(space.collection, "other", 4),
        VectorSpace(space.collection, "new", 5),
    ):
        with pytest.raises(ShardError, match="other vectors"):
            shards.read(path, other)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ShardError, match="cannot be read"):
        shards.bring_in(store, folder, space)
    shards.write(folder, space, 0, [1], np.full((1, 4), np.nan, np.float16))
    with pytest.raises(ShardError, match="NaN"):
        shards.bring_in(store, folder, space)


def test_the_switch_comes_after_the_last_shard(shelf):
    store, space = shelf
    embedder = New()
    encoders = Here(embedder.embed_passages)
    assert generations.embed_generation(store, embedder, space.collection, encoders=encoders)
    assert store.generation(space.collection) == "new"
    assert len(embedder.texts) == 70
