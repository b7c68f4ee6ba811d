"""Step 4 of a training: what was gained, with what certainty, and question by question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import streamlit as st

from footnote.rendering.formatting import count, ordinal, plain
from footnote.rendering.results import kept_out, snippet
from footnote.web import paging
from footnote.web.training import charts
from footnote.web.training.charts import SIDES
from footnote.web.training.start import go_on
from footnote.web.training.words import ORIGINS
from indexer.store.errors import UnknownDocumentError
from training.evaluation.proof import gain_at, points

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.records import Passage
    from training.evaluation.proof import Comparison, Proof
    from training.runs import Run

Change = Literal["all", "better", "worse"]
ROWS = 8
FIRST = "first_comparison"  # session state


def show(home: Home, run: Run) -> None:
    """Draw the proof, or a button to go on to it."""
    proof = run.proof
    if proof is None:
        st.markdown("Training is done; the proof has not come to its end.")
        st.button("Go on", type="primary", on_click=go_on, args=(run,), key="go-on")
        return
    st.markdown(
        f"{count(proof.queries, 'question')} {kept_out(proof)}, asked"
        " of both models. Out of 100 points (nDCG@10) a question gets all where its passage comes"
        " first, fewer further down, none after the tenth place."
    )
    left, right = st.columns([5, 4], gap="medium", vertical_alignment="center")
    with left:
        st.dataframe(table(proof), hide_index=True)
    with right:
        charts.gains(proof)
    icon = ":material/check_circle:" if proof.holds else ":material/block:"
    said = plain(proof.verdict[:1].upper() + proof.verdict[1:])
    st.markdown(f"{icon} **{plain(proof.in_words)}.**")
    st.markdown(f"{said}.")
    if proof.advice:
        st.info(plain(proof.advice) + ".", icon=":material/lightbulb:")
    _questions(home, proof)


def table(proof: Proof) -> list[dict[str, str]]:
    """Before, after and gain of each way of searching, in points of a hundred."""
    rows = [
        {
            "Searching": f"{title} ({side})",
            "Before": f"{100 * proof.before[side]:.1f}",
            "After": f"{100 * proof.after[side]:.1f}",
            "Gain (95 % interval)": points(getattr(proof, f"{side}_gain")),
        }
        for side, title in SIDES
    ]
    words = f"{100 * proof.keyword['ndcg@10']:.1f}"
    return [
        *rows,
        {
            "Searching": "By words (BM25)",
            "Before": words,
            "After": words,
            "Gain (95 % interval)": "—",
        },
    ]


def changes(proof: Proof, side: str, which: Change) -> list[Comparison]:
    """The questions in the order of how much changes for them, the most first."""
    found = [
        one
        for one in proof.comparisons
        if which == "all"
        or (change(one, side) != 0 and (change(one, side) > 0) == (which == "better"))
    ]
    return sorted(found, key=lambda one: (-abs(change(one, side)), -abs(_places(one, side))))


def change(one: Comparison, side: str) -> float:
    """What a question gains, between -1 and 1; past the tenth place a place still counts a bit."""
    gain = gain_at(getattr(one, f"{side}_after")) - gain_at(getattr(one, f"{side}_before"))
    return gain or 1e-6 * _places(one, side)


def _places(one: Comparison, side: str) -> int:
    return getattr(one, f"{side}_before") - getattr(one, f"{side}_after")


def _questions(home: Home, proof: Proof) -> None:
    st.markdown("##### Question by question")
    with st.container(horizontal=True, vertical_alignment="center"):
        side = st.segmented_control(
            "Way of searching",
            [name for name, _ in SIDES],
            format_func=dict(SIDES).__getitem__,
            default="dense",
            required=True,
            label_visibility="collapsed",
            key="proof_side",
            on_change=paging.turn,
            args=(FIRST,),
        )
        sizes = {which: len(changes(proof, side, which)) for which in get_args(Change)}
        which = st.segmented_control(
            "Change",
            list(sizes),
            format_func=lambda one: f"{one.capitalize()} {sizes[one]:,}",
            default="all",
            required=True,
            label_visibility="collapsed",
            key="proof_change",
            on_change=paging.turn,
            args=(FIRST,),
        )
    found = changes(proof, side, which)
    if not found:
        st.markdown(f"No question is answered {which}." if which != "all" else "No question.")
        return
    first = paging.first(FIRST, len(found), ROWS)
    here = found[first : first + ROWS]
    passages = home.store.passages({n for one in here for n in (one.passage, *firsts(one, side))})
    for one in here:
        _question(home, one, side, passages)
    paging.buttons(FIRST, len(found), ROWS, "question")


def firsts(one: Comparison, side: str) -> tuple[int, int]:
    """The passages that come first, before and after; 0 where that was not kept."""
    return getattr(one, f"{side}_first_before"), getattr(one, f"{side}_first_after")


def _question(home: Home, one: Comparison, side: str, passages: Mapping[int, Passage]) -> None:
    passage = passages.get(one.passage)
    before, after = getattr(one, f"{side}_before"), getattr(one, f"{side}_after")
    colour: Literal["green", "red", "gray"] = (
        "green" if after < before else "red" if after > before else "gray"
    )
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.question)}**", width="stretch")
            st.badge(f"{ordinal(before)} → {ordinal(after)}", color=colour)
        if passage is None:
            st.caption("The passage that it seeks was deleted since.")
            return
        st.caption(
            f"{plain(_title(home, passage))} · {ORIGINS.get(one.origin, plain(one.origin))}"
            f" · by words {ordinal(one.keyword)}"
        )
        st.markdown(f":gray[{plain(snippet(passage.text, 320))}]")
        _what_comes_first(home, one, side, passages)


def _what_comes_first(
    home: Home, one: Comparison, side: str, passages: Mapping[int, Passage]
) -> None:
    """Where another passage comes first than before: which one did, and which one does."""
    was, now = firsts(one, side)
    if was == now:
        return
    for when, number in (("First before", was), ("First now", now)):
        passage = passages.get(number)
        if number == one.passage:
            said = "this passage"
        elif passage is None:
            said = "a passage that was deleted since"
        else:
            said = f"{plain(_title(home, passage))}: {plain(snippet(passage.text, 140))}"
        st.caption(f"**{when}** · {said}")


def _title(home: Home, passage: Passage) -> str:
    try:
        return home.store.document(passage.document).title
    except UnknownDocumentError:
        return "deleted"
