"""Background work: each job in a process of its own, its progress in the database.

A job outlives the page and the app that started it. Jobs of one kind run one after the
other in the order in which they were handed in (that of the rows, for clocks are set back), but
an upload of a few files does not wait for a large one; a waiting job's process sleeps until it is
its turn. A job whose process has died is reported
as failed, never as running.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from embedder.atomic import StorageError, storage_error
from embedder.errors import FootnoteError
from footnote.jobs import uploads

if TYPE_CHECKING:
    from sqlite_utils.db import Table

    from footnote.home import Home
    from indexer.records import Collection

JobState = Literal["waiting", "running", "cancelling", "done", "failed", "cancelled"]
# What jobs do; `footnote.worker.kinds` says how.
KINDS = ("index", "reindex", "watch", "write", "examples", "train", "add", "switch")
ACTIVE = ("waiting", "running", "cancelling")
PROGRESS_SECONDS = 0.5  # how often progress reaches the database, and cancelling is noticed
FEW_FILES = 10  # of an upload that does not wait for larger ones
DIED = "The job's process ended unexpectedly. Start it again: it continues where it was."


class JobError(FootnoteError):
    """A job that does not exist, or cannot be started."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the database knows it. Times are seconds since the epoch."""

    id: str
    kind: str
    arguments: dict[str, Any]
    state: JobState
    progress: dict[str, Any]
    result: dict[str, Any]
    error: str
    owner: str
    pid: int | None
    created_at: float
    ended_at: float | None

    @property
    def active(self) -> bool:
        """Whether it still waits or works."""
        return self.state in ACTIVE


class JobControl:
    """What a job's work is given: where to report, and when to stop."""

    def __init__(self, home: Home, job: Job) -> None:
        self._home, self._job = home, job
        self._last: float | None = None
        self._cancelled = False

    def progress(self, values: Mapping[str, Any]) -> None:
        """Write progress, at most every `PROGRESS_SECONDS`."""
        now = time.monotonic()  # the clock on the wall may be set back
        if self._last is None or now - self._last >= PROGRESS_SECONDS:
            self._last = now
            beat = {"progress": json.dumps(values), "heartbeat_at": time.time()}
            update(self._home, self._job.id, **beat)
            self._cancelled = job(self._home, self._job.id).state == "cancelling"

    @property
    def job(self) -> Job:
        """The job, as it was when it began."""
        return self._job

    @property
    def owner(self) -> str:
        """The id of who ordered the job; '' where nobody was registered."""
        return self._job.owner

    def cancelled(self) -> bool:
        """Whether someone asked the job to stop (as of the last progress written)."""
        return self._cancelled


def submit(home: Home, kind: str, arguments: Mapping[str, Any], owner: str = "") -> str:
    """Start a job and return its id at once. Raises `JobError` for an unknown kind.

    A collection that is there is noted by its id: another may have its name by the job's turn.
    """
    if kind not in KINDS:
        raise JobError(f"there is no job of kind {kind!r}; known: {', '.join(KINDS)}")
    there = home.store.collection(str(arguments.get("collection", "")))
    known = {"collection": there.name} if there else {}  # as it is written, whatever was typed
    arguments = {**arguments, **known, "collection_id": there.id if there else None}
    identifier = secrets.token_hex(8)
    _table(home).insert(
        {
            "id": identifier,
            "kind": kind,
            "arguments": json.dumps(arguments),
            "state": "waiting",
            "owner": owner,
            "pid": os.getpid(),  # until the job has one of its own
            "created_at": time.time(),
        }
    )
    try:
        process = _started(home, identifier)
    except OSError as error:
        with suppress(StorageError):
            finish(home, identifier, "failed", error=str(storage_error(error, home.path)))
        uploads.discard(home.path, arguments.get("staged", ()))
        raise storage_error(error, home.path) from error
    update(home, identifier, pid=process.pid)
    return identifier


def _started(home: Home, identifier: str) -> subprocess.Popen[bytes]:
    log = home.path / "jobs" / f"{identifier}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "footnote.worker.runner", str(home.path), identifier],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def job(home: Home, identifier: str) -> Job:
    """The job with this id; one whose process is gone is marked failed first."""
    rows = _select(home, "id = ?", (identifier,))
    if not rows:
        raise JobError(f"there is no job {identifier}")
    return _mark_dead(home, rows[0])


def jobs(
    home: Home, kinds: Sequence[str] = (), limit: int = 50, owner: str | None = None
) -> list[Job]:
    """The newest jobs (of these kinds, of this owner, if any are named), newest first."""
    where, values = ["1"], list(kinds)
    if kinds:
        where.append(f"kind IN ({', '.join('?' * len(kinds))})")
    if owner is not None:
        where.append("owner = ?")
        values.append(owner)
    rows = _table(home).rows_where(" AND ".join(where), values, order_by="rowid desc", limit=limit)
    return [_mark_dead(home, _job(row)) for row in rows]


def collection_of(home: Home, found: Job) -> Collection | None:
    """The collection that a job was ordered for, whatever it is called by now; None if gone.

    For a job whose collection was not there yet, what has its name.
    """
    number = found.arguments.get("collection_id")
    if number is None:
        return home.store.collection(found.arguments.get("collection", ""))
    return next((one for one in home.store.collections() if one.id == number), None)


