"""What all pages share: name, mark, width, style; which there are for whom; the way out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.access import NotSignedInError
from footnote.web.admin import account, language_model, people, status
from footnote.web.ask import page as ask
from footnote.web.language import _
from footnote.web.library import page as library
from footnote.web.server import session
from footnote.web.server.session import problem
from footnote.web.training import page as training

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from footnote.accounts.people import Person

HERE = Path(__file__).parent
ICON = HERE / "assets" / "icon.png"


def show() -> None:
    """Draw the page that the address names, for whoever looks at it."""
    dress()
    try:
        person = session.access().person
    except FootnoteError as error:
        problem(str(error))
        if isinstance(error, NotSignedInError):
            session.leave()
        st.stop()
    session.note_click()
    found = pages(person)
    st.session_state[session.PAGES] = {page.url_path: page for page in found}
    page = st.navigation(found, position="top")
    account.show(person)
    page.run()


def pages(person: Person) -> list[StreamlitPage]:
    """The pages that a person has use for; that of the first admin has no tab."""
    found = [
        st.Page(ask.show, title=_("Ask"), icon=":material/forum:", url_path="ask", default=True),
        st.Page(
            library.show, title=_("Library"), icon=":material/library_books:", url_path="library"
        ),
    ]
    if person.admin:
        found += [
            st.Page(
                training.show,
                title=_("Training"),
                icon=":material/model_training:",
                url_path="training",
            ),
            st.Page(
                status.show, title=_("Status"), icon=":material/monitoring:", url_path="status"
            ),
            st.Page(
                language_model.show,
                title=_("Settings"),
                icon=":material/tune:",
                url_path="settings",
            ),
            st.Page(
                people.show,
                title=_("People"),
                icon=":material/group:",
                url_path="people",
                visibility="visible" if person.id else "hidden",
            ),
        ]
    return found


def dress() -> None:
    """Set the page up; the first Streamlit call of a run."""
    # A file of our own: Streamlit would fetch a named icon from the internet.
    st.set_page_config(page_title="Footnote", page_icon=str(ICON), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="large")
    st.html(HERE / "style.css")
