"""A deleted document is quoted by no stored answer; what other documents said stays."""

import json
import sqlite3
from dataclasses import replace

import pytest

from indexer.doctor.repair import examine, repair
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.records import Span
from indexer.search.searcher import Scope, Searcher
from indexer.store import migrations
from indexer.store.redaction import NOTICE
from indexer.store.store import Store
from rag.answer import Answerer
from rag.history import History
from rag.records import Answer, Footnote, Sentence, to_json

LEAVE = "# Leave policy\n\nFull-time staff receive 28 days of paid leave a year."
FOUNDER = "# Our founder\n\nThe company was founded by Maria Svensson in the spring of 1990."
QUESTION = "How many days of paid leave do full-time staff receive?"


class Desk:
    """A home with two files, read by a tiny embedder, and one conversation about them."""

    def __init__(self, folder, embedder):
        self.folder, self.embedder = folder, embedder
        self.store = Store.open(folder / "home")
        self.collection = self.store.create_collection("Rules").id
        self.files = folder / "files"
        self.files.mkdir()
        self.write("leave.md", LEAVE)
        self.write("founder.md", FOUNDER)
        self.history = History(self.store)
        self.talk = self.history.start([self.collection], "About us").id

    def write(self, name, text):
        (self.files / name).write_text(text)
        Ingest(self.store, self.embedder).run(find([self.files]), self.collection)

    def document(self, name):
        return self.store.document_at(self.collection, str(self.files / name)).id

    def ask(self, question):
        searcher = Searcher(self.store, self.folder / "index", lambda _: self.embedder)
        scope = Scope(frozenset([self.collection]))
        return Answerer(searcher, self.store, None).ask(question, scope, self.turns())

    def keep(self, answer):
        return self.history.add(self.talk, answer)

    def turns(self):
        return self.history.turns(self.talk)

    def stored(self):
        """All that the database says about conversations."""
        rows = self.store.connection.execute("SELECT * FROM turns").fetchall()
        return json.dumps([list(row) for row in rows])


@pytest.fixture
def desk(tmp_path, tiny_embedder):
    return Desk(tmp_path, tiny_embedder)


def written(desk):
    """An answer from both documents, with a sentence that cites nothing."""
    notes = []
    for n, name in enumerate(("leave.md", "founder.md"), start=1):
        document = desk.store.document(desk.document(name))
        quote = desk.store.page(document.id, 1).text[-20:]
        notes.append(
            Footnote(n, document.id, document.title, name, (1, 1), quote, Span(1, 0, 20), n)
        )
    sentences = (
        Sentence("Staff have 28 days.", "supported", (1,)),
        Sentence("Maria founded it.", "supported", (2,)),
        Sentence("Svensson, that is.", "unsupported", ()),
        Sentence("In 1990.", "partly", (2,)),
    )
    return Answer(
        "Who and what?", "Who and what?", sentences, tuple(notes), False, 0.9, "generated", (), 0.1
    )


def test_a_deletion_takes_the_quotes_out_of_past_answers(desk):
    desk.keep(desk.ask(QUESTION))
    assert "28 days" in desk.stored()
    receipt = desk.store.delete([desk.document("leave.md")])
    assert receipt.quotes == 1
    answer = desk.turns()[0].answer
    assert [(s.text, s.verdict) for s in answer.sentences] == [(NOTICE, "deleted")]
    assert answer.footnotes == ()
    assert all("Leave" not in hit.document.title for hit in answer.hits)
    for trace in ("28 days", "Leave policy", "leave.md"):
        assert trace not in desk.stored()


def test_what_another_document_said_stays_and_is_numbered_anew(desk):
    desk.keep(written(desk))
    desk.store.delete([desk.document("founder.md")])
    assert desk.turns()[0].answer.text == f"Staff have 28 days.[1] {NOTICE}"
    assert "Svensson" not in desk.stored()
    desk.store.delete([desk.document("leave.md")])
    assert desk.turns()[0].answer.text == NOTICE


