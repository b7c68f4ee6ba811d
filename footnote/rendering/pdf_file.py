"""Questions and answers as a PDF: sentences, footnotes, and the quoted pages.

The letters are DejaVu's where the system has it, else those that reportlab brings; Chinese,
Japanese and Korean are set in the fonts that PDF readers have. What has no letter in any of them,
and what is written from right to left, is told of at the end.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from footnote.rendering.exchanges import NOT_ANSWERED, Exchange, Picture, clean, quoted_pages
from footnote.rendering.results import MARKS, listed

if TYPE_CHECKING:
    from rag.records import Sentence

_LACKING = (
    "Some letters above could not be set in this file; the Word document of the same answers has"
    " them all."
)
_FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu"),
    Path("/usr/share/fonts/TTF"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
)
_ASIAN = (
    (re.compile("[\u3040-\u30ff]"), "HeiseiMin-W3"),
    (re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"), "HYSMyeongJo-Medium"),
    (re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"), "STSong-Light"),
)

_UNKNOWN = "?"
_MARGIN = 56  # points, two centimetres


def pdf_file(exchanges: Sequence[Exchange], picture: Picture) -> bytes:
    """The document; `picture` draws the pages that are quoted."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import Image, PageBreak, Paragraph, SimpleDocTemplate, Spacer

    letters, styles = _Letters(), _styles()
    story: list[Any] = []
    for exchange in exchanges:
        story.append(Paragraph(letters.set(exchange.question), styles["question"]))
        story.append(Paragraph(_answer(exchange, letters), styles["answer"]))
        story += [
            Paragraph(
                f"<b>[{one.n}] {letters.set(one.name)}</b>:"
                f" “{letters.set(' '.join(one.quote.split()))}”",
                styles["note"],
            )
            for one in (exchange.sources if exchange.answer.sentences else ())
        ]
        story.append(Spacer(1, 14))
    pages = quoted_pages(exchanges, picture)
    names = [letters.set(name) for name, _ in pages]
    if letters.lacking:
        story.append(Paragraph(_LACKING, styles["note"]))
    stream = io.BytesIO()
    made = SimpleDocTemplate(
        stream,
        pagesize=A4,
        title=clean(exchanges[0].question) if exchanges else "",
        **dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN),
    )
    for name, (_, drawn) in zip(names, pages, strict=True):
        image = Image(io.BytesIO(drawn))
        image._restrictSize(made.width - 12, made.height - 40)  # the frame's padding, and the name
        story += [PageBreak(), Paragraph(name, styles["note"]), image]
    made.build(story)
    return stream.getvalue()


def _answer(exchange: Exchange, letters: _Letters) -> str:
    answer = exchange.answer
    if not answer.sentences:
        return NOT_ANSWERED
    lead = f"<b>{letters.set(answer.lead)}</b> " if answer.lead else ""
    return lead + " ".join(_sentence(one, letters) for one in answer.sentences)


def _sentence(sentence: Sentence, letters: _Letters) -> str:
    about = f"<i>{letters.set(sentence.about)}:</i> " if sentence.about else ""
    notes = "".join(f"[{n}]" for n in sentence.footnotes)
    text = letters.set(listed(sentence.text)).replace("\n", "<br/>")
    return f"{about}{text}<super>{notes}</super>{letters.set(MARKS[sentence.verdict])}"


class _Letters:
    """Sets texts as reportlab's markup, each run of letters in a font that has them."""

    def __init__(self) -> None:
        self.lacking = False
        self._known = _known()

    def set(self, text: str) -> str:
        """The text, escaped: whatever it says is written and not carried out."""
        return "".join(self._runs(clean(text)))

    def _runs(self, text: str) -> Iterator[str]:
        for font, letters in groupby(text, self._font):
            run = "".join(letters)
            if font is None:
                self.lacking = True
                yield _UNKNOWN * len(run)
            elif font:
                yield f'<font name="{font}">{escape(run)}</font>'
            else:
                yield escape(run)

    def _font(self, letter: str) -> str | None:
        """The font of a letter: '' for that of the text, None where none has it."""
        if unicodedata.bidirectional(letter) in {"R", "AL"}:
            return None
        if letter.isspace() or ord(letter) in self._known:
            return ""
        return next((name for those, name in _ASIAN if those.match(letter)), None)


@cache
def _known() -> frozenset[int]:
    """Register the fonts, once; the characters that the font of the text has."""
    from reportlab.lib.fonts import addMapping
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    regular, bold = _files()
    for name, file in (("Text", regular), ("Text-Bold", bold)):
        pdfmetrics.registerFont(TTFont(name, file))
    for heavy in (0, 1):
        for slanted in (0, 1):
            addMapping("Text", heavy, slanted, "Text-Bold" if heavy else "Text")
    for _, name in _ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(pdfmetrics.getFont("Text").face.charToGlyph)


def _files() -> tuple[str, str]:
    for folder in _FOLDERS:
        if (folder / "DejaVuSans.ttf").exists() and (folder / "DejaVuSans-Bold.ttf").exists():
            return str(folder / "DejaVuSans.ttf"), str(folder / "DejaVuSans-Bold.ttf")
    return "Vera.ttf", "VeraBd.ttf"  # reportlab knows where its own are


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    text = ParagraphStyle("answer", fontName="Text", fontSize=10.5, leading=15, spaceAfter=8)
    note = ParagraphStyle("note", text, fontSize=8.5, leading=12, leftIndent=12, spaceAfter=4)
    question = ParagraphStyle(
        "question", text, fontName="Text-Bold", fontSize=14, leading=19, spaceAfter=8
    )
    return {"answer": text, "note": note, "question": question}
