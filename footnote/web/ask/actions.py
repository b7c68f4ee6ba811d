"""The row under an answer: thumbs, copy, export, why these passages were read, asking anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from embedder.errors import FootnoteError
from footnote.rendering.exchanges import Exchange, QuotedSource
from footnote.rendering.formatting import harmless
from footnote.rendering.highlight import highlighted
from footnote.rendering.pdf_file import pdf_file
from footnote.rendering.results import markdown_body, markdown_note, marked
from footnote.rendering.word_file import word_file
from footnote.web.ask import why
from footnote.web.ask.answer import sources as sources_of
from footnote.web.components import dialog
from footnote.web.language import _
from footnote.web.page_view import DPI

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from footnote.access import Access
    from footnote.rendering.exchanges import Picture
    from footnote.web.ask.answer import Source
    from indexer.records import Span
    from rag.history import History
    from rag.records import Answer, Turn

WRONG = "what_was_wrong"  # session state: the turn whose reader is asked
OPENED = "opened_of_answer"  # session state: what was pressed, and of which turn
SAVE, WHY, EDIT = "save", "why", "edit"
_RATINGS = {"up": 1, "down": -1, "none": 0}
REASONS = ("Not what I asked", "Wrong", "Incomplete", "Out of date")


def row(turn: Turn, sources: Sequence[Source]) -> dict[str, Any]:
    """The row of buttons under an answer. What could not be kept cannot be rated."""
    kept, answered = turn.id > 0, not turn.answer.abstained
    buttons = []
    if answered:
        buttons.append([SAVE, _("Save")])
    if kept:
        buttons.append([WHY, _("Why these passages?") if turn.answer.hits else _("Why nothing?")])
    buttons.append([EDIT, _("Change the question")])
    return {
        "rated": turn.feedback if kept else None,
        "copied": as_text(turn.answer, sources) if answered else "",
        "buttons": buttons,
    }


def press(turn: Turn, name: str, history: History) -> None:
    """Do what a button of the row is for; what it opens is drawn in the next run."""
    if name in _RATINGS:
        history.rate(turn.id, _RATINGS[name])
        st.session_state[WRONG] = turn.id if name == "down" else None
    else:
        st.session_state[OPENED] = (name, turn.id)


def show(
    access: Access,
    turn: Turn,
    collections: Sequence[int] | None,
    history: History,
    again: Callable[[str], None],
) -> None:
    """Draw what a button of the row has opened, once; who puts a thumb down is asked for more."""
    if st.session_state.get(WRONG) == turn.id:
        _ask_what_was_wrong(turn, history)
    name, of = st.session_state.get(OPENED, ("", 0))
    if of != turn.id:
        return
    del st.session_state[OPENED]
    if name == SAVE:
        _save_dialog(access, turn)
    elif name == WHY:
        why.show(access, turn.answer, collections)
    elif name == EDIT:
        _edit(turn.question, again)


@dialog("Save the answer")
def _save_dialog(access: Access, turn: Turn) -> None:
    _files(access, [turn], "answer", f"{turn.id}")


@dialog("Change the question")
def _edit(question: str, again: Callable[[str], None]) -> None:
    with st.form("edit_question", border=False):
        text = st.text_area(_("Question"), value=question, max_chars=2000, height="content")
        if st.form_submit_button(_("Ask"), type="primary") and text.strip():
            again(text)
            st.rerun()


def _ask_what_was_wrong(turn: Turn, history: History) -> None:
    """Four chips and a line; what is said is kept with the thumb."""

    def tell() -> None:
        said = [*(st.session_state.get(chips) or ()), st.session_state.get(line) or ""]
        history.rate(turn.id, -1, " · ".join(filter(None, said)))

    chips, line = f"wrong-{turn.id}", f"wrong-words-{turn.id}"
    with st.container(border=True, key=f"wrong-box-{turn.id}", gap="small"):
        st.pills(
            _("What was wrong?"),
            REASONS,
            format_func=_,
            selection_mode="multi",
            key=chips,
            on_change=tell,
        )
        st.text_input(
            _("In your words"),
            placeholder=_("In your words, if you like"),
            label_visibility="collapsed",
            max_chars=200,
            key=line,
            on_change=tell,
        )
        if st.session_state.get(chips) or st.session_state.get(line):
            st.caption(_("Thank you. Who looks after the documents sees it, without your name."))


def export_all(access: Access, turns: Sequence[Turn]) -> None:
    """A button for the whole conversation as a file."""
    with st.popover(_("Save the conversation"), type="tertiary", key="save-all"):
        _files(access, turns, "conversation", "all")


def _files(access: Access, turns: Sequence[Turn], name: str, key: str) -> None:
    """The files that answers can be taken away in; each is made when it is asked for."""

    def exchanges() -> list[tuple[Turn, Sequence[Source]]]:
        return [(turn, sources_of(access, turn.answer)) for turn in turns]

    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    kinds: tuple[tuple[str, Callable[[], bytes | str], str, str, str, str], ...] = (
        (_("PDF, with the quoted pages"), lambda: as_pdf(access, exchanges()),
         "pdf", "application/pdf", "picture_as_pdf", f"pdf-{key}"),
        (_("Word document, with the quoted pages"), lambda: as_word(access, exchanges()),
         "docx", word, "description", f"word-{key}"),
        (_("Markdown"), lambda: as_markdown(exchanges()),
         "md", "text/markdown", "notes", f"export-{key}"),
    )  # fmt: skip
    for label, made, ending, mime, icon, widget in kinds:
        st.download_button(
            label,
            data=made,
            file_name=f"{name}.{ending}",
            mime=mime,
            icon=f":material/{icon}:",
            type="tertiary",
            on_click="ignore",
            key=widget,
        )


def as_pdf(access: Access, turns: Sequence[tuple[Turn, Sequence[Source]]]) -> bytes:
    """Questions and answers as a PDF, with pictures of the quoted pages."""
    return pdf_file(_written(turns), _pictures(access, turns))


def as_word(access: Access, turns: Sequence[tuple[Turn, Sequence[Source]]]) -> bytes:
    """The same as a Word document."""
    return word_file(_written(turns), _pictures(access, turns))


def _written(turns: Sequence[tuple[Turn, Sequence[Source]]]) -> list[Exchange]:
    return [
        Exchange(
            turn.question,
            turn.answer,
            tuple(
                QuotedSource(one.n, one.name, one.quote, (one.place.document, one.place.page))
                for one in sources
            ),
        )
        for turn, sources in turns
    ]


def _pictures(access: Access, turns: Sequence[tuple[Turn, Sequence[Source]]]) -> Picture:
    def picture(page: tuple[str, int], place: int) -> bytes | None:
        quotes = [one.place.quote for one in turns[place][1] if _page(one) == page]
        return _picture(access, page, [one for one in quotes if one is not None])

    return picture


def _page(source: Source) -> tuple[str, int]:
    return source.place.document, source.place.page


def _picture(access: Access, place: tuple[str, int], quotes: Sequence[Span]) -> bytes | None:
    """A page of a PDF with its quotes marked; None for a page that has no picture."""
    identifier, number = place
    try:
        if access.document(identifier).kind != "pdf":
            return None
        page = access.page(identifier, number)
        boxes = [box for quote in quotes for box in access.boxes(identifier, page, quote)]
        return highlighted(access.picture(identifier, number, DPI), boxes)
    except FootnoteError:  # deleted since, lost, or not to be drawn: its words are there
        return None


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
