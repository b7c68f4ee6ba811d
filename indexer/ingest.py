"""The bulk pipeline: stage → parse → cut → embed → commit.

Files stream through: while parsers work in processes of their own, passages of several files
are embedded together, and each document is committed, in one transaction, as soon as it has its
last vector. Nothing is marked as begun, so there is nothing to clean up: a run that was stopped
is repeated, and the content hash of each file says what is still to be done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from embedder.errors import FootnoteError
from indexer.originals import Staged, hash_file
from indexer.parsers import MAX_BYTES, ParseError, TooLargeError, UnsupportedError
from indexer.parsers.detect import kind_of
from indexer.passages import DEFAULT, PassageLimits, cut, embedding_text
from indexer.progress import FailedFile, IngestPlan, IngestProgress, IngestReport, Tally
from indexer.records import Document, ParsedFile, Passage
from indexer.sandbox import ParserPool
from indexer.sources import Source, is_gone
from indexer.store import Failure, NewDocument, Store
from indexer.writes import text_hash

if TYPE_CHECKING:
    import numpy as np

# Passages are embedded this many at a time, across documents. On two cores that is some three
# seconds of work, which is how often progress moves and cancelling is noticed.
_SLICE = 128

# Files on their way through the parsers: enough small ones to fill a slice while the last one is
# embedded, and of large ones no more than memory bears.
_MOST_FILES = 64
_MOST_BYTES = 32 << 20

# Enough of a file to tell whether any parser wants it, before it is copied.
_HEAD_BYTES = 65_536


class OtherGenerationError(FootnoteError):
    """A collection's vectors were made by another embedder than the one at hand."""


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
class _Control:
    """Who looks on: is told of progress, and is asked whether to stop."""

    progress: Callable[[IngestProgress], None]
    cancelled: Callable[[], bool]


