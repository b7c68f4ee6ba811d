"""Examples out of a person's own passages: queries written to each, then relabelled.

After Gecko (Lee et al., arXiv 2403.20327, section 3): the model writes queries to a passage;
what search finds for each query is then put before it, and the passage that it says answers
best becomes the positive, one that nearly does the hard negative. Often another passage than
the one that the query was written to answers it better.

Who writes the queries is a `QueryWriter`; this file holds the one that asks a language model.
"""

from __future__ import annotations

import random
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, zip_longest
from pathlib import Path
from typing import Protocol

from embedder.errors import FootnoteError
from indexer.chunking import embedding_text
from indexer.records import Passage
from indexer.search.searcher import Scope, Searcher
from indexer.store.errors import UnknownDocumentError
from indexer.store.store import Store
from rag.llm.client import ChatModel, LanguageModelError, RateLimitedError, complete
from training.data.examples import WRITTEN, Example
from training.synthesis import prompts, replies
from training.synthesis.output_file import journal_path, lines, opened
from training.synthesis.progress import (
    CallEstimate,
    CallPolicy,
    GenerationRun,
    Made,
    Stage,
    SynthReport,
    reason,
    tokens,
)
from training.synthesis.replies import UnusableReplyError
from training.synthesis.workers import HOPELESS

_JOB = "passage-"
# Styles asked for at a time: one passage seldom gives six different good questions.
_STYLES_EACH = 3
_QUERY_TOKENS, _WRITING_ROOM = 30, 1024
_CHOICE_TOKENS, _CHOICE_ROOM = 15, 512
_NEIGHBOURS = 8
# A passage of fewer characters is a heading, a page number, a cell: nothing to ask about.
_LEAST_CHARACTERS = 80
# Passages drawn for each one that is used, so that a long document does not crowd out others.
_POOL = 10


class NothingToAskError(FootnoteError):
    """A collection without a passage that queries can be written to."""


@dataclass(frozen=True, slots=True)
class WrittenQuery:
    """A query, and the instruction for it ('' for the embedder's own)."""

    text: str
    task: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """What was written to one passage, why other drafts were dropped, and the calls it took."""

    queries: tuple[WrittenQuery, ...]
    rejected: tuple[str, ...] = ()
    calls: int = 0


class QueryWriter(Protocol):
    """Writes queries to passages. Shared between threads.

    `batch` is how many passages it likes to be given at once.
    """

    batch: int

    def write(self, passages: Sequence[str]) -> list[Writing]:
        """One `Writing` a passage; passages are as embedded, title and headings above the text.

        May raise `LanguageModelError`.
        """
        ...

    def estimate(self, passages: Sequence[str]) -> CallEstimate:
        """What writing to these passages takes of a language model."""
        ...


class EndpointWriter:
    """Asks a language model for queries in three of the styles, drawn for each passage."""

    batch = 1

    def __init__(self, model: ChatModel, seed: int = 0) -> None:
        self._model, self._seed = model, seed

    def write(self, passages: Sequence[str]) -> list[Writing]:
        """One call a passage."""
        return [self._writing(passage) for passage in passages]

    def estimate(self, passages: Sequence[str]) -> CallEstimate:
        """One call a passage."""
        asked = sum(
            tokens(prompts.grounded(passage, self._styles(passage), "")) for passage in passages
        )
        answered = (_STYLES_EACH + 1) * _QUERY_TOKENS
        return CallEstimate(len(passages), asked, answered * len(passages))

    def _writing(self, passage: str) -> Writing:
        styles = self._styles(passage)
        messages = prompts.grounded(passage, styles, secrets.token_hex(8))
        reply = complete(self._model, messages, _WRITING_ROOM)
        try:
            task, usable, rejected = replies.queries(reply, styles, passage)
        except UnusableReplyError as error:
            return Writing((), (error.reason,), 1)
        return Writing(tuple(WrittenQuery(one, task) for one in usable), tuple(rejected), 1)

    def _styles(self, passage: str) -> list[str]:
        draw = random.Random(f"{self._seed}/{passage}")  # noqa: S311 - no secret
        return draw.sample(list(prompts.STYLES), _STYLES_EACH)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One collection, with what is needed to read and search it."""

    store: Store
    searcher: Searcher
    collection: int
    name: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage as it is embedded, and its document."""

    text: str
    document: str


