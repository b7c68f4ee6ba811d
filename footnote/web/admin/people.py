"""The page *People*: who may use Footnote, as what, and which collections they may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.accounts import sharing
from footnote.accounts.people import EVERYONE, ROLES, People, Profile
from footnote.rendering.formatting import plain, when
from footnote.web import components
from footnote.web.admin import keys
from footnote.web.admin.account import new_password
from footnote.web.language import _
from footnote.web.server import session
from footnote.web.server.session import errors_shown

if TYPE_CHECKING:
    from footnote.accounts.people import Person
    from footnote.home import Home
    from indexer.records import Collection

SHOWN = 10  # collections listed; of more, the one that is looked for is chosen
_WIDTHS = (3, 3, 1.6, 1.8, 1.6, 0.7)


def show() -> None:
    """Draw the page."""
    with st.container(key="people"), errors_shown():
        home = session.access().everything()
        st.title(_("People"), anchor=False)
        people = People(home.store)
        if not people.registered():
            _first(people)
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("Admins may do everything. Readers read what is shared with them."))
            if st.button(_("Add somebody"), icon=":material/person_add:", type="primary"):
                _add(home)
        _table(people)
        st.subheader(_("Who reads what"), anchor=False)
        _shares(home, people)


def _first(people: People) -> None:
    st.markdown(
        _(
            "Only you use this Footnote, on this computer, and nobody has to sign in. To let others"
            " in, register yourself first: you will be the admin, and from then on everybody signs"
            " in, you too. Your conversations stay yours."
        )
    )
    with st.form("first", width=420):
        name = st.text_input(_("Your name, to sign in with"), autocomplete="username", max_chars=64)
        password = new_password()
        if st.form_submit_button(_("Register me as admin"), type="primary"):
            with errors_shown():
                person = people.add(name, password(), Profile("admin"), _me())
                session.leave(f"/sign-in?name={person.name}")


def _table(people: People) -> None:
    with st.container(border=True, gap="small", key="registered"):
        heads = (_("Name"), _("E-mail"), _("Role"), _("Adds documents"), _("Since"), "")
        for column, head in zip(st.columns(_WIDTHS), heads, strict=True):
            column.caption(head)
        for person in people.all():
            _row(person)


def _row(person: Person) -> None:
    columns = st.columns(_WIDTHS, vertical_alignment="center")
    full = f" :small[:gray[{plain(person.display_name)}]]" if person.display_name else ""
    columns[0].markdown(f"**{plain(person.name)}**{full}")
    columns[1].markdown(plain(person.email) or ":gray[—]")
    columns[2].markdown(_("Admin") if person.admin else _("Reader"))
    columns[3].markdown(_("yes") if person.admin or person.may_upload else _("no"))
    columns[4].markdown(when(person.added_at))
    mine = person.name == _me()
    change, password, programs = _("Change"), _("New password"), _("Keys")
    out, remove = _("Sign out everywhere"), _("Remove")
    chosen = columns[5].menu_button(
        ":material/more_horiz:",
        [change, password, programs, *([] if mine else [out, remove])],
        type="tertiary",
        key=f"person-{person.id}",
    )
    if chosen == change:
        _change(person)
    elif chosen == password:
        _give_password(person)
    elif chosen == programs:
        keys.show_of(person)
    elif chosen == out:
        _everybody().sign_out_everywhere(person.name, _me())
        said = _("{name} is signed out everywhere.").format(name=plain(person.called))
        st.toast(said, icon=":material/check:")
    elif chosen == remove:
        _remove(person)


def _profile(person: Person | None = None) -> Profile:
    """Draw the fields of a profile; somebody's own role stays as it is."""
    own = person is not None and person.name == _me()
    meaning = {
        "admin": _("Admin: may do everything"),
        "reader": _("Reader: reads what is shared with them"),
    }
    role = st.radio(
        _("Role"),
        ROLES[::-1],
        index=ROLES[::-1].index(person.role) if person else 0,
        format_func=meaning.get,
        disabled=own,
        help=_("Your own role is for another admin to change.") if own else None,
    )
    may_upload = st.checkbox(
        _("May add documents to the collections they read"),
        value=bool(person and person.may_upload),
        help=_("Admins may anyway."),
    )
    display_name = st.text_input(
        _("Full name (optional)"), value=person.display_name if person else ""
    )
    email = st.text_input(
        _("E-mail address (optional)"),
        value=person.email if person else "",
        help=_("For those who sign in with your organisation."),
    )
    return Profile(person.role if person and own else role, display_name, email, may_upload)


