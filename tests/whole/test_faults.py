"""Disks that are full or read-only, databases that are locked, programs of two versions."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from homes import write_papers

from embedder.atomic import StorageError
from embedder.errors import FootnoteError
from footnote import doctor
from footnote.accounts import signin
from footnote.accounts.people import People
from footnote.cli.main import main
from footnote.home import Home
from footnote.jobs import queue
from indexer.ingest.sources import find
from indexer.search.searcher import Scope
from indexer.store import database, migrations
from indexer.store.db_errors import DatabaseLockedError, DatabaseReadOnlyError
from indexer.store.migrations import LATEST, SchemaTooNewError
from indexer.store.store import Store
from rag.history import History
from training.fit.config import Recipe
from training.runs import Runs, TrainingRequest

ROOT = Path(__file__).parents[2]


def mounted(*arguments: str) -> bool:
    try:
        return (
            subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 20 MB; only root may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or not mounted("-t", "tmpfs", "-o", "size=20m", "none", str(place)):
        pytest.skip("takes a disk of one's own")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def full(disk):
    """Nothing more fits on it, not a byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                pass
    try:
        yield
    finally:
        filler.unlink()


def scope(home):
    return Scope(frozenset(one.id for one in home.store.collections()))


@pytest.fixture
def on_disk(small_disk, tiny_embedder, tmp_path):
    """A home on the small disk, with documents in it."""
    home = Home.open(small_disk / "home")
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    write_papers(tmp_path / "papers", 8)
    home.index(find([tmp_path / "papers"]), "papers", workers=1)
    return home


def left_behind(home):
    """Files that are still being written, or staged."""
    staged = home.path / "files" / "incoming"
    return [*home.path.rglob(".writing-*"), *(staged.iterdir() if staged.exists() else ())]


def index_more(home, tmp_path):
    (tmp_path / "more.txt").write_text("A sentence about something else. " * 3000)
    home.index(find([tmp_path / "more.txt"]), "papers", workers=1)


def embed_again(home, tmp_path):
    from indexer.vector.generations import embed_generation

    class Wide:
        fingerprint, dimension = "wide", 20_000

        def embed_passages(self, texts):
            import numpy as np

            return np.full((len(texts), self.dimension), self.dimension**-0.5, np.float32)

    embed_generation(home.store, Wide(), home.collection("papers").id)


def seal(home, tmp_path):
    index = home.searcher._index(home.collection("papers").id, home.embedder.fingerprint)
    index.seal()


def delete(home, tmp_path):
    rows = home.store.documents(scope(home).collections).rows
    home.store.delete([row.id for row in rows])


def order(home, tmp_path):
    Runs(home.path / "runs").create(TrainingRequest("papers", "tiny", Recipe()))


def checkpoint(home, tmp_path):
    import torch

    from embedder.atomic import write_tensors

    folder = home.path / "runs" / "r"
    write_tensors(folder / "state.safetensors", {"weights": torch.zeros(100_000)})


def use_an_embedder(home, tmp_path):
    home.registry.install("other", home.registry._place("tiny"))


def keep_an_answer(home, tmp_path):
    answer = home.answerer.ask("What is the right of every employee?", scope(home))
    history = History(home.store)
    history.add(history.start([1], "talk").id, answer)


def start_a_job(home, tmp_path):
    queue.submit(home, "index", {"paths": [], "collection": "papers"})


WRITERS = [
    index_more, embed_again, seal, delete, order, checkpoint, use_an_embedder, keep_an_answer,
    start_a_job,
]  # fmt: skip

SMALL = (delete, keep_an_answer, start_a_job)


@pytest.mark.parametrize("write", WRITERS, ids=[write.__name__ for write in WRITERS])
def test_on_a_full_disk_one_message_and_nothing_half_written(on_disk, tmp_path, write):
    home = on_disk
    before = home.store.documents(scope(home).collections).total
    found = home.searcher.search("leave0a", scope(home))
    with full(home.path.parent):
        if write in SMALL:  # what has room in the files that are there already
            with suppress(StorageError):
                write(home, tmp_path)
        else:
            with pytest.raises(StorageError, match=r"full|room"):
                write(home, tmp_path)
        assert home.searcher.search("leave0a", scope(home)) == found or write is delete
    assert left_behind(home) == []
    assert doctor.examine(home) == []
    if write is not delete:
        assert home.store.documents(scope(home).collections).total == before
    index_more(home, tmp_path)
    assert doctor.examine(Home.open(home.path)) == []


