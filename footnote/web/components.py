"""The parts that Streamlit has no widget for: a script and a style sheet of `assets/` each.

Data reaches the scripts as JSON and the page as text nodes; no script builds HTML from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import streamlit as st

from footnote.web.language import _

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

F = TypeVar("F", bound=Callable[..., Any])
ASSETS = Path(__file__).parent / "assets"


def _component(name: str) -> ComponentRenderer:
    return st.components.v2.component(
        f"footnote_{name}",
        css=(ASSETS / f"{name}.css").read_text(encoding="utf-8"),
        js=(ASSETS / f"{name}.js").read_text(encoding="utf-8"),
    )


# Sentences with footnote buttons, and a row of buttons; triggers `opened`: number, `pressed`: name
answer_text = _component("answer")
page = _component("page")  # a page's image or text with a highlight
table = _component("table")  # documents; state `selected`: ids, trigger `opened`: id
cells = _component("cells")  # rows of text under column names
scroll_here = _component("scroll")  # brings its place into view when it appears


def icon_button(label: str, icon: str, *, key: str, **options: Any) -> bool:
    """A button that shows its icon alone; its label is its name for those who cannot see it.

    The style sheet knows it by its key.
    """
    return st.button(
        label,
        icon=f":material/{icon}:",
        help=label,
        type=options.pop("type", "tertiary"),
        key=f"icon-{key}",
        **options,
    )


def dialog(title: str, width: Literal["small", "medium", "large"] = "small") -> Callable[[F], F]:
    """As `st.dialog`, under a title in the language of whoever looks."""

    def decorate(draw: F) -> F:
        @wraps(draw)
        def opened(*given: Any, **named: Any) -> None:
            st.dialog(_(title), width=width)(draw)(*given, **named)

        return cast("F", opened)

    return decorate


def rows(label: str, found: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """A table of text, whatever a name or an error holds; on a phone each row is a card."""
    if not found:
        return
    columns = list(found[0])
    numbers = {name for name in columns if isinstance(found[0][name], int | float)}
    cells(
        key=f"rows-{key}",
        data={
            "label": label,
            "columns": [{"label": name, "number": name in numbers} for name in columns],
            "rows": [[_cell(row[name]) for name in columns] for row in found],
        },
    )


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def dangerous(label: str, *, key: str = "danger") -> bool:
    """The button that carries out what cannot be undone; the style sheet makes it red."""
    return st.button(label, type="primary", key=f"danger-{key}")


def cancelled(key: str = "cancel") -> bool:
    """The way back from a question whether to do something."""
    return st.button(_("Cancel"), key=f"cancel-{key}")
