"""What can be done with the documents that are ticked: asked, moved, read again, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import listed, plain, size
from footnote.web import progress
from footnote.web.components import cancelled, dangerous, dialog
from footnote.web.language import _, counted
from footnote.web.server import session
from footnote.web.server.session import errors_shown
from indexer.records import Document, Receipt
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.access import Access

SELECTED, RECEIPT = "selected_documents", "receipt"  # session state
MOST_ASKED = 20  # documents that are asked by themselves; their names stand in the address
UNREAD = "What could not be read is not kept. Mend the file and add it."


def show(access: Access, collections: dict[int, str]) -> None:
    """Draw what can be done with the ticked rows."""
    selected = still_there(access, st.session_state.get(SELECTED, []))
    readable = [document for document in selected if document.state != "failed"]
    with st.container(horizontal=True, vertical_alignment="center", key="selection"):
        if not selected:
            st.caption(
                _("Tick documents to ask them alone, move, read again or delete them.")
                if access.person.admin
                else _("Tick documents to ask them alone.")
            )
            return
        st.markdown(f"**{counted(len(selected), 'document')} selected**")
        _ask_button(readable)
        if access.person.admin:
            if st.button(_("Move"), icon=":material/drive_file_move:"):
                move(access, selected, collections)
            st.button(
                _("Read again"),
                icon=":material/refresh:",
                disabled=not readable,
                help="" if readable else UNREAD,
                on_click=_read_selected_again,
                args=(access, readable, collections),
            )
            if st.button(_("Delete"), icon=":material/delete:"):
                confirm_deletion(access, selected)
        st.button(_("Clear selection"), type="tertiary", on_click=_select_none)


def _ask_button(readable: Sequence[Document]) -> None:
    some = 0 < len(readable) <= MOST_ASKED
    said = f"At most {MOST_ASKED} at a time." if readable else UNREAD
    if st.button(
        _("Ask these") if len(readable) != 1 else _("Ask this one"),
        icon=":material/forum:",
        type="primary",
        disabled=not some,
        help=None if some else said,
    ):
        ask(readable)


def ask(documents: Sequence[Document]) -> None:
    """Go to the page Ask, to ask these documents and no others."""
    session.go_to("ask", {"d": ",".join(one.id for one in documents)})


def still_there(access: Access, identifiers: Sequence[str]) -> list[Document]:
    """The documents with these ids, but for those deleted or superseded meanwhile."""
    found = []
    for identifier in identifiers:
        with suppress(UnknownDocumentError):
            found.append(access.document(identifier))
    return [document for document in found if document.current]


def _select_none() -> None:
    st.session_state[SELECTED] = []


def _read_selected_again(
    access: Access, selected: Sequence[Document], collections: dict[int, str]
) -> None:
    for number, name in collections.items():
        ids = [document.id for document in selected if document.collection == number]
        if ids:
            read_again(access, [name], ids)
    _select_none()


def read_again(access: Access, collections: Sequence[str], documents: Sequence[str]) -> None:
    """Have documents read anew; all of the collections where none is named."""
    for name in collections:
        arguments = {"collection": name, "documents": list(documents)}
        progress.watch(access.work("reindex", arguments))


@dialog("Move to another collection")
def move(access: Access, selected: Sequence[Document], collections: dict[int, str]) -> None:
    """Ask where to, and move."""
    here = {one.collection for one in selected}
    others = [name for number, name in collections.items() if here != {number}]
    st.markdown(plain(listed([one.title for one in selected], 5)))
    if not others:
        st.markdown(_("There is no other collection. Make one first, under *Collection* above."))
        return
    target = st.selectbox(_("To the collection"), others, key="move_to")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if cancelled():
            st.rerun()
        if st.button(f"Move {counted(len(selected), 'document')}", type="primary"):
            with errors_shown(), st.spinner(_("Moving …")):
                moved = access.arrangement.move([one.id for one in selected], target)
                st.session_state[RECEIPT] = (
                    f"**Moved:** {counted(len(moved), 'document')} to {plain(target)}"
                )
                _select_none()
                st.rerun()


@dialog("Delete for good?")
def confirm_deletion(access: Access, selected: Sequence[Document]) -> None:
    """Ask, delete, and leave the receipt for the next run of the page."""
    names = [document.title for document in selected]
    st.markdown(
        f"{plain(listed(names, 5))} will be removed, with all pages, earlier versions and whatever"
        " past answers quote. No search or answer finds any of it again."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if cancelled():
            st.rerun()
        if dangerous(f"Delete {counted(len(selected), 'document')}"):
            with errors_shown(), st.spinner(_("Deleting …")):
                receipt = access.arrangement.delete([document.id for document in selected])
                st.session_state[RECEIPT] = deleted(receipt)
                _select_none()
                if "document" in st.query_params:
                    del st.query_params["document"]
                st.rerun()


def deleted(receipt: Receipt) -> str:
    """What a deletion removed, as it is shown."""
    quotes = f" · {counted(receipt.quotes, 'quote')} taken out of past answers"
    return (
        f"**Deleted:** {counted(len(receipt.documents), 'document')},"
        f" {counted(receipt.pages, 'page')}, {counted(receipt.passages, 'passage')},"
        f" {counted(receipt.vectors, 'search vector')}, {counted(receipt.files, 'file')}"
        f" · {size(receipt.bytes)} freed" + (quotes if receipt.quotes else "")
    )


def receipt() -> None:
    """What was done last, at the top of the page, until it is put away."""
    said = st.session_state.get(RECEIPT)
    if not said:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="receipt"):
        st.markdown(f":material/check_circle: {said}", width="stretch")
        st.button(
            _("Close"),
            icon=":material/close:",
            type="tertiary",
            key="close-receipt",
            on_click=st.session_state.pop,
            args=(RECEIPT,),
        )