def test_the_command_line_says_once_that_the_disk_is_full(on_disk, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(30):
        (tmp_path / "many" / f"{number}.txt").write_text(f"Text {number}. " * 3000)
    with full(on_disk.path.parent):
        result = CliRunner().invoke(
            main, ["--home", str(on_disk.path), "index", str(tmp_path / "many"), "-c", "papers"]
        )
    assert result.exit_code == 1
    assert result.output.count("is full") == 1
    assert "make room" in result.output


def test_files_past_the_systems_limit_are_as_a_full_disk(tmp_path):
    """Without a disk of one's own: the process may write no file of more than a megabyte."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from benchmarks.kills import StandIn\n"
        "from indexer.ingest.ingest import Ingest\n"
        "from indexer.ingest.sources import find\n"
        "from indexer.store.store import Store\n"
        "from embedder.atomic import StorageError\n"
        "store = Store.open(Path(sys.argv[1]) / 'home')\n"
        "collection = store.create_collection('c').id\n"
        "from indexer.keyword.analysis import detect_language\n"
        "detect_language('This is what unpacks its model into a file. ' * 9)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try:\n"
        "    Ingest(store, StandIn()).run(find([Path(sys.argv[1]) / 'texts']), collection)\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    (tmp_path / "texts").mkdir()
    for number in range(40):
        (tmp_path / "texts" / f"{number}.txt").write_text(f"Sentence {number} is here. " * 2000)
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "room" in said.stdout
    from indexer.doctor.repair import examine

    assert examine(Store.open(tmp_path / "home"), tmp_path / "home" / "index") == []


@pytest.fixture
def read_only(papers_home, tmp_path):
    """A home with a conversation, on a disk that cannot be written."""
    keep_an_answer(papers_home, tmp_path)
    papers_home.embedder.embed_queries(["so that its base is converted"])
    doctor.examine(papers_home)
    papers_home.store.close()
    papers_home.searcher.search("x", Scope(frozenset()))
    place = str(papers_home.path)
    if os.geteuid():
        subprocess.run(["chmod", "-R", "a-w", place], check=True)
        yield papers_home.path
        subprocess.run(["chmod", "-R", "u+w", place], check=True)
        return
    if not (mounted("--bind", place, place) and mounted("-o", "remount,bind,ro", place)):
        pytest.skip("takes a disk that cannot be written")
    yield papers_home.path
    subprocess.run(["umount", "-l", place], check=True)


def test_a_home_that_cannot_be_written_still_answers(read_only, tmp_path):
    home = Home.open(read_only)
    for mode in ("keyword", "dense", "fused"):
        assert home.searcher.search("leave0a", scope(home), mode=mode)
    assert home.answerer.ask("What is the right of every employee?", scope(home)).sentences
    assert History(home.store).conversations()
    assert doctor.examine(home) == []
    for write in (index_more, delete, order, keep_an_answer, use_an_embedder, start_a_job):
        with pytest.raises(StorageError, match="cannot be written"):
            write(home, tmp_path)


def test_a_read_only_home_that_was_not_closed_says_what_to_do(papers_home, monkeypatch):
    real = database._opened

    def opened(name, *, uri):
        raise DatabaseReadOnlyError(f"{name} cannot be opened")

    papers_home.store.create_collection("so that the log has something")
    monkeypatch.setattr(database, "_opened", opened)
    monkeypatch.setattr(database.os, "access", lambda *_: False)
    with pytest.raises(DatabaseReadOnlyError, match="copy the folder"):
        database.connect(papers_home.path / "footnote.db")
    assert real is not opened


def test_a_database_that_is_locked_for_long_is_waited_for_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.3)
    store = Store.open(tmp_path)
    other = sqlite3.connect(tmp_path / "footnote.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLockedError, match="end that program"):
        store.create_collection("c")
    assert store.collections() == []  # reading goes on
    other.execute("ROLLBACK")
    assert store.create_collection("c").name == "c"


def test_a_writer_waits_for_one_that_soon_ends(tmp_path):
    store = Store.open(tmp_path)
    locks = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(0.5)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", locks, str(store.path)], stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        assert store.create_collection("c").name == "c"


def of_a_newer_program(path):
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO migrations VALUES (?, 0)", (LATEST + 1,))
    connection.close()


def test_an_older_program_refuses_a_newer_home_and_writes_nothing(tmp_path):
    Store.open(tmp_path).close()
    of_a_newer_program(tmp_path / "footnote.db")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "doctor", "--repair"])
    assert result.exit_code == 1
    assert "newer Footnote" in result.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_older_program_that_runs_on_writes_no_more_once_a_newer_has_come(tmp_path):
    store = Store.open(tmp_path)
    of_a_newer_program(tmp_path / "footnote.db")
    with pytest.raises(SchemaTooNewError, match="start it again"):
        store.create_collection("c")
    assert store.collections() == []


def test_all_migrations_that_are_due_are_one_transaction(tmp_path, monkeypatch):
    store = Store.open(tmp_path)
    broken = (*migrations.MIGRATIONS, (LATEST + 1, "CREATE TABLE new (a);"),
              (LATEST + 2, "CREATE TABLE collections (a);"))  # fmt: skip
    monkeypatch.setattr(migrations, "MIGRATIONS", broken)
    monkeypatch.setattr(migrations, "LATEST", LATEST + 2)
    with pytest.raises(sqlite3.OperationalError, match="collections"):
        migrations.migrate(store.connection)
    monkeypatch.undo()
    assert store.create_collection("c").name == "c"
    tables = store.connection.execute("SELECT name FROM sqlite_master WHERE name = 'new'")
    assert tables.fetchone() is None


def test_runs_are_in_order_though_the_clock_is_set_back(tmp_path, monkeypatch):
    runs = Runs(tmp_path)
    first = runs.create(TrainingRequest("papers", "tiny", Recipe()))
    past = time.localtime(time.time() - 86_400)
    monkeypatch.setattr("training.runs.time.strftime", lambda form, at=None: real(form, at or past))
    second, third = (runs.create(TrainingRequest("papers", "tiny", Recipe())) for _ in range(2))
    assert [run.id for run in runs] == [third.id, second.id, first.id]


def real(form, at, strftime=time.strftime):
    return strftime(form, at)


def test_a_file_that_changed_is_noticed_though_its_time_was_set_back(papers_home, tmp_path):
    file = tmp_path / "paper.txt"
    file.write_text("The premium is ten.")
    assert papers_home.index(find([file]), "papers").added == 1
    stamp = file.stat()
    file.write_text("The premium is six.")
    os.utime(file, (stamp.st_atime, stamp.st_mtime - 86_400))
    assert papers_home.index(find([file]), "papers").updated == 1


def test_conversations_are_in_order_though_the_clock_is_set_back(papers_home, monkeypatch):
    history = History(papers_home.store)
    answer = papers_home.answerer.ask("What is the right of every employee?", scope(papers_home))
    first = history.start([1], "first").id
    history.add(first, answer)
    monkeypatch.setattr("rag.history.time.time", lambda: 1.0)
    second = history.start([1], "second").id
    history.add(second, answer)
    assert [talk.id for talk in history.conversations()] == [second, first]


@pytest.mark.parametrize("how", ["missing", "cut", "foreign", "older"])
def test_an_index_file_that_is_not_what_it_should_be_costs_no_answer_and_is_made_anew(
    papers_home, tmp_path, how
):
    home, number = papers_home, papers_home.collection("papers").id
    seal(home, tmp_path)
    (file,) = home.index_folder.iterdir()
    older = file.read_bytes()
    index_more(home, tmp_path)
    seal(home, tmp_path)
    (file,) = home.index_folder.iterdir()
    texts = ["leave0a leave0b", "something else", "premium2c"]
    before = [home.searcher.search(text, scope(home), mode="dense") for text in texts]
    content = {"cut": file.read_bytes()[:-7], "foreign": b"not FAISS", "older": older}
    file.unlink() if how == "missing" else file.write_bytes(content[how])

    again = Home.open(home.path)
    assert [again.searcher.search(text, scope(again), mode="dense") for text in texts] == before
    assert [problem.code for problem in doctor.examine(again)] == ["index-damaged"]
    again.searcher.maintain(number)  # as after each indexing
    assert doctor.examine(again) == []
    assert [again.searcher.search(text, scope(again), mode="dense") for text in texts] == before


def test_a_converted_base_that_was_cut_off_is_converted_anew(papers_home):
    texts = ["The right of every employee."]
    before = papers_home.embedder.embed_queries(texts)
    (weights,) = (papers_home.path / "models").glob("*/model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    again = Home.open(papers_home.path)
    assert (again.embedder.embed_queries(texts) == before).all()


def test_a_damaged_history_of_embedders_says_what_to_do(papers_home):
    (papers_home.path / "embedders" / "history.json").write_text("[")
    with pytest.raises(FootnoteError, match="embedders use"):
        Home.open(papers_home.path).registry.current()


def test_a_click_goes_through_though_it_cannot_be_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
    monkeypatch.setattr(signin, "_NOTED_SECONDS", -1)
    store = Store.open(tmp_path)
    ann = People(store).add("ann", "correct horse battery")
    token = signin.begin(store, ann)
    other = sqlite3.connect(tmp_path / "footnote.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    signin.note_click(store, token)
    assert signin.person_of(store, token) == ann
    other.execute("ROLLBACK")
