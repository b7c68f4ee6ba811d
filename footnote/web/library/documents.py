"""The documents of the library as a table: searched, filtered and paged by the database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.rendering.formatting import count, listed, plain, size, when
from footnote.web import components, progress
from footnote.web.page_view import file_name
from footnote.web.server.session import errors_shown
from indexer.records import Document, Receipt
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.access import Access

ROWS = 50  # a page of the table; the browser draws it in a blink
HEALTH = {"ready": "Ready", "partial": "Some pages missing", "failed": "Not readable"}
COLUMNS = (
    {"key": "title", "label": "Document"},
    {"key": "health", "label": "Health"},
    {"key": "collection", "label": "Collection"},
    {"key": "kind", "label": "Kind"},
    {"key": "pages", "label": "Pages", "number": True},
    {"key": "size", "label": "Size", "number": True},
    {"key": "added", "label": "Read"},
)
SELECTED, FIRST, RECEIPT = "selected_documents", "first_row", "receipt"  # session state
TURNED = "turned_to_row"  # session state: a page of the table that is to be shown from its top


def show(access: Access) -> None:
    """Draw filters, table, paging, and what can be done with the selected rows."""
    _receipt()
    collections = {collection.id: collection.name for collection in access.collections()}
    if not collections:
        st.space("small")
        st.markdown(
            "Nothing here yet. Drop your first documents above."
            if access.person.admin
            else "Nothing has been shared with you yet. Ask an admin to share a collection."
        )
        return
    chosen, text, state = _filters(collections)
    first = st.session_state.get(FIRST, 0)
    found = access.documents(chosen, text=text, state=state, limit=ROWS, offset=first)
    if not found.total:
        _nothing(access, chosen, searched=bool(text or state))
        return
    if first >= found.total:  # rows were deleted meanwhile
        st.session_state[FIRST] = 0
        st.rerun()
    if access.person.admin:
        _selection_bar(access, collections)
    if st.session_state.pop(TURNED, None) is not None:
        components.scroll_here(key=f"scroll-rows-{first}")
    key = f"documents-{first}"

    def select() -> None:
        st.session_state[SELECTED] = list(st.session_state[key].selected)

    def open_document() -> None:
        st.query_params["document"] = st.session_state[key].opened

    components.table(
        key=key,
        data={
            "columns": COLUMNS,
            "rows": [_row(document, collections) for document in found.rows],
            "selected": st.session_state.get(SELECTED, []),
            "selectable": access.person.admin,
        },
        default={"selected": st.session_state.get(SELECTED, [])},
        on_selected_change=select,
        on_opened_change=open_document,
    )
    _paging(first, found.total)


def _nothing(access: Access, chosen: Sequence[int], *, searched: bool) -> None:
    st.markdown("No document matches." if searched else "This collection is empty.")
    if len(chosen) == 1 and not searched and access.may("manage", chosen[0]):

        def remove() -> None:
            access.delete_collection(chosen[0])

        st.button("Remove the collection", on_click=remove)


def offer_update(access: Access) -> None:
    """Where a collection's search model is installed no more, offer to move it to the present."""
    if not access.person.admin:
        return
    with errors_shown():
        home = access.everything()
        behind = [
            collection.name
            for collection in access.collections()
            if not home.knows_embedder_of(collection.id)
        ]
        if not behind or progress.any_active(access):
            return
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"{plain(listed(behind))} can be searched by words only: the search model that read"
                " it is no longer here. Bring it up to date to use the present one.",
                width="stretch",
            )
            st.button("Bring up to date", on_click=_read_again, args=(access, behind, []))


def _filters(collections: dict[int, str]) -> tuple[list[int], str, str]:
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        text = st.text_input(
            "Search",
            placeholder="Search by title or file name",
            icon=":material/search:",
            label_visibility="collapsed",
            key="document_search",
            on_change=_to_first_page,
        )
        collection = st.selectbox(
            "Collection",
            [0, *collections],
            format_func=lambda one: collections.get(one, "All collections"),
            label_visibility="collapsed",
            key="document_collection",
            on_change=_to_first_page,
            width=240,
        )
        state = st.segmented_control(
            "Health",
            ["", *HEALTH],
            format_func=lambda one: HEALTH.get(one, "All"),
            default="",
            required=True,
            wrap=True,
            label_visibility="collapsed",
            key="document_state",
            on_change=_to_first_page,
        )
    return [collection] if collection in collections else list(collections), text, state or ""


