"""The vector index: exact tail, sealed files, deletions, damage, several users at once."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from homes import add_lines, clustered, unit

from indexer import ivf, nearest, sealed
from indexer.store import Store
from indexer.vectors import VectorError, VectorHits, VectorIndex, checked, seal_due

DIMENSION = 32
FINGERPRINT = "0123456789abcdef"


class Home:
    """A store with one collection, documents of random vectors, and an index over them."""

    def __init__(self, path: Path):
        self.path = path
        self.store = Store.open(path)
        self.folder = path / "index"
        self.collection = self.store.create_collection("handbook").id
        self.index = self.open_index()
        self.vectors = {}

    def open_index(self, store=None, fingerprint=FINGERPRINT):
        return VectorIndex(
            store or self.store, self.folder, self.collection, fingerprint, DIMENSION
        )

    def add(self, name, count, seed=0):
        """Add a document of `count` passages; return it and its passage ids."""
        vectors = clustered(count, DIMENSION, seed)
        lines = [f"{name} line {number}" for number in range(count)]
        source = self.path / f"{name}.txt"
        document = add_lines(self.store, self.collection, source, lines, vectors, FINGERPRINT)
        ids = [passage.id for passage in self.store.passages_of(document.id)]
        self.vectors |= dict(zip(ids, vectors, strict=True))
        return document, ids

    def delete(self, document):
        gone = [passage.id for passage in self.store.passages_of(document.id)]
        self.store.delete([document.id])
        for number in gone:
            del self.vectors[number]

    def truth(self, queries, k):
        """Ids of the k nearest, from a plain float64 product."""
        ids = np.array(list(self.vectors))
        stored = np.stack(list(self.vectors.values())).astype(np.float16).astype(np.float64)
        return ids[np.argsort(-(queries @ stored.T), axis=1)[:, :k]]

    def sealed_files(self):
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def inverted(monkeypatch):
    """Inverted files from 1,000 vectors, so that tests need not make 50,000."""
    monkeypatch.setattr(sealed, "EXACT_UP_TO", 1000)


QUERIES = unit(np.random.default_rng(7).standard_normal((5, DIMENSION)))


def agrees(index, home, k=10, queries=QUERIES):
    return np.array_equal(index.search(queries, k).ids, home.truth(queries, k))


def recall(index, home, queries):
    """The share of the true nearest ten that a search returns."""
    found, truth = index.search(queries, 10).ids, home.truth(queries, 10)
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)])


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


def test_sealing_forgets_deletions_that_no_file_holds(home):
    document, _ = home.add("one", 10)
    home.add("two", 10, seed=1)
    home.delete(document)
    waiting = "SELECT count(*) FROM deleted_passages"
    assert home.store.connection.execute(waiting).fetchone()[0] == 10
    home.index.seal()
    assert home.store.connection.execute(waiting).fetchone()[0] == 0


def test_a_deleted_collection_is_empty_for_an_open_index(home):
    home.add("one", 10)
    assert home.index.search(QUERIES, 1).ids[0, 0] > 0
    home.store.delete_collection(home.collection)
    assert (home.index.search(QUERIES, 1).ids == -1).all()


def test_old_files_go_and_their_readers_live_on(home):
    home.add("one", 100)
    home.index.seal()
    reader = home.open_index(Store.open(home.path))
    assert agrees(reader, home)
    first = home.sealed_files()
    home.add("two", 100, seed=1)
    home.index.seal()
    home.index.seal()
    assert len(home.sealed_files()) == 1
    assert home.sealed_files() != first
    assert agrees(reader, home)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-7])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace(path):
    index = nearest.flat(DIMENSION)
    nearest.add(index, np.arange(100), clustered(100, DIMENSION, seed=9))
    import faiss

    faiss.write_index(index, str(path))


@pytest.mark.parametrize(
    "damage", [Path.unlink, _cut, _flip, _replace, lambda p: p.write_bytes(b"")]
)
@pytest.mark.parametrize("count", [100, 2000])
def test_damaged_files_are_noticed_answered_around_and_replaced(home, inverted, damage, count):
    home.add("one", count)
    home.index.seal()
    damage(home.folder / home.sealed_files()[0])
    reader = home.open_index()
    assert agrees(reader, home)
    assert "index file" in reader.problem
    reader.seal()
    assert reader.problem == ""
    assert home.open_index().problem == ""
    assert recall(reader, home, clustered(20, DIMENSION, seed=11)) >= 0.95


def test_a_file_of_another_dimension_is_not_used(home):
    home.add("one", 100)
    home.index.seal()
    wider = VectorIndex(home.store, home.folder, home.collection, FINGERPRINT, DIMENSION * 2)
    with pytest.raises(VectorError, match="passage 1 "):
        wider.refresh()


def test_a_file_that_faiss_does_not_know_is_not_used(home):
    home.add("one", 100)
    home.index.seal()
    path = home.folder / home.sealed_files()[0]
    path.write_bytes(b"no index at all")
    with home.store.transaction() as connection:
        connection.execute("UPDATE generations SET checksum = ?", (sealed.hash_file(path),))
    reader = home.open_index()
    assert agrees(reader, home)
    assert "FAISS" in reader.problem


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


def test_the_measured_recall_holds_for_queries_far_from_passages():
    vectors = clustered(6000, 96, centres=60)
    index, recall = ivf.build(batches(vectors), len(vectors), 96)
    queries = unit(clustered(100, 96, seed=1, centres=60) + clustered(100, 96, seed=2, centres=60))
    truth = np.argsort(-(queries @ vectors.astype(np.float16).astype(np.float32).T))[:, :10] * 3 + 1
    found = ivf.search(index, queries, 10, None).ids
    reached = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)])
    assert recall >= 0.95
    assert reached >= 0.95


def test_finer_codes_are_taken_where_one_bit_is_too_coarse():
    """Random vectors of few dimensions are the worst case for one bit a dimension."""
    vectors = unit(np.random.default_rng(0).standard_normal((8000, 16)))
    _, recall = ivf.build(batches(vectors), len(vectors), 16)
    assert recall >= 0.95


def test_two_processes_that_seal_at_once_leave_one_file(home, monkeypatch):
    home.add("one", 100)
    rival = home.open_index(Store.open(home.path))
    build = sealed.build

    def slow_build(*arguments):
        monkeypatch.setattr(sealed, "build", build)
        made = build(*arguments)
        assert rival.seal().recorded
        return made

    monkeypatch.setattr(sealed, "build", slow_build)
    assert not home.index.seal().recorded
    assert len(home.sealed_files()) == 1
    for index in (home.index, rival, home.open_index()):
        assert index.problem == ""
        assert agrees(index, home)


def test_what_changes_during_a_sealing_is_seen_after_it(home, monkeypatch):
    document, _ = home.add("one", 100)
    home.add("two", 100, seed=1)
    write = sealed.write

    def write_late(*arguments):
        home.delete(document)
        home.add("three", 50, seed=2)
        return write(*arguments)

    monkeypatch.setattr(sealed, "write", write_late)
    assert home.index.seal().recorded
    assert agrees(home.index, home)
    assert agrees(home.open_index(), home)


def test_a_kill_in_the_middle_of_sealing_costs_nothing(home):
    home.add("one", 100)
    home.index.seal()
    home.add("two", 100, seed=1)
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from indexer import sealed\n"
        "from indexer.store import Store\n"
        "from indexer.vectors import VectorIndex\n"
        "home = Path(sys.argv[1])\n"
        "sealed.hash_file = lambda path, real=sealed.hash_file: (\n"
        "    os._exit(9) if '.writing-' in path.name else real(path))\n"
        f"VectorIndex(Store.open(home), home / 'index', {home.collection}, {FINGERPRINT!r},"
        f" {DIMENSION}).seal()\n"
    )
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", program, str(home.path)]
    assert subprocess.run(command, cwd=root, check=False).returncode == 9
    assert any(name.startswith(".writing-") for name in home.sealed_files())
    assert home.open_index().problem == ""
    assert agrees(home.open_index(), home)


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


def test_a_disk_that_cannot_be_written_is_named(home):
    home.add("one", 10)
    home.folder.write_text("in the way")
    with pytest.raises(sealed.SealedFileError, match="index"):
        home.index.seal()
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


@pytest.mark.parametrize(
    ("sealed_count", "dead", "tail", "due"),
    [
        (0, 0, 0, False),
        (0, 0, 5_000, False),
        (0, 0, 5_001, True),
        (100_000, 0, 10_000, False),
        (100_000, 0, 10_001, True),
        (100_000, 20_000, 0, False),
        (100_000, 20_001, 0, True),
    ],
)
def test_when_to_seal(sealed_count, dead, tail, due):
    assert seal_due(sealed_count, dead, tail) is due


def test_sealing_is_due_for_a_long_tail_many_deletions_or_a_lost_file(home, monkeypatch):
    monkeypatch.setattr("indexer.vectors._TAIL_LEAST", 50)
    home.add("one", 50)
    assert not home.index.due()
    document, _ = home.add("two", 20, seed=1)
    assert home.index.due()
    home.index.seal()
    assert not home.index.due()
    home.delete(document)
    assert home.index.due()
    home.index.seal()
    assert not home.index.due()
    home.add("three", 10, seed=2)
    (home.folder / home.sealed_files()[0]).unlink()
    assert home.open_index().due()


def test_merging_keeps_each_passage_once_and_breaks_ties_by_id():
    first = VectorHits(np.array([[5, 2, -1]]), np.array([[0.5, 0.4, -np.inf]], np.float32))
    second = VectorHits(np.array([[9, 5, 1]]), np.array([[0.9, 0.5, 0.4]], np.float32))
    merged = nearest.merge([first, second], 5)
    assert merged.ids.tolist() == [[9, 5, 1, 2, -1]]
    assert np.allclose(merged.scores[0, :4], [0.9, 0.5, 0.4, 0.4])


def test_importing_the_index_does_not_load_faiss():
    program = "import sys, indexer.vectors, indexer.doctor; sys.exit('faiss' in sys.modules)"
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, env=dict(os.environ))
