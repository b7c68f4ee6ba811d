"""Simulated readers: each is signed in, and asks as the page *Ask* does.

All of them share one opened home, as the app's visitors do. A click runs the page in a new
thread, and the answer is made in another (`footnote/web/ask/pending.py`); so it is here. What the
page looks up before and after (collections, conversations, earlier turns, the documents behind
the footnotes) is looked up here too, through the same `Access`. Only Streamlit's drawing is
missing.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from embedder.errors import FootnoteError
from footnote.access import Access, Door, visitor
from footnote.accounts import sharing, signin
from footnote.accounts.people import EVERYONE, People, Profile
from footnote.home import Home
from footnote.web.ask.pending import TITLE_CHARACTERS, in_thread
from footnote.web.ask.sidebar import SHOWN
from indexer.search.pseudo_queries import pseudo_queries
from rag.records import Answer, Conversation

OPEN, CLOSED = "load", "closed"  # collections: shared with everyone, and with nobody
PASSWORD = "twenty readers at once"
_TURNS = 8  # of a conversation, before another is begun


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked. `at` and `seconds` are seconds, `at` since the start.

    `failure` names what went wrong; '' where it was answered and kept.
    """

    reader: int
    at: float
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How readers ask: what, and after how long a think, evenly drawn up to so many seconds."""

    questions: Sequence[str]
    think: float


def names(home: Home, count: int) -> list[str]:
    """The names of `count` readers, who are registered with an admin beside them."""
    people = People(home.store)
    there = {person.name for person in people.all()}
    if "admin" not in there:
        people.add("admin", PASSWORD, Profile("admin"))
    found = [f"reader-{number}" for number in range(count)]
    for name in found:
        if name not in there:
            people.add(name, PASSWORD, Profile("reader"))
    sharing.share(home.store, home.collection(OPEN), EVERYONE)
    return found


def register(home: Home, count: int) -> list[str]:
    """Sign `count` readers in; the sessions' tokens."""
    return [signin.sign_in(home.store, name, PASSWORD) for name in names(home, count)]


def pool(home: Home, file: Path | None) -> list[str]:
    """Questions out of a file of JSON lines, or words of sentences out of the collection."""
    if file:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["question"] for line in lines if line.strip()]
    passages = [one.text for one in home.store.sample_passages(home.collection(OPEN).id, 1000)]
    return [query.text for query in pseudo_queries(passages, [""] * len(passages), 1000)]


class Reader:
    """One reader with a session, who asks until told to stop."""

    def __init__(self, number: int, home: Home, token: str, manner: Manner) -> None:
        self.number = number
        self._home = home
        self._access = Access(home, lambda: visitor(home, Door(local=False, token=token)))
        self._token, self._manner = token, manner
        self._draw = random.Random(number)
        self._foreign = home.collection(CLOSED).id
        self._talk: Conversation | None = None

    def run(self, started: float, stop: Event, told: Callable[[Asked], None]) -> None:
        """Think, ask, and tell how it went, until `stop`."""
        while not stop.wait(self._draw.uniform(0, self._manner.think)):
            began = time.monotonic()
            failure = self._tried(self._draw.choice(self._manner.questions))
            told(Asked(self.number, began - started, time.monotonic() - began, failure))

    def _tried(self, question: str) -> str:
        """Ask, and say what went wrong. Any failure at all is a finding here."""
        try:
            answer = _elsewhere(lambda: self._page(question)).result()
        except Exception as error:  # noqa: BLE001 - it is counted by its kind
            return f"{type(error).__name__}: {error}"[:120]
        if any(hit.document.collection == self._foreign for hit in answer.hits):
            return "a hit from a collection that is not shared"
        return "" if answer.hits else "nothing found"

    def _page(self, question: str) -> Answer:
        """What a run of the page does around a question."""
        access, talk = self._access, self._talk
        signin.note_click(self._home.store, self._token)
        if not access.documents(state="ready", limit=1).total:
            raise FootnoteError("no document can be read")
        chosen = tuple(collection.id for collection in access.collections())
        history = access.history()
        history.conversations(limit=SHOWN)
        before = history.turns(talk.id) if talk else []
        answer = _elsewhere(
            lambda: access.asking.ask(question, chosen, before, lambda _: None)
        ).result()
        if talk is None or len(before) >= _TURNS:
            talk = history.start(chosen, question[:TITLE_CHARACTERS])
        history.add(talk.id, answer)
        for turn in history.turns(talk.id):
            for note in turn.answer.footnotes:
                access.document(note.document)
        self._talk = talk
        return answer


def _elsewhere(work: Callable[[], Answer]) -> Future[Answer]:
    """Work in a thread of its own, as each run of a page is."""
    future: Future[Answer] = Future()
    in_thread(future, work)
    return future
