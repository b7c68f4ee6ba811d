"""A question on its way to an answer: asked, being answered, failed and asked again."""

from __future__ import annotations

import html
from collections.abc import Callable
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


def show(access: Access, history: History, talk: Conversation | None, asked: Asked) -> None:
    """Draw the unanswered question and answer it; a failure keeps it, to be asked again."""
    asking: Asking = st.session_state[ASKING]
    show_question(asking.question, "question-asked", fresh=True)
    if asking.problem:
        session.problem(asking.problem)
        st.button(
            _("Ask again"), icon=":material/refresh:", on_click=ask, args=(asking.question, talk)
        )
        return
    _see_if_stopped()
    # If this run is cut off (stop button, another click), the next one finds the reason here.
    st.session_state[ASKING] = replace(asking, problem=INTERRUPTED)
    try:
        _answer(access, history, talk, asked, asking.question)
    except FootnoteError as error:
        st.session_state[ASKING] = replace(asking, problem=str(error))
    else:
        del st.session_state[ASKING]
    st.rerun()


@st.fragment(run_every=1.0)
def _see_if_stopped() -> None:
    """Draw the page anew once the run that answers has been stopped; until then this waits."""
    asking = st.session_state.get(ASKING)
    if asking and asking.problem:
        st.rerun()


def show_question(
    question: str, key: str, *, fresh: bool, again: Callable[[str], None] | None = None
) -> None:
    """Draw a question; a fresh one is scrolled to. With `again` it can be changed and asked."""
    with st.container(key=key, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
            st.markdown(plain(question))
            if again and components.icon_button(
                _("Change and ask again"), "edit", key=f"edit-{key}"
            ):
                _edit(question, again)
        if fresh:
            components.scroll_here(key=f"scroll-{key}")


@st.dialog("Change the question")
def _edit(question: str, again: Callable[[str], None]) -> None:
    with st.form("edit_question", border=False):
        text = st.text_area(_("Question"), value=question, max_chars=2000, height="content")
        if st.form_submit_button(_("Ask"), type="primary") and text.strip():
            again(text)
            st.rerun()


def _answer(
    access: Access,
    history: History,
    talk: Conversation | None,
    asked: Asked,
    question: str,
) -> None:
    written: list[str] = []
    left = Event()

    def stream(piece: str) -> None:
        if left.is_set():
            raise _LeftError
        written.append(piece)

    before = [*(history.turns(talk.id) if talk else []), *unsaved(talk)]
    answering: Future[Answer] = Future()
    chosen, documents = asked.collections, asked.documents
    in_thread(answering, lambda: access.asking.ask(question, chosen, before, stream, documents))
    try:
        with st.spinner(_("Reading your documents …"), show_time=True):
            place = st.empty()
            while not wait([answering], LOOK_SECONDS).done:
                # Drawn even if it is the same: where something is drawn, Streamlit can stop.
                place.html(f'<div class="streaming">{html.escape("".join(written))}</div>')
    finally:
        left.set()
    given = answering.result()
    follow(access, given)
    try:
        if talk is None:
            talk = history.start(asked.kept, snippet(question, TITLE_CHARACTERS))
            st.query_params["c"] = talk.id
        st.session_state[ANSWERED] = history.add(talk.id, given).id
    except StorageError as error:
        _show_all_the_same(talk, Turn(question, given), error)


def _show_all_the_same(talk: Conversation | None, turn: Turn, error: StorageError) -> None:
    """Keep an answer for this session alone: the disk is full or cannot be written."""
    notice = f"This answer is shown, but could not be kept: {error}."
    notice = " ".join(filter(None, (turn.answer.notice, notice)))
    shown = unsaved(talk)
    turn = replace(turn, answer=replace(turn.answer, notice=notice), id=-1 - len(shown))
    st.session_state.setdefault(UNSAVED, {})[talk.id if talk else ""] = [*shown, turn]


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
