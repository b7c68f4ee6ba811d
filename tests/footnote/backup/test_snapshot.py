"""Copies for reading: one state of a home, followed by replicas, and written by nobody."""

import time

import pytest

from footnote.accounts.people import People, Profile
from footnote.backup.snapshot import NoSnapshotError, newest, snapshot
from footnote.home import Home
from footnote.web.server import shared_home
from indexer.ingest.sources import find
from indexer.store.database import SnapshotError
from tests.api_server import client, key_of
from tests.asked import asked_home, home  # noqa: F401


@pytest.fixture
def copies(home, tmp_path):  # noqa: F811
    snapshot(home, tmp_path / "copies")
    return tmp_path / "copies"


def test_a_copy_answers_as_its_home_does(home, copies):  # noqa: F811
    copy = Home.open(newest(copies))
    for question in ("Who pays the premium?", "How long is paid leave?"):
        mine, theirs = (one.answerer.ask(question, one.scope()) for one in (home, copy))
        assert [one.text for one in mine.sentences] == [one.text for one in theirs.sentences]
        assert mine.sentences
    document = home.store.documents(home.scope().collections).rows[0]
    original = copy.store.original(document.content_hash)
    assert original.read_bytes() == home.store.original(document.content_hash).read_bytes()
    assert not (copy.path / "models").exists()


def test_nothing_is_written_to_a_copy(home, copies):  # noqa: F811
    copy = Home.open(newest(copies))
    before = {path: path.stat().st_mtime_ns for path in copies.rglob("*") if path.is_file()}
    for change in (
        lambda: copy.store.create_collection("more"),
        lambda: copy.store.delete([copy.store.documents([1]).rows[0].id]),
        lambda: People(copy.store).add("eve", "a long password"),
    ):
        with pytest.raises(SnapshotError, match="copy for reading"):
            change()
    copy.answerer.ask("How long is paid leave?", copy.scope())
    after = {path: path.stat().st_mtime_ns for path in copies.rglob("*") if path.is_file()}
    assert {k: v for k, v in after.items() if k.name != "open.lock"} == before


def test_only_new_originals_are_copied_and_old_copies_go(home, copies, tmp_path):  # noqa: F811
    new = tmp_path / "new.md"
    new.write_text("# Parking\n\nParking is free for employees.\n")
    home.index(find([new]), "policies")
    assert snapshot(home, copies, keep=2).copied == 1
    gone = home.store.documents(home.scope().collections, text="premium").rows[0]
    home.store.delete([gone.id])
    assert (copies / "files" / gone.content_hash[:2] / gone.content_hash).exists()
    for _ in range(2):
        assert snapshot(home, copies, keep=2).copied == 0
    assert sorted(path.name for path in copies.iterdir() if path.name.isdecimal()) == [
        "000003", "000004",
    ]  # fmt: skip
    assert not (copies / "files" / gone.content_hash[:2] / gone.content_hash).exists()


def test_a_replica_follows_and_refuses_to_write(home, copies, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("FOOTNOTE_HOME", str(copies))
    monkeypatch.setattr(shared_home, "_LOOK_SECONDS", 0.0)
    program = client()
    asked = {"query": "parking for bicycles", "mode": "keyword"}
    assert program.post("/api/v1/search", json=asked).json()["hits"] == []
    (tmp_path / "new.md").write_text("# Parking\n\nParking for bicycles is free.\n")
    home.index(find([tmp_path / "new.md"]), "policies")
    snapshot(home, copies)
    began = time.monotonic()
    while not program.post("/api/v1/search", json=asked).json()["hits"]:
        assert time.monotonic() - began < 60
        time.sleep(0.05)
    refused = program.post(
        "/api/v1/documents", data={"collection": "policies"}, files={"files": ("a.md", b"# A\n\nb")}
    )
    assert refused.status_code == 403
    assert "copy for reading" in refused.json()["error"]["message"]
    assert not (newest(copies) / "uploads").exists()


def test_keys_and_rights_hold_in_a_replica_as_they_were(
    home,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    People(home.store).add("ann", "a long password", Profile("admin"))
    People(home.store).add("bob", "a long password")
    key = key_of(home, "bob")
    snapshot(home, tmp_path / "copies")
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "copies"))
    assert client().get("/api/v1/collections").status_code == 401
    bob = client(key)
    assert bob.get("/api/v1/collections").json() == {"collections": []}


def test_where_there_is_no_copy_it_is_said(tmp_path):
    with pytest.raises(NoSnapshotError, match="backup"):
        newest(tmp_path)
