"""The page *Ask*: a conversation with the documents, and beside it the page last opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from footnote import samples
from footnote.rendering.formatting import count, plain
from footnote.web import page_view, progress
from footnote.web.ask import actions, answer, pending, sidebar, welcome
from footnote.web.ask.answer import PLACE
from footnote.web.page_view import Moves, Place
from footnote.web.server import session
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.access import Access
    from rag.history import History
    from rag.records import Conversation, Turn


def show() -> None:
    """Draw the page."""
    access = session.access()
    if not _readable(access):
        welcome.show(access)
        return
    session.prepare()
    history = access.history()
    pending.return_to_talk()
    talk = sidebar.current(history)
    with st.sidebar:
        chosen = sidebar.side(access, history, talk)
    # Drawn before anything is answered: while it is, this is where it can be stopped.
    question = st.chat_input("Ask your documents", submit_mode="stop", max_chars=2000)
    if question:
        pending.ask(question, talk)
    middle, beside = st.columns([10, 11], gap="medium")
    with middle, st.container(key="talk"):
        progress.show_running(access)
        _conversation(access, history, talk, chosen)
    with beside:
        _opened_page(access)


def _readable(access: Access, collections: Sequence[int] | None = None) -> int:
    """How many documents can be asked: files that could not be read cannot."""
    states = ("ready", "partial")
    return sum(access.documents(collections, state=one, limit=1).total for one in states)


def _conversation(
    access: Access, history: History, talk: Conversation | None, chosen: tuple[int, ...]
) -> None:
    # Three places that are always there: what one of them held before lingers until the run
    # ends, and must not be taken for a part of another.
    invitation, talked, unanswered = (
        st.container(key=key) for key in ("invitation", "turns", "unanswered")
    )
    turns = [*(history.turns(talk.id) if talk else []), *pending.unsaved(talk)]
    if not turns and not pending.waiting(talk):
        with invitation:
            _invitation(access, chosen)
    with talked:
        for turn in turns:
            _exchange(access, history, turn, chosen)
    with unanswered:
        if pending.waiting(talk):
            pending.show(access, history, talk, chosen)
        elif len(turns) > 1:
            actions.export_all([(turn, answer.sources(access, turn.answer)) for turn in turns])


def _invitation(access: Access, collections: tuple[int, ...]) -> None:
    total = _readable(access, collections)
    st.space("large")
    st.title("What would you like to know?", anchor=False)
    st.markdown(
        f"Ask {count(total, 'document')} in your own words."
        " Every sentence of the answer names the page it comes from."
    )
    if any(
        one.name == samples.COLLECTION and one.id in collections for one in access.collections()
    ):
        st.space("small")
        st.caption("Some questions that the sample documents answer:")
        with st.container(gap="xsmall", key="examples"):
            for number, question in enumerate(samples.QUESTIONS):
                st.button(
                    plain(question),
                    icon=":material/arrow_forward:",
                    key=f"example-{number}",
                    on_click=pending.ask,
                    args=(question, None),
                )


def _exchange(access: Access, history: History, turn: Turn, collections: tuple[int, ...]) -> None:
    pending.show_question(
        turn.question, f"question-{turn.id}", fresh=pending.just_answered(turn.id)
    )
    with st.container(key=f"reply-{turn.id}"):
        found = answer.sources(access, turn.answer)
        answer.show(turn, found, st.session_state.get(PLACE), _open)
        if turn.id > 0:  # others could not be kept, and cannot be rated
            actions.show(access, turn, found, collections, history.rate)


def _open(place: Place) -> None:
    st.session_state[PLACE] = place


def _close() -> None:
    del st.session_state[PLACE]


@st.fragment
def _opened_page(access: Access) -> None:
    """Draw the opened page; to turn it draws nothing else anew, and stops no answer."""
    place = st.session_state.get(PLACE)
    if place is None:
        return

    def turn(number: int) -> None:
        _open(replace(place, page=number))

    with st.container(key="beside", gap="small"):
        try:
            access.document(place.document)
        except UnknownDocumentError:  # by somebody else, while it was open here
            st.info("This document has been deleted.", icon=":material/info:")
            if st.button("Close", key="page-gone"):
                _close()
                st.rerun()
            return
        page_view.show(access, place, Moves(turn, _close))
