"""The row under an answer: thumbs, copy, export, and why these passages were read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.rendering.formatting import harmless
from footnote.rendering.results import markdown_body, markdown_note, marked
from footnote.web import components
from footnote.web.ask import why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from footnote.access import Access
    from footnote.web.ask.answer import Source
    from rag.records import Answer, Turn


def show(
    access: Access,
    turn: Turn,
    sources: Sequence[Source],
    collections: Sequence[int],
    rate: Callable[[int, int], None],
) -> None:
    """Draw the row; `rate` is called with the turn's id and 1, -1 or 0 (taken back)."""
    key = f"feedback-{turn.id}"

    def rated() -> None:
        rate(turn.id, {0: -1, 1: 1}.get(st.session_state[key], 0))

    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.feedback("thumbs", key=key, default={1: 1, -1: 0}.get(turn.feedback), on_change=rated)
        if not turn.answer.abstained:
            components.copy_button(
                key=f"copy-{turn.id}",
                data={"text": as_text(turn.answer, sources), "label": "Copy"},
                width="content",
            )
            st.download_button(
                "Export",
                data=as_markdown([(turn, sources)]),
                file_name="answer.md",
                mime="text/markdown",
                type="tertiary",
                on_click="ignore",
                key=f"export-{turn.id}",
            )
        label = "Why these passages?" if turn.answer.hits else "Why nothing?"
        if st.button(label, type="tertiary", key=f"why-{turn.id}"):
            why.show(access, turn.answer, collections)


def export_all(turns: Sequence[tuple[Turn, Sequence[Source]]]) -> None:
    """A button for the whole conversation as a file."""
    st.download_button(
        "Export the conversation",
        data=as_markdown(turns),
        file_name="conversation.md",
        mime="text/markdown",
        icon=":material/ios_share:",
        type="tertiary",
        on_click="ignore",
    )


def as_text(answer: Answer, sources: Sequence[Source]) -> str:
    """The answer and its footnotes as they are copied, with the marks that it is shown with."""
    notes = [f"[{source.n}] {source.name}: “{_line(source.quote)}”" for source in sources]
    return marked(answer) + "\n\n" + "\n".join(notes)


def as_markdown(turns: Sequence[tuple[Turn, Sequence[Source]]]) -> str:
    """Questions and answers as a Markdown file with footnotes, numbered through.

    What people, documents and models wrote is escaped: the file loads nothing where it is opened.
    """
    parts: list[str] = []
    notes: list[Any] = []
    for turn, sources in turns:
        offset = len(notes)
        body = markdown_body(turn.answer, offset)
        parts.append(
            f"## {harmless(turn.question)}\n\n{body or 'The documents do not answer this.'}"
        )
        if turn.answer.sentences:
            notes += [
                markdown_note(offset + source.n, source.name, source.quote) for source in sources
            ]
    return "\n\n".join(parts + notes) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
