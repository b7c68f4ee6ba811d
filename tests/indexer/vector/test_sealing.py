"""Sealed files of vectors: when they are made, by several at once, damaged, killed half-way."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from homes import clustered
from vector_homes import DIMENSION, FINGERPRINT, Home, agrees, recall

from indexer.store.store import Store
from indexer.vector import exact_search, sealed_file
from indexer.vector.index import VectorError, VectorIndex, seal_due


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def inverted(monkeypatch):
    """Inverted files from 1,000 vectors, so that tests need not make 50,000."""
    monkeypatch.setattr(sealed_file, "EXACT_UP_TO", 1000)


def test_sealing_forgets_deletions_that_no_file_holds(home):
    document, _ = home.add("one", 10)
    home.add("two", 10, seed=1)
    home.delete(document)
    waiting = "SELECT count(*) FROM deleted_passages"
    assert home.store.connection.execute(waiting).fetchone()[0] == 10
    home.index.seal()
    assert home.store.connection.execute(waiting).fetchone()[0] == 0


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
    index = exact_search.flat(DIMENSION)
    exact_search.add(index, np.arange(100), clustered(100, DIMENSION, seed=9))
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
        connection.execute("UPDATE generations SET checksum = ?", (sealed_file.hash_file(path),))
    reader = home.open_index()
    assert agrees(reader, home)
    assert "FAISS" in reader.problem


def test_two_processes_that_seal_at_once_leave_one_file(home, monkeypatch):
    home.add("one", 100)
    rival = home.open_index(Store.open(home.path))
    build = sealed_file.build

    def slow_build(*arguments):
        monkeypatch.setattr(sealed_file, "build", build)
        made = build(*arguments)
        assert rival.seal().recorded
        return made

    monkeypatch.setattr(sealed_file, "build", slow_build)
    assert not home.index.seal().recorded
    assert len(home.sealed_files()) == 1
    for index in (home.index, rival, home.open_index()):
        assert index.problem == ""
        assert agrees(index, home)


def test_what_changes_during_a_sealing_is_seen_after_it(home, monkeypatch):
    document, _ = home.add("one", 100)
    home.add("two", 100, seed=1)
    write = sealed_file.write

    def write_late(*arguments):
        home.delete(document)
        home.add("three", 50, seed=2)
        return write(*arguments)

    monkeypatch.setattr(sealed_file, "write", write_late)
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
        "from indexer.vector import sealed_file as sealed\n"
        "from indexer.store.store import Store\n"
        "from indexer.vector.index import VectorIndex\n"
        "home = Path(sys.argv[1])\n"
        "sealed.hash_file = lambda path, real=sealed.hash_file: (\n"
        "    os._exit(9) if '.writing-' in path.name else real(path))\n"
        f"VectorIndex(Store.open(home), home / 'index', {home.collection}, {FINGERPRINT!r},"
        f" {DIMENSION}).seal()\n"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", program, str(home.path)]
    assert subprocess.run(command, cwd=root, check=False).returncode == 9
    assert any(name.startswith(".writing-") for name in home.sealed_files())
    assert home.open_index().problem == ""
    assert agrees(home.open_index(), home)


def test_a_disk_that_cannot_be_written_is_named(home):
    home.add("one", 10)
    home.folder.write_text("in the way")
    with pytest.raises(sealed_file.IndexFileError, match="index"):
        home.index.seal()
    assert agrees(home.index, home)


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
    monkeypatch.setattr("indexer.vector.index._TAIL_LEAST", 50)
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
