"""Which search model answers for which collection, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain
from footnote.runs import service
from footnote.web.server import session
from footnote.web.server.session import errors_shown
from footnote.web.training.words import embedder_name

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.records import Collection

SHOWN = 10  # collections listed; of more, the one that is looked for is chosen
WENT_BACK = "went_back_to"  # session state: what the last way back led to


def show(home: Home) -> None:
    """Draw a line a collection: its model, and a button where there was one before."""
    collections = home.store.collections()
    if not collections:
        return
    if said := st.session_state.pop(WENT_BACK, ""):
        st.success(said, icon=":material/undo:")
    st.subheader("In use", anchor=False)
    if len(collections) > SHOWN:
        collections = [
            st.selectbox(
                "Collection", collections, format_func=lambda one: one.name, key="in_use_of"
            )
        ]
    names = {
        collection: name
        for name, found in service.names_in_use(home).items()
        for collection in found
    }
    with st.container(border=True, gap="small", key="in-use"):
        for collection in collections:
            _line(home, collection, names.get(collection.name, ""))


def _line(home: Home, collection: Collection, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if name:
            what = f"is searched with {embedder_name(home, name)}"
        elif home.store.generation(collection.id):
            what = "is searched by words only: its model is no longer installed"
        else:
            what = "is empty"
        st.markdown(f"**{plain(collection.name)}** {what}", width="stretch")
        if home.store.previous_generations(collection.id) and st.button(
            "Go back", icon=":material/undo:", type="tertiary", key=f"back-{collection.id}"
        ):
            confirm_way_back(home, collection.name)


@st.dialog("Go back to the model before?")
def confirm_way_back(home: Home, collection: str) -> None:
    """Ask, let the earlier embedder answer again, and say so on the next run of the page."""
    st.markdown(
        f"Questions to **{plain(collection)}** are answered with the model before this one, from"
        " this moment on. The present one is kept, and can be switched to again. Documents that"
        " came since are read by the earlier model right after."
    )
    if st.button("Go back", type="primary", key="confirm-back"):
        with errors_shown(), st.spinner("Going back …", show_time=True):
            name = embedder_name(
                home, service.rollback(home, collection, session.access().person.name)
            )
            st.session_state[WENT_BACK] = f"{plain(collection)} is searched with {name} again."
            st.rerun()
