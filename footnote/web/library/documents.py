"""The documents of the library as a table: searched, filtered and paged by the database."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.rendering.formatting import listed, plain, size, when
from footnote.web import components, progress
from footnote.web.language import _
from footnote.web.library import chosen_rows, collection
from footnote.web.library.chosen_rows import SELECTED
from footnote.web.page_view import file_name
from footnote.web.server.session import errors_shown
from indexer.records import Document

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
FIRST = "first_row"  # session state
TURNED = "turned_to_row"  # session state: a page of the table that is to be shown from its top


def show(access: Access) -> None:
    """Draw filters, table, paging, and what can be done with the selected rows."""
    collections = {collection.id: collection.name for collection in access.collections()}
    if not collections:
        st.space("small")
        st.markdown(
            _("Nothing here yet. Drop your first documents above.")
            if access.person.admin
            else _("Nothing has been shared with you yet. Ask an admin to share a collection.")
        )
        return
    chosen, text, state = _filters(collections)
    first = st.session_state.get(FIRST, 0)
    found = access.documents(chosen, text=text, state=state, limit=ROWS, offset=first)
    if len(chosen) == 1:
        collection.manage(access, chosen[0])
    if not found.total:
        st.markdown(_("No document matches.") if text or state else _("This collection is empty."))
        return
    if first >= found.total:  # rows were deleted meanwhile
        st.session_state[FIRST] = 0
        st.rerun()
    if found.total:
        chosen_rows.show(access, collections)
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
            "columns": [one | {"label": _(str(one["label"]))} for one in COLUMNS],
            "rows": [_row(document, collections) for document in found.rows],
            "selected": st.session_state.get(SELECTED, []),
            "selectable": True,
        },
        default={"selected": st.session_state.get(SELECTED, [])},
        on_selected_change=select,
        on_opened_change=open_document,
    )
    _paging(first, found.total)


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
            st.button(
                _("Bring up to date"), on_click=chosen_rows.read_again, args=(access, behind, [])
            )


def _filters(collections: dict[int, str]) -> tuple[list[int], str, str]:
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        text = st.text_input(
            _("Search"),
            placeholder=_("Search by title or file name"),
            icon=":material/search:",
            label_visibility="collapsed",
            key="document_search",
            on_change=_to_first_page,
        )
        one_of = st.selectbox(
            _("Collection"),
            [0, *collections],
            format_func=lambda one: collections.get(one, _("All collections")),
            label_visibility="collapsed",
            key="document_collection",
            on_change=_to_first_page,
            width=240,
        )
        state = st.segmented_control(
            _("Health"),
            ["", *HEALTH],
            format_func=lambda one: _(HEALTH.get(one, "All")),
            default="",
            required=True,
            wrap=True,
            label_visibility="collapsed",
            key="document_state",
            on_change=_to_first_page,
        )
    return [one_of] if one_of in collections else list(collections), text, state or ""


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
    return _(HEALTH[document.state]) + unread + (", hidden text" if document.hidden else "")


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
