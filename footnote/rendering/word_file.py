"""Questions and answers as a Word document: sentences, footnotes, and the quoted pages."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from footnote.rendering.results import MARKS, listed

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

    from rag.records import Answer, Sentence

_MOST_PICTURES = 60  # pages; each is some 100 KB
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML has them


@dataclass(frozen=True, slots=True)
class QuotedSource:
    """A footnote as it is written down; `page` says which picture is its page's."""

    n: int
    name: str
    quote: str
    page: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer and the sources of that."""

    question: str
    answer: Answer
    sources: tuple[QuotedSource, ...]


def word_file(
    exchanges: Sequence[Exchange], picture: Callable[[tuple[str, int], int], bytes | None]
) -> bytes:
    """The document. `picture` draws a page that the exchange at a place quotes, or gives None."""
    from docx import Document
    from docx.shared import Cm

    made = Document()
    pages: dict[tuple[str, int], tuple[str, bytes]] = {}
    for place, exchange in enumerate(exchanges):
        _exchange(made, exchange)
        for source in exchange.sources if exchange.answer.sentences else ():
            if source.page not in pages and len(pages) < _MOST_PICTURES:
                drawn = picture(source.page, place)
                if drawn is not None:
                    pages[source.page] = (source.name, drawn)
    for name, drawn in pages.values():
        made.add_page_break()  # type: ignore[no-untyped-call]
        made.add_paragraph(_clean(name), style="Caption")
        made.add_picture(io.BytesIO(drawn), width=Cm(16))
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def _exchange(made: WordDocument, exchange: Exchange) -> None:
    made.add_heading(_clean(exchange.question), level=1)
    body = made.add_paragraph()
    answer = exchange.answer
    if not answer.sentences:
        body.add_run("The documents do not answer this.")
        return
    if answer.lead:
        body.add_run(_clean(answer.lead) + " ").bold = True
    for sentence in answer.sentences:
        _sentence(body, sentence)
    for source in exchange.sources:
        note = made.add_paragraph()
        note.paragraph_format.left_indent = 180000  # EMU: half a centimetre
        note.add_run(f"[{source.n}] ").bold = True
        note.add_run(_clean(source.name)).bold = True
        note.add_run(f": “{_clean(' '.join(source.quote.split()))}”")


def _sentence(body: Paragraph, sentence: Sentence) -> None:
    about = f"{sentence.about}: " if sentence.about else ""
    body.add_run(_clean(about)).italic = True
    body.add_run(_clean(listed(sentence.text)))
    notes = body.add_run("".join(f"[{n}]" for n in sentence.footnotes))
    notes.font.superscript = True
    body.add_run(MARKS[sentence.verdict] + " ")


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
