"""Bringing files into collections, in bulk.

The content hash of each file says what is to be done, so a run that was stopped, at whatever
moment, is repeated, and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from embedder.errors import FootnoteError
from indexer.chunking import DEFAULT, PassageLimits
from indexer.ingest.diff import UPDATES, Action, Change, check, reason
from indexer.ingest.pipeline import (
    Control,
    Elsewhere,
    IngestSettings,
    PassageEmbedder,
    Pipeline,
    Workers,
)
from indexer.ingest.progress import FailedFile, IngestPlan, IngestProgress, IngestReport
from indexer.ingest.sources import Source
from indexer.parsers import ParseError
from indexer.parsers.reading import DEFAULT_LIMITS, ReadingLimits
from indexer.store.originals import hash_file
from indexer.store.store import Store


class OtherGenerationError(FootnoteError):
    """A collection's vectors were made by another embedder than the one at hand."""


class Ingest:
    """Brings files into collections.

    `workers` is the number of parser processes, or that with what each may take; `reading` says
    how much of a file is read; `elsewhere` are other machines that do the work.
    """

    def __init__(
        self,
        store: Store,
        embedder: PassageEmbedder,
        workers: int | Workers = 1,
        limits: PassageLimits = DEFAULT,
        reading: ReadingLimits = DEFAULT_LIMITS,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.store = store
        self.embedder = embedder
        self.workers = Workers(workers) if isinstance(workers, int) else workers
        self.limits = limits
        self.reading = reading
        self.elsewhere = elsewhere

    def run(
        self,
        sources: Sequence[Source],
        collection: int,
        *,
        force: bool = False,
        progress: Callable[[IngestProgress], None] = lambda state: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Index what is new or changed among `sources`; with `force`, what is not as well.

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
        settings = IngestSettings(collection, self.workers, self.limits, self.reading, force)
        control = Control(progress, cancelled)
        return Pipeline(self.store, self.embedder, settings, control, self.elsewhere).run(sources)

    def plan(self, sources: Iterable[Source], collection: int | None) -> IngestPlan:
        """What `run` would do, as far as that can be told without parsing. Writes nothing.

        `collection` is None where it does not exist yet.
        """
        added, updated, unchanged = [], [], 0
        failed: list[FailedFile] = []
        for source in sources:
            try:
                check(source, self.reading)
                content_hash = hash_file(source.path)
            except (OSError, ParseError) as error:
                failed.append(FailedFile(source.name, reason(error)))
                continue
            action: Action = "new"
            if collection is not None:
                keep = self.reading.keep_hidden
                change = Change(self.store, collection, source, keep_hidden=keep)
                action = change.action(content_hash)
            if action in UPDATES:
                updated.append(source.name)
            elif action == "new":
                added.append(source.name)
            else:
                unchanged += 1
        return IngestPlan(tuple(added), tuple(updated), unchanged, tuple(failed))