def test_a_deleted_collection_is_quoted_no_more(desk):
    desk.keep(written(desk))
    assert desk.store.delete_collection(desk.collection).quotes == 2
    assert desk.turns()[0].answer.text == NOTICE


def test_a_name_that_came_out_of_an_answer_goes_from_the_questions_after_it(desk):
    desk.keep(desk.ask("Who founded the company?"))
    follow = desk.keep(desk.ask("Where was she born?"))
    assert "Svensson" in follow.answer.standalone
    desk.store.delete([desk.document("founder.md")])
    assert "Svensson" not in desk.stored()
    assert desk.turns()[1].answer.standalone == "Where was she born?"


def test_a_superseded_revision_is_still_quoted(desk):
    turn = desk.keep(desk.ask(QUESTION))
    desk.write("leave.md", LEAVE.replace("28", "30"))
    assert desk.turns() == [turn]
    note = turn.answer.footnotes[0]
    assert note.quote in desk.store.page(note.document, note.span.page).text


def test_a_document_deleted_while_it_was_asked_is_not_kept(desk):
    answer = desk.ask(QUESTION)
    desk.store.delete([desk.document("leave.md")])
    assert desk.keep(answer).answer.text == NOTICE
    assert "28 days" not in desk.stored()


def test_a_deletion_that_forgets_the_answers_fails(desk):
    desk.keep(desk.ask(QUESTION))
    with pytest.raises(sqlite3.IntegrityError), desk.store.transaction() as connection:
        connection.execute("DELETE FROM documents WHERE id = ?", (desk.document("leave.md"),))


def test_answers_of_an_earlier_version_are_noted_on_opening(desk, tmp_path, monkeypatch):
    answer = written(desk)
    kept, other = answer.footnotes
    lost = replace(answer, footnotes=(kept, replace(other, document="deleted before")))
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        earlier.setattr(migrations, "LATEST", 1)
        store = Store.open(tmp_path / "earlier")
    with store.transaction() as connection:
        connection.execute("INSERT INTO collections (id, name, created_at) VALUES (1, 'c', 0)")
        connection.executemany(
            "INSERT INTO documents (id, collection, path, title, content_hash, size, kind,"
            " revision, current, state, pages, pages_without_text, passages, sought, indexed_at)"
            " VALUES (?, 1, ?, '', '', 0, 'txt', 1, 1, 'ready', 1, 0, 0, '', 0)",
            ((note.document, note.path) for note in answer.footnotes),
        )
        connection.execute("INSERT INTO conversations VALUES ('t', 'Talk', '[1]', '', 0, 0)")
        connection.executemany(
            "INSERT INTO turns (conversation, question, standalone, answer, asked_at)"
            " VALUES ('t', '', '', ?, 0)",
            [(to_json(lost),), (to_json(answer),)],
        )
    store.close()
    store = Store.open(tmp_path / "earlier")
    first, second = (turn.answer.text for turn in History(store).turns("t"))
    assert first == f"Staff have 28 days.[1] {NOTICE}"
    assert second == answer.text
    noted = store.connection.execute("SELECT turn, document FROM turn_documents").fetchall()
    assert {tuple(row) for row in noted} == {
        (1, kept.document),
        (2, kept.document),
        (2, other.document),
    }


def test_the_doctor_mends_an_answer_whose_document_was_lost(desk):
    desk.keep(desk.ask(QUESTION))
    connection = desk.store.connection
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM documents WHERE id = ?", (desk.document("leave.md"),))
    connection.execute("PRAGMA foreign_keys = ON")
    index = desk.folder / "index"
    assert "orphan-rows" in [problem.code for problem in examine(desk.store, index)]
    repair(desk.store, index)
    assert "28 days" not in desk.stored()
    assert "orphan-rows" not in [problem.code for problem in examine(desk.store, index)]
