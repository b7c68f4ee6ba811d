"""How a home is doing: what is indexed, what failed, what works, what it takes on the disk.

Counted by the database, and files by walking the folders; nothing is loaded whole. With 100,000
documents of ten passages it takes one second, the first time two (two shared cores).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from footnote.accounts import sharing
from footnote.accounts.people import ONLY_USER, People
from footnote.jobs import queue
from footnote.languages import sentence, suggestion
from indexer.records import Collection
from rag.unanswered import Unanswered, unanswered

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import Job

FAILURES = 20  # failed files that are named
ENDED_JOBS = 5  # jobs that are named although they have ended
SLOWEST = 5  # questions that are named
RECENT = 500  # questions that the slowest are looked for among
_DATABASE = "footnote.db"
# Folders of a home by what they hold; whatever else is there is "other".
_KINDS = {
    "files": "originals",
    "index": "index files",
    "models": "converted bases",
    "embedders": "embedders",
    "runs": "training runs",
    "evaluations": "evaluations",
}


@dataclass(frozen=True, slots=True)
class Generation:
    """The vectors that an embedder has made for a collection.

    `embedder` is '' where it is installed no more. `missing` is how many passages are still to
    be embedded. `answers` is false of one that is being made.
    """

    embedder: str
    fingerprint: str
    answers: bool
    missing: int


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """A collection in figures: current documents by state, pages, passages, its embedders.

    `suggestion` says which other embedder would suit its languages, if one would.
    """

    name: str
    ready: int
    partial: int
    failed: int
    pages: int
    pages_without_text: int
    passages: int
    generations: tuple[Generation, ...]
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A file that could not be read. `failed_at` is seconds since the epoch.

    Where an earlier version of it is still searched, that is when that one was read.
    """

    collection: str
    path: str
    reason: str
    failed_at: float


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job that works, waits or has ended lately. Times are seconds since the epoch."""

    id: str
    kind: str
    state: str
    collection: str
    by: str
    error: str
    created_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class SlowQuestion:
    """A question and how many seconds its answer took."""

    question: str
    seconds: float
    asked_at: float


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. `disk` is bytes by kind; `language_model` is '' where none is configured.

    `failures` are the newest of `failed`; `slowest` are of the last `RECENT` questions. Questions
    are everybody's, without who asked, but for those of people who were removed. Where nobody is
    registered, `admins` and `readers` are both 0: one person uses the home.
    """

    home: str
    embedder: str
    collections: tuple[CollectionStatus, ...]
    failed: int
    failures: tuple[FailedDocument, ...]
    jobs: tuple[JobStatus, ...]
    disk: dict[str, int]
    admins: int
    readers: int
    language_model: str
    slowest: tuple[SlowQuestion, ...]
    unanswered: tuple[Unanswered, ...]
    seconds: float


def status(home: Home) -> Status:
    """Look at all of a home."""
    began = time.monotonic()
    collections = tuple(_collections(home))
    people = People(home.store).all()
    admins = sum(person.admin for person in people)
    return Status(
        home=str(home.path),
        embedder=home.registry.current(),
        collections=collections,
        failed=sum(one.failed for one in collections),
        failures=tuple(_failures(home)),
        jobs=tuple(_jobs(home)),
        disk=disk_use(home.path),
        admins=admins,
        readers=len(people) - admins,
        language_model=_language_model(home),
        slowest=tuple(_slowest(home)),
        unanswered=tuple(unanswered(home.store, lambda owner: _readable(home, owner))),
        seconds=time.monotonic() - began,
    )


def _collections(home: Home) -> Iterator[CollectionStatus]:
    installed = {spec.fingerprint: name for name, spec in home.registry.specs().items()}
    current = home.registry.current()
    in_use = next((made_by for made_by, name in installed.items() if name == current), "")
    rows = home.store.connection.execute(
        "SELECT id, name, fingerprint, coalesce(ready, 0), coalesce(partial, 0),"
        " coalesce(failed, 0), coalesce(pages, 0), coalesce(without, 0), coalesce(passages, 0)"
        " FROM collections LEFT JOIN (SELECT collection, sum(state = 'ready') AS ready,"
        "  sum(state = 'partial') AS partial, sum(state = 'failed') AS failed, sum(pages) AS pages,"
        "  sum(pages_without_text) AS without, sum(passages) AS passages"
        "  FROM documents WHERE current = 1 GROUP BY collection) ON collection = id ORDER BY name"
    ).fetchall()
    for number, name, answering, ready, partial, failed, pages, bare, passages in rows:
        shown = [answering] if answering else []  # none before a collection is first indexed
        if shown and in_use and in_use != answering and _begun(home, number, in_use):
            shown.append(in_use)
        generations = [
            Generation(installed.get(one, ""), one, one == answering, _missing(home, number, one))
            for one in shown
        ]
        advice = suggestion(home, Collection(number, name))
        yield CollectionStatus(
            name, ready, partial, failed, pages, bare, passages, tuple(generations),
            sentence(advice) if advice else "",
        )  # fmt: skip


