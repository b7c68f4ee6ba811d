"""More like this: documents near the one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain
from footnote.rendering.results import snippet

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.records import Document


def show(access: Access, document: Document) -> None:
    """Draw the nearest documents, once they are asked for."""
    key = f"similar-{document.id}"
    if key not in st.session_state:
        if not st.button("More like this", icon=":material/hub:", key=f"ask-{key}"):
            return
        with st.spinner("Looking …", show_time=True):
            st.session_state[key] = access.asking.similar(document.id)
    st.subheader("More like this", anchor=False)
    if not st.session_state[key]:
        st.caption("Nothing like it has been read yet.")
    for one in st.session_state[key]:
        with st.container(border=True, gap="small"):
            st.button(
                plain(one.document.title),
                type="tertiary",
                key=f"open-{key}-{one.document.id}",
                on_click=_open,
                args=(one.document.id,),
            )
            st.caption(plain(snippet(one.passage.text)))


def _open(identifier: str) -> None:
    st.query_params["document"] = identifier
