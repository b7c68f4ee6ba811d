"""Damaged and lost databases: what the doctor says, and what repairing brings back."""

import gc
import os
import sqlite3

import pytest
from click.testing import CliRunner
from homes import add_lines, clustered

from footnote import doctor
from footnote.cli.main import main
from footnote.home import Home
from indexer.doctor import salvage as saving
from indexer.doctor.salvage import salvage
from indexer.search.searcher import Scope
from indexer.store.db_errors import DatabaseFullError
from indexer.store.lock import HomeLock, InUseError
from indexer.store.store import Store
from rag.history import History

PAGE = 16384


@pytest.fixture
def home(papers_home):
    number = papers_home.collection("papers").id
    history = History(papers_home.store)
    answer = papers_home.answerer.ask("What is the right of every employee?", scope(papers_home))
    history.add(history.start([number], "a talk").id, answer)
    return closed(papers_home)


def scope(home):
    return Scope(frozenset(one.id for one in home.store.collections()))


def closed(home):
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    home.store.close()
    return home


def documents(home):
    """Pages, passages and content by path; the home is closed again."""
    listed = home.store.documents(scope(home).collections, limit=1000).rows
    home.store.close()
    return {row.path: (row.pages, row.passages, row.content_hash) for row in listed}


def run(home, *arguments):
    """A command, as if in a process of its own: nothing of it is left open."""
    result = CliRunner().invoke(main, ["--home", str(home.path), *arguments])
    output = result.output, result.exit_code
    del result
    gc.collect()
    return output


def damage(home, *pages):
    """Overwrite pages of the database, counted from one."""
    with (home.path / "footnote.db").open("rb+") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(os.urandom(PAGE))


def pages_of(home, table):
    """The leaves of a table; one that has a single page has its root."""
    with sqlite3.connect(home.path / "footnote.db") as connection:
        root = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()[0]
    data = (home.path / "footnote.db").read_bytes()
    start = (root - 1) * PAGE
    kind, cells = data[start], int.from_bytes(data[start + 3 : start + 5])
    if kind not in (2, 5):
        return [root]
    places = [start + 12 + 2 * cell for cell in range(cells)]
    offsets = [int.from_bytes(data[place : place + 2]) for place in places]
    return [int.from_bytes(data[start + one : start + one + 4]) for one in offsets]


def repaired(home):
    """A home that a person has repaired, and the doctor's word on it."""
    said, status = run(home, "doctor", "--repair")
    assert status == 0, said
    opened = Home.open(home.path)
    assert doctor.examine(opened) == []
    return opened


@pytest.mark.parametrize("table", ["documents", "pages", "passages", "vectors", "turns"])
def test_a_damaged_table_costs_nothing_that_can_be_made_again(home, table):
    before = documents(Home.open(home.path))
    damage(home, *pages_of(home, table)[:1])
    said, status = run(home, "doctor")
    assert (status, "doctor --repair" in said) == (1, True)
    after = documents(repaired(home))
    assert sorted(after.values()) == sorted(before.values())
    if table != "documents":  # there the names are lost with the rows
        assert after == before
    assert (home.path / "footnote.db.damaged-1").exists()


def test_two_damaged_pages_cost_what_is_on_them_and_not_what_lies_between(tmp_path):
    opened = Home.open(tmp_path / "home")
    collection = opened.store.create_collection("c").id
    lines = [f"line {number}" for number in range(2000)]
    vectors = clustered(2000, 64)
    add_lines(opened.store, collection, tmp_path / "lines.txt", lines, vectors, "x")
    leaves = pages_of(closed(opened), "vectors")
    assert len(leaves) > 10
    damage(opened, leaves[2], leaves[-3])
    saved = salvage(opened.path / "footnote.db").rows["vectors"]
    a_leaf = 2000 / len(leaves)
    assert 2000 - 2.5 * a_leaf < saved < 2000 - a_leaf


