"""`footnote status` as people read it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from footnote.rendering.formatting import count, duration, size, when

if TYPE_CHECKING:
    from footnote.status import CollectionStatus, Generation, JobStatus, Status
    from rag.unanswered import Unanswered

WHERE = {
    "absent": "no document seems to hold it",
    "missed": "search may have missed it",
    "unclear": "",
}


def status_text(status: Status) -> Iterator[str]:
    """A home in some twenty lines."""
    yield f"home            {status.home}"
    yield f"people          {people(status)}"
    yield f"embedder        {status.embedder}"
    yield f"language model  {status.language_model or 'none: answers are taken from the documents'}"
    disk = ", ".join(f"{kind} {size(used)}" for kind, used in status.disk.items() if used)
    yield f"disk            {disk}"
    if not status.collections:
        yield "Nothing is indexed yet; begin with `footnote index FOLDER`."
    for collection in status.collections:
        yield ""
        yield f"{collection.name}: {documents(collection)}"
        yield f"  {extent(collection)}"
        yield from (f"  {generation(one)}" for one in collection.generations)
        if collection.suggestion:
            yield f"  {collection.suggestion}"
    if status.failures:
        yield ""
        newest = f", the newest {len(status.failures)}" * (len(status.failures) < status.failed)
        yield f"Files that could not be read{newest}:"
        yield from (f"  {one.collection}: {one.path}: {one.reason}" for one in status.failures)
    if status.jobs:
        yield ""
        yield "Jobs:"
        yield from (f"  {job(one)}" for one in status.jobs)
    if status.slowest:
        yield ""
        yield "Slowest questions lately:"
        yield from (f"  {one.seconds:.1f} s  {one.question}" for one in status.slowest)
    if status.unanswered:
        yield ""
        yield "Questions that found nothing, newest first:"
        yield from (f"  {unanswered(one)}" for one in status.unanswered)


def unanswered(one: Unanswered) -> str:
    """A question that found nothing, how often, and what may be behind it."""
    often = f"{one.count}×  " if one.count > 1 else ""
    return f"{often}{one.question}" + f"  ({WHERE[one.where]})" * bool(WHERE[one.where])


def people(status: Status) -> str:
    """Who may use the home."""
    if not status.admins + status.readers:
        return "nobody is registered: one person, on this machine"
    return f"{count(status.admins, 'admin')}, {count(status.readers, 'reader')}"


def documents(collection: CollectionStatus) -> str:
    """`12 documents: 10 ready, 1 partly, 1 failed`."""
    total = collection.ready + collection.partial + collection.failed
    states = f"{collection.ready:,} ready, {collection.partial:,} partly, {collection.failed:,}"
    return f"{count(total, 'document')}: {states} failed"


def extent(collection: CollectionStatus) -> str:
    """`40 pages (2 without text), 96 passages`."""
    without = f" ({collection.pages_without_text:,} without text)"
    pages = count(collection.pages, "page") + without * bool(collection.pages_without_text)
    return f"{pages}, {count(collection.passages, 'passage')}"


def generation(one: Generation) -> str:
    """`answered by bundled, complete`."""
    name = one.embedder or f"an embedder that is not installed ({one.fingerprint})"
    left = f"{count(one.missing, 'passage')} still to be embedded" if one.missing else "complete"
    return f"{'answered by' if one.answers else 'embedded by'} {name}, {left}"


def job(one: JobStatus) -> str:
    """One job: what, where, how it stands."""
    said = f"{one.kind} {one.collection}".strip() + f", {one.state}"
    said += f", ordered {when(one.created_at)}" + f" by {one.by}" * bool(one.by)
    if one.ended_at:
        said += f", took {duration(max(0.0, one.ended_at - one.created_at))}"
    return said + f": {one.error}" * bool(one.error)
