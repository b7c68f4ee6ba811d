"""The Ask page of an empty library: the way to the first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote import samples
from footnote.web import progress
from footnote.web.language import _, counted
from footnote.web.server import session

if TYPE_CHECKING:
    from footnote.access import Access


def show(access: Access) -> None:
    """Draw the invitation, or the progress of what it started."""
    with st.container(key="welcome"):
        st.space("large")
        st.title(_("Ask your documents"), anchor=False)
        st.markdown(
            _(
                "Footnote reads your files and answers questions about them. Every sentence of an"
                " answer carries a footnote; a click opens the page it comes from."
            )
        )
        st.space("small")
        if progress.any_active(access):
            progress.show(access)
            st.caption(_("The first time, the search model is made ready; that takes a minute."))
            return
        progress.show(access)
        if not access.person.admin:
            _nothing_yet(access)
            return
        with st.container(horizontal=True):
            st.button(
                _("Try it with the sample documents"),
                type="primary",
                icon=":material/auto_stories:",
                on_click=_read_samples,
                args=(access,),
            )
            if st.button(_("Add your own documents"), icon=":material/upload_file:"):
                session.go_to("library")
        st.caption(
            f"The sample: {counted(len(samples.documents()), 'paper')} of an invented maker of"
            " weather stations. Everything stays on this computer."
        )


def _nothing_yet(access: Access) -> None:
    """What a reader can do about an empty library."""
    if access.collections_to_add_to():
        st.markdown(_("There are no documents yet."))
        if st.button(_("Add documents"), icon=":material/upload_file:", type="primary"):
            session.go_to("library")
    else:
        st.markdown(_("There is nothing to ask yet: no documents have been shared with you."))


def _read_samples(access: Access) -> None:
    paths = samples.documents()
    progress.watch(
        access.work(
            "index",
            {
                "paths": [str(path) for path in paths],
                "names": [path.name for path in paths],
                "collection": samples.COLLECTION,
                "staged": [],
            },
        )
    )
