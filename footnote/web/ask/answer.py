"""An answer: its sentences with their footnote numbers, and the footnotes under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.rendering.formatting import plain
from footnote.rendering.results import row_of, snippet
from footnote.web import components
from footnote.web.language import _
from footnote.web.page_view import Place
from indexer.store.errors import UnknownDocumentError
from rag.records import Answer, Sentence, Turn

if TYPE_CHECKING:
    from footnote.access import Access

EXPLANATIONS = {
    "supported": "",
    "partly": "Only part of this sentence was found in the passage it names. "
    "Open the footnote and read for yourself.",
    "unsupported": "This was not found in any of the passages read. Do not rely on it.",
    "deleted": "",
}
PLACE = "place"  # session state: the page opened beside the conversation
NEAREST = 4  # passages shown where the documents hold no answer


@dataclass(frozen=True, slots=True)
class Clicks:
    """What is called for what is clicked in an answer: a footnote's place, a button's name."""

    open_place: Callable[[Place], None]
    press: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A line under an answer: a footnote, or a passage that came near."""

    n: int
    name: str
    quote: str
    place: Place


def sources(access: Access, answer: Answer) -> tuple[Source, ...]:
    """The footnotes of an answer; the passages that came nearest where there is none."""
    if answer.abstained:
        return tuple(
            Source(
                hit.rank,
                _name(access, hit.document.title, hit.document.id, span.page),
                snippet(hit.passage.text),
                Place(hit.document.id, span.page, span, hit.rank),
            )
            for hit in answer.hits[:NEAREST]
            for span in hit.passage.spans[:1]
        )
    return tuple(
        Source(
            note.n,
            _name(access, note.title, note.document, note.span.page),
            note.quote,
            Place(note.document, note.span.page, note.span, note.n),
        )
        for note in answer.footnotes
    )


def show(
    turn: Turn,
    found: Sequence[Source],
    opened: Place | None,
    row: dict[str, Any],
    clicks: Clicks,
) -> None:
    """Draw the answer of a turn with the row of buttons under it (`actions.row`)."""
    if turn.answer.abstained:
        st.markdown(_("Your documents do not seem to answer this. Other words may find more."))
    if turn.answer.notice:
        st.info(plain(turn.answer.notice), icon=":material/info:")
    key = f"answer-{turn.id}"

    def opened_in_browser() -> None:
        number = st.session_state[key].opened
        for source in found:
            if source.n == number:
                clicks.open_place(source.place)

    def pressed() -> None:
        clicks.press(str(st.session_state[key].pressed or ""))

    components.answer_text(
        key=key,
        data=_data(turn.answer, found, opened) | row | {"words": _words()},
        on_opened_change=opened_in_browser,
        on_pressed_change=pressed,
    )


def _data(answer: Answer, found: Sequence[Source], opened: Place | None) -> dict[str, Any]:
    return {
        "lead": answer.lead,
        "sentences": [
            {
                "text": sentence.text,
                "row": _row(answer, sentence),
                "about": sentence.about,
                "mark": "" if sentence.verdict == "supported" else sentence.verdict,
                "explanation": _(EXPLANATIONS[sentence.verdict]),
                "notes": list(sentence.footnotes),
            }
            for sentence in answer.sentences
        ],
        "footnotes": [
            {"n": source.n, "source": source.name, "quote": source.quote} for source in found
        ],
        "origin": origin(answer),
        "opened": next((s.n for s in found if _same(s.place, opened)), None),
    }


def _words() -> dict[str, str]:
    return {
        "partly": _("partly supported"),
        "unsupported": _("not supported"),
        "footnote": _("Footnote"),
        "all": _("Show all"),
        "up": _("This helps"),
        "down": _("This does not help"),
        "copy": _("Copy"),
        "done": _("Copied"),
        "refused": _("Copying is not allowed here"),
    }


def _row(answer: Answer, sentence: Sentence) -> list[tuple[str, str]]:
    """The cells of a sentence that is one row of a table."""
    quotes = [note.quote for note in answer.footnotes if note.n in sentence.footnotes]
    return row_of(sentence.text, quotes[0]) if len(quotes) == 1 else []


def origin(answer: Answer) -> str:
    """Who wrote the answer, how certain it is that it answers, and how long it took."""
    if answer.abstained:
        return _("The passages that came nearest")
    written = {
        "extractive": "Quoted word for word from your documents",
        "generated": "Written by the language model; each sentence was checked",
    }
    certainty = f"{_(answer.certainty)} ({answer.confidence:.0%})"
    return f"{_(written[answer.mode])} · {certainty} · {answer.seconds:.1f} s"


def follow(access: Access, given: Answer) -> None:
    """Where a page is open: turn to the first footnote of a new answer, or close it."""
    if st.session_state.get(PLACE) is None:
        return
    found = () if given.abstained else sources(access, given)
    if found:
        st.session_state[PLACE] = found[0].place
    else:
        del st.session_state[PLACE]


def _same(place: Place, opened: Place | None) -> bool:
    """Whether the reader came to the opened page from here, wherever they have turned since."""
    return opened is not None and (place.document, place.quote, place.n) == (
        opened.document,
        opened.quote,
        opened.n,
    )


def _name(access: Access, title: str, document: str, number: int) -> str:
    """`Travel policy, page 3`; the title alone where the file has no pages."""
    try:
        label = access.page(document, number).label
    except UnknownDocumentError:
        label = f"page {number} (deleted since)"
    return f"{title}, {label}" if label else title
