"""A long list shown a page at a time: where one is, and the buttons to go on."""

from __future__ import annotations

import streamlit as st

from footnote.rendering.formatting import count


def first(key: str, total: int, rows: int) -> int:
    """The first row of the page that is open, however many rows are left by now."""
    return min(st.session_state.get(key, 0), max(total - 1, 0) // rows * rows)


def buttons(
    key: str, total: int, rows: int, noun: str, *, many: str = "", locked: str = ""
) -> None:
    """Draw `21-40 of 93 examples` with its buttons; `locked` says why they cannot be used now."""
    if total <= rows:
        return
    start = first(key, total, rows)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption(
            f"{start + 1:,}–{min(start + rows, total):,} of {count(total, noun, many)}",
            width="content",
        )
        for label, icon, to in (
            ("Back", "chevron_left", start - rows),
            ("Next", "chevron_right", start + rows),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=bool(locked) or not 0 <= to < total,
                help=locked or None,
                on_click=turn,
                args=(key, to),
                key=f"{key}-{label}",
            )


def turn(key: str, to: int = 0) -> None:
    """Open the page that begins with this row."""
    st.session_state[key] = to