def _missing(home: Home, collection: int, fingerprint: str) -> int:
    """How many passages an embedder has not embedded; read off two indexes, no row is fetched."""
    found = home.store.connection.execute(
        "SELECT count(*) FROM passages WHERE collection = ? AND NOT EXISTS"
        " (SELECT 1 FROM vectors WHERE passage = passages.id AND fingerprint = ?)",
        (collection, fingerprint),
    )
    return found.fetchone()[0]


def _begun(home: Home, collection: int, fingerprint: str) -> bool:
    """Whether an embedder has begun with a collection: passages are embedded in their order."""
    found = home.store.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM vectors WHERE fingerprint = ? AND passage ="
        " (SELECT min(id) FROM passages WHERE collection = ?))",
        (fingerprint, collection),
    )
    return bool(found.fetchone()[0])


def _failures(home: Home) -> Iterator[FailedDocument]:
    rows = home.store.connection.execute(
        "SELECT collections.name, path, iif(state = 'failed', problem, unread), indexed_at"
        " FROM documents JOIN collections ON collections.id = documents.collection"
        " WHERE (current = 1 AND state = 'failed') OR unread != ''"
        " ORDER BY indexed_at DESC, path LIMIT ?",
        (FAILURES,),
    )
    for row in rows:
        yield FailedDocument(*row)


def _jobs(home: Home) -> Iterator[JobStatus]:
    found = queue.jobs(home)
    ended = [job for job in found if not job.active][:ENDED_JOBS]
    people = People(home.store)
    for job in found:
        if job.active or job in ended:
            yield _job(job, people.name_of(job.owner))


def _job(job: Job, by: str) -> JobStatus:
    collection = str(job.arguments.get("collection", ""))
    times = (job.created_at, job.ended_at)
    return JobStatus(job.id, job.kind, job.state, collection, by, job.error, *times)


def disk_use(home: Path) -> dict[str, int]:
    """Bytes by kind, the largest first; what vanishes meanwhile counts for nothing."""
    use = dict.fromkeys(("database", *_KINDS.values()), 0)
    for entry in _entries(home):
        is_database = entry.name.startswith(_DATABASE)  # with the files that SQLite puts beside it
        kind = "database" if is_database else _KINDS.get(entry.name, "other")
        use[kind] = use.get(kind, 0) + _bytes(entry)
    return dict(sorted(use.items(), key=lambda item: -item[1]))


def _bytes(entry: os.DirEntry[str]) -> int:
    """The size of a file, or of all files in a folder; links are not followed."""
    if entry.is_dir(follow_symlinks=False):
        return sum(map(_bytes, _entries(entry.path)))
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _language_model(home: Home) -> str:
    text = home.settings.text
    if not (text("base_url") or text("api_key")):
        return ""
    return text("model") or "configured, without a name"


def _readable(home: Home, owner: str) -> frozenset[int]:
    """What the owner of a conversation may read; nothing, once they have been removed."""
    person = People(home.store).get(owner) if owner else ONLY_USER
    return sharing.readable(home.store, person) if person else frozenset()


def _slowest(home: Home) -> Iterator[SlowQuestion]:
    rows = home.store.connection.execute(
        "SELECT question, seconds, asked_at FROM (SELECT question, asked_at,"
        "  CASE WHEN json_valid(answer) THEN json_extract(answer, '$.seconds') END AS seconds"
        "  FROM turns WHERE EXISTS (SELECT 1 FROM conversations LEFT JOIN people"
        "   ON people.id = owner WHERE conversations.id = conversation AND removed_at IS NULL)"
        "  ORDER BY id DESC LIMIT ?)"
        " WHERE seconds IS NOT NULL ORDER BY seconds DESC LIMIT ?",
        (RECENT, SLOWEST),
    )
    for row in rows:
        yield SlowQuestion(*row)
