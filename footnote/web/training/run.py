"""One training: its five steps as cards, each with what it is, how far it is, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.jobs import queue
from footnote.rendering.formatting import count, plain, when
from footnote.runs import service
from footnote.runs.example_pages import ExamplePages
from footnote.web.server.session import errors_shown, problem
from footnote.web.training import examples, order, progress, proof, start, switch
from footnote.web.training.history import open_run
from footnote.web.training.steps import STEPS, Standing, Step, standing
from footnote.web.training.words import embedder_name, outcome
from training.fit.log import history

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import Job
    from training.runs import Run

ICONS = {
    "done": ":material/check_circle:",
    "working": ":material/progress_activity:",
    "now": ":material/radio_button_checked:",
    "later": ":material/radio_button_unchecked:",
}
BODIES = {
    1: order.show_made,
    2: examples.show,
    3: start.show,
    4: proof.show,
    5: switch.show,
}


def show(home: Home, identifier: str) -> None:
    """Draw the run, or say that there is none."""
    st.button(
        "Training", icon=":material/arrow_back:", type="tertiary", on_click=open_run, args=("",)
    )
    with errors_shown():
        run = service.runs(home).get(identifier)
        job = queue.of_run(home, run.id)
        now = standing(run, job)
        order = run.request
        st.title(f"Training on {plain(order.collection)}", anchor=False)
        st.caption(
            f"Ordered {when(order.made_at)} · starts from {embedder_name(home, order.start)}"
            f" · {run.id}"
        )
        _stopped(job)
        for step in STEPS:
            _card(home, run, now, step)
        switch.offer_removal(home, run, working=now.working)


def _stopped(job: Job | None) -> None:
    """Why the last work on the run ended before its end."""
    if job is not None and job.state == "failed":
        problem(job.error)
    if job is not None and job.state == "cancelled":
        st.info("Stopped. What was done until then stays; go on whenever you like.")


def _card(home: Home, run: Run, now: Standing, step: Step) -> None:
    """A step: a line that says how far it is, and its details where they are open."""
    state = now.state(step)
    is_open = step.number in _opened(run, now)
    with st.container(border=True, key=f"step-{state}-{step.number}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{ICONS[state]} **{step.number} {step.title}**", width="content")
            said = _result(run, step) if state == "done" else step.what
            st.markdown(f":gray[{said}]", width="stretch")
            if state != "later":
                st.button(
                    "Hide" if is_open else "Show",
                    type="tertiary",
                    key=f"show-{step.number}",
                    on_click=_toggle,
                    args=(run, now, step.number),
                )
        if is_open and state == "working":
            progress.follow(home, run, step)
        elif is_open and state != "later":
            with errors_shown():
                BODIES[step.number](home, run)


def _result(run: Run, step: Step) -> str:
    """What came of a step, in a line."""
    if not run.request.recipe.learns and step.number < 4:
        return ("None needed", "None needed", "Adapted")[step.number - 1]
    if step.number == 1:
        return count(sum(ExamplePages(run.examples).counts.values()), "example")
    if step.number == 2:
        return "Taken as they are"
    if step.number == 3:
        rows = history(run.folder)
        return count(rows[-1]["step"], "step") if rows else ""
    if step.number == 4:
        return "The new model is better" if run.proof and run.proof.holds else "Not better for sure"
    said = outcome(run)
    return said[:1].upper() + said[1:]


def _opened(run: Run, now: Standing) -> tuple[int, ...]:
    """The open steps: those worth seeing, until somebody opens and closes others."""
    moment, chosen = st.session_state.get(f"steps-{run.id}", (None, ()))
    return chosen if moment == now else now.open


def _toggle(run: Run, now: Standing, number: int) -> None:
    opened = set(_opened(run, now)) ^ {number}
    st.session_state[f"steps-{run.id}"] = (now, tuple(sorted(opened)))
