"""Who wrote a document: the names below its title, which no sentence says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set

from indexer.records import Block, Hit, Page, Span
from rag.evidence.quotes import Quote
from rag.question.analysis import Question
from rag.question.makers import asks_author, names_document, without_asking

# Blocks below the title that are looked at, and how long one of them is at most.
_BLOCKS, _LONGEST = 14, 160
# The share of what is asked for that a document's title must hold: "Who wrote the Manifesto?",
# "Who wrote the paper on birds?".
_SHARE, _LITTLE = 0.7, 0.05
_PARTICLE = r"(?:v[ao]n|de[rnl]?|d[aiu]|la|le|bin|al|y)"
_NAME = rf"[A-ZÀ-Þ][\w’'.-]*(?: (?:{_PARTICLE}|[A-ZÀ-Þ][\w’'.-]*)){{1,3}}"
_NAMES = re.compile(
    rf"(?:by |von |por |par )?{_NAME}(?:(?:,? (?:and|und|et|y|&) |[,;] | )"
    rf"(?:{_NAME}|[A-ZÀ-Þ][\w’'.-]*))*[\W\d]*$"
)
_LABEL = re.compile(
    r"(?:authors?|written by|prepared by|edited by|editors?|autor(?:in|en|es)?|auteurs?)\s*:?\s+\S",
    re.IGNORECASE,
)
_ABOVE_TEXT = re.compile(r"\W*(?:abstract|summary|contents|table of contents|keywords)\b", re.I)
# What a title page also has.
_DATE = re.compile(r"\b(?:1[6-9]|20)\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b")


def byline(
    question: Question, hits: Sequence[Hit], page_of: Callable[[str, int], Page]
) -> Quote | None:
    """The names below the title of the document that a question asks the authors of, if any."""
    if not asks_author(question.text):
        return None
    what = question.terms_of(without_asking(question.text))
    asked = question.covered(what) or 1.0
    shares: dict[int, float] = {}
    pages: dict[str, Page] = {}
    for place, hit in enumerate(hits):
        document = hit.document
        if document.id not in pages:
            page = pages[document.id] = page_of(document.id, 1)
            titles = " ".join((document.title, *(_text(page, one) for one in page.blocks[:1])))
            shares[place] = question.covered(question.terms_of(titles) & what) / asked
    best = max(shares, key=lambda place: shares[place], default=None)
    if best is None:
        return None
    least = _SHARE if not names_document(question.text) else _LITTLE * (len(pages) > 1)
    if shares[best] < least:
        return None
    title, page = hits[best].document.title, pages[hits[best].document.id]
    said = set(re.findall(r"\w+", " ".join((page.text, *(hit.passage.text for hit in hits)))))
    blocks = tuple(_named(page, said))
    spans = tuple(Span(page.number, one.start, one.end) for one in blocks)
    return (
        Quote(", ".join(_text(page, one) for one in blocks), best, spans, title) if spans else None
    )


def _named(page: Page, said: Set[str]) -> Iterator[Block]:
    """The blocks of names below the title, and what stands between them, above the text itself.

    What is `said` in small letters, too, is a subtitle ("Benefit Options") and nobody's name.
    """
    begun = False
    for block in page.blocks[1:_BLOCKS]:
        text = _text(page, block)
        named = _LABEL.match(text) or (_NAMES.match(text) and not _common(text, said))
        prose = len(text) > _LONGEST or (not named and text.endswith((".", "!", "?", ":")))
        if prose or _ABOVE_TEXT.match(text):
            return
        if begun and (_DATE.search(text) or not (named or block.kind == "text")):
            return
        if named or begun:
            begun = True
            yield block


def _common(text: str, said: Set[str]) -> bool:
    """Whether half of the words of what looks like names are words of the language."""
    words = [word.lower() for word in re.findall(r"[^\W\d]{2,}", text) if word[0].isupper()]
    return 2 * sum(word in said for word in words) >= len(words)


def _text(page: Page, block: Block) -> str:
    return " ".join(page.text[block.start : block.end].split())
