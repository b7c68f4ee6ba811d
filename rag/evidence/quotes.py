"""Quotes that can stand alone: a sentence with what it announces, a list or table whole.

A place of a passage becomes a text for the reader, and the spans of the document that it quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.chunking import locate
from indexer.records import Hit, Page, Passage, Span
from indexer.sentences import sentences
from rag.evidence.lists import Entries, announces, entries_at
from rag.evidence.quotables import Quotable, item_text, row_text
from rag.languages import language_of

# Sentences that may follow one that ends on a colon and announces no list.
_MOST_FOLLOWING = 3
# A line that breaks off before what it says: "please send mail to", the address below it.
_BREAKS_OFF = re.compile(r"\b(?:to|at|by|is|are|from|with|of|via|an?|the|zu|von|ist|sind)$", re.I)
# An announcement that leans on the sentence before it.
_LEANS = re.compile(
    r"\b(?:this|these|that|those|they|it|such|our|the following|diese[rs]?|dies|est[oae]s?"
    r"|ce(?:la|ci|s)?)\b",
    re.I,
)


class Documents(Protocol):
    """What composing needs of the store."""

    def page(self, document: str, number: int) -> Page:
        """One page of a document."""
        ...

    def passages_of(self, document: str) -> list[Passage]:
        """A document's passages, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Quote:
    """A part of an answer: how it reads, and the spans of the document of `hits[hit]` it quotes.

    `about` is the title or heading that it needs to be understood, or empty.
    """

    text: str
    hit: int
    spans: tuple[Span, ...]
    about: str = ""


