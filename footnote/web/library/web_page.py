"""One page of the web, read into a collection by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.web import progress
from footnote.web.language import _
from footnote.web.server.session import errors_shown

if TYPE_CHECKING:
    from footnote.access import Access

ADDED = "pages_added"  # session state: changes the form's key, which empties it


def show(access: Access, collection: str) -> None:
    """Draw the field for the address."""
    with st.form(f"page-{st.session_state.get(ADDED, 0)}", border=False):
        address = st.text_input(
            _("Address of the page"), placeholder="https://", key="page_address", max_chars=2000
        )
        st.caption(_("One page of the open web. What it links to is not read."))
        if st.form_submit_button(_("Add the page"), type="primary") and address.strip():
            if not collection:
                st.error(_("Choose a collection first."))
                return
            with errors_shown(), st.spinner(_("Fetching …")):
                progress.watch(access.add_page(address, collection))
                st.session_state[ADDED] = st.session_state.get(ADDED, 0) + 1
                st.rerun()
