"""A page of a document as the reader opened it: picture or text, the quoted place highlighted."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.rendering import formatting
from footnote.rendering.formatting import plain
from footnote.web import components
from footnote.web.server.session import errors_shown
from indexer.parsers.errors import ParseError
from indexer.records import Document, Page, Span
from indexer.store.errors import UnknownOriginalError

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.pages import Box

MISSING = "The text is shown as it was read; `footnote doctor` says what can be done."
DPI = 110  # 910 pixels across an A4 page: sharp in half a wide window, 60 to 200 KB


@dataclass(frozen=True, slots=True)
class Place:
    """What is open: a page, and the characters of a page that brought the reader here."""

    document: str
    page: int
    quote: Span | None = None
    n: int = 0


def show(access: Access, place: Place, turn: Callable[[int], None]) -> Page | None:
    """Draw the page with its buttons; `turn` is called with the number of the page wanted.

    Returns the page. A document that was deleted meanwhile is said to be so. One page at a time.
    """
    with errors_shown():
        document = access.document(place.document)
        page = access.page(place.document, place.page)
        _buttons(access, document, page, place, turn)
        quote = place.quote if place.quote and place.quote.page == place.page else None
        components.page(
            key="page-sheet",
            data=_page_data(access, document, page, quote) | {"place": [document.id, place.n]},
        )
        if page.problem:
            st.caption(f":material/info: {plain(page.problem)}")
        return page
    return None


def heading(access: Access, place: Place) -> None:
    """Draw the title and the file name of the opened document."""
    with errors_shown():
        document = access.document(place.document)
        replaced = "" if document.current else " :orange[· a newer version has replaced this one]"
        name = plain(file_name(document))
        st.markdown(f"**{plain(document.title)}** :small[:gray[{name}]{replaced}]")


def file_name(document: Document) -> str:
    """The name of the file, without its folders."""
    return formatting.file_name(document.path)


def page_label(page: Page, pages: int) -> str:
    """`Page 3 of 12`, or what else the page is called: `Sheet Stations`; '' for a file in one."""
    label = page.label or (f"page {page.number}" if pages > 1 else "")
    label = label[:1].upper() + label[1:]
    return f"{label} of {pages}" if label == f"Page {page.number}" else label


def _buttons(
    access: Access, document: Document, page: Page, place: Place, turn: Callable[[int], None]
) -> None:
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key="page-buttons"
    ):
        if document.pages > 1:
            _turning("Earlier page", "chevron_left", place.page - 1, document, turn)
            st.caption(plain(page_label(page, document.pages)), width="content")
            _turning("Later page", "chevron_right", place.page + 1, document, turn)
        if place.quote and place.quote.page != place.page:
            st.button(
                "Back to the quote",
                type="tertiary",
                on_click=turn,
                args=(place.quote.page,),
                key="page-back",
            )
        _original(access, document)


def _original(access: Access, document: Document) -> None:
    """The button that saves the file as it was handed in; a word where it is lost."""
    try:
        access.original(document.id)
    except UnknownOriginalError:
        st.caption(":material/warning: The original file is missing. " + MISSING)
        return
    st.download_button(
        "Original",
        data=lambda: access.original(document.id).read_bytes(),
        file_name=file_name(document),
        mime="application/octet-stream",  # saved, never opened inside the app's own origin
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key="page-original",
    )


def _turning(
    label: str, icon: str, to: int, document: Document, turn: Callable[[int], None]
) -> None:
    st.button(
        f":material/{icon}:",
        help=label,
        disabled=not 1 <= to <= document.pages,
        on_click=turn,
        args=(to,),
        key=f"page-{icon}",
    )


def _page_data(
    access: Access, document: Document, page: Page, quote: Span | None
) -> dict[str, Any]:
    description = f"{document.title}, {page_label(page, document.pages)}"
    if document.kind == "pdf":
        # Where it cannot be drawn its text is shown, which is in the database.
        try:
            return _picture(access, document, page, quote) | {"description": description}
        except UnknownOriginalError:
            pass
        except ParseError as error:
            st.caption(f"{plain(str(error))}. This is its text:")
    start, end = (quote.start, quote.end) if quote else (0, 0)
    return {"text": page.text, "start": start, "end": end, "description": description}


def _picture(access: Access, document: Document, page: Page, quote: Span | None) -> dict[str, Any]:
    found: Sequence[Box] = access.boxes(document.id, page, quote) if quote else ()
    original = access.original(document.id)
    picture = _rendered(
        lambda: access.picture(document.id, page.number, DPI), original, page.number
    )
    return {
        "image": "data:image/png;base64," + picture,
        "boxes": [[box.left, box.top, box.right, box.bottom] for box in found],
    }


@st.cache_data(max_entries=100, show_spinner=False)
def _rendered(_draw: Callable[[], bytes], pdf: Path, number: int) -> str:
    """The page's picture, PNG in base64. Originals are kept by content, so a path never changes."""
    return base64.b64encode(_draw()).decode()
