"""The search in an opened document: the field, how many places there are, the way from one on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from footnote.web import components
from indexer.store.occurrences import MOST

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.records import Document, Span


@dataclass(frozen=True, slots=True)
class Found:
    """What the search found, and at which of the places the reader is (None: at none yet)."""

    places: tuple[Span, ...] = ()
    at: int | None = None

    def on(self, page: int) -> list[Span]:
        """The places on a page, the one that the reader is at first."""
        here = [span for span in self.places if span.page == page]
        current = None if self.at is None else self.places[self.at]
        return sorted(here, key=lambda span: span != current)


def found(access: Access, document: Document) -> Found:
    """What stands in the field, looked for in the document."""
    sought = st.session_state.get(_text(document.id), "")
    if not sought.strip():
        return Found()
    places = access.occurrences(document.id, sought)
    at = st.session_state.get(_at(document.id))
    return Found(places, at if at is not None and at < len(places) else None)


def show(
    access: Access, document: Document, page: int, now: Found, turn: Callable[[int], None]
) -> None:
    """Draw the field; `turn` is called with the page of the place that is gone to."""

    def go(places: Sequence[Span], to: int) -> None:
        st.session_state[_at(document.id)] = to
        turn(places[to].page)

    def look() -> None:
        places = found(access, document).places
        st.session_state.pop(_at(document.id), None)
        if places:
            go(places, next((at for at, one in enumerate(places) if one.page >= page), 0))

    sought = st.text_input(
        "Find in this document",
        placeholder="Find in this document",
        label_visibility="collapsed",
        icon=":material/search:",
        key=_text(document.id),
        on_change=look,
    )
    if not sought.strip():
        return
    total = len(now.places)
    if not total:
        st.caption("Not found", width="content")
        return
    at = now.at or 0
    said = f"{at + 1} of {total:,}" + ("+" if total == MOST else "")
    st.caption(said, width="content")
    for label, icon, to in (
        ("Previous place", "keyboard_arrow_up", (at - 1) % total),
        ("Next place", "keyboard_arrow_down", (at + 1) % total),
    ):
        components.icon_button(
            label, icon, disabled=total == 1, on_click=go, args=(now.places, to), key=f"find-{icon}"
        )


def _text(document: str) -> str:
    return f"find-{document}"


def _at(document: str) -> str:
    return f"find-at-{document}"
