"""A collection in the Library: chosen or made for what is added, renamed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote import samples
from footnote.arranging import LONGEST_NAME
from footnote.rendering.formatting import plain
from footnote.web.components import cancelled, dangerous, dialog
from footnote.web.language import _, counted
from footnote.web.library import chosen_rows
from footnote.web.server.session import errors_shown

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.records import Collection

NEW = ""  # the choice that makes a collection
FIRST_NAME = "My documents"


def choose(access: Access) -> str:
    """Draw the choice of where to add; the name, '' while there is none.

    An admin may make a collection. The sample's is never what stands there first: what somebody
    adds does not belong into it.
    """
    names = [one.name for one in access.collections_to_add_to()]
    own = [name for name in names if name != samples.COLLECTION]
    options = [*own, *([NEW] if access.person.admin else []), *(set(names) - set(own))]
    chosen = st.selectbox(
        _("Collection"),
        options,
        format_func=lambda one: one or _("+ New collection …"),
        help=_("A collection is a set of documents that you ask together."),
        key="collection_to_add_to",
    )
    if chosen or not access.person.admin:
        return chosen or ""
    taken = {name.casefold() for name in names}
    name = st.text_input(
        _("Name of the new collection"),
        value="" if FIRST_NAME.casefold() in taken else FIRST_NAME,
        max_chars=LONGEST_NAME,
        key="collection_to_make",
    )
    return " ".join((name or "").split())


def manage(access: Access, number: int) -> None:
    """Draw what can be done with the one collection that is looked at."""
    if not access.may("manage", number):
        return
    found = next((one for one in access.collections() if one.id == number), None)
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="collection"):
        st.markdown(f"**{plain(found.name)}**", width="content")
        if st.button(_("Rename"), icon=":material/edit:", type="tertiary", key="rename-collection"):
            _rename(access, found)
        if st.button(
            _("Delete collection"), icon=":material/delete:", type="tertiary", key="drop-collection"
        ):
            _delete(access, found)


@dialog("Rename collection")
def _rename(access: Access, found: Collection) -> None:
    with st.form("rename_collection", border=False):
        name = st.text_input(_("Name"), value=found.name, max_chars=LONGEST_NAME)
        if st.form_submit_button(_("Save"), type="primary"):
            with errors_shown():
                access.arrangement.rename_collection(found.id, name)
                st.rerun()


@dialog("Delete the collection?")
def _delete(access: Access, found: Collection) -> None:
    total = access.documents([found.id], limit=1).total
    st.markdown(
        f"**{plain(found.name)}** will be removed with {counted(total, 'document')} and whatever"
        " past answers quote of them. No search or answer finds any of it again."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if cancelled():
            st.rerun()
        if dangerous(_("Delete the collection")):
            with errors_shown(), st.spinner(_("Deleting …")):
                receipt = access.arrangement.delete_collection(found.id)
                st.session_state[chosen_rows.RECEIPT] = chosen_rows.deleted(receipt)
                st.session_state["document_collection"] = 0
                st.rerun()