@components.dialog("Add somebody")
def _add(home: Home) -> None:
    with st.form("add_person", border=False):
        name = st.text_input(_("Name, to sign in with"), autocomplete="off", max_chars=64)
        password = new_password()
        profile = _profile()
        if st.form_submit_button(_("Add"), type="primary"):
            with errors_shown():
                typed = password()
                People(home.store).add(
                    name, None if not typed and profile.email else typed, profile, _me()
                )
                st.rerun()
    st.caption(_("Tell them the password; they can choose another one after signing in."))


@components.dialog("Change")
def _change(person: Person) -> None:
    st.markdown(f"**{plain(person.name)}**")
    with st.form("change_person", border=False):
        profile = _profile(person)
        if st.form_submit_button(_("Save"), type="primary"):
            with errors_shown():
                _everybody().change(person.name, profile, _me())
                st.rerun()


@components.dialog("New password")
def _give_password(person: Person) -> None:
    st.markdown(
        _("**{name}** is signed out everywhere, and signs in with this one.").format(
            name=plain(person.name)
        )
    )
    with st.form("give_password", border=False):
        password = new_password()
        if st.form_submit_button(_("Set it"), type="primary"):
            with errors_shown():
                _everybody().set_password(person.name, password(), _me())
                st.rerun()


@components.dialog("Remove?")
def _remove(person: Person) -> None:
    st.markdown(
        _(
            "**{name}** is signed out at once and cannot sign in any more. The documents that they"
            " added stay; nobody can read their conversations."
        ).format(name=plain(person.called))
    )
    if st.button(_("Remove"), type="primary", key="confirm-remove"):
        with errors_shown():
            _everybody().remove(person.name, _me())
            st.rerun()


def _shares(home: Home, people: People) -> None:
    collections = home.store.collections()
    if not collections:
        st.markdown(_("There is no collection to share yet. Add documents in the Library first."))
        return
    if len(collections) > SHOWN:
        collections = [
            st.selectbox(
                _("Collection"), collections, format_func=lambda one: one.name, key="share_which"
            )
        ]
    names = [EVERYONE, *(one.name for one in people.all() if not one.admin)]
    with st.container(border=True, key="shares"):
        for collection in collections:
            _share(home, collection, names)


def _share(home: Home, collection: Collection, names: list[str]) -> None:
    now = [one for one in sharing.shared_with(home.store, collection.id) if one in names]
    key = f"share-{collection.id}"

    def changed() -> None:
        store, wanted = session.access().everything().store, st.session_state[key]
        for name in set(wanted) - set(now):
            sharing.share(store, collection, name, _me())
        for name in set(now) - set(wanted):
            sharing.unshare(store, collection, name, _me())

    left, right = st.columns([2, 5], vertical_alignment="center")
    left.markdown(f"**{plain(collection.name)}**")
    right.multiselect(
        _("{collection} is read by").format(collection=collection.name),
        names,
        default=now,
        format_func=lambda one: _("Everyone") if one == EVERYONE else one,
        placeholder=_("Admins only"),
        label_visibility="collapsed",
        key=key,
        on_change=changed,
    )


def _me() -> str:
    return session.access().person.name


def _everybody() -> People:
    """The people of the home, for an admin; asked for at the moment that something is done."""
    return People(session.access().everything().store)
