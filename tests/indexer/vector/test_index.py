"""The vector index: exact tail, sealed files, deletions, damage, several users at once."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from homes import add_lines, clustered, unit
from vector_homes import DIMENSION, FINGERPRINT, QUERIES, Home, agrees, recall

from indexer.store.store import Store
from indexer.vector import exact_search, ivf, sealed_file
from indexer.vector.index import VectorError, VectorHits, checked


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def inverted(monkeypatch):
    """Inverted files from 1,000 vectors, so that tests need not make 50,000."""
    monkeypatch.setattr(sealed_file, "EXACT_UP_TO", 1000)


def test_finds_the_largest_inner_products(home):
    home.add("one", 300)
    found = home.index.search(QUERIES, 10)
    assert np.array_equal(found.ids, home.truth(QUERIES, 10))
    best = np.array([QUERIES[0] @ home.vectors[number] for number in found.ids[0]])
    assert np.allclose(found.scores[0], best, atol=2e-3)
    assert found.ids.dtype == np.int64
    assert found.scores.dtype == np.float32


def test_missing_hits_are_minus_one(home):
    home.add("one", 3)
    found = home.index.search(QUERIES, 5)
    assert (found.ids[:, 3:] == -1).all()
    assert np.isneginf(found.scores[:, 3:]).all()
    assert (found.ids[:, :3] > 0).all()


def test_an_empty_collection_finds_nothing_and_can_be_sealed(home):
    assert (home.index.search(QUERIES, 3).ids == -1).all()
    home.index.seal()
    assert (home.index.search(QUERIES, 3).ids == -1).all()


def test_sees_what_others_commit_without_being_told(home):
    home.add("one", 50)
    assert agrees(home.index, home)
    other = Home.__new__(Home)
    other.__dict__ |= home.__dict__ | {"store": Store.open(home.path)}
    other.add("two", 60, seed=1)
    assert agrees(home.index, home)
    document, _ = other.add("three", 10, seed=2)
    other.delete(document)
    assert agrees(home.index, home)


def test_sees_only_its_collection_and_generation(home):
    home.add("one", 20)
    elsewhere = home.store.create_collection("secret").id
    vectors = np.tile(QUERIES[0], (4, 1))
    lines = [f"secret {number}" for number in range(4)]
    add_lines(home.store, elsewhere, home.path / "s.txt", lines, vectors, FINGERPRINT)
    another = clustered(20, DIMENSION, seed=5)
    home.store.add_vectors(list(home.vectors), another, "fedcba9876543210")
    assert agrees(home.index, home)
    home.index.seal()
    assert agrees(home.index, home)
    assert agrees(home.open_index(), home)


def test_a_sealed_file_and_its_tail_answer_as_one(home):
    home.add("one", 200)
    report = home.index.seal()
    assert (report.kind, report.count, report.recorded) == ("exact", 200, True)
    assert report.bytes == (home.folder / home.sealed_files()[0]).stat().st_size
    home.add("two", 100, seed=1)
    assert agrees(home.index, home)
    assert agrees(home.open_index(), home)


def test_vectors_that_come_late_for_old_passages_are_found(home):
    """Re-embedding fills in passages older than some that are already in the index."""
    _, ids = home.add("one", 30)
    other = "fedcba9876543210"
    index = home.open_index(fingerprint=other)
    vectors = clustered(30, DIMENSION, seed=3)
    home.store.add_vectors(ids[10:], vectors[10:], other)
    assert index.search(vectors[5:6], 1).ids[0, 0] != ids[5]
    index.seal()
    home.store.add_vectors(ids[:10], vectors[:10], other)
    assert index.search(vectors[5:6], 1).ids[0, 0] == ids[5]


def test_deleted_passages_leave_room_for_the_next_best(home):
    document, _ = home.add("one", 100)
    home.add("two", 100, seed=1)
    home.index.seal()
    tail, _ = home.add("three", 100, seed=2)
    home.add("four", 100, seed=3)
    for gone in (document, tail):
        home.delete(gone)
        assert agrees(home.index, home, k=50)
        assert agrees(home.open_index(), home, k=50)
    home.index.seal()
    assert agrees(home.index, home, k=50)
    assert len(home.index) == 200


def test_a_superseded_revision_is_not_found(home):
    _, old = home.add("one", 40)
    home.index.seal()
    home.add("one", 30, seed=4)
    for number in old:
        del home.vectors[number]
    assert agrees(home.index, home, k=30)


def test_a_deleted_collection_is_empty_for_an_open_index(home):
    home.add("one", 10)
    assert home.index.search(QUERIES, 1).ids[0, 0] > 0
    home.store.delete_collection(home.collection)
    assert (home.index.search(QUERIES, 1).ids == -1).all()


def test_an_inverted_file_finds_what_an_exact_search_finds(home, inverted):
    home.add("one", 3000)
    report = home.index.seal()
    assert report.kind == "ivf"
    assert report.recall >= 0.95
    document, _ = home.add("two", 300, seed=1)
    home.add("three", 300, seed=2)
    queries = clustered(50, DIMENSION, seed=11)
    home.delete(document)
    for index in (home.index, home.open_index()):
        assert recall(index, home, queries) >= 0.95
        exact = index.search(queries, 10, exact=True)
        assert np.array_equal(exact.ids, home.truth(queries, 10))
        found = index.search(queries, 10)
        # Scores are those of the stored vectors, not the codes' estimates.
        stored = home.vectors[found.ids[0, 0]].astype(np.float16).astype(np.float32)
        assert found.scores[0, 0] == pytest.approx(stored @ queries[0], abs=1e-5)


def test_an_inverted_file_gives_all_hits_when_most_are_deleted(home, inverted):
    document, _ = home.add("one", 2000)
    home.add("two", 100, seed=1)
    home.index.seal()
    home.delete(document)
    queries = clustered(10, DIMENSION, seed=11)
    found = home.index.search(queries, 10).ids
    assert (found > 0).all()
    assert set(found.ravel().tolist()) <= set(home.vectors)
    assert home.index.due()


def batches(vectors, size=512):
    def read():
        for start in range(0, len(vectors), size):
            part = vectors[start : start + size].astype(np.float16)
            yield SimpleNamespace(ids=np.arange(start, start + len(part)) * 3 + 1, vectors=part)

    return read


def test_the_measured_recall_holds_for_queries_far_from_passages(tmp_path):
    vectors = clustered(6000, 96, centres=60)
    recall = ivf.build(batches(vectors), len(vectors), 96, tmp_path / "made")
    index = faiss.read_index(str(tmp_path / "made"), faiss.IO_FLAG_MMAP)
    queries = unit(clustered(100, 96, seed=1, centres=60) + clustered(100, 96, seed=2, centres=60))
    truth = np.argsort(-(queries @ vectors.astype(np.float16).astype(np.float32).T))[:, :10] * 3 + 1
    found = ivf.search(index, queries, 10, None).ids
    reached = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)])
    assert recall >= 0.95
    assert reached >= 0.95


def test_finer_codes_are_taken_where_one_bit_is_too_coarse(tmp_path):
    """Random vectors of few dimensions are the worst case for one bit a dimension."""
    vectors = unit(np.random.default_rng(0).standard_normal((8000, 16)))
    recall = ivf.build(batches(vectors), len(vectors), 16, tmp_path / "made")
    assert recall >= 0.95


def test_searches_go_on_while_others_add_delete_and_seal(home):
    home.add("base", 400)
    home.index.seal()
    stop, faults = threading.Event(), []

    def search():
        while not stop.is_set():
            found = home.index.search(QUERIES, 10).ids
            if (found < 0).any() or any(len(set(row)) < 10 for row in found.tolist()):
                faults.append(found)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for thread in searchers:
        thread.start()
    for seed in range(1, 9):
        document, _ = home.add(f"doc{seed}", 40, seed)
        if seed % 2:
            home.delete(document)
        if seed % 3 == 0:
            home.index.seal()
    stop.set()
    for thread in searchers:
        thread.join()
    assert not faults
    assert agrees(home.index, home)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.ones((2, 3)), "another embedder"),
        (np.ones(DIMENSION), "another embedder"),
        (np.vstack([QUERIES[0], np.full(DIMENSION, np.nan)]), "vector 1 of 2 holds NaN"),
        (np.vstack([QUERIES[0], np.full(DIMENSION, np.inf)]), "NaN or infinity"),
        (np.zeros((1, DIMENSION)), "vector 0 of 1 is zero"),
    ],
)
def test_vectors_that_mean_nothing_are_refused(home, vectors, said):
    with pytest.raises(VectorError, match=said):
        checked(vectors, DIMENSION)
    with pytest.raises(VectorError, match=said):
        home.index.search(vectors, 3)


def test_merging_keeps_each_passage_once_and_breaks_ties_by_id():
    first = VectorHits(np.array([[5, 2, -1]]), np.array([[0.5, 0.4, -np.inf]], np.float32))
    second = VectorHits(np.array([[9, 5, 1]]), np.array([[0.9, 0.5, 0.4]], np.float32))
    merged = exact_search.merge([first, second], 5)
    assert merged.ids.tolist() == [[9, 5, 1, 2, -1]]
    assert np.allclose(merged.scores[0, :4], [0.9, 0.5, 0.4, 0.4])


def test_importing_the_index_does_not_load_faiss():
    program = (
        "import sys, indexer.vector.index, indexer.doctor.repair; sys.exit('faiss' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, env=dict(os.environ))
