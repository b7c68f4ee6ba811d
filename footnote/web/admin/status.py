"""The page *Status*: how the installation is doing, and the log of who did what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from footnote.accounts.audit import KINDS
from footnote.rendering.formatting import count, duration, plain, size, when
from footnote.rendering.status import WHERE, extent, generation, people
from footnote.web import components, paging
from footnote.web.ask import why
from footnote.web.server import session
from footnote.web.server.session import errors_shown
from footnote.web.training.words import embedder_name

if TYPE_CHECKING:
    from footnote.access import Access
    from footnote.accounts.audit import AuditEntry
    from footnote.home import Home
    from footnote.status import CollectionStatus, JobStatus, Status

LOG_ROWS = 50
FIRST = "first_log_entry"  # session state: the page of the log that is open
EVERYBODY = "Everybody"
WORK = {
    "index": "Reading documents",
    "reindex": "Reading documents again",
    "watch": "Keeping a folder in step",
    "write": "Writing questions",
    "examples": "Making examples",
    "train": "Training",
}
STATES = {
    "waiting": "Waits for its turn",
    "running": "At work",
    "cancelling": "Being stopped",
    "done": "Done",
    "failed": "Stopped by a fault",
    "cancelled": "Cancelled",
}
# What takes room on the disk, in the words of who has to find some.
KEPT = {
    "converted bases": "The search model, unpacked",
    "database": "Texts, search and conversations",
    "originals": "The files as they were added",
}


def show() -> None:
    """Draw the page."""
    with st.container(key="status"), errors_shown():
        access = session.access()
        with st.spinner("Counting …"):
            status = access.status()
        st.title("Status", anchor=False)
        home = access.everything()
        _facts(status, home)
        _collections(status, home)
        _failures(status)
        _jobs(status)
        _unanswered(status)
        _slowest(status)
        _disk(status)
        _log()


def _facts(status: Status, home: Home) -> None:
    st.markdown(
        f"**People:** {plain(people(status))}  \n"
        f"**Search model for new documents:** {embedder_name(home, status.embedder)}  \n"
        "**Answers are written by:** "
        + plain(status.language_model or "nobody: they are quoted word for word")
    )
    if not status.language_model and st.button(
        "Set up a language model", icon=":material/tune:", type="tertiary"
    ):
        session.go_to("settings")


def _disk(status: Status) -> None:
    st.subheader("Disk", anchor=False)
    rows = [
        {"What": KEPT.get(kind, kind.capitalize()), "Size": size(used)}
        for kind, used in status.disk.items()
        if used
    ]
    _table("Disk", [*rows, {"What": "Altogether", "Size": size(sum(status.disk.values()))}])


def _collections(status: Status, home: Home) -> None:
    st.subheader("Collections", anchor=False)
    if not status.collections:
        st.markdown("Nothing is indexed yet. Add documents in the Library.")
        return
    _table("Collections", [_collection(one, home) for one in status.collections])


def _collection(one: CollectionStatus, home: Home) -> dict[str, Any]:
    models = [
        replace(each, embedder=each.embedder and embedder_name(home, each.embedder))
        for each in one.generations
    ]
    return {
        "Collection": one.name,
        "Ready": one.ready,
        "Some pages missing": one.partial,
        "Not readable": one.failed,
        "Holds": extent(one),
        "Search model": "; ".join(map(generation, models)),
    }


def _failures(status: Status) -> None:
    if not status.failures:
        return
    st.subheader("Not readable", anchor=False)
    if status.failed > len(status.failures):
        st.caption(
            f"The newest {len(status.failures)} of {count(status.failed, 'file')}; the Library"
            " lists all of them."
        )
    _table(
        "Not readable",
        [
            {
                "Collection": one.collection,
                "File": one.path,
                "Why": one.reason,
                "When": when(one.failed_at),
            }
            for one in status.failures
        ],
    )


def _jobs(status: Status) -> None:
    st.subheader("Work in the background", anchor=False)
    if not status.jobs:
        st.markdown("There has been none yet.")
        return
    _table("Work", [_job(one) for one in status.jobs])


def _job(one: JobStatus) -> dict[str, str]:
    took = duration(max(0.0, one.ended_at - one.created_at)) if one.ended_at else ""
    return {
        "Work": WORK.get(one.kind, one.kind),
        "Collection": one.collection,
        "State": STATES.get(one.state, one.state),
        "Ordered by": one.by,
        "Ordered": when(one.created_at),
        "Took": took,
        "What went wrong": one.error,
    }


def _unanswered(status: Status) -> None:
    if not status.unanswered:
        return
    st.subheader("Questions that found nothing", anchor=False)
    st.caption(
        "Everybody's, without who asked: refused, or given a thumb down. Where a word of the"
        " question stands in no document, none seems to hold the answer; where all stand in one"
        " passage, search may have missed it. Both are hints."
    )
    _table(
        "Questions that found nothing",
        [
            {
                "Question": one.question,
                "Times": one.count,
                "Refused": one.refused,
                "Thumbs down": one.disliked,
                "Last": when(one.asked_at),
                "What was wrong": " · ".join(one.reasons),
                "Perhaps": WHERE[one.where].capitalize(),
            }
            for one in status.unanswered
        ],
    )
    _why_nothing([one.question for one in status.unanswered])


@st.fragment
def _why_nothing(questions: Sequence[str]) -> None:
    """Draw a way to see where the answer to one of the questions got lost."""
    with errors_shown(), st.expander("Why did it find nothing?"):
        question = st.selectbox("Question", questions, accept_new_options=True, key="found_nothing")
        if question:
            why.missing(session.access(), question, None, refused=True)


def _slowest(status: Status) -> None:
    if not status.slowest:
        return
    st.subheader("Slowest questions", anchor=False)
    st.caption("Of everybody's last questions, without who asked.")
    _table(
        "Slowest questions",
        [
            {"Question": one.question, "Took": f"{one.seconds:.1f} s", "Asked": when(one.asked_at)}
            for one in status.slowest
        ],
    )


@st.fragment
def _log() -> None:
    """Draw the log; its filters and pages do not count everything else anew."""
    with errors_shown():
        access = session.access()
        st.subheader("Who did what", anchor=False)
        kinds, who = _filters(access)
        total = access.audit(kinds, who=who, limit=0).total
        first = paging.first(FIRST, total, LOG_ROWS)
        found = access.audit(kinds, who=who, limit=LOG_ROWS, offset=first)
        if not found.rows:
            st.markdown("Nothing." if kinds or who else "Nothing has been done yet.")
            return
        _table("Who did what", [_entry(one) for one in found.rows])
        paging.buttons(FIRST, total, LOG_ROWS, "entry", many="entries")


def _filters(access: Access) -> tuple[list[str], str]:
    with st.container(horizontal=True, vertical_alignment="center"):
        kinds = st.multiselect(
            "What",
            KINDS,
            placeholder="Everything",
            format_func=str.capitalize,
            label_visibility="collapsed",
            key="log_kinds",
            on_change=paging.turn,
            args=(FIRST,),
        )
        who = st.selectbox(
            "Who",
            ["", *access.in_audit()],
            format_func=lambda one: one or EVERYBODY,
            label_visibility="collapsed",
            key="log_who",
            on_change=paging.turn,
            args=(FIRST,),
            width=240,
        )
    return kinds, who or ""


def _entry(one: AuditEntry) -> dict[str, str]:
    return {
        "When": when(one.at),
        "Who": one.who,
        "What": one.what.capitalize(),
        "Collection": one.collection,
        "Document": one.document,
        "Details": one.details,
    }


def _table(label: str, rows: Sequence[dict[str, Any]]) -> None:
    components.rows(label, rows, key=label)
