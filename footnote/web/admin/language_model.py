"""The page *Settings*: the language model that may write answers, set up and tried out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from embedder.errors import FootnoteError
from footnote.rendering.formatting import plain
from footnote.web.language import _
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
        st.title(_("Settings"), anchor=False)
        st.subheader(_("Language model"), anchor=False)
        st.markdown(_in_use(home))
        _fill(home)
        _nearby()
        _form(home)
        if said := st.session_state.pop(TRIED, ""):
            st.success(plain(said), icon=":material/check:")


def _in_use(home: Home) -> str:
    model, address = home.settings.text("model"), home.settings.text("base_url")
    if home.llm is None:
        return _(
            "None: answers are quoted word for word. With one, they are written from the same "
            "passages, and each sentence is checked against what it cites."
        )
    return _("In use: **{model}** at {address}.").format(
        model=plain(model or _("no model named")), address=plain(address or "OpenAI")
    )


def _fill(home: Home) -> None:
    """Begin with what is set; typed values stay."""
    st.session_state.setdefault(ADDRESS, home.settings.text("base_url"))
    st.session_state.setdefault(KEY, "")
    st.session_state.setdefault(MODEL, home.settings.text("model"))


@st.fragment
def _nearby() -> None:
    """Servers found on this machine, offered and never used by themselves."""
    if not st.button(_("Look for a server on this computer"), icon=":material/search:"):
        return
    with st.spinner(_("Looking at the usual ports of Ollama and LM Studio …")):
        found = local_servers()
    if not found:
        st.caption(_("None answers. Start Ollama or LM Studio, or type an address below."))
    for server in found:
        st.markdown(
            _("{server} answers, with {n} models.").format(server=server.name, n=len(server.models))
        )
        st.button(
            _("Fill in {server}").format(server=server.name),
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
        _("Address"),
        key=ADDRESS,
        placeholder="http://localhost:11434/v1",
        disabled="base_url" in fixed,
        help=_("Of any server that speaks OpenAI's protocol; empty for OpenAI itself."),
    )
    st.text_input(
        _("Key"),
        key=KEY,
        type="password",
        placeholder=_("unchanged") if home.settings.text("api_key") else _("none"),
        disabled="api_key" in fixed,
        help=_("Kept in settings.toml in the home, readable by its owner alone."),
    )
    _model(disabled="model" in fixed)
    if fixed & {"base_url", "api_key", "model"}:
        st.caption(_("What is greyed out is set in the environment, which goes first."))
    with st.container(horizontal=True):
        save = st.button(_("Save and use"), type="primary")
        fetch = st.button(_("Fetch the list of models"))
        attempt = st.button(_("Try it out"))
        end = home.llm is not None and st.button(_("Use none"))
    if fetch:
        _fetch(home)
    if attempt:
        _try(home)
    if save:
        _save(home)
    if end:
        home.configure({"base_url": "", "api_key": "", "model": ""})
        st.session_state[TRIED] = _("Answers are quoted from now on.")
        for key in (ADDRESS, KEY, MODEL, MODELS):
            st.session_state.pop(key, None)
        st.rerun()


def _model(*, disabled: bool) -> None:
    names = list(st.session_state.get(MODELS, ()))
    if not names:
        st.text_input(_("Model"), key=MODEL, placeholder="qwen3:8b", disabled=disabled)
        return
    if st.session_state[MODEL] not in names:
        names.insert(0, st.session_state[MODEL])
    st.selectbox(_("Model"), names, key=MODEL, disabled=disabled)


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
        with st.spinner(_("Waiting for its answer …"), show_time=True):
            reply = complete(model, _TRY, _TRY_TOKENS)
    except FootnoteError as error:
        problem(str(error))
    else:
        took = time.monotonic() - began
        st.session_state[TRIED] = _("It answers “{reply}” after {seconds} s.").format(
            reply=reply.strip()[:80], seconds=f"{took:.1f}"
        )
        st.rerun()


def _save(home: Home) -> None:
    home.configure(
        {
            "base_url": st.session_state[ADDRESS].strip(),
            "api_key": _key(home),
            "model": st.session_state[MODEL].strip(),
        }
    )
    st.session_state[TRIED] = _("Saved. Answers are written by it from now on.")
    st.rerun()
