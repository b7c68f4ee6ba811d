"""The page *Library*: add documents, see how they are, look into one, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import count
from footnote.web import progress
from footnote.web.library import document, documents, languages, upload
from footnote.web.server import session

if TYPE_CHECKING:
    from footnote.access import Access


def show() -> None:
    """Draw the page: one document where the address names one (`?document=`), else all."""
    access = session.access()
    chosen = st.query_params.get("document")
    with st.container(key="library"):
        if chosen:
            document.show(access, chosen)
            return
        _heading(access)
        upload.show(access)
        progress.show(access)
        documents.offer_update(access)
        languages.show(access)
        documents.show(access)
        _let_others_in(access)


def _heading(access: Access) -> None:
    st.title("Library", anchor=False)
    collections = access.collections()
    total = access.documents(limit=1).total
    if total:
        st.caption(f"{count(total, 'document')} in {count(len(collections), 'collection')}")


def _let_others_in(access: Access) -> None:
    """Where nobody is registered: the way to the first admin, out of everybody's way."""
    if not access.person.id:
        st.space("small")
        if st.button("Let others in", type="tertiary", icon=":material/group:", key="others"):
            session.go_to("people")
