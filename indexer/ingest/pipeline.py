"""One indexing run: stage → parse → cut → embed → commit.

Files stream through: while parsers work in processes of their own, passages of several files
are embedded together, and each document is committed, in one transaction, as soon as it has its
last vector. Nothing is marked as begun, so there is nothing to clean up after a kill. Parsers and
encoders may be on other machines (`indexer.cluster`); what is written is written here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from indexer.chunking import PassageLimits, embedding_text, text_hash
from indexer.encoders import Encoders, Here
from indexer.ingest.diff import TO_PARSE, UPDATES, Change, check, reason
from indexer.ingest.embedding import Embedding
from indexer.ingest.progress import IngestProgress, IngestReport, Tally, supersedes
from indexer.ingest.sources import Source
from indexer.parsers import ParseError, ReadingLimits, UnsupportedError
from indexer.records import ParsedFile, Passage
from indexer.sandbox.pool import Cutting, ParserPool
from indexer.sandbox.worker import CutFile, Progress
from indexer.store.originals import Staged, hash_file
from indexer.store.store import Failure, NewDocument, Store

if TYPE_CHECKING:
    import numpy as np

# Passages are embedded this many at a time, across documents. On two cores that is some three
# seconds of work, which is how often progress moves and cancelling is noticed.
_SLICE = 128

# With nothing to embed, so often is told how far reading is, and cancelling noticed.
_LOOK_SECONDS = 1.0

# Files on their way through the parsers: enough small ones to fill a slice while the last one is
# embedded, and of large ones no more than memory bears.
_MOST_FILES = 64
_MOST_BYTES = 32 << 20


class PassageEmbedder(Protocol):
    """What ingestion needs of an embedder (`embedder.model.Embedder`)."""

    @property
    def fingerprint(self) -> str:
        """Names the vector space."""
        ...

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors, float32 [n, dimension]."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Workers:
    """How many parser processes there are, and the seconds and bytes that each may take."""

    count: int = 1
    seconds: float = 120.0
    memory_bytes: int = 1536 << 20


class Parsers(Protocol):
    """What reads files and cuts them: processes here (`ParserPool`), or on other machines."""

    @property
    def workers(self) -> int:
        """How many files are read at once."""
        ...

    def parse_and_cut(
        self, path: Path, name: str, cutting: Cutting, on_progress: Progress | None = None
    ) -> Future[CutFile]:
        """As `ParserPool.parse_and_cut`."""
        ...


class Elsewhere(Protocol):
    """Other machines that parse and embed, under the limits of a run."""

    def parsers(self, reading: ReadingLimits) -> AbstractContextManager[Parsers]:
        """Parsers for as long as the context lasts."""
        ...

    def encoders(self) -> AbstractContextManager[Encoders]:
        """Encoders for as long as the context lasts."""
        ...


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Where a run's documents go and how. `force` parses what has not changed as well."""

    collection: int
    workers: Workers
    limits: PassageLimits
    reading: ReadingLimits
    force: bool


@dataclass(slots=True)
class _PagesRead:
    """How far a parser is with a file; written by the parser's thread."""

    done: int = 0
    of: int = 0

    def told(self, done: int, of: int) -> None:
        self.done, self.of = done, of


@dataclass(frozen=True, slots=True)
class _Handed:
    """A file with the parsers; `force` where it is read anew though it has not changed."""

    source: Source
    staged: Staged
    force: bool
    pages: _PagesRead = field(default_factory=_PagesRead)


