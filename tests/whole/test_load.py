"""Many at once: readers are answered whoever writes, and a process holds what it works with."""

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from benchmarks.load import Load, Measured, slope, table
from benchmarks.memory import Memory, memory
from benchmarks.readers import CLOSED, OPEN, Manner, Reader, pool, register
from embedder import cache
from embedder.cache import TTLCache
from footnote.accounts import signin
from footnote.home import Home
from indexer.ingest.sources import find
from indexer.store.database import DatabaseError
from indexer.store.db_errors import DatabaseLockedError
from tests.homes import write_papers

ROOT = Path(__file__).parents[2]
WAIT = 30.0  # seconds after which a thread is said to hang; it should take none


@pytest.fixture(scope="module")
def template(tmp_path_factory, tiny_embedder):
    """A home with a collection that is asked, and one with the same papers that is not shared.

    With the sessions of six readers.
    """
    folder = tmp_path_factory.mktemp("load")
    opened = Home.open(folder / "home")
    opened.registry.install("tiny", tiny_embedder.files.folder)
    opened.registry.use("tiny")
    write_papers(folder / "papers", 8)
    for name in (OPEN, CLOSED):
        opened.index(find([folder / "papers"]), name)
    tokens = register(opened, 6)
    opened.store.close()
    return SimpleNamespace(path=opened.path, tokens=tokens)


@pytest.fixture
def home(template, tmp_path):
    """A copy of it."""
    shutil.copytree(template.path, tmp_path / "home")
    return Home.open(tmp_path / "home")


@pytest.fixture
def readers(home, template):
    """The six."""
    manner = Manner(pool(home, None), 0.01)
    return [Reader(n, home, token, manner) for n, token in enumerate(template.tokens)]


