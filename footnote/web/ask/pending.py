"""A question on its way to an answer: asked, being answered, failed and asked again."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import TYPE_CHECKING

import streamlit as st

from embedder.atomic import StorageError
from embedder.errors import FootnoteError
from footnote.rendering.formatting import plain
from footnote.rendering.results import snippet
from footnote.web import components
from footnote.web.ask.answer import follow
from footnote.web.language import _
from footnote.web.server import session
from rag.records import Turn

if TYPE_CHECKING:
    from footnote.access import Access
    from rag.history import History
    from rag.records import Answer, Conversation

ASKING, ANSWERED, UNSAVED = "asking", "answered", "unsaved"  # session state
INTERRUPTED = "The answer was interrupted before it was finished."
TITLE_CHARACTERS = 60
LOOK_SECONDS = 0.15  # between two looks at what has been written: reads as if it were typed
STOP_LOOKS = 4  # after so many it is seen whether to stop, with nothing written


class _LeftError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: collections (None: all that may be read), or some documents alone.

    `kept` is what a conversation remembers of it: no collection means all, those that come later
    too.
    """

    collections: tuple[int, ...] | None = None
    documents: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[int, ...]:
        """The collections that a conversation is about."""
        return self.collections or ()


@dataclass(frozen=True, slots=True)
class Asking:
    """A question without its answer; `problem` says why there is none yet.

    `talk` is the conversation that it belongs to, '' for a new one.
    """

    question: str
    talk: str = ""
    problem: str = ""


def ask(question: str, talk: Conversation | None) -> None:
    """Have this question answered in the next run of the page."""
    if not question.strip():
        return
    st.session_state[ASKING] = Asking(question.strip(), talk.id if talk else "")


def waiting(talk: Conversation | None) -> bool:
    """Whether a question of this conversation is unanswered."""
    asking: Asking | None = st.session_state.get(ASKING)
    return asking is not None and asking.talk == (talk.id if talk else "")


def return_to_talk() -> None:
    """Open the conversation of an unanswered question where none is open: somebody came back."""
    asking: Asking | None = st.session_state.get(ASKING)
    if asking is not None and asking.talk and "c" not in st.query_params:
        st.query_params["c"] = asking.talk


def just_answered(turn: int) -> bool:
    """Whether this is the turn that came in last, said once."""
    if st.session_state.get(ANSWERED) != turn:
        return False
    del st.session_state[ANSWERED]
    return True


def show(
    access: Access,
    history: History,
    talk: Conversation | None,
    asked: Asked,
    before: Sequence[Turn],
) -> Turn | None:
    """Draw the unanswered question and answer it; a failure keeps it, to be asked again.

    Returns the turn that it has become, None where there is none, or where all must be drawn anew.
    """
    asking: Asking = st.session_state[ASKING]
    show_question(asking.question, "question-asked", fresh=True)
    if asking.problem:
        session.problem(asking.problem)
        st.button(
            _("Ask again"), icon=":material/refresh:", on_click=ask, args=(asking.question, talk)
        )
        return None
    # If this run is cut off (stop button, another click), the next one finds the reason here.
    st.session_state[ASKING] = replace(asking, problem=INTERRUPTED)
    try:
        with session.drawn_when_stopped():
            given = _answer(access, before, asked, asking.question)
    except FootnoteError as error:
        st.session_state[ASKING] = replace(asking, problem=str(error))
        st.rerun()
    follow(access, given)
    turn = _kept(history, talk, asked, Turn(asking.question, given))
    del st.session_state[ASKING]
    if talk is None or turn.id < 0:
        st.rerun()  # the side names the new conversation
    return turn


def show_question(question: str, key: str, *, fresh: bool) -> None:
    """Draw a question; a fresh one is scrolled to."""
    with st.container(key=key, gap=None):
        st.markdown(plain(question))
        if fresh:
            components.scroll_here(key=f"scroll-{key}")


def _answer(access: Access, before: Sequence[Turn], asked: Asked, question: str) -> Answer:
    written: list[str] = []
    left = Event()

    def stream(piece: str) -> None:
        if left.is_set():
            raise _LeftError
        written.append(piece)

    answering: Future[Answer] = Future()
    chosen, documents = asked.collections, asked.documents
    in_thread(answering, lambda: access.asking.ask(question, chosen, before, stream, documents))
    try:
        with st.spinner(_("Reading your documents …"), show_time=True):
            place, shown, looks = st.empty(), 0, 0
            while not wait([answering], LOOK_SECONDS).done:
                # Drawn now and then even if it is the same: where something is drawn, Streamlit
                # can stop.
                looks += 1
                if len(written) > shown or looks % STOP_LOOKS == 0:
                    shown = len(written)
                    text = html.escape("".join(written[:shown]))
                    place.html(f'<div class="streaming">{text}</div>')
    finally:
        left.set()
    return answering.result()


def _kept(history: History, talk: Conversation | None, asked: Asked, turn: Turn) -> Turn:
    """The turn as the conversation keeps it; a new conversation is begun where there is none."""
    try:
        if talk is None:
            talk = history.start(asked.kept, snippet(turn.question, TITLE_CHARACTERS))
            st.query_params["c"] = talk.id
        turn = history.add(talk.id, turn.answer)
    except StorageError as error:
        return _shown_all_the_same(talk, turn, error)
    st.session_state[ANSWERED] = turn.id
    return turn


def _shown_all_the_same(talk: Conversation | None, turn: Turn, error: StorageError) -> Turn:
    """Keep an answer for this session alone: the disk is full or cannot be written."""
    notice = f"This answer is shown, but could not be kept: {error}."
    notice = " ".join(filter(None, (turn.answer.notice, notice)))
    shown = unsaved(talk)
    turn = replace(turn, answer=replace(turn.answer, notice=notice), id=-1 - len(shown))
    st.session_state.setdefault(UNSAVED, {})[talk.id if talk else ""] = [*shown, turn]
    return turn


def unsaved(talk: Conversation | None) -> list[Turn]:
    """Turns of a conversation that could not be kept; ids below zero."""
    return st.session_state.get(UNSAVED, {}).get(talk.id if talk else "", [])


def in_thread(future: Future[Answer], work: Callable[[], Answer]) -> None:
    """Work beside the page, which would be stuck with it: a language model may hang for long."""

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - comes up again where the result is taken
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
