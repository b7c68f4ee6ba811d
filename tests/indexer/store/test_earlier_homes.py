"""Homes of earlier versions (`earlier/make.py`): opened, migrated, sound, answering."""

import tarfile
from pathlib import Path

import pytest

from benchmarks.kills import StandIn
from indexer.doctor.repair import examine, repair
from indexer.search.searcher import Scope, Searcher
from indexer.store import migrations
from indexer.store.store import Store
from rag.answer import Answerer
from rag.history import History

# Two of the three documents have a word of the question; the vectors are of no meaning.
ALL = ["leave.txt", "premium.md", "travel.txt"]
FOUND = {"keyword": ALL[:2], "dense": ALL, "fused": ALL}
EARLIER = sorted((Path(__file__).parent / "earlier").glob("*.tar.xz"))


class Both(StandIn):
    def embed_queries(self, texts, task=None):
        return self.embed_passages(texts)


@pytest.fixture(params=EARLIER, ids=lambda path: path.name.partition(".")[0])
def folder(request, tmp_path):
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def schema_of(store):
    tables = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'keywords_%' ORDER BY name"
    return {name: " ".join(sql.split()) for name, sql in store.connection.execute(tables) if sql}


def test_there_is_a_home_of_every_earlier_schema():
    named = {path.name.split("-")[1].partition(".")[0] for path in EARLIER}
    assert named >= {"1", "2", "3", "4", "5", "6"}


def test_an_earlier_home_is_brought_up_to_date_and_answers(folder, tmp_path_factory):
    store = Store.open(folder)
    assert migrations._version(store.connection) == migrations.LATEST
    assert examine(store, folder / "index", StandIn.fingerprint) == []
    assert repair(store, folder / "index", StandIn()) == []
    fresh = Store.open(tmp_path_factory.mktemp("fresh"))
    assert schema_of(store) == schema_of(fresh)

    searcher = Searcher(store, folder / "index", lambda _: Both())
    scope = Scope(frozenset(one.id for one in store.collections()))
    for mode, expected in FOUND.items():
        hits = searcher.search("paid leave for every employee", scope, mode=mode)
        assert [hit.rank for hit in hits] == [*range(1, len(hits) + 1)]
        assert sorted(Path(hit.document.path).name for hit in hits) == expected
        assert mode == "dense" or Path(hits[0].document.path).name == "leave.txt"
    answer = Answerer(searcher, store, None).ask("How many weeks of paid leave?", scope)
    assert "sixteen weeks" in " ".join(hit.passage.text for hit in answer.hits)
    listed = store.documents(scope.collections)
    assert listed.total == 3
    assert all(document.outdated for document in listed.rows)


def test_what_an_earlier_home_answered_is_kept_and_goes_with_its_document(folder):
    store = Store.open(folder)
    history = History(store)
    (talk,) = history.conversations()
    (turn,) = history.turns(talk.id)
    assert turn.answer.footnotes[0].quote == "Paid leave is sixtee"
    store.delete([turn.answer.footnotes[0].document])
    (turn,) = history.turns(talk.id)
    assert turn.answer.footnotes == ()
    assert examine(store, folder / "index", StandIn.fingerprint) == []


def test_an_earlier_home_killed_in_its_migration_is_as_it_was(folder, monkeypatch):
    broken = (*migrations.MIGRATIONS, (migrations.LATEST + 1, "CREATE TABLE documents (a);"))
    monkeypatch.setattr(migrations, "MIGRATIONS", broken)
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    with pytest.raises(Exception, match="documents"):
        Store.open(folder)
    monkeypatch.undo()
    store = Store.open(folder)
    assert examine(store, folder / "index", StandIn.fingerprint) == []
