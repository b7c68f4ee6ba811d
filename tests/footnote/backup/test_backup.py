"""Backups made while others write, and what comes out of them; hostile ones."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from footnote import doctor
from footnote.accounts import signin
from footnote.accounts.people import People
from footnote.backup.backup import backup
from footnote.backup.format import ArchiveError, is_part
from footnote.backup.restore import HomeExistsError, restore
from footnote.cli.main import main
from footnote.home import Home
from footnote.jobs import queue
from indexer.ingest.sources import find
from indexer.search.searcher import Scope
from indexer.store.db_errors import DatabaseError
from indexer.store.errors import UnknownOriginalError
from indexer.store.lock import InUseError
from indexer.store.migrations import SchemaTooNewError
from rag.history import History

QUESTIONS = ["leave0a leave0b", "What is the right of every employee?", "premium2c", "travel"]


@pytest.fixture
def home(papers_home):
    opened = papers_home
    number = opened.collection("papers").id
    history = History(opened.store)
    talk = history.start([number], "a talk").id
    history.add(talk, opened.answerer.ask(QUESTIONS[1], scope(opened)))
    run = opened.path / "runs" / "20260101-000000-ab12"
    run.mkdir(parents=True)
    (run / "order.json").write_text("{}")
    return opened


def scope(home):
    return Scope(frozenset(one.id for one in home.store.collections()))


def answers(home, collections=()):
    """What a reader is told, but for how long it took."""
    found = [home.answerer.ask(question, home.scope(collections)) for question in QUESTIONS]
    return [(one.sentences, one.footnotes, round(one.confidence, 6)) for one in found]


def test_a_restored_home_is_sound_and_answers_the_same(home, tmp_path):
    report = backup(home, tmp_path / "b.zip")
    assert (report.documents, report.originals, report.embedders, report.runs) == (24, 24, 1, 1)
    restored = restore(tmp_path / "b.zip", tmp_path / "new")
    assert (restored.documents, restored.before) == (24, "")
    again = Home.open(tmp_path / "new")
    assert doctor.examine(again) == []
    assert answers(again) == answers(home)
    assert again.registry.current() == "tiny"
    assert [talk.title for talk in History(again.store).conversations()] == ["a talk"]
    assert (again.path / "runs" / "20260101-000000-ab12" / "order.json").exists()
    assert list(tmp_path.glob(".writing-*")) == list(home.path.rglob(".writing-*")) == []


def test_secrets_and_deleted_text_do_not_travel(home, tmp_path):
    (home.path / "settings.toml").write_text('model = "m"\napi_key = "sk-secret-1"\n')
    home = Home.open(home.path)
    rows = home.store.documents(scope(home).collections).rows[:20]
    texts = [home.store.page(row.id, 1).text[-60:].encode() for row in rows]
    home.store.connection.execute("PRAGMA secure_delete = OFF")  # some systems build it in
    home.store.delete([row.id for row in rows])
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    there = home.store.path.read_bytes()
    assert any(text in there for text in texts)  # in pages that are free
    backup(home, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"sk-secret-1" not in everything
    assert not any(text in everything for text in texts)
    restore(tmp_path / "b.zip", tmp_path / "new")
    assert Home.open(tmp_path / "new").settings.text("model") == "m"


def test_a_backup_made_while_others_index_and_delete_is_one_state_of_theirs(home, tmp_path):
    """Of a writer's states, each told before it is made, a backup is one that was possible."""
    stop = threading.Event()
    faults, states = [], [frozenset()]
    (tmp_path / "more").mkdir()

    def write():
        number = 0
        try:
            while not stop.is_set():
                file = tmp_path / "more" / f"{number}.txt"
                file.write_text(f"Sentence {word(number)} speaks of nothing. " * 20)
                states.append(states[-1] | {number})
                home.index(find([file]), "more", workers=1)
                found = home.store.document_at(home.collection("more").id, str(file))
                if number % 2:
                    states.append(states[-1] - {number})
                    home.store.delete([found.id])
                number += 1
        except Exception as error:  # noqa: BLE001 - shown below
            faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    possible = []
    try:
        for number in range(3):
            while len(states) < 4 * (number + 1) and writer.is_alive():
                time.sleep(0.01)
            before = len(states) - 2  # the last one may not have been reached yet
            backup(home, tmp_path / f"{number}.zip")
            possible.append(states[before:])
    finally:
        stop.set()
        writer.join()
    assert faults == []
    told = answers(home, ["papers"])
    for number in range(3):
        restore(tmp_path / f"{number}.zip", tmp_path / f"home-{number}")
        again = Home.open(tmp_path / f"home-{number}")
        assert doctor.examine(again) == []
        there = in_more(again)
        assert there in possible[number]
        for one in frozenset().union(*possible[number]):
            assert found_by(again, one, "keyword") == [f"{one}.txt"] * (one in there)
            assert (found_by(again, one, "fused")[0] == f"{one}.txt") == (one in there)
        assert answers(again, ["papers"]) == told