class Ingest:
    """Brings files into collections. `workers` is the number of parser processes."""

    def __init__(
        self,
        store: Store,
        embedder: PassageEmbedder,
        workers: int = 1,
        limits: PassageLimits = DEFAULT,
    ) -> None:
        self.store = store
        self.embedder = embedder
        self.workers = workers
        self.limits = limits

    def run(
        self,
        sources: Sequence[Source],
        collection: int,
        *,
        again: bool = False,
        progress: Callable[[IngestProgress], None] = lambda state: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Index what is new or changed among `sources`; with `again`, what is not as well.

        A file that cannot be read is reported and the others go on. Once cancelled, it stops
        after the slice in flight; what was not committed is dropped, and a repeat does it.
        Raises `OtherGenerationError` where the collection belongs to another embedder.
        """
        there = self.store.generation(collection)
        if there and there != self.embedder.fingerprint:
            raise OtherGenerationError(
                f"this collection was embedded by {there}, not by {self.embedder.fingerprint}; "
                "index with that embedder, or re-embed the collection first"
            )
        control = _Control(progress, cancelled)
        return _Run(self, collection, control, again=again).over(sources)

    def plan(self, sources: Iterable[Source], collection: int | None) -> IngestPlan:
        """What `run` would do, as far as that can be told without parsing. Writes nothing.

        `collection` is None where it does not exist yet.
        """
        added, updated, unchanged = [], [], 0
        failed: list[FailedFile] = []
        for source in sources:
            try:
                _check(source)
                content_hash = hash_file(source.path)
            except (OSError, ParseError) as error:
                failed.append(FailedFile(source.name, reason(error)))
                continue
            place = _Place(self.store, collection, source) if collection is not None else None
            if place and place.holds(content_hash):
                unchanged += 1
            elif place and place.here:
                updated.append(source.name)
            else:
                added.append(source.name)
        return IngestPlan(tuple(added), tuple(updated), unchanged, tuple(failed))


def reason(error: OSError | ParseError) -> str:
    """An error as it is reported after a file's name."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error}); check the file and its permissions"
    return str(error)


def _check(source: Source) -> int:
    """The file's size. Raises `OSError`, or `ParseError` where no parser would want it."""
    with source.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    size = source.path.stat().st_size
    if size > MAX_BYTES:
        raise TooLargeError(f"is larger than {MAX_BYTES >> 20} MB; split it into smaller files")
    if head:  # an empty one is the parser's to report
        kind_of(head, Path(source.name).suffix)
    return size


class _Place:
    """What a collection already has under a source's name."""

    def __init__(self, store: Store, collection: int, source: Source) -> None:
        self._store, self._collection, self._name = store, collection, source.name
        self.here = store.document_at(collection, source.name)

    def holds(self, content_hash: str) -> bool:
        """Whether this very content is there, under this name or another."""
        here = self.here
        if here and here.state != "failed" and here.content_hash == content_hash:
            return True
        return (
            here is None and self._store.document_with(self._collection, content_hash) is not None
        )

    def settle(self, content_hash: str) -> bool | None:
        """Do what needs no parsing: True where that changed something, None where parsing is due.

        A file that was renamed takes its document along. A file that now says what another
        document says has none of its own any more.
        """
        here = self.here
        if here and here.state != "failed" and here.content_hash == content_hash:
            return False
        twin = self._store.document_with(self._collection, content_hash)
        if twin is None:
            return None
        if here is None and is_gone(twin.path):
            self._store.move(twin.id, self._name)
            return True
        if here is None:
            return False
        self._store.retire(here.id)
        return True


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A parsed file, cut, on its way through the embedder."""

    source: Source
    staged: Staged
    parsed: ParsedFile
    passages: list[Passage]
    hashes: list[str]


class _Run:
    """One run: what is being parsed, what waits for its vectors, what was done."""

    def __init__(self, ingest: Ingest, collection: int, control: _Control, *, again: bool) -> None:
        self._ingest = ingest
        self._store = ingest.store
        self._collection = collection
        self._control = control
        self._again = again
        self._parsing: dict[Future[ParsedFile], tuple[Source, Staged]] = {}
        self._waiting: deque[_Prepared] = deque()

    def over(self, sources: Sequence[Source]) -> IngestReport:
        self._tally = Tally(sources)
        todo = iter(sources)
        with ExitStack() as leaving:
            leaving.callback(self._drop_unfinished)
            pool = leaving.enter_context(ParserPool(self._ingest.workers))
            while not self._control.cancelled():
                self._hand_out(todo, pool)
                if not self._parsing and not self._waiting:
                    break
                # With nothing parsed yet and passages waiting, embedding goes on rather than idle.
                timeout = 0 if self._waiting else None
                done, _ = wait(self._parsing, timeout=timeout, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_in(future)
                if not done or self._passages_waiting() >= _SLICE:
                    self._embed_and_commit()
        return self._tally.report()

    def _drop_unfinished(self) -> None:
        for _, staged in self._parsing.values():
            staged.discard()
        for prepared in self._waiting:
            prepared.staged.discard()

    def _passages_waiting(self) -> int:
        return sum(len(prepared.passages) for prepared in self._waiting)

    def _hand_out(self, todo: Iterator[Source], pool: ParserPool) -> None:
        """Keep the parsers busy: stage and hand out files until enough are on their way."""
        while self._has_room(pool) and not self._control.cancelled():
            source = next(todo, None)
            if source is None:
                return
            try:
                staged = self._stage(source)
            except (OSError, ParseError) as error:
                self._fail(source, error, None)
                continue
            if staged:
                future = pool.parse(staged.file, Path(source.name).name)
                self._parsing[future] = (source, staged)

    def _has_room(self, pool: ParserPool) -> bool:
        files = len(self._parsing)
        size = sum(staged.size for _, staged in self._parsing.values())
        return files < 2 * pool.workers or (files < _MOST_FILES and size < _MOST_BYTES)

    def _stage(self, source: Source) -> Staged | None:
        """The file's private copy, or None where nothing is to be parsed."""
        _check(source)
        if not self._again:
            place = _Place(self._store, self._collection, source)
            changed = place.settle(hash_file(source.path))
            if changed is not None:
                self._tally.settled(source, changed=changed)
                self._tell(source)
                return None
        return self._store.originals.stage(source.path)

    def _take_in(self, future: Future[ParsedFile]) -> None:
        """Cut a parsed file into passages, which then wait for the embedder."""
        source, staged = self._parsing.pop(future)
        try:
            parsed = future.result()
            _check_text(parsed)
        except (OSError, ParseError) as error:
            self._fail(source, error, staged)
            return
        passages = cut(parsed.pages, self._ingest.embedder.count_tokens, self._ingest.limits)
        hashes = [text_hash(parsed.title, passage) for passage in passages]
        self._waiting.append(_Prepared(source, staged, parsed, passages, hashes))

    def _fail(self, source: Source, error: OSError | ParseError, staged: Staged | None) -> None:
        why = reason(error)
        # A kind of file that is not read is no document; it is reported, and not listed.
        if not isinstance(error, UnsupportedError):
            failure = Failure(why, staged.content_hash, staged.size) if staged else Failure(why)
            self._store.add_failure(self._collection, source.name, failure)
        if staged:
            staged.discard()
        self._tally.failed(source, why)
        self._tell(source)

    def _embed_and_commit(self) -> None:
        """Embed the texts that wait, slice by slice; commit each document after its last."""
        embedder = self._ingest.embedder
        vectors = self._store.cached_vectors(
            {one for prepared in self._waiting for one in prepared.hashes}, embedder.fingerprint
        )
        texts: dict[str, str] = {}  # what has no vector yet, by hash, document after document
        ends: list[int] = []  # how many of them each document needs
        for prepared in self._waiting:
            for passage, digest in zip(prepared.passages, prepared.hashes, strict=True):
                if digest not in vectors:
                    texts[digest] = embedding_text(prepared.parsed.title, passage)
            ends.append(len(texts))
        missing = list(texts)
        done = start = 0
        for end in ends:
            prepared = self._waiting[0]
            while done < end:
                if self._control.cancelled():
                    return
                part = missing[done : done + _SLICE]
                rows = embedder.embed_passages([texts[digest] for digest in part])
                vectors.update(zip(part, rows.astype("float16"), strict=True))
                done += len(part)
                share = (min(done, end) - start) / (end - start)
                self._tell(prepared.source, share, len(prepared.passages))
            self._commit(prepared, vectors)
            self._waiting.popleft()
            start = end

    def _commit(self, prepared: _Prepared, vectors: dict[str, np.ndarray]) -> None:
        import numpy as np

        embedder = self._ingest.embedder
        rows = np.empty((len(prepared.hashes), embedder.dimension), np.float16)
        for place, digest in enumerate(prepared.hashes):
            rows[place] = vectors[digest]
        before = self._store.document_at(self._collection, prepared.source.name)
        new = NewDocument(
            self._collection,
            prepared.source.name,
            prepared.parsed.title,
            prepared.parsed.kind,
            prepared.staged,
            "; ".join(prepared.parsed.problems),
        )
        document = self._store.add(
            new,
            prepared.parsed.pages,
            prepared.passages,
            rows,
            embedder.fingerprint,
            again=self._again,
        )
        if document.id == new.id:
            self._tally.committed(prepared.source, document, updated=_supersedes(before))
        else:  # another run, or another file of this one, has brought the same content
            changed = _supersedes(before) and before.path != document.path
            self._tally.settled(prepared.source, changed=changed)
        self._tell(prepared.source)

    def _tell(self, source: Source, share: float = 0.0, passages: int = 0) -> None:
        """Report progress: this file was last, or `share` of its `passages` are embedded."""
        self._control.progress(self._tally.progress(source, share, passages))


def _supersedes(before: Document | None) -> bool:
    return before is not None and before.state != "failed"


def _check_text(parsed: ParsedFile) -> None:
    """Raise `ParseError` where a text cannot be stored: lone surrogates are no Unicode."""
    try:
        for text in (parsed.title, *(page.text for page in parsed.pages)):
            text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(
            f"holds characters that are no Unicode text ({error.reason}); save it again as UTF-8"
        ) from error
