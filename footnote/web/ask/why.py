"""Why an answer rests on these passages, and why on no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from footnote.rendering.formatting import ordinal, plain
from footnote.rendering.results import snippet
from footnote.web import components
from footnote.web.language import _
from footnote.web.server.session import errors_shown
from rag.explain import knowing
from rag.records import Answer

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.records import Hit


@components.dialog("Why these passages?", width="large")
def show(access: Access, answer: Answer, collections: Sequence[int] | None) -> None:
    """Draw the passages with their ranks, and a way to ask after one that is missing."""
    st.markdown(
        _(
            "Your documents were searched twice: once for passages that **mean** what you asked,"
            " once for passages that **use the same words**. The two lists were merged into one."
        )
    )
    if answer.standalone != answer.question:
        st.markdown(f"Searched as: *{plain(answer.standalone)}*")
    if answer.hits:
        components.rows(
            "Passages that were read", [_row(answer, hit) for hit in answer.hits], key="why"
        )
    else:
        st.markdown(_("Neither search found a passage."))
    missing(access, answer.standalone, collections, refused=answer.abstained)


def _row(answer: Answer, hit: Hit) -> dict[str, str]:
    cited = [str(note.n) for note in answer.footnotes if note.passage == hit.passage.id]
    return {
        "Place": ordinal(hit.rank),
        "By meaning": ordinal(hit.dense_rank) if hit.dense_rank else "not found",
        "By words": ordinal(hit.keyword_rank) if hit.keyword_rank else "not found",
        "Footnote": ", ".join(cited),
        "Document": hit.document.title,
        "Page": "–".join(str(page) for page in dict.fromkeys(hit.passage.pages)),
        "Passage": snippet(hit.passage.text, 400),
    }


def missing(
    access: Access, question: str, collections: Sequence[int] | None, *, refused: bool
) -> None:
    """Ask for a sentence that should have been found, and say where it got lost.

    `refused` says whether the question got no answer; `collections` None means all.
    """
    with st.form("missing", border=False):
        expected = st.text_input(
            _("Is a passage missing? Type a sentence of it, and see where it got lost."),
            placeholder=_("A sentence of the passage that should have been found"),
        )
        asked = st.form_submit_button(_("Look for it"))
    if not asked:
        return
    with errors_shown(), st.spinner(_("Looking …")):
        explanation = knowing(
            access.asking.explain(question, expected, collections), refused=refused
        )
        for finding in explanation.findings:
            st.markdown(f"- {plain(finding)}")
        for remedy in explanation.remedies:
            st.info(plain(remedy), icon=":material/lightbulb:")