def word(number):
    return "mark" + str(number).translate(str.maketrans("0123456789", "bcdfghjklm"))


def in_more(home):
    """The numbers of the documents in the collection that the writer works on."""
    rows = home.store.documents([home.collection("more").id]).rows
    return frozenset(int(Path(row.path).stem) for row in rows)


def found_by(home, number, mode):
    """The names of the documents that are found by the word of one, best first."""
    hits = home.searcher.search(word(number), home.scope(), mode=mode)
    return list(dict.fromkeys(Path(hit.document.path).name for hit in hits))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_other_users_of_the_machine_read_nothing(home, tmp_path):
    (tmp_path / "b.zip").write_bytes(b"an earlier one")
    (tmp_path / "b.zip").chmod(0o644)
    before = os.umask(0o022)
    try:
        backup(home, tmp_path / "b.zip")
        restore(tmp_path / "b.zip", tmp_path / "new")
        Home.open(tmp_path / "parent" / "fresh")
    finally:
        os.umask(before)
    modes = {name: mode(tmp_path / name) for name in ("b.zip", "new", "parent/fresh")}
    assert modes == {"b.zip": 0o600, "new": 0o700, "parent/fresh": 0o700}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("opened", [0o755, 0o750, 0o711, 0o2770])
def test_the_doctor_closes_a_home_that_others_may_enter(home, opened):
    home.path.chmod(opened)
    (problem,) = doctor.examine(home)
    assert (problem.code, problem.repairable) == ("home-open", True)
    assert doctor.repair(home) == [problem]
    assert doctor.examine(home) == []
    assert mode(home.path) == opened & ~0o077


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_command_line_backs_up_and_restores(home, tmp_path):
    file = str(tmp_path / "b.zip")
    made = CliRunner().invoke(main, ["--home", str(home.path), "backup", file, "--json"])
    assert json.loads(made.stdout)["documents"] == 24
    before = (tmp_path / "b.zip").read_bytes()
    again = CliRunner().invoke(main, ["--home", str(home.path), "backup", file])
    assert (again.exit_code, "--force" in again.output) == (1, True)
    assert (tmp_path / "b.zip").read_bytes() == before
    forced = CliRunner().invoke(main, ["--home", str(home.path), "backup", file, "--force"])
    assert forced.exit_code == 0
    refused = CliRunner().invoke(main, ["--home", str(home.path), "restore", file])
    assert (refused.exit_code, "--replace" in refused.output) == (1, True)
    done = CliRunner().invoke(main, ["--home", str(tmp_path / "n"), "restore", file, "--json"])
    assert json.loads(done.stdout)["documents"] == 24


