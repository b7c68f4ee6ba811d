"""How far an indexing run is, and what it did."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeGuard

from indexer.ingest.sources import Source
from indexer.records import Document

# How far a new guess of the end moves the one before: files differ, and each is a surprise.
_MOVES = 0.3


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """A moment of a run.

    `seconds_left` is None until something has been indexed, or a first page read. While the
    run waits for `current` to be read, `page` of its `page_of` pages is done; else both are 0.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    pages: int
    passages: int
    passages_per_second: float
    seconds: float
    seconds_left: float | None
    current: str
    page: int = 0
    page_of: int = 0


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be indexed. `error` follows the path in a sentence."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What a run would do: names of files, and how many are there already."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    failed: tuple[FailedFile, ...]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a run did. Pages and passages are those of the documents added and updated.

    `with_hidden_text` counts those of them that hold text which a person does not see, `reread`
    those that had not changed and were read again by a newer revision of the parsers.
    """

    added: int
    updated: int
    unchanged: int
    failed: tuple[FailedFile, ...]
    pages: int
    pages_without_text: int
    passages: int
    seconds: float
    deleted: int = 0
    with_hidden_text: int = 0
    reread: int = 0

    def __add__(self, other: IngestReport) -> IngestReport:
        """Both runs in one."""
        names = [field.name for field in fields(self)]
        return IngestReport(*(getattr(self, name) + getattr(other, name) for name in names))


class Tally:
    """Counts a run's files as they are done with."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._started = time.monotonic()
        self._sizes = {source.name: source.size for source in sources}
        self._total = sum(self._sizes.values())
        self._files = self._bytes = self._indexed_bytes = 0
        self._added = self._updated = self._unchanged = 0
        self._pages = self._without_text = self._passages = self._hiding = 0
        self._reread = 0
        self._failed: list[FailedFile] = []
        self._end: float | None = None  # seconds from the start; as it was last told

    def committed(self, source: Source, document: Document, before: Document | None) -> None:
        """A document was written, in place of what was there `before`."""
        updated = supersedes(before)
        self._reread += (
            before is not None and before.content_hash == document.content_hash and before.outdated
        )
        self._updated += updated
        self._added += not updated
        self._pages += document.pages
        self._without_text += document.pages_without_text
        self._passages += document.passages
        self._hiding += bool(document.hidden)
        self._indexed_bytes += self._sizes[source.name]
        self._done(source)

    def settled(self, source: Source, *, changed: bool) -> None:
        """A file needed no indexing."""
        self._updated += changed
        self._unchanged += not changed
        self._done(source)

    def failed(self, source: Source, error: str) -> None:
        """A file could not be indexed."""
        self._failed.append(FailedFile(source.name, error))
        self._done(source)

    def _done(self, source: Source) -> None:
        self._files += 1
        self._bytes += self._sizes[source.name]

    def progress(self, current: Source, share: float, passages: int) -> IngestProgress:
        """Where the run stands, with `share` of the `passages` of a file embedded, 0 to 1."""
        seconds = time.monotonic() - self._started
        embedded = self._passages + int(share * passages)
        part = int(share * self._sizes[current.name])
        indexed = self._indexed_bytes + part
        done = self._bytes + part
        return IngestProgress(
            files_done=self._files,
            files_total=len(self._sizes),
            bytes_done=done,
            bytes_total=self._total,
            pages=self._pages,
            passages=embedded,
            passages_per_second=embedded / seconds if seconds else 0.0,
            seconds=seconds,
            seconds_left=self._left(seconds, self._total - done, indexed) if indexed else None,
            current=current.name,
        )

    def _left(self, seconds: float, to_do: int, indexed: int) -> float:
        """How long it still takes: the end that was told before moves, but does not jump."""
        end = seconds + seconds * to_do / indexed
        if self._end is not None and to_do:
            end = self._end + _MOVES * (end - self._end)
        self._end = end
        return max(0.0, end - seconds)

    def reading(self, current: Source, page: int, of: int) -> IngestProgress:
        """Where the run stands while it waits for a file of which some pages are read.

        Reading a scan takes far longer than what comes after it, so it is what is counted on
        until something has been indexed.
        """
        state = self.progress(current, 0.0, 0)
        left, read = state.seconds_left, self._sizes[current.name] * page // max(1, of)
        if left is None and read:
            left = state.seconds * (self._total - self._bytes - read) / read
        return replace(state, seconds_left=left, page=page, page_of=of)

    def report(self) -> IngestReport:
        """What was done."""
        return IngestReport(
            added=self._added,
            updated=self._updated,
            unchanged=self._unchanged,
            failed=tuple(self._failed),
            pages=self._pages,
            pages_without_text=self._without_text,
            passages=self._passages,
            seconds=time.monotonic() - self._started,
            with_hidden_text=self._hiding,
            reread=self._reread,
        )


def supersedes(before: Document | None) -> TypeGuard[Document]:
    """Whether a document that is written takes another's place."""
    return before is not None and before.state != "failed"
