"""Jobs: `/api/v1/jobs`, and one followed to its end by server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from embedder.errors import FootnoteError
from footnote.access import Access
from footnote.api import errors, events, schemas
from footnote.api.caller import Caller
from footnote.jobs.queue import PROGRESS_SECONDS, Job
from footnote.rendering.results import index_text
from indexer.ingest.progress import FailedFile, IngestReport

router = APIRouter(prefix="/api/v1", tags=["jobs"])
_FOLLOWED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The job; with `Accept: text/event-stream`, an event `progress` whenever it"
        " has changed, and `end` once it has ended.",
        "content": {"text/event-stream": {}},
    }
}


@router.get("/jobs")
def jobs(access: Caller) -> schemas.Jobs:
    """List the newest jobs: your own, all for admins."""
    return schemas.Jobs(jobs=[_shown(one) for one in access.jobs()])


@router.get("/jobs/{job}", response_model=schemas.JobOut, responses=_FOLLOWED)
def job(job: str, request: Request, access: Caller) -> Any:
    """How a job is doing, once or until it ends."""
    found = access.job(job)
    if "text/event-stream" in request.headers.get("accept", ""):
        return events.response(_followed(access, found))
    return _shown(found)


@router.delete("/jobs/{job}", response_model=schemas.JobOut)
def cancel(job: str, access: Caller) -> Any:
    """Ask a job to stop; what it has finished stays."""
    access.cancel(job)
    return _shown(access.job(job))


async def _followed(access: Access, found: Job) -> AsyncIterator[str]:
    said, silent = "", 0.0
    try:
        while found.active:
            now = _shown(found).model_dump_json()
            if now != said:
                yield events.event(now, "progress")
                said, silent = now, 0.0
            elif silent >= events.ALIVE_SECONDS:
                yield events.event(None)
                silent = 0.0
            await asyncio.sleep(PROGRESS_SECONDS)
            silent += PROGRESS_SECONDS
            found = await run_in_threadpool(access.job, found.id)
        yield events.event(_shown(found).model_dump_json(), "end")
    except FootnoteError as error:  # the right to see it was withdrawn, the collection deleted
        yield events.event(errors.event_of(error), "error")


def _shown(found: Job) -> schemas.JobOut:
    """A job without what names places of this machine."""
    return schemas.JobOut(
        id=found.id,
        kind=found.kind,
        collection=str(found.arguments.get("collection", "")),
        state=found.state,
        progress=found.progress,
        result=found.result,
        summary=_summary(found),
        error=found.error,
        created_at=found.created_at,
        ended_at=found.ended_at,
    )


def _summary(found: Job) -> str:
    """What an indexing job did, as the command line says it."""
    if found.kind not in ("index", "reindex") or not found.result:
        return ""
    failed = tuple(FailedFile(**one) for one in found.result["failed"])
    report = IngestReport(**(found.result | {"failed": failed}))
    return " ".join(line.strip() for line in index_text(report))
