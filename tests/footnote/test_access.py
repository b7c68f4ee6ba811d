"""Every door, for every role, to collections shared, foreign and withdrawn a moment ago."""

import ast
import inspect
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from embedder.errors import FootnoteError
from footnote.access import Access, Door, ElsewhereError, NotSignedInError, visitor
from footnote.access.arrangement import Arrangement
from footnote.access.asking import Asking
from footnote.accounts import sharing
from footnote.accounts.people import EVERYONE, ONLY_USER, People, Profile
from footnote.home import Home
from footnote.jobs import fetch, queue
from footnote.web.ask.actions import as_markdown
from footnote.web.ask.answer import sources
from indexer.ingest.sources import find
from indexer.records import Span
from rag.history import History, NotRatedError
from rag.records import Answer, Footnote, Sentence
from training.evaluation.questions import reader_questions

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
RELATIONS = ("shared", "everyone", "foreign", "withdrawn")
ROLES = ("admin", "reader", "uploader")


def _of(target, hits):
    return any(hit.document.collection == target.collection for hit in hits)


def _texts(turns):
    return " ".join(
        turn.answer.text + "".join(note.quote for note in turn.answer.footnotes) for turn in turns
    )


def _add_and_look(access, target):
    talk = access.history().start([target.collection], "another")
    added = access.history().add(talk.id, target.answer)
    return target.secret in _texts(access.history().turns(talk.id)) and added


def _exported(access, talk):
    turns = access.history().turns(talk)
    return as_markdown([(turn, sources(access, turn.answer)) for turn in turns])


def _another(target):
    """A collection that a document of this one can be moved to."""
    return next(one for one in RELATIONS if one != target.name)


