"""How long a training will take, before it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import duration
from footnote.runs import estimate

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.home import Home
    from footnote.runs.estimate import Estimate, Size
    from training.runs import TrainingRequest


def show(home: Home, order: TrainingRequest, *, made: bool = True) -> None:
    """Draw the estimate of an order; `made` says whether the examples are there already.

    The pace of this computer is measured when someone asks for it, once.
    """
    collection = home.collection(order.collection).id
    embedder = home.registry.load(order.start)
    pace = estimate.known_pace(home, embedder)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        if pace is None:
            asked = st.button("How long will it take?", icon=":material/timer:", key="measure")
            st.caption("Measures this computer on a few passages: mostly under half a minute.")
        else:
            size = _size(
                home,
                collection,
                embedder.fingerprint,
                order.kinds,
                embedder,
                made=made,
                learns=order.recipe.learns,
            )
            st.markdown(said(estimate.estimate(pace, size, order.recipe)), width="stretch")
            asked = st.button(
                ":material/refresh:", type="tertiary", key="measure", help="Measure again"
            )
    if asked:
        with st.spinner("Measuring how fast this computer reads and learns …", show_time=True):
            sources = estimate.sample(home.store, collection)
            estimate.pace(home, embedder, sources, again=True)
        st.rerun()


@st.cache_data(max_entries=50, ttl=600, show_spinner="Counting …")
def _size(
    _home: Home,
    collection: int,
    fingerprint: str,
    kinds: tuple[str, ...],
    _embedder: Embedder,
    *,
    made: bool,
    learns: bool,
) -> Size:
    return estimate.size(_home, collection, _embedder, kinds, 0 if made else None, learns=learns)


def said(found: Estimate) -> str:
    """The estimate in two sentences."""
    low, high = found.total
    parts = (
        ("examples", found.examples),
        ("training", found.training[1]),
        ("proof", found.proof),
        ("switch", found.switch),
    )
    early = " It ends where nothing improves." if found.training[1] else ""
    split = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts if seconds)
    return (
        f":material/timer: **Between {duration(low)} and {duration(high)}** on this computer, if"
        f" nothing else keeps it busy. :gray[At most {split}.{early}]"
    )
