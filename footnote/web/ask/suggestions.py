"""Questions to begin with: the sample's own, and what a person's own documents are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from footnote import samples

if TYPE_CHECKING:
    from footnote.access import Access
    from footnote.web.ask.pending import Asked
    from indexer.records import Document

MOST = 4
_LOOKED_AT = 12  # documents
_LONGEST, _WORDS = 60, 2  # characters of a heading that is asked about, and its words at least
_PAGES = 5
# A PDF marks no headings: a short line with a number, or of a few words, without an end mark.
_LOOKS = re.compile(r"(\d+(\.\d+)*\.?\s+)[^\W\d_][^.!?:;|@]{6,58}")
# Letters that stand alone at an end: pieces of a heading that the file does not hold as text.
_PIECES = re.compile(r"^(?![AIaO] )[^\W\d_] | [^\W\d_]$")
_NUMBER = re.compile(r"^\d+(\.\d+)*\.?\s+")


def questions(access: Access, asked: Asked) -> tuple[str, ...]:
    """A few questions that the chosen documents answer; none where nothing offers itself."""
    chosen = [
        one
        for one in access.collections()
        if asked.collections is None or one.id in asked.collections
    ]
    if asked.documents:
        own = [access.document(one) for one in asked.documents]
    else:
        if any(one.name == samples.COLLECTION for one in chosen) and len(chosen) == 1:
            return samples.QUESTIONS
        ids = [one.id for one in chosen if one.name != samples.COLLECTION]
        own = list(access.documents(ids, state="ready", limit=_LOOKED_AT).rows) if ids else []
    key = tuple(one.id for one in own)
    found = _about(key, access, own)
    return found or (samples.QUESTIONS if chosen and not asked.documents and not own else ())


@st.cache_data(max_entries=50, show_spinner=False)
def _about(key: tuple[str, ...], _access: Access, _documents: list[Document]) -> tuple[str, ...]:
    """Headings of each document in turn: asked as they are, what stands under them answers."""
    headings = [_headings(_access, one) for one in _documents]
    found: list[str] = []
    for place in range(MOST):
        for of_one in headings:
            if place < len(of_one) and len(found) < MOST:
                found.append(of_one[place])
    return tuple(dict.fromkeys(found))


def _headings(access: Access, document: Document) -> list[str]:
    """Headings of the first pages that say what stands under them."""
    found: list[str] = []
    for page in access.pages(document.id, 1, _PAGES):
        marked = [
            page.text[block.start : block.end] for block in page.blocks if block.kind == "heading"
        ]
        lines = marked or [line for line in page.text.splitlines() if _LOOKS.fullmatch(line)]
        for line in lines:
            text = _NUMBER.sub("", " ".join(line.split())).rstrip(" :.")
            fits = len(text) <= _LONGEST and len(text.split()) >= _WORDS and not text.isupper()
            if fits and not _PIECES.search(text) and text != document.title:
                found.append(text)
    return list(dict.fromkeys(found))