READ, UPLOAD, ADMIN = "read", "upload", "admin"
# The door, who may go through, and a try that is true where something of the collection is seen
# or done; a refusal may raise instead.
DOORS = {
    "collections": (READ, lambda a, t: t.collection in {one.id for one in a.collections()}),
    "may": (READ, lambda a, t: a.may("read", t.collection)),
    "scope": (READ, lambda a, t: t.collection in a.scope([t.collection]).collections),
    "scope of all": (READ, lambda a, t: t.collection in a.scope().collections),
    "named": (READ, lambda a, t: t.collection in a.named([t.name])),
    "asking.embedder_of": (READ, lambda a, t: a.asking.embedder_of(t.name)),
    "documents": (READ, lambda a, t: a.documents([t.collection]).total),
    "documents of all": (READ, lambda a, t: a.documents(text=t.secret).total),
    "document": (READ, lambda a, t: a.document(t.document.id)),
    "newest": (READ, lambda a, t: a.newest(t.document)),
    "revisions": (READ, lambda a, t: a.revisions(t.document.id)),
    "page": (READ, lambda a, t: a.page(t.document.id, 1)),
    "pages": (READ, lambda a, t: a.pages(t.document.id, 1, 1)),
    "problem_pages": (READ, lambda a, t: a.problem_pages(t.document.id) == []),
    "passages_on": (READ, lambda a, t: a.passages_on(t.document.id, 1)),
    "original": (READ, lambda a, t: a.original(t.document.id)),
    "picture": (READ, lambda a, t: a.picture(t.document.id, 1, 50)),
    "boxes": (READ, lambda a, t: a.boxes(t.document.id, t.page, Span(1, 0, 3))),
    "occurrences": (READ, lambda a, t: a.occurrences(t.document.id, t.secret)),
    "asking.search": (READ, lambda a, t: _of(t, a.asking.search(t.secret, [t.collection]).hits)),
    "asking.search of all": (READ, lambda a, t: _of(t, a.asking.search(t.secret, k=100).hits)),
    "scope of a document": (
        READ,
        lambda a, t: t.document.id in a.scope(documents=[t.document.id]).documents,
    ),
    "asking.ask": (
        READ,
        lambda a, t: _of(t, a.asking.ask(f"What of {t.secret}?", [t.collection]).hits),
    ),
    "asking.part": (
        READ,
        lambda a, t: a.asking.part("page", [], {"document": t.document.id, "number": 1}),
    ),
    "asking.part of passages": (
        READ,
        lambda a, t: a.asking.part("passages_of", [], {"document": t.document.id}),
    ),
    "asking.part of hits": (
        READ,
        lambda a, t: (
            t.document.id in a.asking.part("hits", [], {"ids": [*range(1, 500)]})["documents"]
        ),
    ),
    "asking.part of words": (
        READ,
        lambda a, t: any(
            a.asking.part("survey", [t.name], {"query": t.secret, "languages": [""]})["holding"]
        ),
    ),
    "asking.part of languages": (READ, lambda a, t: a.asking.part("languages", [t.name], {})),
    "asking.summary": (READ, lambda a, t: a.asking.summary(t.document.id).question),
    "asking.similar": (READ, lambda a, t: a.asking.similar(t.document.id) is not None),
    "asking.explain": (
        READ,
        lambda a, t: a.asking.explain("What?", t.secret, [t.collection]).found,
    ),
    "history": (READ, lambda a, t: t.secret in _texts(a.history().turns(t.talk))),
    "history.turns": (READ, lambda a, t: t.secret in _texts(a.history().turns(t.talk))),
    "history.conversations": (READ, lambda a, t: a.history().conversations(t.secret)),
    "history.turns exported": (READ, lambda a, t: t.secret in _exported(a, t.talk)),
    "history.add": (READ, _add_and_look),
    "history.rate": (READ, lambda a, t: a.history().rate(t.turn, 1) is None),
    "jobs": (READ, lambda a, t: t.job in {one.id for one in a.jobs()}),
    "job": (READ, lambda a, t: a.job(t.job)),
    "cancel": (READ, lambda a, t: a.cancel(t.job) is None),
    "collections_to_add_to": (
        UPLOAD,
        lambda a, t: t.collection in {one.id for one in a.collections_to_add_to()},
    ),
    "add_files": (UPLOAD, lambda a, t: a.add_files([("a.txt", b"Words.")], t.name)),
    "add_files to replace": (
        ADMIN,
        lambda a, t: a.add_files([("a.txt", b"Words.")], t.name, [t.document.path]),
    ),
    "add_page": (UPLOAD, lambda a, t: a.add_page("https://example.org/a", t.name)),
    "already_there": (UPLOAD, lambda a, t: a.already_there([t.document.path], t.name)),
    "job_log": (ADMIN, lambda a, t: a.job_log(t.job) is not None),
    "work": (ADMIN, lambda a, t: a.work("reindex", {"collection": t.name, "documents": []})),
    "arrangement.delete": (ADMIN, lambda a, t: a.arrangement.delete([t.document.id]).documents),
    "arrangement.make_collection": (
        ADMIN,
        lambda a, t: a.arrangement.make_collection(f"another {t.name}"),
    ),
    "arrangement.rename_collection": (
        ADMIN,
        lambda a, t: a.arrangement.rename_collection(t.collection, f"another {t.name}"),
    ),
    "arrangement.move": (ADMIN, lambda a, t: a.arrangement.move([t.document.id], _another(t))),
    "arrangement.delete_collection": (
        ADMIN,
        lambda a, t: a.arrangement.delete_collection(t.collection).documents,
    ),
    "status": (ADMIN, lambda a, t: t.name in {one.name for one in a.status().collections}),
    "audit": (ADMIN, lambda a, t: a.audit().total),
    "in_audit": (ADMIN, lambda a, t: a.in_audit()),
    "everything": (ADMIN, lambda a, t: a.everything()),
}
# Doors to what belongs to a person, whatever collection it is about; tried on another's below.
OWN = {
    "history.conversation": lambda h, t: h.conversation(t.talk),
    "history.turns": lambda h, t: h.turns(t.talk),
    "history.add": lambda h, t: h.add(t.talk, t.answer),
    "history.rename": lambda h, t: h.rename(t.talk, "x"),
    "history.choose": lambda h, t: h.choose(t.talk, [t.collection]),
    "history.rate": lambda h, t: h.rate(t.turn, 1),
    "history.delete": lambda h, t: h.delete(t.talk),
}
KEYS = {"keys", "make_key", "revoke_key"}  # likewise
EMBEDDERS = {
    "asking.embedders",
    "asking.embedder",
}  # named after what they were trained on; tried below
NO_DOORS = {
    "person",
    "may_add",
    "may_fetch",
    "history.start",
}  # they show and do nothing that is anybody's


def _public(kind):
    return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}


def test_no_door_is_without_a_row():
    rows = {name.partition(" ")[0] for name in DOORS} | OWN.keys() | KEYS | EMBEDDERS | NO_DOORS
    parts = {"history": History, "asking": Asking, "arrangement": Arrangement}
    within = {f"{part}.{name}" for part, kind in parts.items() for name in _public(kind)}
    assert rows == _public(Access) - {"asking", "arrangement"} | within


@pytest.fixture(scope="module")
def template(tmp_path_factory, tiny_embedder):
    """A home with a collection a relation, a document in each, and a person a role."""
    folder = tmp_path_factory.mktemp("access")
    home = Home.open(folder / "home")
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    for relation in RELATIONS:
        path = folder / f"{relation}zebra.txt"
        path.write_text(f"The {relation}zebra is kept by the employee of the travel policy.")
        home.index(find([path]), relation)
    people = People(home.store)
    people.add("admin", PASSWORD)
    people.add("reader", PASSWORD)
    people.add("uploader", PASSWORD, Profile(may_upload=True))
    for name in ("reader", "uploader"):
        for relation in ("shared", "withdrawn"):
            sharing.share(home.store, home.collection(relation), name)
    sharing.share(home.store, home.collection("everyone"), EVERYONE)
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


