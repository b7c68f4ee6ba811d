"""A word to admins where a collection is in languages that its model does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.languages import suggestions
from footnote.rendering.formatting import listed, plain
from footnote.web.server import session

if TYPE_CHECKING:
    from footnote.access import Access


def show(access: Access) -> None:
    """Draw it, with the way to the page where another model is to be had."""
    if not access.person.admin:
        return
    for one in suggestions(access.everything()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"**{plain(one.collection)}** holds documents in {plain(listed(one.languages))},"
                " which the built-in model hardly knows.",
                icon=":material/translate:",
            )
            if st.button("Choose a model", type="tertiary", key=f"model-for-{one.collection}"):
                session.go_to("training")