@pytest.fixture
def writer(home):
    """Another program in the midst of a large commit."""
    connection = sqlite3.connect(home.store.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM vectors")
    connection.execute("DELETE FROM shares")
    yield connection
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.usefixtures("writer")
def test_questions_are_answered_while_a_write_transaction_is_held_open(home, readers):
    with ThreadPoolExecutor(6) as threads:
        answers = list(
            threads.map(
                lambda one: one._access.asking.ask(one._manner.questions[one.number]), readers
            )
        )
    assert all(answer.hits and not answer.notice for answer in answers)
    assert {hit.document.collection for answer in answers for hit in answer.hits} == {
        home.collection(OPEN).id
    }


def test_answers_that_wait_to_be_kept_are_kept_once_the_writer_is_done(home, readers, writer):
    with ThreadPoolExecutor(6) as threads:
        waiting = [threads.submit(one._tried, one._manner.questions[0]) for one in readers]
        writer.execute("ROLLBACK")
        assert [one.result() for one in waiting] == [""] * 6
    assert home.store.connection.execute("SELECT count(*) FROM turns").fetchone()[0] == 6


def test_a_click_does_not_wait_for_a_writer(home, template, writer):
    writer.execute("ROLLBACK")
    home.store.connection.execute("UPDATE sessions SET seen_at = seen_at - 3600")
    writer.execute("BEGIN IMMEDIATE")
    click = Thread(target=signin.note_click, args=(home.store, template.tokens[0]), daemon=True)
    click.start()
    click.join(WAIT)
    assert not click.is_alive()


def test_who_does_not_wait_today_waits_tomorrow(home, writer):
    with pytest.raises(DatabaseLockedError), home.store.transaction(wait=False):
        pass
    assert home.store.connection.execute("PRAGMA busy_timeout").fetchone()[0] == 60_000
    writer.execute("ROLLBACK")
    with home.store.transaction(wait=False) as connection:
        connection.execute("DELETE FROM sessions")


def test_many_threads_read_and_write_and_none_is_refused(home, readers):
    questions = readers[0]._manner.questions[:3]
    with ThreadPoolExecutor(6) as threads:
        failures = list(threads.map(lambda one: list(map(one._tried, questions)), readers))
    assert failures == [["", "", ""]] * 6
    talks = "SELECT count(*) FROM turns GROUP BY conversation"
    assert [row[0] for row in home.store.connection.execute(talks)] == [3] * 6


class Thing:
    """Anything that can be kept."""


def test_what_nobody_asks_for_any_more_is_let_go_of_when_another_is_made():
    now = [0.0]
    things = TTLCache(clock=lambda: now[0])
    old, used = weakref.ref(things.get("old", Thing)), weakref.ref(things.get("used", Thing))
    now[0] = cache.TTL_SECONDS - 1
    assert things.get("used", Thing) is used()
    now[0] = cache.TTL_SECONDS + 1
    things.get("new", Thing)
    gc.collect()
    assert old() is None
    assert things.get("used", Thing) is used()


def test_what_somebody_still_holds_is_not_made_twice():
    now = [0.0]
    things = TTLCache(clock=lambda: now[0])
    held = things.get("held", Thing)
    now[0] = 2 * cache.TTL_SECONDS
    things.get("new", Thing)
    assert things.get("held", Thing) is held
    things.forget("held")
    assert things.get("held", Thing) is not held


def test_threads_that_ask_at_once_get_one():
    things, made, go = TTLCache(), [], Event()

    def make():
        made.append(Thing())
        time.sleep(0.01)
        return made[-1]

    def ask(_):
        go.wait()
        return things.get("it", make)

    with ThreadPoolExecutor(8) as threads:
        got = [threads.submit(ask, None) for _ in range(8)]
        go.set()
        assert {id(one.result()) for one in got} == {id(made[0])}
    assert len(made) == 1


def test_the_index_of_a_generation_that_answers_no_more_is_let_go_of(home, monkeypatch):
    searcher, number = Home.open(home.path).searcher, home.collection(OPEN).id
    first = weakref.ref(searcher._index(number, home.store.generation(number)))
    searcher.search("leave", home.scope([OPEN]))
    monkeypatch.setattr(cache, "TTL_SECONDS", 0.0)
    searcher.search("leave", home.scope([CLOSED]))
    gc.collect()
    assert first() is None
    assert searcher.search("leave", home.scope([OPEN]))


def test_threads_hold_no_more_of_a_large_database_than_their_share(home):
    # Two for each of twenty readers, and 160 MB together at most.
    size = home.store.connection.execute("PRAGMA cache_size").fetchone()[0]
    assert 40 * -size <= 160 << 10


@pytest.mark.parametrize(("setting", "there", "expected"), [("7", 0, 7), ("0", 0, 0), ("5", 9, 9)])
def test_bulk_work_gives_way_to_readers(tmp_path, setting, there, expected):
    program = (
        "import os, sys\nfrom footnote.worker import runner\n"
        f"os.nice({there})\n"
        "runner.work = lambda home, job: print(os.getpriority(os.PRIO_PROCESS, 0))\n"
        f"sys.argv = ['', {str(tmp_path)!r}, 'job']\n"
        "runner.main()\n"
    )
    environment = os.environ | {"FOOTNOTE_NICENESS": setting}
    began = os.getpriority(os.PRIO_PROCESS, 0)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert int(done.stdout) == max(expected, began)


def test_the_benchmark_asks_as_readers_and_sees_what_fails(home, template, monkeypatch):
    load = Load(home, template.tokens, Manner(pool(home, None), 0.01))
    went_well = load.measure("well", 1.0, [], lambda _: None)
    assert went_well.answered
    assert len(went_well.answered) == len(went_well.asked)
    assert not went_well.stuck

    def broken(*_):
        raise DatabaseError("the disk is on fire")

    monkeypatch.setattr(home.answerer, "ask", broken)
    went_wrong = load.measure("wrong", 1.0, [], lambda _: None)
    assert went_wrong.asked
    assert not went_wrong.answered
    lines = list(table([went_well, went_wrong]))
    assert len({line.count("|") for line in lines[:4]}) == 1
    assert any("the disk is on fire" in line for line in lines[4:])


def test_a_hit_from_a_collection_that_is_not_shared_is_a_failure(home, readers, monkeypatch):
    answer = home.answerer.ask("leave policy", home.scope([CLOSED]))
    monkeypatch.setattr(home.answerer, "ask", lambda *_: answer)
    assert "not shared" in readers[0]._tried("leave policy")


def test_memory_is_that_of_this_process_and_of_its_children():
    with subprocess.Popen(
        [sys.executable, "-c", "x = bytearray(64 << 20); print('held', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        child.stdout.readline()
        there = memory()
        child.communicate(b"\n")
    assert there.children >= 64 << 20
    assert there.own > 0
    assert memory().children < there.children


def test_a_leak_shows_as_a_slope():
    flat = [Memory(500_000_000, 0)] * 1800
    leaking = [Memory(500_000_000 + 10_000 * second, 0) for second in range(3600)]
    assert slope(flat) == pytest.approx(0.0, abs=0.01)
    assert slope(leaking) == pytest.approx(36.0)
    assert slope([]) == 0.0
    nothing = Measured("n", (0.0, 0.0, 0.0), 0, 1.0, 0.0, (), (Memory(1, 1),), 0, 0)
    assert len(list(table([nothing]))) == 4
