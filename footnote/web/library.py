"""The page *Library*: add documents, see how they are, look into one, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.web import documents, one_document, progress, session, upload
from footnote.web.words import count

if TYPE_CHECKING:
    from footnote.home import Home


def show() -> None:
    """Draw the page: one document where the address names one (`?document=`), else all."""
    home = session.home()
    chosen = st.query_params.get("document")
    with st.container(key="library"):
        if chosen:
            one_document.show(home, chosen)
            return
        _heading(home)
        upload.show(home)
        progress.show(home)
        documents.offer_update(home)
        documents.show(home)


def _heading(home: Home) -> None:
    st.title("Library", anchor=False)
    collections = home.store.collections()
    total = home.store.documents([collection.id for collection in collections], limit=1).total
    if total:
        st.caption(f"{count(total, 'document')} in {count(len(collections), 'collection')}")