def of_run(home: Home, run: str) -> Job | None:
    """The newest job that worked on a training run."""
    found = _select(
        home,
        "rowid = (SELECT max(rowid) FROM jobs WHERE json_extract(arguments, '$.run') = ?)",
        (run,),
    )
    return _mark_dead(home, found[0]) if found else None


def is_behind(home: Home, mine: Job) -> bool:
    """Whether older work of its kind has to end before a job begins.

    A few files do not wait for thousands: they are read beside them.
    """
    if mine.kind == "watch":  # one that follows a folder has no end that others could wait for
        return False
    older = _select(
        home,
        "kind = ? AND state IN ('waiting', 'running', 'cancelling')"
        " AND rowid < (SELECT rowid FROM jobs WHERE id = ?)",
        (mine.kind, mine.id),
    )
    return any(_mark_dead(home, row).active for row in older if _comes_first(row, mine))


def _comes_first(older: Job, mine: Job) -> bool:
    """Whether the order of two jobs of one kind counts.

    It does among small uploads, and where a large one has a file of the same name: who comes
    second gives it another.
    """
    if not _is_small(mine) or _is_small(older):
        return True
    names = set(older.arguments.get("names") or ()) & set(mine.arguments.get("names") or ())
    return bool(names) and older.arguments["collection"] == mine.arguments["collection"]


def _is_small(job: Job) -> bool:
    return 0 < len(job.arguments.get("staged") or ()) <= FEW_FILES


def follow_again(home: Home) -> list[str]:
    """Begin anew to follow the folders whose job ended unasked, as at a restart; the jobs' ids."""
    newest: dict[str, Job] = {}
    for found in _select(home, "kind = 'watch'", ()):  # oldest first
        told = (found.arguments.get("paths"), found.arguments.get("collection"))
        newest[json.dumps(told)] = _mark_dead(home, found)
    return [
        submit(home, "watch", lost.arguments, lost.owner)
        for lost in newest.values()
        if lost.error == DIED
    ]


def mark_dead(home: Home) -> None:
    """Say of all jobs whose process is gone that they failed, and remove what they had staged."""
    for found in _select(home, f"state IN ({', '.join('?' * len(ACTIVE))})", ACTIVE):
        _mark_dead(home, found)


def cancel(home: Home, identifier: str) -> None:
    """Ask a job to stop; what it has finished stays."""
    with home.store.transaction() as connection:
        connection.execute(
            "UPDATE jobs SET state = 'cancelling' WHERE id = ? AND state IN ('waiting', 'running')",
            (identifier,),
        )


def finish(home: Home, identifier: str, state: JobState, **columns: str) -> None:
    """Note how a job ended."""
    update(home, identifier, state=state, ended_at=time.time(), **columns)


def update(home: Home, identifier: str, **columns: Any) -> None:
    """Write columns of a job's row."""
    _table(home).update(identifier, columns)


def _select(home: Home, where: str, values: tuple[Any, ...]) -> list[Job]:
    return [_job(row) for row in _table(home).rows_where(where, values)]


def _table(home: Home) -> Table:
    """The jobs, through sqlite-utils: here nothing hangs on its half second of import."""
    from sqlite_utils import Database

    return Database(home.store.connection, use_counts_table=False).table("jobs")


def _job(row: Mapping[str, Any]) -> Job:
    columns = {field.name: row[field.name] for field in fields(Job)}
    for name in ("arguments", "progress", "result"):
        columns[name] = json.loads(columns[name] or "{}")
    return Job(**columns)


def _mark_dead(home: Home, found: Job) -> Job:
    if found.active and found.pid is not None and not _at_work(found):
        fresh = _select(home, "id = ?", (found.id,))[0]  # it may have ended meanwhile
        if not fresh.active:
            return fresh
        with suppress(StorageError):  # on a disk that cannot be written it is said all the same
            finish(home, found.id, "failed", error=DIED)
        uploads.discard(home.path, found.arguments.get("staged", ()))
        return replace(fresh, state="failed", error=DIED)
    return found


def _at_work(found: Job) -> bool:
    """Whether the job's process lives.

    Numbers of processes are used again, after a restart of the machine above all: the one that
    has the number now must name the job.
    """
    if found.pid is None or not _alive(found.pid):
        return False
    if found.pid == os.getpid():
        return True
    try:
        command = Path(f"/proc/{found.pid}/cmdline").read_bytes()
        if not command:  # a process that has just begun has none for a moment, a zombie never
            return b") Z " not in Path(f"/proc/{found.pid}/stat").read_bytes()
    except OSError:  # no such place on this system
        return True
    # A job that waits may still have the number of the program that is starting it.
    starting = found.state == "waiting" and (b"streamlit" in command or b"footnote" in command)
    return found.id.encode() in command or starting


def _alive(pid: int) -> bool:
    """Whether the process exists and is no zombie of ours."""
    try:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
    except ChildProcessError:  # not our child: another process, or long reaped
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
