"""The parts that Streamlit has no widget for: a script and a style sheet of `assets/` each.

Data reaches the scripts as JSON and the page as text nodes; no script builds HTML from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ASSETS = Path(__file__).parent / "assets"


def _component(name: str) -> ComponentRenderer:
    return st.components.v2.component(
        f"footnote_{name}",
        css=(ASSETS / f"{name}.css").read_text(encoding="utf-8"),
        js=(ASSETS / f"{name}.js").read_text(encoding="utf-8"),
    )


answer_text = _component("answer")  # sentences with footnote buttons; trigger `opened`: number
page = _component("page")  # a page's image or text with a highlight
copy_button = _component("copy")  # puts a text on the clipboard
table = _component("table")  # documents; state `selected`: ids, trigger `opened`: id
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