@pytest.mark.parametrize("how", ["header", "cut", "empty", "gone"])
def test_a_database_that_cannot_be_opened_is_made_anew_from_the_originals(home, how):
    hashes = {content_hash for *_, content_hash in documents(Home.open(home.path)).values()}
    path = home.path / "footnote.db"
    if how == "header":
        damage(home, 1)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[: PAGE // 2])
    elif how == "empty":
        path.write_bytes(b"no database " * 3000)
    else:
        path.unlink()
    said, status = run(home, "search", "leave")
    assert (status, "doctor --repair" in said) == (1, True)
    mended = repaired(home)
    assert {content_hash for *_, content_hash in documents(mended).values()} == hashes
    assert [one.name for one in mended.store.collections()] == ["recovered"]
    assert mended.searcher.search("leave0a", scope(mended))
    assert mended.searcher.search("the right of every employee", scope(mended), mode="dense")


def test_a_salvage_that_was_killed_halfway_keeps_the_originals_and_goes_on(home):
    count = len(documents(Home.open(home.path)))
    damage(home, 1)
    salvage(home.path / "footnote.db")  # and here the process ends
    opened = Home.open(home.path)
    old = 1_000_000_000
    for path in (home.path / "files").rglob("*"):
        os.utime(path, (old, old))
    assert [problem.code for problem in doctor.examine(opened)] == ["documents-lost"]
    opened.store.close()
    assert len(documents(repaired(home))) == count


def test_a_damaged_database_is_not_replaced_under_others(home):
    other = Store.open(home.path)
    damage(home, *pages_of(home, "vectors")[:1])
    with pytest.raises(InUseError, match="close the app"):
        doctor.repair(Home.open(home.path))
    other.close()
    assert doctor.repair(Home.open(home.path))


def test_a_second_damage_does_not_take_the_place_of_what_was_kept(home):
    for number in (1, 2):
        damage(home, *pages_of(home, "vectors")[:1])
        repaired(home)
        assert (home.path / f"footnote.db.damaged-{number}").exists()
        closed(Home.open(home.path))


def test_pages_that_were_lost_are_read_again_from_the_original(home):
    opened = Home.open(home.path)
    row = opened.store.documents(scope(opened).collections).rows[0]
    opened.store.connection.execute("DELETE FROM pages WHERE document = ?", (row.id,))
    assert [problem.code for problem in doctor.examine(opened)] == ["document-damaged"]
    doctor.repair(opened)
    assert doctor.examine(opened) == []
    assert opened.store.document_at(row.collection, row.path).pages == row.pages


def test_a_full_disk_while_saving_leaves_the_damaged_file_in_its_place(home, monkeypatch):
    damage(home, 2)
    before = (home.path / "footnote.db").read_bytes()
    real = saving._copy

    def full(source, target, table):
        if table == "passages":
            raise DatabaseFullError("the disk is full")
        return real(source, target, table)

    monkeypatch.setattr(saving, "_copy", full)
    with pytest.raises(DatabaseFullError):
        salvage(home.path / "footnote.db")
    assert (home.path / "footnote.db").read_bytes() == before


def test_two_damaged_pages_cost_their_own_rows_the_last_one_being_one_of_them():
    damaged = {*range(1000, 1020), *range(2980, 3001)}

    def read(low, high, order):
        ids = [n for n in range(1, 3001) if low < n < high]
        for n in ids if order == "ASC" else reversed(ids):
            if n in damaged:
                raise sqlite3.DatabaseError("malformed")
            yield (n,)

    found = {row[0] for row in saving._between(read, -1, saving._NO_ID)}
    assert found == set(range(1, 3001)) - damaged


def test_who_opens_a_home_says_so_before_opening_the_database(home, monkeypatch):
    from indexer.store import queries

    real, held = queries.Database, []

    def opened(path):
        with pytest.raises(InUseError), HomeLock(home.path).alone():
            pass
        held.append(path)
        return real(path)

    monkeypatch.setattr(queries, "Database", opened)
    Store.open(home.path).close()
    assert held