def _row(document: Document, collections: dict[int, str]) -> dict[str, Any]:
    return {
        "id": document.id,
        "state": document.state,
        "title": document.title,
        "name": _name_or_fault(document),
        "health": _health(document),
        "collection": collections.get(document.collection, ""),
        "kind": kind(document),
        "pages": f"{document.pages:,}",
        "size": size(document.size),
        "added": when(document.indexed_at),
    }


def _health(document: Document) -> str:
    unread = ", newest version not readable" if document.unread else ""
    return HEALTH[document.state] + unread + (", hidden text" if document.hidden else "")


def _name_or_fault(document: Document) -> str:
    """The file's name; with what is wrong where it could not be read."""
    fault = f" {document.problem}" if document.state == "failed" else ""
    return file_name(document) + fault


def kind(document: Document) -> str:
    """What the file is, as its name ends: `PDF`, `XLSX`."""
    suffix = PurePath(file_name(document)).suffix
    return (suffix[1:] or document.kind).upper()


def _paging(first: int, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption(f"{first + 1:,}–{min(first + ROWS, total):,} of {total:,}", width="content")
        for label, icon, to in (
            ("First", "first_page", 0),
            ("Back", "chevron_left", first - ROWS),
            ("Next", "chevron_right", first + ROWS),
            ("Last", "last_page", (total - 1) // ROWS * ROWS),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=to == first or not 0 <= to < total,
                on_click=_turn,
                args=(to,),
                key=f"to-{label}",
            )


def _turn(first: int) -> None:
    st.session_state[FIRST] = st.session_state[TURNED] = first


def _to_first_page() -> None:
    st.session_state[FIRST] = 0


def _selection_bar(access: Access, collections: dict[int, str]) -> None:
    selected = _still_there(access, st.session_state.get(SELECTED, []))
    readable = [document for document in selected if document.state != "failed"]
    with st.container(horizontal=True, vertical_alignment="center", key="selection"):
        if not selected:
            st.caption("Tick documents to read them again or delete them.")
            return
        st.markdown(f"**{count(len(selected), 'document')} selected**")
        st.button(
            "Read again",
            icon=":material/refresh:",
            disabled=not readable,
            help=""
            if readable
            else "What could not be read is not kept. Mend the file and add it.",
            on_click=_read_selected_again,
            args=(access, readable, collections),
        )
        if st.button("Delete", icon=":material/delete:"):
            confirm_deletion(access, selected)
        st.button("Clear selection", type="tertiary", on_click=_select_none)


def _still_there(access: Access, identifiers: Sequence[str]) -> list[Document]:
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
            _read_again(access, [name], ids)
    _select_none()


def _read_again(access: Access, collections: Sequence[str], documents: Sequence[str]) -> None:
    for name in collections:
        arguments = {"collection": name, "documents": list(documents)}
        progress.watch(access.work("reindex", arguments))


@st.dialog("Delete for good?")
def confirm_deletion(access: Access, selected: Sequence[Document]) -> None:
    """Ask, delete, and leave the receipt for the next run of the page."""
    names = [document.title for document in selected]
    st.markdown(
        f"{plain(listed(names, 5))} will be removed, with all pages, earlier versions and whatever"
        " past answers quote. No search or answer finds any of it again."
    )
    if st.button(f"Delete {count(len(selected), 'document')}", type="primary"):
        with errors_shown(), st.spinner("Deleting …"):
            st.session_state[RECEIPT] = access.delete([document.id for document in selected])
            _select_none()
            if "document" in st.query_params:
                del st.query_params["document"]
            st.rerun()


def _unquoted(quotes: int) -> str:
    return f" · {count(quotes, 'quote')} taken out of past answers" if quotes else ""


def _receipt() -> None:
    """What the last deletion removed, until it is put away."""
    receipt: Receipt | None = st.session_state.get(RECEIPT)
    if receipt is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="receipt"):
        st.markdown(
            f":material/check_circle: **Deleted:** {count(len(receipt.documents), 'document')},"
            f" {count(receipt.pages, 'page')}, {count(receipt.passages, 'passage')},"
            f" {count(receipt.vectors, 'search vector')}, {count(receipt.files, 'file')}"
            f" · {size(receipt.bytes)} freed" + _unquoted(receipt.quotes),
            width="stretch",
        )
        st.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            key="close-receipt",
            on_click=st.session_state.pop,
            args=(RECEIPT,),
        )
