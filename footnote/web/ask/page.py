"""The page *Ask*: a conversation with the documents, and beside it the page last opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain
from footnote.web import page_view, progress
from footnote.web.ask import actions, answer, pending, sidebar, suggestions, welcome
from footnote.web.ask.answer import PLACE
from footnote.web.ask.pending import Asked
from footnote.web.language import _, counted
from footnote.web.page_view import Moves, Place
from footnote.web.server import session
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.access import Access
    from rag.history import History
    from rag.records import Conversation, Turn

SHOWN = 8  # of a conversation's turns that are drawn; each costs at every click


def show() -> None:
    """Draw the page."""
    access = session.access()
    if not _readable(access):
        welcome.show(access)
        return
    session.prepare()
    pending.return_to_talk()
    history = access.history()
    with st.sidebar:
        asked = sidebar.side(access, history, sidebar.current(history))
    _talk(asked)


@st.fragment
def _talk(asked: Asked) -> None:
    """Draw all but the side: a question, and a click in an answer, draw no more than this.

    Who it is for is asked here again, for this is run without the page around it.
    """
    access = session.access()
    session.note_click()
    history = access.history()
    talk = sidebar.current(history)
    answering = pending.waiting(talk)
    if answering:  # this is where it can be stopped
        _field(talk)
    middle, beside = st.columns([10, 11], gap="medium")
    with middle, st.container(key="talk"):
        progress.show_running(access)
        _conversation(access, history, talk, asked)
    with beside:
        _opened_page(access)
    if not answering:
        # Last: Streamlit offers no stop for what is asked while a page is still being drawn.
        _field(talk)


def _field(talk: Conversation | None) -> None:
    """Draw where questions are typed; one that was is answered in the run that it starts."""
    with st.bottom:
        st.chat_input(
            _("Ask your documents"),
            submit_mode="stop",
            max_chars=2000,
            key="question",
            on_submit=lambda: pending.ask(st.session_state["question"], talk),
        )


def _readable(access: Access, collections: Sequence[int] | None = None) -> int:
    """How many documents can be asked: files that could not be read cannot."""
    states = ("ready", "partial")
    return sum(access.documents(collections, state=one, limit=1).total for one in states)


def _conversation(
    access: Access, history: History, talk: Conversation | None, asked: Asked
) -> None:
    # Three places that are always there: what one of them held before lingers until the run
    # ends, and must not be taken for a part of another.
    invitation, talked, below = (
        st.container(key=key) for key in ("invitation", "turns", "unanswered")
    )
    turns = [*(history.turns(talk.id) if talk else []), *pending.unsaved(talk)]
    if not turns and not pending.waiting(talk):
        with invitation:
            _invitation(access, asked)
    with talked:
        for turn in _shown(turns, talk):
            _exchange(access, history, turn, talk, asked)
    with below:
        unanswered = st.empty()
        if pending.waiting(talk):
            with unanswered.container():
                fresh = pending.show(access, history, talk, asked, turns)
            if fresh is None:
                return
            turns.append(fresh)
            unanswered.empty()
            with talked:
                _exchange(access, history, fresh, talk, asked)
        if len(turns) > 1:
            actions.export_all(access, turns)


def _shown(turns: Sequence[Turn], talk: Conversation | None) -> Sequence[Turn]:
    """The last turns of a conversation; the earlier ones once they are asked for."""
    key = f"whole-{talk.id if talk else ''}"
    earlier = len(turns) - SHOWN
    if earlier <= 0 or st.session_state.get(key):
        return turns

    def show_all() -> None:
        st.session_state[key] = True

    label = _("Show {questions}").format(questions=counted(earlier, "earlier question"))
    st.button(label, type="tertiary", on_click=show_all, key="earlier")
    return turns[earlier:]


def _invitation(access: Access, asked: Asked) -> None:
    total = len(asked.documents) or _readable(access, asked.collections)
    st.space("large")
    st.title(_("What would you like to know?"), anchor=False)
    st.markdown(
        _(
            "Ask {documents} in your own words."
            " Every sentence of the answer names the page it comes from."
        ).format(documents=counted(total, "document"))
    )
    found = suggestions.questions(access, asked)
    if not found:
        return
    st.space("small")
    st.caption(_("For a start:"))
    with st.container(gap="xsmall", key="examples"):
        for number, question in enumerate(found):
            st.button(
                plain(question),
                icon=":material/arrow_forward:",
                key=f"example-{number}",
                on_click=pending.ask,
                args=(question, None),
            )


def _exchange(
    access: Access, history: History, turn: Turn, talk: Conversation | None, asked: Asked
) -> None:
    fresh = pending.just_answered(turn.id)
    pending.show_question(turn.question, f"question-{turn.id}", fresh=fresh)
    found = answer.sources(access, turn.answer)
    clicks = answer.Clicks(_open, lambda name: actions.press(turn, name, history))
    row = actions.row(turn, found)
    answer.show(turn, found, st.session_state.get(PLACE), row, clicks)
    actions.show(
        access, turn, asked.collections, history, lambda question: pending.ask(question, talk)
    )


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
            st.info(_("This document has been deleted."), icon=":material/info:")
            if st.button(_("Close"), key="page-gone"):
                _close()
                st.rerun()
            return
        page_view.show(access, place, Moves(turn, _close))
