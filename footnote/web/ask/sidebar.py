"""The side of the Ask page: which collections are asked, and the conversations so far."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain, when
from footnote.web.ask.answer import PLACE
from footnote.web.ask.pending import Asked
from footnote.web.components import cancelled, dangerous, dialog
from footnote.web.language import _
from footnote.web.server.session import errors_shown
from indexer.store.errors import UnknownDocumentError
from rag.history import TITLE_CHARACTERS, History, UnknownConversationError
from rag.records import Conversation

if TYPE_CHECKING:
    from footnote.access import Access

SHOWN = 40  # conversations listed; older ones are found by searching
MOST_ASKED = 20  # documents that are asked by themselves
RENAME, DELETE = "Rename", "Delete"


def current(history: History) -> Conversation | None:
    """The conversation that the address names (`?c=`), so that a reload returns to it."""
    identifier = st.query_params.get("c")
    if not identifier:
        return None
    try:
        return history.conversation(identifier)
    except UnknownConversationError:  # deleted: the address of a new one instead
        open_conversation("")
        return None


def open_conversation(identifier: str) -> None:
    """Go to a conversation; '' begins a new one."""
    st.session_state.pop(PLACE, None)
    st.session_state.pop("asking", None)
    st.query_params.pop("d", None)
    st.query_params["c"] = identifier
    if not identifier:
        del st.query_params["c"]


def side(access: Access, history: History, talk: Conversation | None) -> Asked:
    """Draw the side bar; return what is asked."""
    st.button(
        _("New conversation"),
        icon=":material/edit_square:",
        width="stretch",
        on_click=open_conversation,
        args=("",),
    )
    documents = _documents(access)
    chosen = None if documents else _collections(access, history, talk)
    conversations = history.conversations(limit=SHOWN)
    if conversations:
        st.markdown(_("##### Conversations"))
        text = st.text_input(
            _("Search conversations"),
            placeholder=_("Search conversations"),
            label_visibility="collapsed",
            icon=":material/search:",
            key="conversation_search",
        )
        found = history.conversations(text, limit=SHOWN) if text else conversations
        if not found:
            st.caption(_("No conversation holds these words."))
        with st.container(gap=None, key="conversations"):
            for conversation in found:
                _entry(history, conversation, talk)
        if len(found) == SHOWN:
            st.caption(_("Search to find older ones."))
    return Asked(chosen, documents)


def _documents(access: Access) -> tuple[str, ...]:
    """Draw which documents alone are asked (`?d=` in the address), and the way back to all."""
    named = [one for one in st.query_params.get("d", "").split(",") if one][:MOST_ASKED]
    found = []
    for identifier in named:
        with suppress(UnknownDocumentError):
            found.append(access.document(identifier))
    if not found:
        return ()
    with st.container(border=True, key="only", gap="xsmall"):
        st.markdown(_("**Asked alone**"))
        for one in found:
            st.caption(plain(one.title))
        st.button(_("Ask everything"), icon=":material/close:", type="tertiary", on_click=_ask_all)
    return tuple(one.id for one in found)


def _ask_all() -> None:
    st.query_params.pop("d", None)


def _collections(
    access: Access, history: History, talk: Conversation | None
) -> tuple[int, ...] | None:
    """Draw the choice; None means all, those that come later too."""
    names = {collection.id: collection.name for collection in access.collections()}
    if len(names) < 2:
        return None
    key = f"collections-{talk.id if talk else 'new'}"

    def choose() -> None:
        if talk:
            history.choose(talk.id, st.session_state[key])

    before = [one for one in (talk.collections if talk else ()) if one in names]
    chosen = st.multiselect(
        _("Ask in"),
        options=list(names),
        default=before,
        format_func=names.__getitem__,
        placeholder=_("All collections"),
        key=key,
        on_change=choose,
    )
    return tuple(chosen) or None


def _entry(history: History, conversation: Conversation, talk: Conversation | None) -> None:
    identifier, open_now = conversation.id, talk is not None and talk.id == conversation.id
    with st.container(
        horizontal=True,
        gap=None,
        vertical_alignment="center",
        wrap=False,
        key=f"talk-{'open-' if open_now else ''}{identifier}",
    ):
        st.button(
            plain(conversation.title),
            type="tertiary",
            width="stretch",
            help=when(conversation.updated_at),
            key=f"open-{identifier}",
            on_click=open_conversation,
            args=(identifier,),
        )
        action = st.menu_button(
            "More",
            [RENAME, DELETE],
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"more-{identifier}",
        )
    if action == RENAME:
        _rename(history, conversation)
    if action == DELETE:
        _delete(history, conversation)


@dialog("Rename conversation")
def _rename(history: History, conversation: Conversation) -> None:
    with st.form("rename", border=False):
        title = st.text_input(_("Name"), value=conversation.title, max_chars=TITLE_CHARACTERS)
        if st.form_submit_button(_("Rename"), type="primary") and title.strip():
            with errors_shown():
                history.rename(conversation.id, title.strip())
                st.rerun()


@dialog("Delete conversation?")
def _delete(history: History, conversation: Conversation) -> None:
    st.markdown(
        _(
            "“{title}” with its questions and answers will be gone for good. The documents stay."
        ).format(title=plain(conversation.title))
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if cancelled():
            st.rerun()
        if dangerous(_("Delete")):
            with errors_shown():
                history.delete(conversation.id)
                if st.query_params.get("c") == conversation.id:
                    open_conversation("")
                st.rerun()
