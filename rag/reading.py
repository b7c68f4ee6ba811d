"""A question beside what was found for it, and what is said to it before it is signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from indexer.records import Hit
from rag.evidence import abstain, extract
from rag.evidence.quotables import Pages, Quotable
from rag.evidence.quotes import Quote
from rag.judges import Judges
from rag.question.analysis import Question
from rag.question.focus import foreign
from rag.records import Footnote, Sentence

Mode = Literal["extractive", "generated"]

OnText = Callable[[str], None]

# A question in another language is answered by the rules where a sentence with its headings holds
# this share of it.
_SHARED = 0.6


@dataclass(frozen=True, slots=True)
class Reading:
    """A question beside what was found for it.

    `confidence` is the fitted probability that the documents hold an answer, `threshold` what
    it must reach; `lacking` is a word of the question that they lack altogether; `notice` says
    what could not be searched. `across` are the sentences that answer from another language than
    the question's, None where it is that of the documents or nothing tells. `byline` is who
    wrote the document whose authors are asked for.
    """

    question: Question
    hits: tuple[Hit, ...]
    pages: Pages
    quotables: tuple[Quotable, ...]  # lists in one piece, as a claim may draw on them
    scored: tuple[extract.Scored, ...]
    features: abstain.Features
    confidence: float
    threshold: float
    judges: Judges
    notice: str
    languages: tuple[str, ...] = ()  # of all documents searched
    lacking: str = ""
    across: tuple[Quotable, ...] | None = None
    byline: Quote | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the documents do not seem to hold an answer."""
        return bool(self.lacking) or self.confidence < self.threshold

    @property
    def is_foreign(self) -> bool:
        """Whether no document is in the language of the question.

        Words that both languages share (names, figures) may have found an answer all the same.
        """
        strange = foreign(self.question.text, self.languages)
        return bool(strange) and max((one.context for one in self.scored), default=0.0) < _SHARED


@dataclass(frozen=True, slots=True)
class Drafted:
    """What an answer says, before it is signed with question and time."""

    mode: Mode
    sentences: tuple[Sentence, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    notice: str = ""
    lead: str = ""
