"""The page *Settings*: the language model that may write answers, set up and tried out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.rendering.formatting import plain
from footnote.web.server import session
from footnote.web.server.session import errors_shown, problem
from rag.llm.client import Message, OpenAIChat, complete
from rag.llm.servers import LocalServer, local_servers, models_at

if TYPE_CHECKING:
    from footnote.home import Home

# The fields of the form, by setting; also their keys in the session.
ADDRESS, KEY, MODEL = "llm_address", "llm_key", "llm_model"
MODELS = "llm_models"  # session state: names fetched from the server
TRIED = "llm_tried"  # session state: what the last test or saving came to
_TRY = [Message("user", "Reply with the one word: ready")]
_TRY_TOKENS = 200  # a model that thinks aloud first needs some


def show() -> None:
    """Draw the page."""
    with st.container(key="language-model"), errors_shown():
        home = session.access().everything()
        st.title("Settings", anchor=False)
        st.subheader("Language model", anchor=False)
        st.markdown(_in_use(home))
        _fill(home)
        _nearby()
        _form(home)
        if said := st.session_state.pop(TRIED, ""):
            st.success(plain(said), icon=":material/check:")


def _in_use(home: Home) -> str:
    model, address = home.settings.text("model"), home.settings.text("base_url")
    if home.llm is None:
        return (
            "None: answers are quoted word for word. With one, they are written from the same "
            "passages, and each sentence is checked against what it cites."
        )
    return f"In use: **{plain(model or 'no model named')}** at {plain(address or 'OpenAI')}."


def _fill(home: Home) -> None:
    """Begin with what is set; typed values stay."""
    st.session_state.setdefault(ADDRESS, home.settings.text("base_url"))
    st.session_state.setdefault(KEY, "")
    st.session_state.setdefault(MODEL, home.settings.text("model"))


@st.fragment
def _nearby() -> None:
    """Servers found on this machine, offered and never used by themselves."""
    if not st.button("Look for a server on this computer", icon=":material/search:"):
        return
    with st.spinner("Looking at the usual ports of Ollama and LM Studio …"):
        found = local_servers()
    if not found:
        st.caption("None answers. Start Ollama or LM Studio, or type an address below.")
    for server in found:
        st.markdown(f"{server.name} answers, with {len(server.models)} models.")
        st.button(
            f"Fill in {server.name}",
            key=f"use-{server.name}",
            on_click=_take,
            args=(server,),
        )


def _take(server: LocalServer) -> None:
    st.session_state[ADDRESS] = server.base_url
    st.session_state[KEY] = ""
    st.session_state[MODELS] = server.models
    st.session_state[MODEL] = server.models[0] if server.models else ""


def _form(home: Home) -> None:
    fixed = {s.name for s in home.settings if s.source == "environment"}
    st.text_input(
        "Address",
        key=ADDRESS,
        placeholder="http://localhost:11434/v1",
        disabled="base_url" in fixed,
        help="Of any server that speaks OpenAI's protocol; empty for OpenAI itself.",
    )
    st.text_input(
        "Key",
        key=KEY,
        type="password",
        placeholder="unchanged" if home.settings.text("api_key") else "none",
        disabled="api_key" in fixed,
        help="Kept in settings.toml in the home, readable by its owner alone.",
    )
    _model(disabled="model" in fixed)
    if fixed & {"base_url", "api_key", "model"}:
        st.caption("What is greyed out is set in the environment, which goes first.")
    columns = st.columns(4)
    if columns[0].button("Fetch the list of models"):
        _fetch(home)
    if columns[1].button("Try it out"):
        _try(home)
    if columns[2].button("Save and use", type="primary"):
        _save(home)
    if home.llm is not None and columns[3].button("Use none"):
        home.configure({"base_url": "", "api_key": "", "model": ""})
        st.session_state[TRIED] = "Answers are quoted from now on."
        for key in (ADDRESS, KEY, MODEL, MODELS):
            st.session_state.pop(key, None)
        st.rerun()


def _model(*, disabled: bool) -> None:
    names = list(st.session_state.get(MODELS, ()))
    if not names:
        st.text_input("Model", key=MODEL, placeholder="qwen3:8b", disabled=disabled)
        return
    if st.session_state[MODEL] not in names:
        names.insert(0, st.session_state[MODEL])
    st.selectbox("Model", names, key=MODEL, disabled=disabled)


def _key(home: Home) -> str:
    """The key typed; the one that is set where none was, for the same address alone."""
    same = st.session_state[ADDRESS] == home.settings.text("base_url")
    return st.session_state[KEY] or (home.settings.text("api_key") if same else "")


def _fetch(home: Home) -> None:
    try:
        address = st.session_state[ADDRESS] or "https://api.openai.com/v1"
        st.session_state[MODELS] = models_at(address, _key(home))
    except FootnoteError as error:
        problem(str(error))
    else:
        st.rerun()


def _try(home: Home) -> None:
    model = OpenAIChat(
        st.session_state[ADDRESS] or None,
        _key(home),
        st.session_state[MODEL],
        timeout=home.settings.number("llm_timeout"),
    )
    began = time.monotonic()
    try:
        with st.spinner("Waiting for its answer …", show_time=True):
            reply = complete(model, _TRY, _TRY_TOKENS)
    except FootnoteError as error:
        problem(str(error))
    else:
        took = time.monotonic() - began
        st.session_state[TRIED] = f"It answers “{reply.strip()[:80]}” after {took:.1f} s."
        st.rerun()


def _save(home: Home) -> None:
    home.configure(
        {
            "base_url": st.session_state[ADDRESS].strip(),
            "api_key": _key(home),
            "model": st.session_state[MODEL].strip(),
        }
    )
    st.session_state[TRIED] = "Saved. Answers are written by it from now on."
    st.rerun()
