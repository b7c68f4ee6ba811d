"""Who is signed in, at the top of every page: to sign out, another password, keys for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.accounts import passwords, signin
from footnote.accounts.people import People
from footnote.web import components
from footnote.web.admin import keys
from footnote.web.language import _
from footnote.web.server import session
from footnote.web.server.session import problem
from footnote.web.server.shared_home import home

if TYPE_CHECKING:
    from footnote.accounts.people import Person


def show(person: Person) -> None:
    """Draw the name with what it opens; nothing where nobody has to sign in."""
    if not person.id:
        return
    out, everywhere = _("Sign out"), _("Sign out on all devices")
    password, programs = _("Change password"), _("Keys for programs")
    with st.container(key="account"):
        chosen = st.menu_button(
            person.called,
            [out, everywhere, password, programs],
            icon=":material/account_circle:",
            type="tertiary",
            key="account-menu",
        )
    if chosen == out:
        session.sign_out()
        st.stop()
    elif chosen == everywhere:
        People(home().store).sign_out_everywhere(person.name, person.name)
        session.leave()
        st.stop()
    elif chosen == password:
        _change_password(person)
    elif chosen == programs:
        keys.show()


@components.dialog("Change password")
def _change_password(person: Person) -> None:
    st.caption(_("You will be signed out everywhere, and sign in with the new one."))
    with st.form("change_password", border=False):
        old = st.text_input(_("Present password"), type="password", autocomplete="current-password")
        new = new_password(_("New password"))
        if st.form_submit_button(_("Change it"), type="primary"):
            try:
                signin.confirm(home().store, person, old)
                People(home().store).set_password(person.name, new(), person.name)
            except FootnoteError as error:
                problem(str(error))
            else:
                session.leave()


def new_password(label: str = "") -> Callable[[], str]:
    """Draw two fields; what is returned gives the password, or raises where they differ."""
    label = label or _("Password")
    first = st.text_input(
        label,
        type="password",
        autocomplete="new-password",
        help=_("At least {n} characters. A few words are easy to keep.").format(
            n=passwords.MIN_CHARACTERS
        ),
    )
    second = st.text_input(
        _("{label} again").format(label=label), type="password", autocomplete="new-password"
    )

    def typed() -> str:
        if first != second:
            raise passwords.UnfitPasswordError(
                "the two passwords are not the same; type both again"
            )
        return first

    return typed
