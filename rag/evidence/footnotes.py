"""Evidence → numbered footnotes, each with its exact span of a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from indexer.chunking import locate
from indexer.records import Hit, Page, Span
from rag.evidence.quotables import Quotable
from rag.records import Footnote

# What may stand between two quotes that are shown as one: a list's bullet or number.
_MARK = 12
_WORD = re.compile(r"[^\W\d_]{2}|\d{3}")


class Notes:
    """Numbers footnotes in the order in which they are first referred to."""

    def __init__(self, hits: Sequence[Hit], page: Callable[[str, int], Page]) -> None:
        self._hits = hits
        self._page = page
        self._made: dict[tuple[str, Span], Footnote] = {}

    @property
    def footnotes(self) -> tuple[Footnote, ...]:
        """All so far, by their numbers."""
        return tuple(self._made.values())

    def add(self, evidence: Sequence[Quotable]) -> tuple[int, ...]:
        """The numbers of the footnotes that quote this evidence (neighbours in one passage)."""
        if not evidence:
            return ()
        hit = self._hits[evidence[0].hit]
        spans = [span for q in evidence for span in locate(hit.passage, q.start, q.end)]
        return self.add_spans(evidence[0].hit, spans)

    def add_spans(self, place: int, spans: Sequence[Span]) -> tuple[int, ...]:
        """The numbers of the footnotes that quote these spans of the document of a hit."""
        hit = self._hits[place]
        numbers = (self._number(hit, span) for span in self._joined(hit, spans))
        return tuple(dict.fromkeys(numbers))

    def _joined(self, hit: Hit, spans: Sequence[Span]) -> list[Span]:
        """Spans with nothing but blanks, bullets or numbers between them are one quote."""
        joined: list[Span] = []
        for span in spans:
            last = joined[-1] if joined else None
            text = self._page(hit.document.id, span.page).text
            if last and last.page == span.page and _adjoin(text, last, span):
                joined[-1] = Span(span.page, last.start, span.end)
            else:
                joined.append(span)
        return joined

    def _number(self, hit: Hit, span: Span) -> int:
        key = (hit.document.id, span)
        if key not in self._made:
            page = self._page(hit.document.id, span.page)
            self._made[key] = Footnote(
                n=len(self._made) + 1,
                document=hit.document.id,
                title=hit.document.title,
                path=hit.document.path,
                pages=hit.passage.pages,
                quote=page.text[span.start : span.end],
                span=span,
                passage=hit.passage.id,
                label=page.label,
            )
        return self._made[key].n


def _adjoin(text: str, last: Span, span: Span) -> bool:
    """Whether nothing but blanks, or the mark of a list item, stands between two spans."""
    between = text[last.end : span.start]
    return last.end <= span.start and len(between) < _MARK and not _WORD.search(between)