@dataclass(frozen=True, slots=True)
class Control:
    """Who looks on: is told of progress, and is asked whether to stop."""

    progress: Callable[[IngestProgress], None]
    cancelled: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A parsed file, cut, on its way through the embedder."""

    source: Source
    staged: Staged
    force: bool
    parsed: ParsedFile
    passages: list[Passage]
    hashes: list[str]


class Pipeline:
    """One run over many files: what is being parsed, what waits for its vectors, what was done."""

    def __init__(
        self,
        store: Store,
        embedder: PassageEmbedder,
        settings: IngestSettings,
        control: Control,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._control = control
        self._elsewhere = elsewhere
        self._parsing: dict[Future[CutFile], _Handed] = {}
        self._waiting: deque[_Prepared] = deque()
        self._ready = 0  # passages of the first that waits which have their vectors
        self._twins: list[Source] = []

    def run(self, sources: Sequence[Source]) -> IngestReport:
        """Index what is new or changed among `sources`. To be called once."""
        self._tally = Tally(sources)
        with ExitStack() as leaving:
            leaving.callback(self._drop_unfinished)
            pool = leaving.enter_context(self._parsers())
            encoders: Encoders = Here(self._embedder.embed_passages)
            if self._elsewhere:
                encoders = leaving.enter_context(self._elsewhere.encoders())
            self._embedding = Embedding(encoders, _SLICE)
            leaving.callback(self._embedding.stop)
            if sources:
                self._tell(sources[0])  # how much there is, before any of it is done
            while sources and not self._control.cancelled():
                self._stream(iter(sources), pool)
                # Files with the content of one that was on its way: most now have nothing to do.
                sources, self._twins = self._twins, []
        return self._tally.report()

    def _parsers(self) -> AbstractContextManager[Parsers]:
        workers, reading = self._settings.workers, self._settings.reading
        if self._elsewhere:
            return self._elsewhere.parsers(reading)
        return ParserPool(workers.count, workers.seconds, workers.memory_bytes, reading)

    def _stream(self, todo: Iterator[Source], pool: Parsers) -> None:
        while not self._control.cancelled():
            self._hand_out(todo, pool)
            if not self._parsing and not self._waiting:
                return
            # With passages waiting for an encoder that is free, embedding goes on rather than idle.
            running = self._embedding.running
            timeout = 0 if self._waiting and not running else _LOOK_SECONDS
            expected: list[Future[Any]] = [*self._parsing, *running]
            done, _ = wait(expected, timeout, FIRST_COMPLETED)
            read = [future for future in self._parsing if future in done]
            for future in read:
                self._take_in(future)
            if not done and not self._waiting:
                self._tell_reading()
            self._embedding.feed(rest=not read)
            self._commit_ready()

    def _drop_unfinished(self) -> None:
        for handed in self._parsing.values():
            handed.staged.discard()
        for prepared in self._waiting:
            prepared.staged.discard()

    def _hand_out(self, todo: Iterator[Source], pool: Parsers) -> None:
        """Keep the parsers busy: stage and hand out files until enough are on their way."""
        while self._has_room(pool) and not self._control.cancelled():
            source = next(todo, None)
            if source is None:
                return
            try:
                handed = self._stage(source)
            except (OSError, ParseError) as error:
                self._fail(source, error, None)
                continue
            if handed:
                name = Path(source.name).name
                cutting = Cutting(self._embedder.count_tokens, self._settings.limits)
                future = pool.parse_and_cut(handed.staged.file, name, cutting, handed.pages.told)
                self._parsing[future] = handed

    def _has_room(self, pool: Parsers) -> bool:
        if self._embedding.full:
            return False
        files = len(self._parsing)
        size = sum(handed.staged.size for handed in self._parsing.values())
        enough = max(_MOST_FILES, 2 * pool.workers)
        return files < 2 * pool.workers or (files < enough and size < _MOST_BYTES)

    def _stage(self, source: Source) -> _Handed | None:
        """The file's private copy, or None where nothing is to be parsed, or not yet."""
        reading, force = self._settings.reading, self._settings.force
        check(source, reading)
        if not force:
            content_hash = hash_file(source.path)
            change = Change(
                self._store, self._settings.collection, source, keep_hidden=reading.keep_hidden
            )
            action = change.action(content_hash)
            force = action == "reread"
            if action not in TO_PARSE:
                change.apply(action, content_hash)
                self._tally.settled(source, changed=action in UPDATES)
                self._tell(source)
                return None
        staged = self._store.originals.stage(source.path)
        if staged.content_hash in self._on_their_way():
            staged.discard()
            self._twins.append(source)
            return None
        return _Handed(source, staged, force)

    def _on_their_way(self) -> set[str]:
        """The contents that are being parsed or embedded."""
        parsing = {handed.staged.content_hash for handed in self._parsing.values()}
        return parsing | {prepared.staged.content_hash for prepared in self._waiting}

    def _take_in(self, future: Future[CutFile]) -> None:
        """Have the passages of a file wait for the embedder."""
        handed = self._parsing.pop(future)
        try:
            found = future.result()
            parsed, passages = found.parsed, found.passages
            _check_text(parsed)
        except (OSError, ParseError) as error:
            self._fail(handed.source, error, handed.staged)
            return
        texts = {
            text_hash(parsed.title, passage): embedding_text(parsed.title, passage)
            for passage in passages
        }
        hashes = [text_hash(parsed.title, passage) for passage in passages]
        known = self._store.cached_vectors(
            self._embedding.unknown(hashes), self._embedder.fingerprint
        )
        self._embedding.add(texts, known)
        self._waiting.append(
            _Prepared(handed.source, handed.staged, handed.force, parsed, passages, hashes)
        )

    def _fail(self, source: Source, error: OSError | ParseError, staged: Staged | None) -> None:
        why = reason(error)
        collection = self._settings.collection
        listed = self._store.document_at(collection, source.name) is not None
        # A kind of file that is not read is no document; it is reported, and not listed.
        if listed or not isinstance(error, UnsupportedError):
            failure = Failure(why, staged.content_hash, staged.size) if staged else Failure(why)
            self._store.add_failure(collection, source.name, failure)
        if staged:
            staged.discard()
        self._tally.failed(source, why)
        self._tell(source)

    def _commit_ready(self) -> None:
        """Take what has been embedded; commit each document that has its last vector, in order."""
        embedded = self._embedding.collect()
        while self._waiting:
            prepared = self._waiting[0]
            count = len(prepared.hashes)
            self._ready = self._embedding.ready(prepared.hashes, self._ready)
            if embedded:
                self._tell(prepared.source, self._ready / max(1, count), count)
            if self._ready < count or self._control.cancelled():
                return
            self._commit(prepared)
            self._waiting.popleft()
            self._ready = 0

    def _commit(self, prepared: _Prepared) -> None:
        rows = self._embedding.take(prepared.hashes, self._embedder.dimension)
        before = self._store.document_at(self._settings.collection, prepared.source.name)
        new = NewDocument(
            self._settings.collection,
            prepared.source.name,
            prepared.parsed.title,
            prepared.parsed.kind,
            prepared.staged,
            "; ".join(prepared.parsed.problems),
            self._settings.reading.keep_hidden,
        )
        document = self._store.add(
            new,
            prepared.parsed.pages,
            prepared.passages,
            rows,
            self._embedder.fingerprint,
            force=prepared.force,
        )
        if document.id == new.id:
            self._tally.committed(prepared.source, document, before)
        else:  # another run, or another file of this one, has brought the same content
            changed = supersedes(before) and before.path != document.path
            self._tally.settled(prepared.source, changed=changed)
        self._tell(prepared.source)

    def _tell(self, source: Source, share: float = 0.0, passages: int = 0) -> None:
        """Report progress: this file was last, or `share` of its `passages` are embedded."""
        self._control.progress(self._tally.progress(source, share, passages))

    def _tell_reading(self) -> None:
        """Report how far the file is that has been with the parsers for longest."""
        slowest = next(iter(self._parsing.values()))
        pages = slowest.pages
        self._control.progress(self._tally.reading(slowest.source, pages.done, pages.of))


def _check_text(parsed: ParsedFile) -> None:
    """Raise `ParseError` where a text cannot be stored: lone surrogates are no Unicode."""
    try:
        for text in (parsed.title, *(page.text for page in parsed.pages)):
            text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(
            f"holds characters that are no Unicode text ({error.reason}); save it again as UTF-8"
        ) from error
