"""Step 2 of a training: its examples as a table, to be corrected, dropped and added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.runs import example_pages
from footnote.runs.example_pages import ExamplePages
from footnote.web import paging
from footnote.web.training.steps import started
from footnote.web.training.words import SOURCES, source_name
from training.data.examples import Example

if TYPE_CHECKING:
    from footnote.home import Home
    from training.runs import Run

ROWS = 20
ROW_HEIGHT = 76  # pixels; cells are wrapped from 65 on
QUESTION, PASSAGE, NEGATIVE, SOURCE = "Question", "Passage", "Not this one", "Source"
BY_HAND, ALL = "by hand", "*"
FIRST, ROUND = "first_example", "examples_round"  # session state
COLUMNS = {
    QUESTION: st.column_config.TextColumn(required=True, width="medium"),
    PASSAGE: st.column_config.TextColumn(
        required=True, width="large", help="The passage that answers the question."
    ),
    NEGATIVE: st.column_config.TextColumn(
        width="medium", help="A passage that looks as if it answered, and does not."
    ),
    SOURCE: st.column_config.TextColumn(disabled=True, width="small"),
}


@dataclass(frozen=True, slots=True)
class Edits:
    """What was done to a page of the table, by the numbers of the examples."""

    changed: dict[int, Example]
    dropped: tuple[int, ...]
    added: tuple[Example, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.dropped or self.added)


def show(home: Home, run: Run) -> None:
    """Draw the table; once anything was trained the examples stay as they are."""
    if not run.request.recipe.learns:
        st.markdown("Adapting needs no examples.")
        return
    pages = _pages(run.examples, run.examples.stat().st_mtime_ns)
    counts = pages.counts
    if not counts:
        st.warning(
            "No example was left: none of the passages was found again by its question. Order a"
            " training with other sources, or with examples of your own.",
            icon=":material/info:",
        )
        return
    source = _source(counts)
    numbers = pages.numbers(source)
    first = paging.first(FIRST, len(numbers), ROWS)
    here = numbers[first : first + ROWS]
    examples = pages.read(here)
    if started(run):
        st.dataframe(
            [row(one) for one in examples],
            hide_index=True,
            column_config=COLUMNS,
            row_height=ROW_HEIGHT,
        )
        paging.buttons(FIRST, len(numbers), ROWS, "example")
        return
    key = f"examples-{run.examples.stat().st_mtime_ns}-{source}-{first}-{_round()}"
    st.data_editor(
        [row(one) for one in examples],
        num_rows="dynamic",
        hide_index=True,
        column_config=COLUMNS,
        row_height=ROW_HEIGHT,
        height=min(ROW_HEIGHT * len(examples) + 100, 640),
        key=key,
    )
    found = edits(st.session_state.get(key, {}), here, examples)
    _saving(run.examples, found)
    locked = "Save or discard the changes first." if found else ""
    paging.buttons(FIRST, len(numbers), ROWS, "example", locked=locked)


def row(example: Example) -> dict[str, str]:
    """An example as the table shows it."""
    return {
        QUESTION: example.query,
        PASSAGE: example.positive,
        NEGATIVE: example.negatives[0] if example.negatives else "",
        SOURCE: source_name(example.source),
    }


def edits(state: Mapping[str, Any], numbers: Sequence[int], examples: Sequence[Example]) -> Edits:
    """What the table's state says about the examples of these numbers.

    Raises `ExampleFileError` where a question or a passage was left blank.
    """
    changed = {
        numbers[place]: _changed(examples[place], values)
        for place, values in state.get("edited_rows", {}).items()
    }
    dropped = tuple(numbers[place] for place in state.get("deleted_rows", ()))
    added = tuple(
        _changed(Example("?", "?", source=BY_HAND), {QUESTION: "", PASSAGE: ""} | values)
        for values in state.get("added_rows", ())
    )
    return Edits(changed, dropped, added)


def _changed(example: Example, values: Mapping[str, str | None]) -> Example:
    negatives = example.negatives
    if NEGATIVE in values:
        first = (values[NEGATIVE] or "").strip()
        negatives = ((first,) if first else ()) + negatives[1:]
    return replace(
        example,
        query=values.get(QUESTION, example.query) or "",
        positive=values.get(PASSAGE, example.positive) or "",
        negatives=negatives,
    )


@st.cache_resource(max_entries=4, show_spinner="Counting …")
def _pages(path: Path, modified: int) -> ExamplePages:
    return ExamplePages(path)


def _source(counts: dict[str, int]) -> str | None:
    """Draw the counts by source, which are a filter too; the one chosen, None for all."""
    total = sum(counts.values())
    chosen = st.pills(
        "Sources",
        [ALL, *counts],
        format_func=lambda one: (
            f"All {total:,}" if one == ALL else f"{source_name(one)} {counts[one]:,}"
        ),
        default=ALL,
        label_visibility="collapsed",
        key="example_source",
        required=True,
        on_change=paging.turn,
        args=(FIRST,),
    )
    if chosen == ALL:
        return None
    st.caption(f"{source_name(chosen)}: {SOURCES.get(chosen, ('', 'from your file'))[1]}.")
    return chosen


def _saving(path: Path, found: Edits) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if not found:
            st.caption(
                "Click twice into a cell to correct it, tick rows to drop them, add below the last."
            )
            return
        if st.button("Save the changes", type="primary", key="save-examples"):
            example_pages.save(path, found.changed, found.dropped, found.added)
            st.toast("Saved.", icon=":material/check:")
            st.rerun()
        st.button("Discard", type="tertiary", on_click=_discard, key="discard-examples")
        said = (
            f"{len(found.changed):,} corrected" if found.changed else "",
            f"{len(found.dropped):,} dropped" if found.dropped else "",
            f"{len(found.added):,} added" if found.added else "",
        )
        st.caption(" · ".join(filter(None, said)))


def _round() -> int:
    return st.session_state.get(ROUND, 0)


def _discard() -> None:
    st.session_state[ROUND] = _round() + 1