@pytest.fixture
def home(template, tmp_path, monkeypatch):
    """A copy of it, whose jobs are noted and never run, and whose pages are not really drawn."""
    shutil.copytree(template.path, tmp_path / "home")
    process = SimpleNamespace(pid=os.getpid())
    monkeypatch.setattr(queue.subprocess, "Popen", lambda *given, **options: process)
    page = fetch.Fetched("a.html", b"Words.")
    monkeypatch.setattr(fetch, "fetch", lambda address: page)
    monkeypatch.setenv("FOOTNOTE_WEB_PAGES", "on")
    opened = Home.open(tmp_path / "home")
    opened.pictures = SimpleNamespace(render=lambda *page: b"drawn", boxes=lambda *page: (0,))
    return opened


def acting(home, name):
    people = People(home.store)
    return Access(home, lambda: people.named(name))


def target(home, person, relation):
    """What somebody has of a collection: a talk whose answer quotes it, a job that works on it."""
    collection = home.collection(relation)
    document = home.store.documents([collection.id]).rows[0]
    everything = Access(home, lambda: ONLY_USER)
    hits = everything.asking.search(f"{relation}zebra", [collection.id]).hits
    quote, span = hits[0].passage.text, hits[0].passage.spans[0]
    note = Footnote(1, document.id, "T", "p", (1, 1), quote, span, hits[0].passage.id)
    said = (Sentence(quote, "supported", (1,)),)
    answer = Answer("Who?", "Who?", said, (note,), False, 0.9, "extractive", hits, 0.1)
    history = History(home.store, person.id)
    talk = history.start([collection.id], "Who?")
    turn = history.add(talk.id, answer)
    arguments = {"paths": [], "names": [], "collection": relation, "staged": []}
    return SimpleNamespace(
        name=relation,
        collection=collection.id,
        document=document,
        page=home.store.page(document.id, 1),
        secret=f"{relation}zebra",
        answer=answer,
        talk=talk.id,
        turn=turn.id,
        job=queue.submit(home, "index", arguments, person.id),
    )


def tried(door, access, about):
    try:
        return bool(door(access, about))
    except FootnoteError as error:
        return about.secret in str(error)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", DOORS)
def test_the_matrix(home, door, role):
    access, person = acting(home, role), People(home.store).named(role)
    targets = {relation: target(home, person, relation) for relation in RELATIONS}
    assert access.person == person  # was asked for something before
    access.collections()
    for name in ("reader", "uploader"):
        sharing.unshare(home.store, home.collection("withdrawn"), name)
    needs, attempt = DOORS[door]
    readable = {"shared", "everyone"}
    may = {
        "admin": set(RELATIONS),
        "reader": readable if needs == READ else set(),
        "uploader": readable if needs in (READ, UPLOAD) else set(),
    }
    opened = {name for name, about in targets.items() if tried(attempt, access, about)}
    assert opened == may[role]


@pytest.mark.parametrize("door", OWN)
def test_what_is_anothers(home, door):
    theirs = target(home, People(home.store).named("reader"), "shared")
    for name in ("uploader", "admin"):
        with pytest.raises(FootnoteError, match="not there"):
            OWN[door](acting(home, name).history(), theirs)
    assert acting(home, "reader").history().conversation(theirs.talk).title == "Who?"
    assert not acting(home, "uploader").history().conversations("")
    OWN[door](acting(home, "reader").history(), theirs)


def test_keys_are_their_persons_own(home):
    theirs = acting(home, "reader").make_key("mine", 60.0).key
    assert acting(home, "reader").keys() == [theirs]
    for name in ("uploader", "admin"):
        assert acting(home, name).keys() == []
        with pytest.raises(FootnoteError, match="no key"):
            acting(home, name).revoke_key(theirs.id)
    acting(home, "reader").revoke_key(theirs.id)
    assert acting(home, "reader").keys() == []


def test_an_embedder_trained_on_the_foreign_is_neither_listed_nor_used(home, tiny_embedder):
    folder = home.path / "another"
    shutil.copytree(tiny_embedder.files.folder, folder)
    spec = replace(tiny_embedder.spec, name="foreign-1", task="another")
    (folder / "spec.json").write_text(spec.to_json())
    home.registry.install("foreign-1", folder)
    assert "foreign-1" in acting(home, "admin").asking.embedders()
    reader = acting(home, "reader")
    assert {"tiny", "bundled"} <= set(reader.asking.embedders())
    assert "foreign-1" not in reader.asking.embedders()
    said = []
    for name in ("foreign-1", "nothing-1"):
        with pytest.raises(FootnoteError) as caught:
            reader.asking.embedder(name)
        said.append(str(caught.value).replace(name, "…"))
    assert said[0] == said[1]
    home.store.use_generation(home.collection("shared").id, spec.fingerprint)
    assert reader.asking.embedder("foreign-1").fingerprint == spec.fingerprint


