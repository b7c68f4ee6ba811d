"""The multilingual model on the page: what is accepted, its installation, and the switch to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.additions import terms
from footnote.additions.add import installed
from footnote.jobs import queue
from footnote.languages import suggestions
from footnote.rendering.formatting import count, listed, plain
from footnote.runs import service
from footnote.web.server import session
from footnote.web.server.session import problem

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import Job

_KINDS = ("add", "switch")


def show(home: Home) -> None:
    """Draw a line that offers it, or what is being done about it."""
    jobs = queue.jobs(home, _KINDS)
    if any(job.active for job in jobs):
        _running(home)
        return
    if jobs and jobs[0].state == "failed":
        problem(jobs[0].error)
    name = installed(home)
    for one in suggestions(home):
        st.info(
            f"**{plain(one.collection)}** holds documents in {plain(listed(one.languages))}, which"
            " its model hardly knows. The multilingual one finds more in them.",
            icon=":material/translate:",
        )
    if not name:
        if st.button("Add the multilingual model", icon=":material/translate:", key="add-model"):
            confirm_terms()
        return
    using = service.names_in_use(home).get(name, [])
    others = [one.name for one in home.store.collections() if one.name not in using]
    if others:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Search with the multilingual model", others, key="switch-of")
            if st.button("Switch to it", icon=":material/swap_horiz:", key="switch-model"):
                session.start("switch", {"collection": chosen, "embedder": name})
                st.rerun()


@st.dialog("The terms of the multilingual model")
def confirm_terms() -> None:
    """Say what is accepted, and have it installed."""
    st.markdown(terms.WHAT)
    st.markdown("\n".join(f"- {point}" for point in terms.POINTS))
    with st.expander("The terms themselves"):
        st.text(terms.TEXT.read_text(encoding="utf-8"))
    st.caption(terms.SIZE)
    accepted = st.checkbox("I accept the Gemma Terms of Use", key="accept-terms")
    if st.button("Add it", type="primary", disabled=not accepted, key="confirm-add"):
        session.start("add", {})
        st.rerun()


@st.fragment(run_every=1.0)
def _running(home: Home) -> None:
    active = [job for job in queue.jobs(home, _KINDS) if job.active]
    for job in active:
        with st.container(border=True, key=f"model-job-{job.id}"):
            st.markdown(f"**{_title(job)}**")
            st.progress(_share(job))
            st.caption(_details(job))
    if not active:
        st.rerun()


def _title(job: Job) -> str:
    if job.kind == "add":
        return "Adding the multilingual model"
    return f"{plain(job.arguments['collection'])} is read by {plain(job.arguments['embedder'])}"


def _share(job: Job) -> float:
    total = job.progress.get("total", 0)
    return min(job.progress.get("done", 0) / total, 1.0) if total else 0.0


def _details(job: Job) -> str:
    if "total" in job.progress:
        passages = count(job.progress["total"], "passage")
        return f"{job.progress.get('done', 0):,} of {passages}; until then the old model answers"
    return str(job.progress.get("what", "Getting ready …"))
