"""The page *Training*: five steps from documents to a search model that is proved to be better."""

from __future__ import annotations

import streamlit as st

from footnote.web.server import session
from footnote.web.training import history, in_use, multilingual, order, run
from footnote.web.training.steps import STEPS


def show() -> None:
    """Draw the page: one run where the address names one (`?run=`), else all."""
    chosen = st.query_params.get("run")
    with session.errors_shown(), st.container(key="training"):
        home = session.access().everything()
        if chosen:
            run.show(home, chosen)
            return
        st.title("Training", anchor=False)
        st.caption(
            "The search model learns the language of your documents. It takes over only where it"
            " is measured to find more, and every switch can be undone."
        )
        with session.errors_shown():
            in_use.show(home)
            multilingual.show(home)
            st.subheader("New training", anchor=False)
            _five_steps()
            order.show(home)
            history.show(home)


def _five_steps() -> None:
    """What will happen, before it is ordered."""
    for column, step in zip(st.columns(len(STEPS), gap="small"), STEPS, strict=True):
        with column.container(border=True, gap=None, height="stretch"):
            st.markdown(f"**{step.number} {step.title}**")
            st.caption(step.what)