def test_a_home_that_is_there_is_moved_aside_and_not_under_others(home, tmp_path):
    backup(home, tmp_path / "b.zip")
    with pytest.raises(HomeExistsError, match="--replace"):
        restore(tmp_path / "b.zip", home.path)
    with pytest.raises(InUseError):
        restore(tmp_path / "b.zip", home.path, replace=True)
    home.store.close()
    report = restore(tmp_path / "b.zip", home.path, replace=True)
    assert doctor.examine(Home.open(report.before)) == doctor.examine(Home.open(home.path)) == []


def test_jobs_that_ran_are_told_to_have_ended(home, tmp_path):
    queue._table(home).insert(
        {"id": "j", "kind": "index", "arguments": "{}", "state": "running", "created_at": 1.0}
    )
    backup(home, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "new")
    ended = queue.job(Home.open(tmp_path / "new"), "j")
    assert (ended.state, "Start it again" in ended.error) == ("failed", True)


def test_a_damaged_home_gives_no_backup(home, tmp_path):
    backup(home, tmp_path / "b.zip")
    before = (tmp_path / "b.zip").read_bytes()
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    home.store.close()
    data = bytearray(home.store.path.read_bytes())
    data[5 * 16384 : 40 * 16384] = b"\xff" * (35 * 16384)
    home.store.path.write_bytes(data)
    with pytest.raises(DatabaseError, match="damaged"):
        backup(Home.open(home.path), tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == before


@pytest.fixture
def made(home, tmp_path):
    """A backup, and a way to make another of it."""
    backup(home, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))

    def rewritten(add=(), **changes):
        file = tmp_path / "changed.zip"
        listed = {one["name"]: dict(one) for one in manifest["parts"]}
        held = dict(parts)
        for name, data in add:
            held[name] = data
            listed[name] = {
                "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            }  # fmt: skip
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in held.items():
                archive.writestr(name, data)
            told = manifest | {"parts": list(listed.values())} | changes
            archive.writestr("manifest.json", json.dumps(told))
        return file

    return rewritten


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "/etc/outside", "files/../../outside", "embedders/../../outside",
        "embedders/x/../../../outside", "embedders\\..\\outside", "runs/x\0y", "runs/.hidden",
        "embedders/e/model.pkl", "footnote.db-wal", "open.lock", "files/ab/short", "jobs/x.log",
        "runs/" + "a/" * 9 + "b", "C:/outside", "index/1-ab.faiss", "FOOTNOTE.DB",
    ],
)  # fmt: skip
def test_nothing_leaves_the_home_that_is_restored(made, tmp_path, name):
    assert not is_part(name)
    with pytest.raises(ArchiveError, match="do not trust"):
        restore(made([(name, b"x")]), tmp_path / "inner" / "new")
    assert not list(tmp_path.rglob("*outside*"))
    assert not (tmp_path / "inner" / "new").exists()
    assert list((tmp_path / "inner").iterdir()) == []


