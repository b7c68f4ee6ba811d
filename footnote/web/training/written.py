"""Questions that a language model writes to the passages of a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.jobs import queue
from footnote.rendering.formatting import count, duration, plain
from footnote.rendering.results import synth_estimate_text
from footnote.runs import service
from footnote.web.server import session
from footnote.web.server.session import errors_shown, problem
from footnote.web.training.progress import cancel_button, share

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import Job

PASSAGES = 200  # offered at first
_AT_ONCE = 4  # calls, as `training.production.Pace` has them


def show(home: Home, collection: str) -> Path | None:
    """Draw what can be written, and what has been; the file to train on, where that is wanted."""
    file = service.written(home, collection)
    job = _newest(home, collection)
    if job is not None and job.active:
        _follow(home, collection)
        return None
    there = _lines(file) if file.exists() else 0
    chosen = bool(there) and st.checkbox(
        f"Questions written by the language model ({there:,})", value=True, key="use_written"
    )
    if home.llm is None:
        st.caption(
            "With a language model, to be set up on the page Settings, questions can be written to"
            " your passages, too."
        )
    else:
        if job is not None and job.state == "failed":
            problem(job.error)
        _offer(home, collection, file)
    return file if chosen else None


def _offer(home: Home, collection: str, file: Path) -> None:
    with st.popover("Have questions written", icon=":material/edit_note:"):
        st.markdown(
            f"{plain(home.settings.text('model'))} is shown passages of **{plain(collection)}** and"
            " writes questions to them. What was written before stays; this goes on from there."
        )
        passages = int(
            st.number_input("Passages", 1, 100_000, PASSAGES, step=100, key="passages_to_write_to")
        )
        with errors_shown():
            found = home.collection_synthesis(collection, file, passages).estimate()
            prices = (home.settings.amount(name) for name in ("price_in", "price_out"))
            st.caption(synth_estimate_text(found, _AT_ONCE, *prices))
            st.button(
                "Write them",
                type="primary",
                disabled=not found.calls,
                on_click=session.start,
                args=(
                    "write",
                    {"collection": collection, "file": str(file), "count": passages},
                ),
                key="write",
            )


@st.fragment(run_every=1.5)
def _follow(home: Home, collection: str) -> None:
    job = _newest(home, collection)
    if job is None or not job.active:
        st.rerun()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("The language model writes questions", width="stretch")
            cancel_button(job)
        st.progress(share(job.progress))
        st.caption(details(job.progress))


def details(progress: dict[str, Any]) -> str:
    """The line under the bar."""
    if not progress:
        return "Getting ready …"
    left = progress["seconds_left"]
    parts = (
        f"{progress['done']:,} of {count(progress['total'], 'passage')}",
        count(progress["examples"], "question"),
        f"{progress['rejected']:,} replies of no use" if progress["rejected"] else "",
        "" if left is None else f"{duration(left)} left",
    )
    return " · ".join(filter(None, parts))


def _newest(home: Home, collection: str) -> Job | None:
    found = queue.jobs(home, ("write",))
    return next((job for job in found if job.arguments["collection"] == collection), None)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
