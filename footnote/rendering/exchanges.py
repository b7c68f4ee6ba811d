"""Questions and answers as they are written into files that people take away."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.records import Answer

NOT_ANSWERED = "The documents do not answer this."
_MOST_PICTURES = 60  # pages; each is some 100 KB
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML has them

# Draws a page that the exchange at a place quotes, or gives None.
Picture = Callable[[tuple[str, int], int], bytes | None]


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


def quoted_pages(exchanges: Sequence[Exchange], picture: Picture) -> list[tuple[str, bytes]]:
    """The pages that are quoted, as names and pictures, each once and in their order."""
    pages: dict[tuple[str, int], tuple[str, bytes]] = {}
    for place, exchange in enumerate(exchanges):
        for source in exchange.sources if exchange.answer.sentences else ():
            if source.page not in pages and len(pages) < _MOST_PICTURES:
                drawn = picture(source.page, place)
                if drawn is not None:
                    pages[source.page] = (source.name, drawn)
    return list(pages.values())


def clean(text: str) -> str:
    """A text without the characters that no such file can hold."""
    return _CONTROL.sub("", text)
