"""The work on a run while it goes on: what is done, how far it is, how much longer it takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.jobs import queue
from footnote.rendering.formatting import count, duration
from footnote.web.server import session
from footnote.web.training import charts
from footnote.web.training.steps import TRAIN, Step, standing
from training.fit.log import history

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import Job
    from training.runs import Run

DOING = {
    "writing": "Asking questions about passages",
    "examples": "Looking through examples: those whose passage is not found again are dropped",
    "training": "Training",
    "embedding": "Reading the passages of the proof with both models",
    "proof": "Asking both models the questions of the proof; mostly one to three minutes",
    "switching": "Reading the collection with the new model; the old one answers meanwhile",
}
THINGS = {
    "writing": "passage",
    "examples": "example",
    "training": "step",
    "embedding": "passage",
    "switching": "passage",
}


@st.fragment(run_every=1.5)
def follow(home: Home, run: Run, step: Step) -> None:
    """Draw the work on this step until it ends, or another step is worked on."""
    job = queue.of_run(home, run.id)
    now = standing(run, job)
    if job is None or not now.working or now.step != step:
        st.rerun()  # the page is to be drawn anew, with what came of it
    with st.container(horizontal=True, vertical_alignment="center"):
        behind = job.state == "waiting" and queue.is_behind(home, job)
        st.markdown(doing(job, behind=behind), width="stretch")
        cancel_button(job)
    st.progress(share(job.progress))
    st.caption(details(job))
    if step == TRAIN:
        charts.curves(history(run.folder))
    st.caption("This goes on when you leave the page, and when the app is closed.")


def cancel_button(job: Job) -> None:
    """Draw the button that stops a job."""
    st.button(
        "Stopping …" if job.state == "cancelling" else "Stop",
        disabled=job.state == "cancelling",
        key=f"cancel-{job.id}",
        on_click=session.access().cancel,
        args=(job.id,),
    )


def doing(job: Job, *, behind: bool) -> str:
    """What is done just now; `behind` is whether other work has to end first."""
    if behind:
        return "Waiting for its turn: one piece of work is done after the other"
    return DOING.get(job.progress.get("stage", ""), "Getting ready …")


def share(progress: dict[str, Any]) -> float:
    """How much of the stage is done, 0 to 1."""
    total = progress.get("total", 0)
    return min(progress.get("done", 0) / total, 1.0) if total else 0.0


def details(job: Job, now: float | None = None) -> str:
    """The line under the bar: how much is done, since when, how much longer it takes."""
    progress = job.progress
    since = duration(max(0.0, (now or time.time()) - job.created_at))
    if job.state == "waiting":
        return f"Ordered {since} ago"
    passed = f"for {since}"
    thing = THINGS.get(progress.get("stage", ""))
    if thing is None or progress["total"] < 2:
        return f"At work {passed}"
    left = progress.get("seconds_left")
    parts = (
        f"{progress['done']:,} of {count(progress['total'], thing)}",
        "" if left is None else f"{duration(left)} left for this part",
        f"at work {passed}",
    )
    return " · ".join(filter(None, parts))
