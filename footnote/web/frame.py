"""What all pages share: name, mark, width, style."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
ICON = HERE / "assets" / "icon.png"


def dress() -> None:
    """Set the page up; the first Streamlit call of a run."""
    # A file of our own: Streamlit would fetch a named icon from the internet.
    st.set_page_config(page_title="Footnote", page_icon=str(ICON), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="large")
    st.html(HERE / "style.css")
