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
from footnote.web import components, page_find
from footnote.web.page_find import Found
from footnote.web.server.session import errors_shown
from indexer.parsers.errors import ParseError
from indexer.records import Document, Page, Span
from indexer.store.errors import UnknownOriginalError

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.pages import Box

MISSING = "The text is shown as it was read; `footnote doctor` says what can be done."
DPI = 110  # 910 pixels across an A4 page: sharp in half a wide window, 60 to 200 KB
SHARP_DPI = 220  # for who zooms in, or has a screen of fine dots
FULL = "page_full"  # session state: whether the page has the whole window
MARKED = 20  # places of a search that are marked on a picture; each is looked up by itself


@dataclass(frozen=True, slots=True)
class Place:
    """What is open: a page, and the characters of a page that brought the reader here."""

    document: str
    page: int
    quote: Span | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """What the buttons of a page do: `turn` is called with the page wanted; `close` puts it away.

    Where a page cannot be closed, its title stands elsewhere.
    """

    turn: Callable[[int], None]
    close: Callable[[], None] | None = None


def show(access: Access, place: Place, moves: Moves) -> Page | None:
    """Draw the page with its buttons; to be called in a fragment.

    Returns the page. A document that was deleted meanwhile is said to be so. One page at a time.
    """
    full = bool(st.session_state.get(FULL))
    with errors_shown(), st.container(key="pane-full" if full else "pane", gap="small"):
        document = access.document(place.document)
        page = access.page(place.document, place.page)
        now = page_find.found(access, document)
        _heading(access, document, moves, full=full)
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="page-buttons"
        ):
            _buttons(document, page, place, moves.turn)
            page_find.show(access, document, page.number, now, moves.turn)
        _sheet(access, document, page, place, now, moves.turn)
        if page.problem:
            st.caption(f":material/info: {plain(page.problem)}")
        return page
    return None


def _sheet(
    access: Access,
    document: Document,
    page: Page,
    place: Place,
    now: Found,
    turn: Callable[[int], None],
) -> None:
    key = "page-sheet"
    quote = place.quote if place.quote and place.quote.page == place.page else None
    places = [*now.on(page.number), *([quote] if quote else [])]

    def turned() -> None:
        to = place.page + int(st.session_state[key].turned or 0)
        if 1 <= to <= document.pages:
            turn(to)

    def left() -> None:
        st.session_state[FULL] = False

    sharp = bool(getattr(st.session_state.get(key), "sharp", False))
    data = _page_data(access, document, page, places, sharp=sharp)
    components.page(
        key=key,
        data=data
        | {
            "place": [document.id, place.n, page.number, now.at],
            "full": bool(st.session_state.get(FULL)),
            "sharp": sharp,
        },
        default={"sharp": False},
        on_sharp_change=lambda: None,
        on_turned_change=turned,
        on_left_change=left,
    )


def _heading(access: Access, document: Document, moves: Moves, *, full: bool) -> None:
    """Draw title and file name, and the buttons for the whole window and for closing."""
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", wrap=False, key="page-heading"
    ):
        if full or moves.close:
            replaced = (
                "" if document.current else " :orange[· a newer version has replaced this one]"
            )
            name = plain(file_name(document))
            st.markdown(f"**{plain(document.title)}** :small[:gray[{name}]{replaced}]")
        else:
            st.space("stretch")
        _original(access, document)
        components.icon_button(
            "Back to its place" if full else "Whole window",
            "close_fullscreen" if full else "open_in_full",
            on_click=_fill,
            args=(not full,),
            key="page-whole",
        )
        if moves.close and components.icon_button("Close", "close", key="page-close"):
            _fill(full=False)
            moves.close()
            st.rerun()


def _fill(full: bool) -> None:
    st.session_state[FULL] = full


def file_name(document: Document) -> str:
    """The name of the file, without its folders."""
    return formatting.file_name(document.path)


def page_label(page: Page, pages: int) -> str:
    """`Page 3 of 12`, or what else the page is called: `Sheet Stations`; '' for a file in one."""
    label = page.label or (f"page {page.number}" if pages > 1 else "")
    label = label[:1].upper() + label[1:]
    return f"{label} of {pages}" if label == f"Page {page.number}" else label


def _buttons(document: Document, page: Page, place: Place, turn: Callable[[int], None]) -> None:
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
    components.icon_button(
        label,
        icon,
        type="secondary",
        disabled=not 1 <= to <= document.pages,
        on_click=turn,
        args=(to,),
        key=f"page-{icon}",
    )


def _page_data(
    access: Access, document: Document, page: Page, places: Sequence[Span], *, sharp: bool
) -> dict[str, Any]:
    """What the component draws; of `places` the first is what is scrolled to."""
    label = page_label(page, document.pages)
    description = ", ".join(filter(None, (document.title, label)))
    if document.kind == "pdf":
        # Where it cannot be drawn its text is shown, which is in the database.
        try:
            picture = _picture(access, document, page, places, sharp=sharp)
            return picture | {"description": description, "reading": page.text}
        except UnknownOriginalError:
            pass
        except ParseError as error:
            st.caption(f"{plain(str(error))}. This is its text:")
    marks = [[one.start, one.end] for one in places]
    return {"text": page.text, "marks": marks, "description": description}


def _picture(
    access: Access, document: Document, page: Page, places: Sequence[Span], *, sharp: bool
) -> dict[str, Any]:
    dpi = SHARP_DPI if sharp else DPI
    found: list[list[Box]] = [list(access.boxes(document.id, page, one)) for one in places[:MARKED]]
    original = access.original(document.id)
    picture = _rendered(
        lambda: access.picture(document.id, page.number, dpi), original, page.number, dpi
    )
    return {
        "image": "data:image/png;base64," + picture,
        "boxes": [
            [[box.left, box.top, box.right, box.bottom] for box in mark] for mark in found if mark
        ],
    }


@st.cache_data(max_entries=100, show_spinner=False)
def _rendered(_draw: Callable[[], bytes], pdf: Path, number: int, dpi: int) -> str:
    """The page's picture, PNG in base64. Originals are kept by content, so a path never changes."""
    return base64.b64encode(_draw()).decode()
