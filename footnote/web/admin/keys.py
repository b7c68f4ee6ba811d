"""Keys for programs: everybody's own, made and revoked; and those of others, for admins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from footnote.accounts import keys
from footnote.rendering.formatting import plain, when
from footnote.web import components
from footnote.web.language import _
from footnote.web.server import session
from footnote.web.server.session import errors_shown

if TYPE_CHECKING:
    from footnote.accounts.keys import Key
    from footnote.accounts.people import Person

_DAY = 86_400.0


@components.dialog("Keys for programs", width="medium")
def show() -> None:
    """Draw somebody's own keys, and what makes another."""
    access = session.access()
    st.caption(
        _("A program that sends one of your keys may do what you may. Give each program its own.")
    )
    lasting = {
        _("30 days"): 30 * _DAY,
        _("90 days"): 90 * _DAY,
        _("One year"): 365 * _DAY,
        _("For ever"): None,
    }
    with errors_shown():
        _list(access.keys(), access.revoke_key)
        with st.form("make_key", border=False):
            left, right = st.columns([3, 2])
            label = left.text_input(_("What it is for"), max_chars=keys.LABEL_CHARACTERS)
            lasts = right.selectbox(_("Good for"), list(lasting), index=1)
            if st.form_submit_button(_("Make a key"), type="primary"):
                made = access.make_key(label, lasting[lasts])
                st.code(made.secret, language=None)
                st.caption(_("Copy it now: it is not shown again, and kept nowhere."))


@components.dialog("Keys", width="medium")
def show_of(person: Person) -> None:
    """Draw somebody else's keys, for an admin to revoke."""
    st.markdown(f"**{plain(person.name)}**")

    def revoke(key: str) -> None:
        access = session.access()
        keys.revoke(access.everything().store, key, access.person.name, person.id)

    with errors_shown():
        _list(keys.keys(session.access().everything().store, person.id), revoke)


def _list(found: Sequence[Key], revoke: Callable[[str], None]) -> None:
    if not found:
        st.markdown(f":gray[{_('There are no keys.')}]")
    for key in found:
        left, right = st.columns([5, 1.2], vertical_alignment="center")
        left.markdown(f"**{plain(key.label) or key.id}** :small[:gray[{_told(key)}]]")
        right.button(_("Revoke"), key=f"revoke-{key.id}", on_click=revoke, args=(key.id,))


def _told(key: Key) -> str:
    used = _("never used")
    if key.used_at is not None:
        used = _("last used {when}").format(when=when(key.used_at))
    ends = _("good for ever")
    if key.expires_at is not None:
        ends = _("ends {when}").format(when=when(key.expires_at))
    made = _("made {when}").format(when=when(key.made_at))
    return f"{made}, {_('has ended') if key.expired else ends}, {used}"