def test_another_readers_job_is_not_seen(home):
    theirs = target(home, People(home.store).named("reader"), "shared")
    assert not acting(home, "uploader").jobs()
    with pytest.raises(FootnoteError, match="no job"):
        acting(home, "uploader").cancel(theirs.job)
    assert queue.job(home, theirs.job).state == "waiting"


def test_the_foreign_and_the_missing_read_alike(home):
    access = acting(home, "uploader")
    foreign = target(home, People(home.store).named("uploader"), "foreign")
    for call, there, missing in (
        (access.document, foreign.document.id, "0" * 16),
        (lambda one: access.page(one, 1), foreign.document.id, "0" * 16),
        (access.job, foreign.job, "0" * 16),
        (lambda one: access.add_files([], one), "foreign", "nothing"),
        (lambda one: access.named([one]), "foreign", "nothing"),
    ):
        said = []
        for identifier in (there, missing):
            with pytest.raises(FootnoteError) as caught:
                call(identifier)
            said.append((type(caught.value), str(caught.value).replace(identifier, "…")))
        assert said[0] == said[1]


def test_an_old_answer_no_longer_quotes_what_was_withdrawn(home):
    access, person = acting(home, "reader"), People(home.store).named("reader")
    about = target(home, person, "withdrawn")
    later = replace(about.answer, question="And he?", standalone=f"And he? ({about.secret})")
    access.history().add(about.talk, replace(later, sentences=(), footnotes=(), hits=()))
    sharing.unshare(home.store, home.collection("withdrawn"), "reader")
    turns = access.history().turns(about.talk)
    assert about.secret not in repr([turn.answer.hits for turn in turns])
    assert about.secret not in _texts(turns)
    assert turns[1].answer.standalone == "And he?"
    sharing.share(home.store, home.collection("withdrawn"), "reader")  # and it comes back
    assert about.secret in _texts(access.history().turns(about.talk))


def test_what_was_rated_before_it_was_withdrawn_stays_rated(home):
    access, person = acting(home, "reader"), People(home.store).named("reader")
    about = target(home, person, "withdrawn")
    access.history().rate(about.turn, 1)
    sharing.unshare(home.store, home.collection("withdrawn"), "reader")
    for feedback in (-1, 0):
        with pytest.raises(NotRatedError):
            access.history().rate(about.turn, feedback)
    assert [turn.feedback for turn in access.history().turns(about.talk)] == [1]


def test_what_somebody_rated_who_was_removed_reaches_no_proof(home):
    access, person = acting(home, "reader"), People(home.store).named("reader")
    about = target(home, person, "shared")
    access.history().rate(about.turn, 1)
    assert [question.text for question in reader_questions(home.store, about.collection)] == [
        "Who?"
    ]
    People(home.store).remove("reader")
    assert reader_questions(home.store, about.collection) == []


def test_a_reader_names_no_path_of_the_machine(home):
    access = acting(home, "uploader")
    access.add_files([("../../etc/passwd", b"x")], "shared")
    arguments = access.jobs()[0].arguments
    assert all(Path(path).parent == home.path / "uploads" for path in arguments["paths"])
    with pytest.raises(FootnoteError):
        access.work("index", {"paths": ["/etc"], "names": None, "collection": "shared"})


def test_without_people_this_machine_alone_is_served(tmp_path):
    home = Home.open(tmp_path)
    assert visitor(home, Door(local=True)).admin
    with pytest.raises(ElsewhereError, match="people add"):
        visitor(home, Door(local=False))
    People(home.store).add("ann", PASSWORD)
    for door in (Door(local=True), Door(local=True, token="made up")):
        with pytest.raises(NotSignedInError):
            visitor(home, door)


def test_programs_reach_a_home_through_access_only():
    for path in sorted((ROOT / "footnote").glob("[am][pc][ip]/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and path.name not in ("caller.py", "weights.py"):
                assert node.attr not in {"store", "searcher", "answerer"}, (path.name, node.lineno)


# The pages that are an admin's alone, and what asks who it is.
ADMINS = {"admin", "server", "training"}


def test_readers_pages_reach_a_home_through_access_only():
    for path in sorted((ROOT / "footnote" / "web").rglob("*.py")):
        if path.parent.name in ADMINS or path.name == "frame.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"store", "searcher", "answerer"}, (path.name, node.lineno)
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
                assert not (node.module == "footnote.jobs" and "queue" in names), path.name
                assert node.module != "footnote.web.server.shared_home", path.name
