"""Step 3 of a training: how long it will take, the start, and afterwards how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import count, duration
from footnote.web.server import session
from footnote.web.training import charts, time
from footnote.web.training.steps import started, trained
from training.fit.log import history

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run


def show(home: Home, run: Run) -> None:
    """Draw the step; nothing is at work on it now."""
    rows = history(run.folder)
    charts.curves(rows)
    if trained(run):
        if not run.request.recipe.learns:
            st.markdown(
                "The directions that all passages of the collection share count for less now, so"
                " that what tells them apart counts for more."
            )
        if run.request.recipe.queries_alone:
            st.markdown(
                "A map was learnt that brings questions nearer to their passages, which stay where"
                " they are."
                if run.kept
                else "Nothing that the questions taught served others for certain, so none was"
                " kept; the model is fitted to the collection."
            )
        if rows:
            first, last = rows[0], rows[-1]
            best = max(row["development"] or 0 for row in rows)
            learnt = f"from {first['development'] or 0:.3f} to {best:.3f}."
            if run.kept == 0:
                learnt = "no step was better for certain, so none was kept."
            st.markdown(
                f"{count(last['step'], 'step')} in {duration(last['seconds'])}. On documents that"
                f" it was not trained on, {learnt}"
            )
        return
    if started(run):
        st.markdown(f"Stopped after {count(rows[-1]['step'], 'step')} of {rows[-1]['steps']}.")
        st.button("Go on", type="primary", on_click=go_on, args=(run,), key="go-on")
        return
    time.show(home, run.request)
    word = "Start training" if run.request.recipe.learns else "Adapt and prove"
    st.button(word, type="primary", on_click=go_on, args=(run,), key="start")


def go_on(run: Run) -> None:
    """Have the run worked on from where it stands."""
    session.start_run("train", run)
