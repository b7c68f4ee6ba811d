"""Uploads: under which name, in whose right, and what becomes of what was there."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from footnote.access import Access, NotAllowedError
from footnote.accounts import audit, sharing
from footnote.accounts.people import ONLY_USER, People, Profile
from footnote.jobs import queue
from footnote.worker import runner

PASSWORD = "correct horse battery"
FIRST = b"The premium of the first contract is paid every month."
SECOND = b"The deductible of the second contract is five hundred."


@pytest.fixture
def home(bare_home, monkeypatch):
    """A home with a collection that two readers share, whose jobs wait until they are worked."""
    process = SimpleNamespace(pid=os.getpid())
    monkeypatch.setattr(queue, "_started", lambda home, identifier: process)
    people = People(bare_home.store)
    people.add("admin", PASSWORD)
    collection = bare_home.store.create_collection("shared")
    for name in ("ann", "bob"):
        people.add(name, PASSWORD, Profile(may_upload=True))
        sharing.share(bare_home.store, collection, name)
    return bare_home


def acting(home, name):
    person = People(home.store).named(name)
    return Access(home, lambda: person)


def upload(home, name, files, replace=()):
    """An upload by somebody, worked on at once: the job as it ended."""
    identifier = acting(home, name).add_files(list(files.items()), "shared", replace)
    return worked(home, identifier)


def worked(home, identifier):
    runner.work(home, identifier)
    ended = queue.job(home, identifier)
    assert not any(Path(path).exists() for path in ended.arguments.get("staged", ()))
    return ended


def there(home):
    """Names and states of the documents in the collection."""
    rows = home.store.documents([home.collection("shared").id]).rows
    return {row.path: row.state for row in rows}


def found(home, words):
    hits = home.searcher.search(words, home.scope(["shared"]), mode="keyword")
    return [hit.document.path for hit in hits]


def test_a_name_that_another_document_has_is_kept_apart_from(home):
    upload(home, "ann", {"contract.txt": FIRST})
    assert upload(home, "bob", {"contract.txt": SECOND}).result["added"] == 1
    assert there(home) == {"contract.txt": "ready", "contract (2).txt": "ready"}
    assert found(home, "premium") == ["contract.txt"]
    both = {"contract.txt": b"A third one.", "contract (2).txt": b"And a fourth, by chance so."}
    upload(home, "ann", both)
    names = {"contract.txt", "contract (2).txt", "contract (3).txt", "contract (2) (2).txt"}
    assert set(there(home)) == names
    assert all(len(home.store.revisions(row.id)) == 1 for row in _rows(home))


def _rows(home):
    return home.store.documents([home.collection("shared").id]).rows


def test_the_same_again_does_nothing(home):
    upload(home, "ann", {"contract.txt": FIRST})
    upload(home, "bob", {"contract.txt": SECOND})
    for content in (FIRST, SECOND):
        assert upload(home, "bob", {"contract.txt": content}).result["unchanged"] == 1
    assert len(there(home)) == 2
    assert upload(home, "bob", {"other.txt": FIRST}).result["unchanged"] == 1
    assert found(home, "premium") == ["contract.txt"]


def test_a_broken_file_takes_nothing_away_and_a_mended_one_takes_its_place(home):
    upload(home, "ann", {"contract.pdf": FIRST})
    failed = upload(home, "bob", {"contract.pdf": b"%PDF-1.4 nothing more"})
    assert failed.result["failed"][0]["path"] == "contract (2).pdf"
    assert there(home) == {"contract.pdf": "ready", "contract (2).pdf": "failed"}
    assert found(home, "premium") == ["contract.pdf"]
    upload(home, "bob", {"contract (2).pdf": SECOND})
    assert there(home) == {"contract.pdf": "ready", "contract (2).pdf": "ready"}


def test_two_uploads_of_one_name_that_wait_together_are_kept_apart(home):
    waiting = [
        acting(home, name).add_files([("contract.txt", content)], "shared")
        for name, content in (("ann", FIRST), ("bob", SECOND))
    ]
    for identifier in waiting:
        worked(home, identifier)
    assert set(there(home)) == {"contract.txt", "contract (2).txt"}


def test_an_admin_may_replace_and_that_is_logged(home):
    upload(home, "ann", {"contract.txt": FIRST})
    (before,) = _rows(home)
    with pytest.raises(NotAllowedError):
        upload(home, "ann", {"contract.txt": SECOND}, ["contract.txt"])
    broken = {"contract.txt": b"%PDF-1.4 nothing more", "new.txt": b"Something else."}
    upload(home, "admin", broken, ["contract.txt", "new.txt"])
    assert there(home) == {"contract.txt": "ready", "new.txt": "ready"}
    assert found(home, "premium") == ["contract.txt"]
    assert upload(home, "admin", {"contract.txt": SECOND}, ["contract.txt"]).result["updated"] == 1
    assert set(there(home)) == {"contract.txt", "new.txt"}
    assert found(home, "premium") == []
    entries = audit.entries(home.store, ["replacement ordered"]).rows
    said = [(one.who, one.collection, one.document, one.details) for one in entries]
    assert said == [("admin", "shared", before.id, "contract")] * 2


def withdraw(home):
    sharing.unshare(home.store, home.collection("shared"), "ann")


def remove(home):
    People(home.store).remove("ann")


def forbid(home):
    People(home.store).change("ann", Profile(may_upload=False))


def delete(home):
    home.store.delete_collection(home.collection("shared").id)


def exchange(home):
    delete(home)
    sharing.share(home.store, home.store.create_collection("shared"), "ann")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (withdraw, "may not"),
        (forbid, "may not"),
        (remove, "removed"),
        (delete, "deleted"),
        (exchange, "deleted"),
    ],
)
def test_rights_are_asked_for_again_when_a_jobs_turn_has_come(home, change, said):
    identifier = acting(home, "ann").add_files([("a.txt", FIRST)], "shared")
    change(home)
    names = [one.name for one in home.store.collections()]
    ended = worked(home, identifier)
    assert (ended.state, ended.result) == ("failed", {})
    assert said in ended.error
    assert [one.name for one in home.store.collections()] == names
    assert not names or there(home) == {}


def test_an_admin_who_is_one_no_more_has_no_work_done(home):
    upload(home, "ann", {"a.txt": FIRST})
    people = People(home.store)
    people.add("other", PASSWORD, Profile(role="admin"))
    orders = [
        acting(home, "other").work("reindex", {"collection": "shared", "documents": []}),
        acting(home, "other").add_files([("a.txt", SECOND)], "shared", ["a.txt"]),
    ]
    people.change("other", Profile(role="reader", may_upload=True))
    sharing.share(home.store, home.collection("shared"), "other")
    for identifier in orders:
        ended = worked(home, identifier)
        assert ended.state == "failed"
        assert "may not" in ended.error
    assert found(home, "premium") == ["a.txt"]


def test_without_people_the_only_user_makes_a_collection_by_uploading(home):
    for name in ("ann", "bob", "admin"):
        People(home.store).remove(name)
    identifier = Access(home, lambda: ONLY_USER).add_files([("a.txt", FIRST)], "new")
    assert worked(home, identifier).state == "done"
    assert home.collection("new")
