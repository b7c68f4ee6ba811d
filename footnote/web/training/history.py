"""All runs of a home, newest first, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.jobs import queue
from footnote.rendering.formatting import duration, plain, when
from footnote.runs import service
from footnote.web import paging
from footnote.web.training.words import outcome
from training.evaluation.proof import points
from training.fit.log import history

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run

ROWS = 10  # a run's proof is read to show its gain
FIRST = "first_run"  # session state: the page that is open
_WIDTHS = (2, 2, 2.4, 1.6, 2.4)


def show(home: Home) -> None:
    """Draw the table; a click on a run's date opens it."""
    runs = list(service.runs(home))
    if not runs:
        return
    st.subheader("Earlier trainings", anchor=False)
    first = paging.first(FIRST, len(runs), ROWS)
    with st.container(border=True, gap="small", key="runs"):
        heads = ("Ordered", "Collection", "What became of it", "Training", "Gain by meaning")
        for column, head in zip(st.columns(_WIDTHS), heads, strict=True):
            column.caption(head)
        for run in runs[first : first + ROWS]:
            _row(home, run)
    paging.buttons(FIRST, len(runs), ROWS, "training")


def open_run(run: str) -> None:
    """Go to a run; '' goes back to all."""
    st.query_params["run"] = run
    if not run:
        del st.query_params["run"]


def _row(home: Home, run: Run) -> None:
    job, order, proof = queue.of_run(home, run.id), run.request, run.proof
    working = job is not None and job.active
    columns = st.columns(_WIDTHS, vertical_alignment="center")
    columns[0].button(
        when(order.made_at),
        type="tertiary",
        key=f"open-{run.id}",
        on_click=open_run,
        args=(run.id,),
    )
    columns[1].markdown(plain(order.collection))
    columns[2].markdown(":material/progress_activity: at work" if working else outcome(run))
    columns[3].markdown(_took(run))
    columns[4].markdown(points(proof.dense_gain) if proof else "—")


def _took(run: Run) -> str:
    rows = history(run.folder)
    return duration(rows[-1]["seconds"]) if rows else "—"
