"""Step 5 of a training: the switch, the way back, and what is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain
from footnote.runs import service
from footnote.web.server import session
from footnote.web.server.session import errors_shown
from footnote.web.training.history import open_run
from footnote.web.training.in_use import confirm_way_back
from footnote.web.training.start import go_on

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run


def show(home: Home, run: Run) -> None:
    """Draw what can be done with the trained model."""
    collection = run.request.collection
    if run.outcome == "promoted":
        _in_use(home, run)
    elif run.outcome == "balanced":
        _balanced(home, run)
    elif run.outcome == "rejected" or (run.outcome == "rolled back" and not _holds(run)):
        _not_used(home, run)
    elif not run.outcome and run.request.promote:
        st.markdown("The proof is there; the switch has not come to its end.")
        st.button("Go on", type="primary", on_click=go_on, args=(run,), key="go-on")
    elif service.may_switch(run):
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Switch to it", type="primary", icon=":material/swap_horiz:", key="switch"
            ):
                _switch(home, run)
            if st.button("Do not use it", type="tertiary", key="reject"):
                service.reject(home, run, session.access().person.name)
                st.rerun()
        st.caption(
            f"All of {plain(collection)} is read by the new model first, while the old one goes on"
            " answering; then it takes over at once. You can go back at any time."
        )


def _in_use(home: Home, run: Run) -> None:
    collection = run.request.collection
    if collection in service.names_in_use(home).get(run.id, ()):
        st.markdown(f":material/check_circle: {plain(collection)} is searched with this model.")
        if st.button("Go back to the model before", icon=":material/undo:", key="go-back"):
            confirm_way_back(home, collection)
    else:
        st.markdown(f"{plain(collection)} was searched with it; another model is in use by now.")


def _holds(run: Run) -> bool:
    return run.proof is not None and run.proof.holds


def _not_used(home: Home, run: Run) -> None:
    st.markdown("The model was not switched to. Its vectors are gone; the proof is kept.")
    if (
        run.proof is not None
        and run.proof.balances
        and st.button(
            "Weigh meaning as the questions say", icon=":material/balance:", key="balance"
        )
    ):
        with errors_shown():
            service.balance(home, run, session.access().person.name)
            st.rerun()


def _balanced(home: Home, run: Run) -> None:
    collection, now = run.request.collection, service.balanced_by(home, run.request.collection)
    if now is not None and now.id == run.id:
        st.markdown(
            f":material/check_circle: {plain(collection)} is searched with the model that it had;"
            " how much meaning counts beside words is as this training's questions say."
        )
        if st.button("Weigh it as before", icon=":material/undo:", key="go-back"):
            with errors_shown(), st.spinner("Going back …", show_time=True):
                service.rollback(home, collection, session.access().person.name)
                st.rerun()
    else:
        st.markdown("The weight of meaning that it found was in use; another one is by now.")


def _switch(home: Home, run: Run) -> None:
    service.allow_switch(home, run)
    session.start_run("train", run)
    st.rerun()


def offer_removal(home: Home, run: Run, *, working: bool) -> None:
    """A button that removes the run, while nothing works on it."""
    if not working and st.button(
        "Delete this training", icon=":material/delete:", type="tertiary", key="delete-run"
    ):
        confirm_removal(home, run)


@st.dialog("Delete for good?")
def confirm_removal(home: Home, run: Run) -> None:
    """Ask, remove the run, and go back to all of them."""
    st.markdown(
        "Its examples, its model, the vectors that the model made and its proof will be removed."
    )
    if st.button("Delete", type="primary", key="confirm-delete"):
        with errors_shown(), st.spinner("Deleting …"):
            service.remove(home, run, session.access().person.name)
            open_run("")
            st.rerun()