class CollectionSynthesis:
    """Has queries written to `count` passages of a collection, into `file`.

    `judge` relabels; without one the passage that a query was written to is its positive, and
    there is no negative.
    """

    def __init__(
        self, shelf: Shelf, writer: QueryWriter, judge: ChatModel | None, file: Path, count: int
    ) -> None:
        self._shelf, self._writer, self._judge = shelf, writer, judge
        self._file, self._count = file, count
        # What was written to a passage whose relabelling is still to be done.
        self._written: dict[int, Writing] = {}

    @cached_property
    def passages(self) -> list[Passage]:
        """The passages drawn: from all documents in turn, the same each time."""
        pool = max(1000, _POOL * self._count)
        drawn = self._shelf.store.sample_passages(self._shelf.collection, pool)
        random.Random(0).shuffle(drawn)  # noqa: S311 - no secret; they come in reading order
        return in_turn((p for p in drawn if len(p.text) >= _LEAST_CHARACTERS), self._count)

    def estimate(self) -> CallEstimate:
        """What is still to be done takes."""
        done = max(0, lines(journal_path(self._file)) - 1)  # the first line says the purpose
        texts = [passage.text for passage in self.passages[done:]]
        if self._judge is None or not texts:
            return self._writer.estimate(texts)
        calls = _STYLES_EACH * len(texts)
        shown = min(_NEIGHBOURS, self._shelf.store.count_passages(self._shelf.collection))
        asked = tokens(prompts.relabel("x" * 80, [], "")) + shown * sum(map(len, texts)) // (
            4 * len(texts)
        )
        return self._writer.estimate(texts) + CallEstimate(
            calls, calls * asked, calls * _CHOICE_TOKENS
        )

    def run(self, pace: CallPolicy | None = None) -> SynthReport:
        """Write to every passage drawn that has not been written to.

        Raises `StoppedError` (what came is kept), `NothingToAskError` and `OutputFileError`.
        """
        if not self.passages:
            raise NothingToAskError(
                f"no passage of {self._shelf.name} is long enough to write queries to; index "
                "documents with running text first"
            )
        with opened(self._file, f"-c {self._shelf.name}", _identity) as ledger:
            production = GenerationRun(ledger, self._file, pace or CallPolicy())
            done = sum(name.startswith(_JOB) for name in ledger.done)
            waiting = [p for p in self.passages if _job(p) not in ledger.done]
            waiting = waiting[: max(0, len(self.passages) - done)][::-1]
            total = done + len(waiting)

            def begin(_: int) -> tuple[Passage, ...] | None:
                return tuple(waiting.pop() for _ in waiting[: self._writer.batch]) or None

            def put_away(batch: tuple[Passage, ...], made: Made) -> int:
                nonlocal done
                added = production.add(made, _identity)
                for passage in batch:
                    ledger.finish(_job(passage))
                done += len(batch)
                return added

            with production.kept():
                stage = Stage("writing queries", lambda: done, total)
                production.follow(stage, self._make, begin, put_away)
            return production.report()

    def _make(self, batch: tuple[Passage, ...]) -> Made:
        try:
            own = [self._candidate(passage) for passage in batch]
        except UnknownDocumentError:
            return Made(rejected=("document deleted",), calls=0)
        examples: list[Example] = []
        rejected: list[str] = []
        calls = 0
        for candidate, writing in zip(own, self._writings(batch, own), strict=True):
            calls += writing.calls
            rejected += writing.rejected
            for query in writing.queries:
                calls += self._judge is not None
                try:
                    examples.append(self._example(query, candidate))
                except UnusableReplyError as error:
                    rejected.append(error.reason)
                except LanguageModelError as error:
                    if isinstance(error, (*HOPELESS, RateLimitedError)):
                        raise
                    rejected.append(reason(error))
        for passage in batch:
            del self._written[passage.id]
        return Made(tuple(examples), (), tuple(rejected), calls)

    def _writings(
        self, batch: tuple[Passage, ...], candidates: Sequence[_Candidate]
    ) -> list[Writing]:
        """As the writer has them; a batch that comes a second time is not written again."""
        if not all(passage.id in self._written for passage in batch):
            new = self._writer.write([candidate.text for candidate in candidates])
            self._written.update(
                {passage.id: writing for passage, writing in zip(batch, new, strict=True)}
            )
        return [self._written[passage.id] for passage in batch]

    def _candidate(self, passage: Passage) -> _Candidate:
        title = self._shelf.store.document(passage.document).title
        return _Candidate(embedding_text(title, passage), passage.document)

    def _example(self, query: WrittenQuery, own: _Candidate) -> Example:
        positive = own
        negatives: tuple[str, ...] = ()
        if self._judge is not None:
            shown = self._neighbours(query, own)
            messages = prompts.relabel(
                query.text, [one.text for one in shown], secrets.token_hex(8)
            )
            reply = complete(self._judge, messages, _CHOICE_ROOM)
            picked = replies.choice(reply, len(shown))
            positive = shown[picked.best - 1]
            negatives = (shown[picked.nearly - 1].text,) if picked.nearly else ()
        return Example(
            query=query.text,
            positive=positive.text,
            negatives=negatives,
            task=query.task,
            source=WRITTEN,
            document=positive.document,
        )

    def _neighbours(self, query: WrittenQuery, own: _Candidate) -> list[_Candidate]:
        """What search finds, with the passage itself, no text twice, in an order by chance."""
        hits = self._shelf.searcher.search(
            query.text,
            Scope(frozenset([self._shelf.collection])),
            k=_NEIGHBOURS,
            task=query.task or None,
        )
        found = [own] + [
            _Candidate(embedding_text(hit.document.title, hit.passage), hit.document.id)
            for hit in hits
        ]
        shown = list({one.text: one for one in reversed(found)}.values())[::-1][:_NEIGHBOURS]
        random.Random(query.text).shuffle(shown)  # noqa: S311 - no secret
        return shown


def in_turn(passages: Iterable[Passage], count: int) -> list[Passage]:
    """At most `count` of the passages: one of each document, then a second of each, and so on."""
    documents: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        documents[passage.document].append(passage)
    rounds = zip_longest(*documents.values())
    return [passage for passage in chain.from_iterable(rounds) if passage is not None][:count]


def _job(passage: Passage) -> str:
    return f"{_JOB}{passage.id}"


def _identity(example: Example) -> str:
    """A query belongs to one passage; asked of two it would be wrong for one of them."""
    return example.query