class Quoter:
    """Makes quotes of the quotables of some hits; `places` has them by hit and order."""

    def __init__(
        self,
        hits: Sequence[Hit],
        places: Mapping[tuple[int, int], Quotable],
        documents: Documents,
    ) -> None:
        self.hits = hits
        self._places = places
        self._documents = documents
        self._passages: dict[str, list[Passage]] = {}
        self._pages: dict[tuple[str, int], Page] = {}

    def span(self, quotable: Quotable) -> tuple[int, int]:
        """The page and the character where a quotable begins."""
        spans = locate(self.hits[quotable.hit].passage, quotable.start, quotable.end)
        return (spans[0].page, spans[0].start) if spans else (0, 0)

    def entries(self, quotable: Quotable) -> Entries | None:
        """The list or table that a quotable stands in or announces."""
        if not (quotable.item or announces(quotable.text)):
            return None
        hit = self.hits[quotable.hit]
        spans = locate(hit.passage, quotable.start, quotable.end)
        if not spans:
            return None
        document = hit.document.id
        return entries_at(spans[-1], self._passages_of(document), self._page_of(document))

    def whole(self, place: int, entries: Entries) -> Quote:
        """A list with its announcement, or rows with their column names."""
        page_of = self._page_of(self.hits[place].document.id)

        def text(span: Span) -> str:
            return page_of(span.page).text[span.start : span.end]

        header = text(entries.header) if entries.header else ""
        read: Callable[[str], str] = item_text
        if entries.kind == "table":
            read = lambda row: row_text(row, header)  # noqa: E731
        opening = [" ".join(text(entries.opening).split())] if entries.opening else []
        lines, page = opening, 0
        for item in entries.items:
            said = read(text(item))
            if page and page != item.page and entries.kind == "list" and said[:1].islower():
                lines[-1] += f" {said}"  # the rest of an item
            else:
                lines.append(said)
            page = item.page
        first = (entries.opening,) if entries.opening else ()
        return Quote("\n".join(lines), place, (*first, *entries.items))

    def quote(self, quotable: Quotable) -> Quote:
        """A sentence; what it announces with it, and for an item what announces it."""
        if announces(quotable.text):
            entries = self.entries(quotable)
            if entries is not None:
                return self.whole(quotable.hit, entries)
            return self._with_following(quotable)
        if not quotable.item and _BREAKS_OFF.search(quotable.text):
            return self._with_following(quotable)
        hit = self.hits[quotable.hit]
        spans = tuple(locate(hit.passage, quotable.start, quotable.end))
        if quotable.item and announces(quotable.lead):
            entries = self.entries(quotable)
            if entries is not None and entries.opening is not None:
                return self._announced(quotable, entries.opening, spans)
        return Quote(quotable.text, quotable.hit, spans)

    def stretch(self, place: int, first: int, last: int, *, prose: bool = False) -> Quote:
        """All quotables of a passage from one order to another, a line each.

        As `prose` they run on, items of lists aside: lines are shown as a list.
        """
        pieces = [self._places[place, order] for order in range(first, last + 1)]
        spans = locate(self.hits[place].passage, pieces[0].start, pieces[-1].end)
        text = pieces[0].text
        for one in pieces[1:]:
            runs_on = prose and not one.item and not announces(text)
            text += (" " if runs_on else "\n") + one.text
        return Quote(text, place, tuple(spans))

    def _announced(self, item: Quotable, opening: Span, spans: tuple[Span, ...]) -> Quote:
        """An item of a list behind the line that announces it."""
        page = self.page(item.hit, opening.page)
        said = " ".join(page.text[opening.start : opening.end].split())
        return Quote(f"{said}\n{item.text}", item.hit, (opening, *spans))

    def running_on(self, quotable: Quotable) -> Quote | None:
        """A sentence whose next one announces a list that it needs: "You can do this by:"."""
        following = self._places.get((quotable.hit, quotable.order + 1))
        if quotable.item or following is None:
            return None
        text = following.text
        if not announces(text) or not _LEANS.search(text):
            return None
        announced = self.quote(following)
        if announced.text.startswith(quotable.text):
            return announced
        hit = self.hits[quotable.hit]
        spans = (*locate(hit.passage, quotable.start, quotable.end), *announced.spans)
        return Quote(f"{quotable.text}\n{announced.text}", quotable.hit, spans)

    def _with_following(self, quotable: Quotable) -> Quote:
        """What ends on a colon with what comes next, to the end of a sentence."""
        hit = self.hits[quotable.hit]
        texts, end = [quotable.text], quotable.end
        for order in range(quotable.order + 1, quotable.order + 1 + _MOST_FOLLOWING):
            following = self._places.get((quotable.hit, order))
            if following is None:
                break
            texts.append(following.text)
            end = following.end
            if not announces(following.text):
                break
        spans = tuple(locate(hit.passage, quotable.start, end))
        if len(texts) == 1:
            said, more = self._next_sentence(hit)
            texts, spans = [*texts, *said], (*spans, *more)
        return Quote("\n".join(texts), quotable.hit, spans)

    def _next_sentence(self, hit: Hit) -> tuple[list[str], tuple[Span, ...]]:
        """The first sentence of the passage behind this one, nothing at a document's end."""
        for passage in self._passages_of(hit.document.id):
            if passage.ordinal == hit.passage.ordinal + 1:
                for start, end in sentences(passage.text, language_of(passage.text).code):
                    text = " ".join(passage.text[start:end].split())
                    return [text], tuple(locate(passage, start, end))
        return [], ()

    def within(self, one: Quote, other: Quote) -> bool:
        """Whether all that one quotes is quoted by the other too."""
        if self.hits[one.hit].document.id != self.hits[other.hit].document.id:
            return False
        return all(
            any(s.page == t.page and t.start <= s.start and s.end <= t.end for t in other.spans)
            for s in one.spans
        )

    def page(self, place: int, number: int) -> Page:
        """A page of the document of a hit."""
        return self._page_of(self.hits[place].document.id)(number)

    def _page_of(self, document: str) -> Callable[[int], Page]:
        def page(number: int) -> Page:
            key = (document, number)
            if key not in self._pages:
                self._pages[key] = self._documents.page(document, number)
            return self._pages[key]

        return page

    def _passages_of(self, document: str) -> list[Passage]:
        if document not in self._passages:
            self._passages[document] = self._documents.passages_of(document)
        return self._passages[document]
