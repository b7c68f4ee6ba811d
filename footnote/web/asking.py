"""A question on its way to an answer: asked, being answered, failed and asked again."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.render import snippet
from footnote.web import components, session
from footnote.web.words import plain
from indexer.search import Scope

if TYPE_CHECKING:
    from footnote.home import Home
    from rag.history import History
    from rag.records import Conversation

ASKING, ANSWERED = "asking", "answered"  # session state
INTERRUPTED = "The answer was interrupted before it was finished."
TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Asking:
    """A question without its answer; `problem` says why there is none yet."""

    question: str
    problem: str = ""


def ask(question: str) -> None:
    """Have this question answered in the next run of the page."""
    st.session_state[ASKING] = Asking(question.strip())


def waiting() -> bool:
    """Whether a question is unanswered."""
    return ASKING in st.session_state


def just_answered(turn: int) -> bool:
    """Whether this is the turn that came in last, said once."""
    if st.session_state.get(ANSWERED) != turn:
        return False
    del st.session_state[ANSWERED]
    return True


def show(
    home: Home, history: History, talk: Conversation | None, collections: tuple[int, ...]
) -> None:
    """Draw the unanswered question and answer it; a failure keeps it, to be asked again."""
    asking: Asking = st.session_state[ASKING]
    show_question(asking.question, "question-asked", fresh=True)
    if asking.problem:
        session.problem(asking.problem)
        st.button("Ask again", icon=":material/refresh:", on_click=ask, args=(asking.question,))
        return
    # If this run is cut off (stop button, another click), the next one finds the reason here.
    st.session_state[ASKING] = replace(asking, problem=INTERRUPTED)
    try:
        _answer(home, history, talk, collections, asking.question)
    except FootnoteError as error:
        st.session_state[ASKING] = replace(asking, problem=str(error))
    else:
        del st.session_state[ASKING]
    st.rerun()


def show_question(question: str, key: str, *, fresh: bool) -> None:
    """Draw a question; a fresh one is scrolled to."""
    with st.container(key=key, gap=None):
        st.markdown(plain(question))
        if fresh:
            components.scroll_here(key=f"scroll-{key}")


def _answer(
    home: Home,
    history: History,
    talk: Conversation | None,
    collections: tuple[int, ...],
    question: str,
) -> None:
    written: list[str] = []
    with st.spinner("Reading your documents …", show_time=True):
        place = st.empty()

        def stream(piece: str) -> None:
            written.append(piece)
            place.html(f'<div class="streaming">{html.escape("".join(written))}</div>')

        before = history.turns(talk.id) if talk else []
        answer = home.answerer.ask(question, Scope(frozenset(collections)), before, stream)
    if talk is None:
        talk = history.start(collections, snippet(question, TITLE_CHARACTERS))
        st.query_params["c"] = talk.id
    st.session_state[ANSWERED] = history.add(talk.id, answer).id