def changed_database(home, *statements):
    import sqlite3

    path = home.path / "other.db"
    home.store.connection.execute("VACUUM INTO ?", (str(path),))
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER UPDATE ON jobs BEGIN DELETE FROM documents; END",
        "CREATE VIEW evil AS SELECT 1",
        "CREATE VIRTUAL TABLE evil USING fts5(a, content='documents')",
        "DROP TABLE jobs",
    ],
)
def test_a_database_that_is_not_ours_is_refused(home, made, tmp_path, statement):
    file = made([("footnote.db", changed_database(home, statement))])
    with pytest.raises(ArchiveError, match="database in the backup"):
        restore(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


NEW_TABLE = "CREATE TABLE more (a TEXT"
ELSEWHERE = "UPDATE documents SET"
FOREIGN = [
    f"{NEW_TABLE})",
    f"{NEW_TABLE}, b TEXT GENERATED ALWAYS AS (hex(a)) STORED)",
    "ALTER TABLE documents ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(path)) VIRTUAL",
    "ALTER TABLE documents ADD COLUMN more TEXT",
    "CREATE INDEX more ON documents(lower(path))",
    "DROP INDEX documents_hash",
    f"{ELSEWHERE} content_hash = '../../../victim'",
    f"{ELSEWHERE} content_hash = '/etc/passwd'",
    f"{ELSEWHERE} content_hash = ''",
    f"{ELSEWHERE} id = '../../x' WHERE rowid = 1",
    f"{ELSEWHERE} state = 'odd'",
    f"{ELSEWHERE} hidden = '[[1, 2]]'",
    f"{ELSEWHERE} title = x'ff00'",
    f"{ELSEWHERE} collection = 99",
    "UPDATE passages SET spans = '[[1, -5, 7]]'",
    "UPDATE passages SET spans = '7'",
    "UPDATE passages SET headings = '{}'",
    "UPDATE passages SET text_hash = 'x'",
    "UPDATE pages SET blocks = '[[\"text\", 0]]'",
    f"UPDATE pages SET blocks = '{'[' * 100_000}'",
    "UPDATE vectors SET vector = x'ff'",
    "UPDATE vectors SET vector = 'text'",
    "UPDATE collections SET fingerprint = '../x'",
    "UPDATE conversations SET collections = '[\"a\"]'",
    "UPDATE turns SET answer = '[]'",
    "INSERT INTO jobs (id, kind, arguments, state, created_at)"
    " VALUES ('j', 'index', '[]', 'done', 1)",
    "INSERT INTO people VALUES ('p', 'Ann', 'ann', '', '', 'admin', 1,"
    " '$argon2id$v=19$m=99999999,t=3,p=4$ldVnfjKMdqSf6zjiTyeaoA$8rhNYJHFchAFUNhIHTR9', 1, NULL)",
]


@pytest.mark.parametrize("statement", FOREIGN)
def test_values_that_footnote_does_not_write_are_refused(home, made, tmp_path, statement):
    """A content hash of `../../victim` had a deletion remove that file, and its page show it."""
    file = made([("footnote.db", changed_database(home, statement))])
    with pytest.raises(ArchiveError, match="do not trust it"):
        restore(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_no_path_is_made_of_what_is_no_hash(home, tmp_path):
    """Whatever stands in a database, deleting and opening stay in the folder of originals."""
    victim = tmp_path / "victim"
    victim.write_text("not ours")
    store = home.store
    for value in (str(victim), "../../../victim", "..", "", "A" * 64):
        assert not store.originals.path(value).exists()
        assert store.originals.remove(value) is None
        with store.transaction() as connection:
            connection.execute("UPDATE documents SET content_hash = ?", (value,))
        row = store.documents(scope(home).collections).rows[0]
        with pytest.raises(UnknownOriginalError):
            store.original(row.content_hash)
        assert doctor.examine(home)  # which names it, and goes on
        store.delete([row.id])
    assert victim.read_text() == "not ours"


def test_backups_of_earlier_schemas_are_restored(made, tmp_path):
    earlier = sorted(Path(__file__).parents[2].glob("indexer/store/earlier/*.tar.xz"))
    assert earlier
    for number, path in enumerate(earlier):
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path / str(number), filter="data")
        there = tmp_path / str(number)
        parts = [("footnote.db", (there / "footnote.db").read_bytes())]
        restore(made(parts, schema=1), tmp_path / f"new-{number}")


def test_what_is_not_as_it_was_put_in_is_named(made, home, tmp_path):
    whole = (tmp_path / "b.zip").read_bytes()
    place = whole.index(b"files/")
    for name, data in {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[: place + 200] + bytes([whole[place + 200] ^ 1]) + whole[place + 201 :],
        "text": b"no zip at all",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ArchiveError):
            restore(tmp_path / name, tmp_path / "new")
    for changes in ({"parts": []}, {"parts": 7}, {"format": "x"}, {"parts": [{"name": "a"}]}):
        with pytest.raises(ArchiveError):
            restore(made(**changes), tmp_path / "new")
    with pytest.raises(SchemaTooNewError, match="newer"):
        restore(made(schema=10_000), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_bomb_is_not_unpacked_past_what_it_says(made, home, tmp_path):
    file = made()
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = next(name for name in parts if name.startswith("files/"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, bytes(300 << 20) if name == bomb else data)
    with pytest.raises(ArchiveError, match="not what was put in"):
        restore(file, tmp_path / "new")


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_killed_one_leaves_what_was_there(home, tmp_path, what):
    backup(home, tmp_path / "b.zip")
    before = (tmp_path / "b.zip").read_bytes()
    calls = {
        "backup": "backup(Home.open(home), file, die)",
        "restore": "restore(file, new, progress=die)",
    }
    call = calls[what]
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from footnote.backup.backup import backup\n"
        "from footnote.home import Home\n"
        "from footnote.backup.restore import restore\n"
        "home, file, new = map(Path, sys.argv[1:])\n"
        "def die(stage, done, total):\n"
        "    if stage == 'files' and done > total / 2:\n"
        "        os.kill(os.getpid(), 9)\n"
        f"{call}\n"
    )
    command = [sys.executable, "-c", program, home.path, tmp_path / "b.zip", tmp_path / "new"]
    ended = subprocess.run(command, cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -9
    assert (tmp_path / "b.zip").read_bytes() == before
    assert not (tmp_path / "new").exists()
    assert doctor.examine(home) == []
    restore(tmp_path / "b.zip", tmp_path / "new")
    assert doctor.examine(Home.open(tmp_path / "new")) == []


def test_people_come_back_and_nobody_is_signed_in(home, tmp_path):
    people = People(home.store)
    ann = people.add("ann", "correct horse battery")
    signin.begin(home.store, ann)
    backup(home, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "new")
    store = Home.open(tmp_path / "new").store
    assert [one.name for one in People(store).all()] == ["ann"]
    assert store.connection.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


SETTINGS = (
    'base_url = "https://evil.example/v1"\nmodel = "m"\napi_key = "k"\n'
    'price_in = "0"\nworkers = 3\n'
)
WANTED = {"base_url": "https://evil.example/v1", "api_key": "k", "price_in": "0"}


def test_where_questions_go_is_not_the_backups_to_say(made, tmp_path):
    """Its `settings.toml` silently sent questions, with the operator's key, where it wanted."""
    file = made([("settings.toml", SETTINGS.encode())])
    report = restore(file, tmp_path / "new")
    assert report.left_out == WANTED
    settings = Home.open(tmp_path / "new").settings
    assert (settings.text("base_url"), settings.text("api_key")) == ("", "")
    assert (settings.text("model"), settings.number("workers")) == ("m", 3)
    said = []
    report = restore(file, tmp_path / "yes", accept=lambda asked: said.append(asked) or True)
    assert (report.left_out, said) == ({}, [WANTED])
    assert Home.open(tmp_path / "yes").settings.text("base_url") == "https://evil.example/v1"


def test_the_command_line_shows_what_it_left_out(made, tmp_path):
    file = str(made([("settings.toml", SETTINGS.encode())]))
    done = CliRunner().invoke(main, ["--home", str(tmp_path / "n"), "restore", file])
    assert done.exit_code == 0
    assert "left out of its settings: base_url = https://evil.example/v1" in done.output
    done = CliRunner().invoke(
        main, ["--home", str(tmp_path / "y"), "restore", file, "--accept-settings", "--json"]
    )
    assert json.loads(done.stdout)["left_out"] == {}


@pytest.mark.parametrize("text", ["[a]\nb = 1", "a = [1]", "no toml", "\udcff"])
def test_settings_that_are_none_are_refused(made, tmp_path, text):
    data = text.encode("utf-8", "surrogateescape")
    with pytest.raises(ArchiveError, match="settings in the backup"):
        restore(made([("settings.toml", data)]), tmp_path / "new")
