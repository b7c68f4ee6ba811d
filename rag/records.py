"""The records of answering: an answer, its sentences, the footnotes that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from indexer.records import Hit, Span

Verdict = Literal["supported", "partly", "unsupported"]


@dataclass(frozen=True, slots=True)
class Footnote:
    """Where a sentence comes from: `quote` is verbatim `page.text[span.start:span.end]`.

    `n` is the number the reader sees. `document` and `passage` are ids; `pages` the first and
    last page of the passage, `span` the place of the quote itself.
    """

    n: int
    document: str
    title: str
    path: str
    pages: tuple[int, int]
    quote: str
    span: Span
    passage: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, what it cites, and whether that holds it."""

    text: str
    verdict: Verdict
    footnotes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader gets. `hits` are the passages it was made from, best first.

    `confidence` is the fitted probability that the documents hold an answer; below the
    threshold `abstained` is true, `sentences` is empty and `hits` are the nearest passages.
    `mode` says who wrote it. `seconds` is wall time from question to last sentence.
    """

    question: str
    standalone: str
    sentences: tuple[Sentence, ...]
    footnotes: tuple[Footnote, ...]
    abstained: bool
    confidence: float
    mode: Literal["extractive", "generated"]
    hits: tuple[Hit, ...]
    seconds: float
    notice: str = ""

    @property
    def text(self) -> str:
        """The answer with its footnote numbers, as it is copied and exported."""
        return " ".join(s.text + "".join(f"[{n}]" for n in s.footnotes) for s in self.sentences)
