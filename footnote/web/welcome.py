"""The Ask page of an empty library: the way to the first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote import jobs, samples
from footnote.web import progress
from footnote.web.words import count

if TYPE_CHECKING:
    from footnote.home import Home


def show(home: Home) -> None:
    """Draw the invitation, or the progress of what it started."""
    with st.container(key="welcome"):
        st.space("large")
        st.title("Ask your documents", anchor=False)
        st.markdown(
            "Footnote reads your files and answers questions about them. Every sentence of an"
            " answer carries a footnote; a click opens the page it comes from."
        )
        st.space("small")
        if progress.any_active(home):
            progress.show(home)
            st.caption("The first time, the search model is made ready; that takes a minute.")
            return
        progress.show(home)
        with st.container(horizontal=True):
            st.button(
                "Try it with the sample documents",
                type="primary",
                icon=":material/auto_stories:",
                on_click=_read_samples,
                args=(home,),
            )
            if st.button("Add your own documents", icon=":material/upload_file:"):
                st.switch_page("library")
        st.caption(
            f"The sample: {count(len(samples.documents()), 'paper')} of an invented maker of"
            " weather stations. Everything stays on this computer."
        )


def _read_samples(home: Home) -> None:
    paths = samples.documents()
    progress.watch(
        jobs.submit(
            home,
            "index",
            {
                "paths": [str(path) for path in paths],
                "names": [path.name for path in paths],
                "collection": samples.COLLECTION,
                "staged": [],
            },
        )
    )
