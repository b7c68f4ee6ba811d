"""Question → cited, checked answer: where everything else of this stage comes together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from embedder.errors import FootnoteError
from indexer.chunking import locate
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Document, Hit, Page, Passage
from indexer.store.errors import UnknownDocumentError
from rag.evidence import abstain, across, extract
from rag.evidence.authors import byline
from rag.evidence.compose import OFFER, Composed, compose
from rag.evidence.footnotes import Notes
from rag.evidence.quotables import Quotable, quotables, with_lists
from rag.evidence.retrieve import Search, retrieve
from rag.evidence.summary import summary
from rag.judges import JudgesOf, rules_alone
from rag.llm.client import ChatModel, LanguageModelError, OneWait
from rag.question.analysis import read
from rag.question.focus import focused, foreign
from rag.question.follow_ups import standalone
from rag.question.form import superlative
from rag.reading import Drafted, OnText, Reading
from rag.records import Answer, Sentence, Turn
from rag.written import generated, rewritten

if TYPE_CHECKING:
    from indexer.search.searcher import Scope


# A question names a document where this share of it stands in the title.
_NAMED = 0.5
# How sure it is that the names below the title that is asked about are those of the authors.
_BY_NAME = 0.8

UNHELD = "No passage holds what the language model wrote. The documents are quoted instead."


class EmptyQuestionError(FootnoteError):
    """There is nothing to answer."""


class Knowledge(Protocol):
    """What answering needs of the store."""

    def page(self, document: str, number: int) -> Page:
        """One page of a document."""
        ...

    def passages_of(self, document: str) -> list[Passage]:
        """A document's passages, in order."""
        ...

    def document_languages(self, ids: Iterable[str]) -> dict[str, str]:
        """The language of each document, '' where it is unknown."""
        ...

    def languages(self, collection: int) -> list[str]:
        """The languages of a collection's documents, '' where one is unknown."""
        ...

    def term_statistics(self, collections: Iterable[int], text: str) -> TermStatistics:
        """How common the words of a text are."""
        ...


