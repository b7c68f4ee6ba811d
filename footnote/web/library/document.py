"""One document of the library: how well it was read, page by page, and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import plain, size, when
from footnote.rendering.results import hidden_text, unread
from footnote.rendering.transcript import page_text
from footnote.web import components, page_view, paging, progress
from footnote.web.language import _, counted
from footnote.web.library import chosen_rows, documents, similar
from footnote.web.page_view import Moves, Place
from footnote.web.server.session import errors_shown, problem
from indexer.records import Document

if TYPE_CHECKING:
    from footnote.access import Access

PROBLEM_ROWS = 20


def show(access: Access, identifier: str) -> None:
    """Draw the document, or say that it is gone; for an old version the one in its place."""
    components.scroll_here(key=f"scroll-{identifier}")
    st.button(_("Library"), icon=":material/arrow_back:", type="tertiary", on_click=_back)
    chosen_rows.receipt()
    with errors_shown():
        document = access.document(identifier)
        newest = access.newest(document)
        if newest and newest != document:  # it was read again, perhaps from here
            st.query_params["document"] = newest.id
            st.rerun()
        st.title(plain(document.title), anchor=False)
        st.caption(
            f"{plain(page_view.file_name(document))} · {plain(documents.kind(document))}"
            f" · {size(document.size)} · {'tried' if document.state == 'failed' else 'read'}"
            f" {when(document.indexed_at)}"
        )
        _actions(access, document)
        progress.show(access)
        _health(document)
        if document.passages:
            _summary(access, document)
            similar.show(access, document)
        if document.pages:
            _pages(access, document)
        _versions(access, document)


def _back() -> None:
    del st.query_params["document"]


def _actions(access: Access, document: Document) -> None:
    if not document.current:
        return
    readable = document.state != "failed"  # a file that could not be read is to be added anew
    names = {collection.id: collection.name for collection in access.collections()}
    with st.container(horizontal=True):
        if readable and st.button(_("Ask this document"), icon=":material/forum:", type="primary"):
            chosen_rows.ask([document])
        if not access.may("manage", document.collection):
            return
        if readable and st.button(_("Read again"), icon=":material/refresh:"):
            chosen_rows.read_again(access, [names[document.collection]], [document.id])
            st.rerun()
        if st.button(_("Move"), icon=":material/drive_file_move:"):
            chosen_rows.move(access, [document], names)
        if st.button(_("Delete"), icon=":material/delete:"):
            chosen_rows.confirm_deletion(access, [document])


def _health(document: Document) -> None:
    if document.state == "failed":
        problem(f"{page_view.file_name(document)} {document.problem}")
        return
    missing = document.pages_without_text
    text = f"{counted(missing, 'page')} without text" if missing else "every page has text"
    st.markdown(
        f"{counted(document.pages, 'page')}, {counted(document.passages, 'passage')}"
        f" to search, {text}."
    )
    if document.problem:
        st.warning(plain(document.problem), icon=":material/info:")
    if document.unread:
        text = f"{page_view.file_name(document)} {unread(document)}"
        st.warning(plain(text), icon=":material/warning:")
    hidden = list(hidden_text(document))
    if hidden:
        st.warning(
            "\n".join(f"- {plain(line)}" for line in hidden), icon=":material/visibility_off:"
        )


def _summary(access: Access, document: Document) -> None:
    """What the document says, in its own sentences, once it is asked for."""
    key = f"summary-{document.id}"
    if key not in st.session_state:
        if not st.button(_("Sum it up"), icon=":material/short_text:"):
            return
        with st.spinner(_("Reading the document …"), show_time=True):
            st.session_state[key] = access.asking.summary(document.id)
    st.subheader(_("Summary"), anchor=False)
    answer = st.session_state[key]
    notes = {note.n: note for note in answer.footnotes}
    if answer.notice:
        st.info(plain(answer.notice), icon=":material/info:")
    if not answer.sentences:
        st.caption(_("It has no sentences that could be told apart from lists and tables."))
    for one in answer.sentences:
        places = ", ".join(
            str(page) for page in sorted({notes[n].span.page for n in one.footnotes})
        )
        about = f"**{plain(one.about)}:** " if one.about else ""
        st.markdown(f"{about}{plain(one.text)} (page {places})")


def _problems(access: Access, document: Document) -> None:
    numbers = access.problem_pages(document.id)
    if not numbers:
        return
    st.subheader(_("Pages with problems"), anchor=False)
    key = f"problems-{document.id}"
    first = paging.first(key, len(numbers), PROBLEM_ROWS)
    shown = [access.page(document.id, one) for one in numbers[first : first + PROBLEM_ROWS]]
    components.rows(
        "Pages with problems",
        [
            {"Page": page_view.page_label(page, document.pages), "Problem": page.problem}
            for page in shown
        ],
        key="problems",
    )
    paging.buttons(key, len(numbers), PROBLEM_ROWS, "page")


@st.fragment
def _pages(access: Access, document: Document) -> None:
    _problems(access, document)
    st.subheader(_("What was read"), anchor=False)
    number = min(st.session_state.get(f"at-{document.id}", 1), document.pages)

    def turn(to: int) -> None:
        st.session_state[f"at-{document.id}"] = to

    left, right = st.columns(2, gap="medium")
    with left:
        page = page_view.show(access, Place(document.id, number), Moves(turn))
    if page:
        with right, st.expander(_("As it was read"), icon=":material/notes:"):
            st.code(page_text(document, page), language=None, wrap_lines=True)
    with right, st.container(key="passages"):
        here = access.passages_on(document.id, number)
        st.markdown(f"**{counted(len(here), 'passage')} on this page**")
        if not here:
            st.caption(_("Nothing on this page can be found by a question."))
        for passage in here:
            with st.container(border=True):
                if passage.headings:
                    st.caption(plain(" › ".join(passage.headings)))
                st.text(passage.text)


def _versions(access: Access, document: Document) -> None:
    versions = access.revisions(document.id)
    if len(versions) < 2:
        return
    st.subheader(_("Versions"), anchor=False)
    components.rows(
        "Versions",
        [
            {
                "Version": version.revision,
                "Read": when(version.indexed_at),
                "Pages": version.pages,
                "Size": size(version.size),
                "In use": "yes" if version.current else "",
            }
            for version in versions
        ],
        key="versions",
    )
    st.caption(_("Answers given from an earlier version still open the page they cited."))
