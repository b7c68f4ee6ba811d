"""Runs one job to its end in this process: `python -m footnote.worker.runner HOME JOB`."""

from __future__ import annotations

import json
import os
import sys
import time

from embedder.atomic import is_of_storage, storage_error
from embedder.errors import FootnoteError
from footnote.access import check_order
from footnote.home import Home
from footnote.jobs import queue, uploads
from footnote.jobs.queue import Job, JobState
from footnote.worker.kinds import WORK


def work(home: Home, identifier: str) -> None:
    """Run a job to its end in this process (the body of `python -m footnote.worker.runner`)."""
    queue.update(home, identifier, pid=os.getpid())
    current = queue.job(home, identifier)
    try:
        if _wait_for_turn(home, identifier):
            _carry_out(home, current)
        else:
            queue.finish(home, identifier, "cancelled")
    finally:
        uploads.discard(home.path, current.arguments.get("staged", ()))


def _carry_out(home: Home, current: Job) -> None:
    """Do a job whose turn has come, if whoever ordered it may still have it done."""
    identifier = current.id
    control = queue.JobControl(home, current)
    try:
        check_order(home, current)
        there = queue.collection_of(home, current)  # it may have been renamed
        named = {"collection": there.name} if there else {}
        result = WORK[current.kind](home, current.arguments | named, control)
    except FootnoteError as error:
        queue.finish(home, identifier, "failed", error=str(error))
    except OSError as error:
        if not is_of_storage(error):
            queue.finish(home, identifier, "failed", error=f"{type(error).__name__}: {error}")
            raise
        queue.finish(home, identifier, "failed", error=str(storage_error(error, home.path)))
    except BaseException as error:
        # The database must say that the job ended whatever ended it; the traceback goes on
        # into the job's log.
        queue.finish(home, identifier, "failed", error=f"{type(error).__name__}: {error}")
        raise
    else:
        state: JobState = "cancelled" if control.cancelled() else "done"
        queue.finish(home, identifier, state, result=json.dumps(result))


def _wait_for_turn(home: Home, identifier: str) -> bool:
    """Claim the job once no older one of its kind is active; false if cancelled meanwhile."""
    while True:
        mine = queue.job(home, identifier)
        if mine.state == "cancelling":
            return False
        if not queue.is_behind(home, mine):
            return _claim(home, identifier)
        time.sleep(queue.PROGRESS_SECONDS)


def _claim(home: Home, identifier: str) -> bool:
    with home.store.transaction() as connection:
        claimed = connection.execute(
            "UPDATE jobs SET state = 'running', started_at = ?, heartbeat_at = ?"
            " WHERE id = ? AND state = 'waiting'",
            (time.time(), time.time(), identifier),
        )
        return claimed.rowcount == 1


def main() -> None:
    """`python -m footnote.worker.runner HOME JOB`."""
    folder, identifier = sys.argv[1:]
    home = Home.open(folder)
    home.give_way()
    work(home, identifier)


if __name__ == "__main__":
    main()