class Answerer:
    """Answers questions from the collections in a scope; with `llm` None by quotation alone.

    `judges` says who has a say beside the rules, for the collections that are asked.
    """

    def __init__(
        self,
        searcher: Search,
        store: Knowledge,
        llm: ChatModel | None,
        judges: JudgesOf = rules_alone,
    ) -> None:
        self._searcher, self._store = searcher, store
        self._llm, self._judges = llm, judges

    def ask(
        self,
        question: str,
        scope: Scope,
        history: Sequence[Turn] = (),
        on_text: OnText | None = None,
    ) -> Answer:
        """Answer a question; `on_text` gets the text as it comes.

        `history` holds the conversation so far, oldest first. A language model that fails costs
        no answer: what it had written is kept, or the documents are quoted instead, and the
        notice says so. Raises `EmptyQuestionError`, and whatever search raises.
        """
        started = time.monotonic()
        if not question.strip():
            raise EmptyQuestionError("the question is empty; type one")
        # Lone surrogates, from a command line in another encoding, are no text to SQLite.
        question = question.encode(errors="replace").decode()
        llm = OneWait(self._llm) if self._llm else None
        alone = focused(standalone(question.strip(), history, llm))
        reading = self.read(alone, scope)
        told = on_text or _nobody
        whole = self._whole_document(reading)
        if whole is not None:
            made = self.summarise(whole, on_text)
            return replace(made, question=question, standalone=alone)
        drafted = self._draft(reading, llm, told) if reading.scored else Drafted("extractive")
        return Answer(
            question=question,
            standalone=alone,
            sentences=drafted.sentences,
            footnotes=drafted.footnotes,
            abstained=not drafted.sentences,
            confidence=reading.confidence,
            mode=drafted.mode,
            hits=reading.hits,
            seconds=time.monotonic() - started,
            notice=" ".join(filter(None, map(_sentence, (reading.notice, drafted.notice)))),
            lead=drafted.lead,
        )

    def summarise(self, document: Document, on_text: OnText | None = None) -> Answer:
        """The sentences that hold a document, in order, each with its footnote.

        A language model only rewrites them, and is checked against them. Without sentences the
        answer is marked as none (`abstained`).
        """
        started = time.monotonic()
        reading = self._held(document)
        told = on_text or _nobody
        drafted = _quoted(reading, self._store.page, told, reading.quotables)
        if self._llm and drafted.sentences:
            drafted = rewritten(reading, self._llm, told, drafted)
        return Answer(
            question=reading.question.text,
            standalone=reading.question.text,
            sentences=drafted.sentences,
            footnotes=drafted.footnotes,
            abstained=not drafted.sentences,
            confidence=1.0,
            mode=drafted.mode,
            hits=reading.hits,
            seconds=time.monotonic() - started,
            notice=_sentence(drafted.notice),
        )

    def _held(self, document: Document) -> Reading:
        """The sentences that hold a document, each as a passage of its own."""
        passages = self._store.passages_of(document.id)
        hits = [Hit(n, 1.0, passage, document) for n, passage in enumerate(passages, start=1)]
        pages = self._pages(hits)
        languages = list(self._store.document_languages([document.id]).values()) or [""]
        found = summary(hits, quotables(hits, pages), languages)
        held = []
        for rank, one in enumerate(found, start=1):
            passage = hits[one.hit].passage
            spans = tuple(locate(passage, one.start, one.end))
            text = "\n".join(pages[document.id, s.page].text[s.start : s.end] for s in spans)
            held.append(Hit(rank, 1.0, replace(passage, text=text, spans=spans), document))
        asked = read(f"Summarise {document.title}", TermStatistics((), 1, 1, {}), languages)
        whole = tuple(quotables(held, pages))
        features = abstain.features(asked, held, ())
        sure, judges = (1.0, 0.0), self._judges((document.collection,))
        return Reading(asked, tuple(held), pages, whole, (), features, *sure, judges, "")

    def _whole_document(self, reading: Reading) -> Document | None:
        """The document that a question wants summed up, None where it names none."""
        if reading.question.form != "summary":
            return None
        named = [
            (reading.question.covered(reading.question.terms_of(hit.document.title)), hit.document)
            for hit in reading.hits
        ]
        share, document = max(named, key=lambda one: one[0], default=(0.0, None))
        return document if share >= _NAMED else None

    def read(self, question: str, scope: Scope) -> Reading:
        """Search for a question and weigh what was found."""
        most = superlative(question)
        wanted = f"{question} {most.measures}" if most and most.measures else question
        retrieved = retrieve(self._searcher, self._store, wanted, scope)
        pages = self._pages(retrieved.hits)
        # A document that was deleted since the search is not answered from.
        hits = tuple(
            hit
            for hit in retrieved.hits
            if all((hit.document.id, span.page) in pages for span in hit.passage.spans)
        )
        languages = set(self._store.document_languages(hit.document.id for hit in hits).values())
        statistics = self._store.term_statistics(scope.collections, question)
        asked = read(question, statistics, sorted(languages))
        found = quotables(hits, pages, yes_no=asked.form == "yes_no")
        judges = self._judges(scope.collections)
        near = judges.reader.words.similarities if judges.reader else None
        scored = tuple(extract.score(asked, hits, found, near))
        features = abstain.features(asked, hits, scored)
        confidence, threshold = abstain.hope(features)
        lacking = ""
        if judges.reader:
            hope = judges.reader.hope(asked, hits, found)
            threshold, lacking = hope.line, hope.lacking
            confidence = abstain.together(hope.probability, confidence)
        if scored and scored[0].numbered:  # "step 4" is there, whatever words the list calls it by
            confidence = max(confidence, scored[0].coverage)
        named = byline(asked, hits, self._store.page)
        if named:  # which shares no word with the question
            confidence, lacking = max(confidence, _BY_NAME), ""
        whole = tuple(with_lists(found))
        there = {code for one in scope.collections for code in self._store.languages(one)}
        made = Reading(
            asked, hits, pages, whole, scored, features, confidence, threshold, judges,
            retrieved.notice, tuple(sorted(there)), lacking, byline=named,
        )  # fmt: skip
        if judges.meaning is None or not made.is_foreign:
            return made
        chosen, confidence = across.nearest(asked, found, judges.meaning)
        return replace(
            made, across=tuple(chosen), confidence=confidence, threshold=across.LINE, lacking=""
        )

    def _draft(self, reading: Reading, llm: ChatModel | None, told: OnText) -> Drafted:
        if llm is None:
            return self._extracted(reading, told)
        try:
            drafted = generated(reading, llm, told)
        except LanguageModelError as error:
            notice = f"{error}. The documents are quoted below instead."
            return self._extracted(reading, told, notice)
        if reading.doubtful or drafted.footnotes or not drafted.sentences:
            return drafted
        # A small model makes things up where the passages plainly hold an answer.
        told("\n\n")
        quoted = self._extracted(reading, told, drafted.notice or UNHELD)
        return quoted if quoted.sentences else drafted

    def _extracted(self, reading: Reading, told: OnText, notice: str = "") -> Drafted:
        """Quote what answers, or nothing where the documents do not seem to hold an answer."""
        if reading.is_foreign:
            near = None if reading.doubtful else reading.across
            crosses, quoted = reading.judges.meaning is not None, near is not None
            asked, there = reading.question.text, reading.languages
            strange = foreign(asked, there, crosses=crosses, quoted=quoted)
            notice = f"{notice} {strange}".strip()
            if near is None:
                return Drafted("extractive", notice=notice)
            return _quoted(reading, self._store.page, told, near, notice)
        if reading.doubtful:
            if reading.lacking:
                notice = f"{notice} Nothing that was found mentions “{reading.lacking}”.".strip()
            return Drafted("extractive", notice=notice)
        composed = (
            Composed((reading.byline,))
            if reading.byline
            else compose(reading.question, reading.hits, reading.scored, self._store)
        )
        notes = Notes(reading.hits, self._store.page)
        sentences = []
        for text in filter(None, (composed.lead,)):
            told(f"{text} ")
        for quote in composed.quotes:
            numbers = notes.add_spans(quote.hit, quote.spans)
            sentences.append(Sentence(quote.text, "supported", numbers, quote.about))
            told(quote.text + " ")
        limits = composed.notice.removesuffix(OFFER).strip() if self._llm else composed.notice
        said = " ".join(filter(None, (notice, limits)))
        return Drafted("extractive", tuple(sentences), notes.footnotes, said, composed.lead)

    def _pages(self, hits: Sequence[Hit]) -> dict[tuple[str, int], Page]:
        wanted = {(hit.document.id, span.page) for hit in hits for span in hit.passage.spans}
        pages: dict[tuple[str, int], Page] = {}
        for document, number in wanted:
            with suppress(UnknownDocumentError):
                pages[document, number] = self._store.page(document, number)
        return pages


def _quoted(
    reading: Reading,
    page: Callable[[str, int], Page],
    told: OnText,
    chosen: Sequence[Quotable],
    notice: str = "",
) -> Drafted:
    """Sentences of a reading quoted in order, with their headings."""
    notes = Notes(reading.hits, page)
    sentences = []
    last = ""
    for one in chosen:
        headings = reading.hits[one.hit].passage.headings
        heading = headings[-1] if headings else ""
        about = heading if heading != last else ""
        last = heading
        sentences.append(Sentence(one.text, "supported", notes.add((one,)), about))
        told(f"{one.text} ")
    return Drafted("extractive", tuple(sentences), notes.footnotes, notice)


def _sentence(notice: str) -> str:
    """A notice with its full stop and its capital, which an address does not get."""
    word = notice.partition(" ")[0]
    capital = notice[:1].upper() if word.isalpha() else notice[:1]
    return f"{capital}{notice[1:].rstrip('.')}." if notice else ""


def _nobody(_: str) -> None:
    """Nobody watches the text come."""
