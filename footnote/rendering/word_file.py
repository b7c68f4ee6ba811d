"""Questions and answers as a Word document: sentences, footnotes, and the quoted pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from footnote.rendering.exchanges import NOT_ANSWERED, Exchange, Picture, clean, quoted_pages
from footnote.rendering.results import MARKS, listed

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

    from rag.records import Sentence


def word_file(exchanges: Sequence[Exchange], picture: Picture) -> bytes:
    """The document; `picture` draws the pages that are quoted."""
    from docx import Document
    from docx.shared import Cm

    made = Document()
    for exchange in exchanges:
        _exchange(made, exchange)
    for name, drawn in quoted_pages(exchanges, picture):
        made.add_page_break()  # type: ignore[no-untyped-call]
        made.add_paragraph(clean(name), style="Caption")
        made.add_picture(io.BytesIO(drawn), width=Cm(16))
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def _exchange(made: WordDocument, exchange: Exchange) -> None:
    made.add_heading(clean(exchange.question), level=1)
    body = made.add_paragraph()
    answer = exchange.answer
    if not answer.sentences:
        body.add_run(NOT_ANSWERED)
        return
    if answer.lead:
        body.add_run(clean(answer.lead) + " ").bold = True
    for sentence in answer.sentences:
        _sentence(body, sentence)
    for source in exchange.sources:
        note = made.add_paragraph()
        note.paragraph_format.left_indent = 180000  # EMU: half a centimetre
        note.add_run(f"[{source.n}] ").bold = True
        note.add_run(clean(source.name)).bold = True
        note.add_run(f": “{clean(' '.join(source.quote.split()))}”")


def _sentence(body: Paragraph, sentence: Sentence) -> None:
    about = f"{sentence.about}: " if sentence.about else ""
    body.add_run(clean(about)).italic = True
    body.add_run(clean(listed(sentence.text)))
    notes = body.add_run("".join(f"[{n}]" for n in sentence.footnotes))
    notes.font.superscript = True
    body.add_run(MARKS[sentence.verdict] + " ")
