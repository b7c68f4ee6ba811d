"""Who is looking at the page, and how errors reach them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any

import streamlit as st

from embedder.errors import FootnoteError
from footnote.access import Access, Door, visitor
from footnote.accounts import signin
from footnote.rendering.formatting import plain
from footnote.web.server import guard
from footnote.web.server.shared_home import helpers, home

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run

PAGES = "pages"  # session state: the pages by the ends of their addresses


def access() -> Access:
    """What whoever looks at this page may do; asked anew whenever it is used."""
    here, way = home(), door()
    return Access(here, lambda: visitor(here, way), helpers=helpers())


def door() -> Door:
    """How this page's connection came in.

    A connection has headers always; without any, the page is drawn for no browser (in tests).
    """
    headers = {name.lower(): value for name, value in st.context.headers.items()}
    if not headers:
        return Door(local=True)
    peer = st.context.ip_address or "127.0.0.1"  # Streamlit says None of this machine
    return Door(
        guard.from_this_machine(peer, headers), st.context.cookies.get(guard.cookie_name(), "")
    )


def start(kind: str, arguments: Mapping[str, Any]) -> None:
    """Have an admin's job worked on."""
    access().work(kind, arguments)


def start_run(kind: str, run: Run) -> None:
    """Have a training run worked on; the job names the collection, for those who look on."""
    start(kind, {"run": run.id, "collection": run.request.collection})


def go_to(page: str, query: Mapping[str, str] | None = None) -> None:
    """Go to a page by the end of its address; `frame` has said which there are."""
    found = st.session_state[PAGES]
    st.switch_page(found.get(page) or found[""], query_params=dict(query or {}))


def note_click() -> None:
    """Keep the session of this page from going idle."""
    signin.note_click(home().store, door().token)


def sign_out() -> None:
    """End the session of this page, and go to the page to sign in."""
    signin.sign_out(home().store, door().token)
    leave()


def leave(address: str = guard.SIGN_IN) -> None:
    """Send the browser to an address outside the pages, as `st.login` does."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if context is not None:
        context.enqueue(ForwardMsg.FromString(guard.leave_for(address)))


@contextmanager
def drawn_when_stopped() -> Iterator[None]:
    """Have the page drawn once more where the button that stops a run ends this.

    After a stop Streamlit draws nothing, not even that it was one.
    """
    from streamlit.runtime.scriptrunner import StopException

    try:
        yield
    except StopException:
        _draw_anew()
        raise


def _draw_anew() -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.runtime import Runtime
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context, message = get_script_run_ctx(), BackMsg()
    if context is None or not guard.LOOPS:
        return
    message.rerun_script.query_string = context.query_string
    message.rerun_script.page_script_hash = context.page_script_hash
    if context.context_info:
        message.rerun_script.context_info.CopyFrom(context.context_info)
    handle, tab = Runtime.instance().handle_backmsg, context.session_id
    guard.LOOPS[-1].call_soon_threadsafe(handle, tab, message)


def prepare() -> None:
    """Load what will be asked while the reader still types, so that the first answer is quick."""
    with errors_shown():
        store = home().store
        for fingerprint in {store.generation(one.id) for one in access().collections()} - {""}:
            _prepare(fingerprint, home())


@st.cache_resource(show_spinner=False)
def _prepare(fingerprint: str, _home: Home) -> str:
    def load() -> None:
        _import_once()
        # Whatever goes wrong comes up again, and is shown, when a question is asked.
        with suppress(FootnoteError):
            _home.registry.load_fingerprint(fingerprint).embed_queries([fingerprint])

    Thread(target=load, daemon=True).start()
    return fingerprint


@cache
def _import_once() -> None:
    """Import what answering needs, and have the garbage collector pass over it from then on.

    To look at all that torch and its friends are made of takes a third of a second, in which
    nobody is served. Before the weights: those may be let go again.
    """
    import torch  # noqa: F401

    import rag.answer  # noqa: F401

    gc.freeze()


@contextmanager
def errors_shown() -> Iterator[None]:
    """Turn an error that a person can act upon into a red box; any other goes to the terminal."""
    try:
        yield
    except FootnoteError as error:
        problem(str(error))


def shown(error: Exception) -> bool:
    """The same for an error that a click has raised; whether it was one of those."""
    if isinstance(error, FootnoteError):
        problem(str(error))
    return isinstance(error, FootnoteError)


def problem(text: str) -> None:
    """A red box."""
    st.error(plain(_sentence(text)), icon=":material/error:")


def _sentence(text: str) -> str:
    """Messages are written to follow a colon; here each stands alone."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
