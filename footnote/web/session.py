"""The open home, and how errors reach the reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import streamlit as st

from embedder.errors import FootnoteError
from footnote.home import Home
from footnote.settings import home_path
from footnote.web.words import plain


def home() -> Home:
    """The home, opened once for all sessions of this process."""
    return _open(home_path())


@st.cache_resource(show_spinner=False)
def _open(path: Path) -> Home:
    return Home.open(path)


def prepare(home: Home) -> None:
    """Load the embedder while the reader still types, so that the first answer is quick too."""
    with errors_shown():
        _prepare(home.embedder.fingerprint, home)


@st.cache_resource(show_spinner=False)
def _prepare(fingerprint: str, _home: Home) -> str:
    # Whatever goes wrong in the thread comes up again, and is shown, when a question is asked.
    Thread(target=_home.embedder.embed_queries, args=([fingerprint],), daemon=True).start()
    return fingerprint


@contextmanager
def errors_shown() -> Iterator[None]:
    """Turn an error that a person can act upon into a red box; any other goes to the terminal."""
    try:
        yield
    except FootnoteError as error:
        problem(str(error))


def problem(text: str) -> None:
    """A red box."""
    st.error(plain(_sentence(text)), icon=":material/error:")


def _sentence(text: str) -> str:
    """Messages are written to follow a colon; here each stands alone."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
