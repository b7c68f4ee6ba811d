"""Keeps a collection in step with folders: what appears, changes or goes there.

A file that is deleted takes its document with it, unless the whole watched folder is gone: a
disk that was unplugged is no reason to forget what was on it. A file that was renamed keeps its
document, because what is new is looked at before what is missing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.ingest.ingest import Ingest
from indexer.ingest.pipeline import Control
from indexer.ingest.progress import IngestProgress, IngestReport
from indexer.ingest.sources import Source, find, is_gone, is_hidden, leads_out
from indexer.records import Receipt

# So long is waited for a first change, after which it is sure that none will be missed; and, later
# on, before the program looks again whether it was told to stop.
_LOOK_MILLISECONDS = 500

# A change is acted on once nothing more has changed for so long: editors write in several steps.
_QUIET_MILLISECONDS = 1000
_LONGEST_WAIT_MILLISECONDS = 10_000

Delete = Callable[[Sequence[str]], Receipt]
Progress = Callable[[IngestProgress], None]


def _unwatched(_: IngestProgress) -> None:
    """Nobody looks on."""


_ALONE = Control(_unwatched, lambda: False)


def watch(
    ingest: Callable[[], Ingest],
    roots: Sequence[Path],
    collection: int,
    stop: threading.Event | None = None,
    delete: Delete | None = None,
    progress: Progress = _unwatched,
) -> Iterator[IngestReport]:
    """Bring the collection in step, then follow every change, with a report each time.

    What changes while it is brought in step is followed too. `ingest` is asked for each time:
    another embedder may have come into use. `delete` removes the documents of
    files that are gone, if it is to be done otherwise than by the store. Ends when `stop` is set,
    in the midst of reading too, or the process is interrupted.
    """
    import watchfiles

    stop = stop or threading.Event()
    roots = [Path(os.path.normpath(root.absolute())) for root in roots]
    batches = watchfiles.watch(
        *roots,
        watch_filter=None,
        debounce=_LONGEST_WAIT_MILLISECONDS,
        step=_QUIET_MILLISECONDS,
        stop_event=stop,
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    if next(batches, None) is None:
        return
    # From here on changes are noted, those of the first batch being looked at anyhow.
    control = Control(progress, stop.is_set)
    first = in_step(ingest(), roots, roots, collection, delete, control)
    if _did_anything(first):
        yield first
    for batch in batches:
        changed = sorted({Path(path) for _, path in batch})
        if not changed:
            continue
        report = in_step(ingest(), roots, changed, collection, delete, control)
        if _did_anything(report):
            yield report


def in_step(
    ingest: Ingest,
    roots: Sequence[Path],
    changed: Iterable[Path],
    collection: int,
    delete: Delete | None = None,
    control: Control = _ALONE,
) -> IngestReport:
    """Index what is there of the `changed` files and folders; delete what is not."""
    store = ingest.store
    changed = [path for path in changed if _is_watched(path, roots)]
    standing = [root for root in roots if root.exists()]
    names = [Source.of(path).name for path in changed]
    before = store.documents_under(collection, names)
    files = find(path for path in changed if _is_inside(path, roots))
    report = ingest.run(files, collection, progress=control.progress, cancelled=control.cancelled)
    now = store.documents_under(collection, names)
    gone = [
        document.id
        for document in now
        if is_gone(document.path) and _is_watched(Path(document.path), standing)
    ]
    (delete or store.delete)(gone)
    # What was deleted or has changed may have had a copy, which had no document of its own.
    kept = {document.id for document in now}.difference(gone)
    lost = {document.size for document in before if document.id not in kept}
    copies = [source for source in find(standing) if source.size in lost] if lost else []
    return replace(report + ingest.run(copies, collection), deleted=len(gone))


def _is_watched(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) and not is_hidden(path, root) for root in roots)


def _is_inside(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a path is there, and in a watched folder by more than a link."""
    above = [root for root in roots if path.is_relative_to(root)]
    return path.exists() and not any(leads_out(path, root) for root in above)


def _did_anything(report: IngestReport) -> bool:
    return bool(report.added or report.updated or report.failed or report.deleted)
