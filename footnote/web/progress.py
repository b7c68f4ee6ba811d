"""Documents being read, as the reader sees it: how far, how fast, how much longer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.jobs.queue import JobError
from footnote.rendering.formatting import plain
from footnote.web import components
from footnote.web.language import _, counted, enumerated, lasting
from footnote.web.server.session import problem

if TYPE_CHECKING:
    from footnote.access import Access
    from footnote.jobs.queue import Job

KINDS = ("index", "reindex", "watch")  # of jobs; those of a training are shown on its own page
WATCHED = "watched_jobs"  # ids of jobs whose end this reader has not put away yet
SHOWN_SECONDS = 60.0  # so long stands what went well; what did not, until it is put away


def watch(job: str) -> None:
    """Show this job until the reader puts its result away."""
    watched = st.session_state.setdefault(WATCHED, [])
    if job not in watched:
        watched.append(job)


def any_active(access: Access) -> bool:
    """Whether any documents are being read, or wait to be."""
    return any(job.active and job.kind != "watch" for job in access.jobs(KINDS))


def show_running(access: Access) -> None:
    """Draw the jobs that wait or work, whoever started them."""
    for job in access.jobs(KINDS):
        if job.active:
            watch(job.id)
    if any(job.active for job in _watched(access)):
        _running(access)


def show(access: Access) -> None:
    """Draw the running jobs, and the results that this reader has not put away."""
    show_running(access)
    for job in reversed(_watched(access)):
        if not job.active and is_of_the_past(job):
            st.session_state[WATCHED].remove(job.id)
        elif not job.active:
            _ended(job)


def is_of_the_past(job: Job) -> bool:
    """Whether a job that went well has been shown for long enough."""
    well = job.state == "done" and not job.result.get("failed")
    return well and job.ended_at is not None and time.time() - job.ended_at > SHOWN_SECONDS


def _watched(access: Access) -> list[Job]:
    found = []
    for identifier in st.session_state.get(WATCHED, []):
        with suppress(JobError):  # it reads what this reader may see no more
            found.append(access.job(identifier))
    return found


@st.fragment(run_every=1.0)
def _running(access: Access) -> None:
    active = [job for job in _watched(access) if job.active]
    before: set[str] = set()  # kinds of work: only of its own does a job wait for the others
    for job in sorted(active, key=lambda job: job.created_at):
        _card(access, job, first=job.kind not in before)
        before.add(job.kind)
    if len(active) < st.session_state.get("active_jobs", 0):
        st.session_state["active_jobs"] = len(active)
        st.rerun()  # one has ended: table, counts and result are to be drawn anew
    st.session_state["active_jobs"] = len(active)


def _card(access: Access, job: Job, *, first: bool) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title(job)}**", width="stretch")
            st.button(
                _ending(job),
                disabled=job.state == "cancelling",
                key=f"cancel-{job.id}",
                on_click=access.cancel,
                args=(job.id,),
            )
        if job.kind == "watch":
            st.caption(following(job))
            job = replace(job, progress=job.progress.get("reading") or {})
            if not job.progress or share(job.progress) == 1:
                return
        st.progress(share(job.progress))
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(details(job, first=first), width="content")
            st.caption(plain(current_file(job)), width="content")


def _ending(job: Job) -> str:
    """What the button says that ends a job."""
    follows = job.kind == "watch"
    if job.state == "cancelling":
        return _("Stopping …") if follows else _("Cancelling …")
    return _("Stop") if follows else _("Cancel")


def following(job: Job) -> str:
    """What has come of a folder that is followed."""
    said = _("{n} added"), _("{n} updated"), _("{n} removed")
    counts = _counts(job.progress, ("added", "updated", "deleted"), said)
    return _("Followed: {what}").format(what=enumerated(counts) or _("nothing has changed yet"))


def title(job: Job) -> str:
    """What the job does: `Reading 3 files into Contracts`."""
    arguments, collection = job.arguments, plain(job.arguments["collection"])
    if job.kind == "reindex":
        chosen = arguments["documents"]
        again = collection
        if chosen:
            again = _("{documents} of {collection}").format(
                documents=counted(len(chosen), "document"), collection=collection
            )
        return _("Reading {what} again").format(what=again)
    if arguments["names"]:
        what = counted(len(arguments["names"]), "file")
    else:
        what = plain(enumerated([PurePath(path).name for path in arguments["paths"]]))
    if job.kind == "watch":
        return _("Keeping {collection} in step with {folder}").format(
            collection=collection, folder=what
        )
    return _("Reading {what} into {collection}").format(what=what, collection=collection)


def share(progress: dict[str, Any]) -> float:
    """How much of the work is done, 0 to 1."""
    total = progress.get("bytes_total", 0)
    return min(progress.get("bytes_done", 0) / total, 1.0) if total else 0.0


def details(job: Job, *, first: bool) -> str:
    """The line under the bar: how much is done, how fast it goes, how much longer it takes.

    `first` is the one that no other work has to end before.
    """
    progress = job.progress
    if job.state == "waiting" and not first:
        return _("Waiting for the work before it to end")
    if not progress:
        given = job.arguments.get("names") or job.arguments.get("documents")
        begun = _("0 of {files} · starting")
        return (
            begun.format(files=counted(len(given), "file")) if given else _("Looking for files …")
        )
    if progress["files_done"] == progress["files_total"] and progress["files_total"]:
        return _("{files} read · making the search ready").format(
            files=counted(progress["files_total"], "file")
        )
    left, speed = progress["seconds_left"], progress["passages_per_second"]
    parts = [
        _("{n} of {files}").format(
            n=f"{progress['files_done']:,}", files=counted(progress["files_total"], "file")
        ),
        counted(progress["pages"], "page"),
        _("{n} passages a second").format(n=f"{speed:.0f}") if speed >= 1 else "",
        "" if left is None else _("{time} left").format(time=lasting(left)),
    ]
    return " · ".join(filter(None, parts))


def current_file(job: Job) -> str:
    """The name of the file being read, without its folders; and the page, where that takes long."""
    path = job.progress.get("current", "")
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    pages = job.progress.get("page_of", 0)
    if not pages:
        return name
    return _("{name}, page {page} of {pages}").format(
        name=name, page=f"{job.progress['page']:,}", pages=f"{pages:,}"
    )


def _ended(job: Job) -> None:
    with st.container(border=True, key=f"result-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{summary(job)}**", width="stretch")
            st.button(
                _("Close"),
                icon=":material/close:",
                type="tertiary",
                key=f"close-{job.id}",
                on_click=st.session_state[WATCHED].remove,
                args=(job.id,),
            )
        if job.state == "failed":
            problem(job.error)
        if job.state == "cancelled" and job.kind == "index":
            st.markdown(
                _("What was read until then stays. Add the same again to go on from there.")
            )
        if job.result.get("pages_without_text"):
            pages = counted(job.result["pages_without_text"], "page")
            st.markdown(
                _("{pages} without text: no question can find what they show.").format(pages=pages)
            )
        if job.result.get("with_hidden_text"):
            hiding = counted(job.result["with_hidden_text"], "document")
            st.markdown(
                _("{documents} with hidden text: see its health in the list below.").format(
                    documents=hiding
                )
            )
        failed = job.result.get("failed", ())
        if failed:
            files = counted(len(failed), "file")
            st.markdown(_("{files} could not be read:").format(files=files))
            components.rows(
                _("Files that could not be read"),
                [{_("File"): one["path"], _("Reason"): one["error"]} for one in failed],
                key=f"failed-{job.id}",
            )


def summary(job: Job) -> str:
    """What the job did, in a sentence."""
    if job.state == "failed":
        return _("The work stopped")
    result = job.result
    said = _("{n} added"), _("{n} updated"), _("{n} unchanged")
    done = _counts(result, ("added", "updated", "unchanged"), said)
    if result.get("failed"):
        done.append(_("{n} not readable").format(n=f"{len(result['failed']):,}"))
    head = _("Cancelled") if job.state == "cancelled" else _("Done")
    pages = counted(result.get("pages", 0), "page")
    took = lasting(result.get("seconds", 0))
    where = plain(job.arguments.get("collection", ""))
    return f"{head}: {enumerated(done, 4) or _('nothing new')} · {where} · {pages} · {took}"


def _counts(found: dict[str, Any], keys: Sequence[str], said: Sequence[str]) -> list[str]:
    return [
        text.format(n=f"{found[key]:,}")
        for key, text in zip(keys, said, strict=True)
        if found.get(key)
    ]
