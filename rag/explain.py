"""Why was this passage not found? Follows a text through every stage and says where it fell out.

The stages, in order: no page holds the text (it was not extracted); pages hold it but no
passage does (it was cut apart, or stands in a running header); a passage holds it but search
does not bring it up; it comes up too low to be read; it was read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from embedder.errors import FootnoteError
from indexer.analysis import query_words
from indexer.records import Document, Passage
from indexer.store import Store
from rag.languages import content_words, language_of
from rag.question import terms_of
from rag.retrieve import SEARCHED, retrieve

if TYPE_CHECKING:
    from indexer.search import Scope, Searcher

Stage = Literal["not extracted", "cut apart", "not matched", "ranked low", "not read", "read"]

# So far down the ranks are looked at; below, a passage counts as not found.
_DEEP = 1000
# Passages that are compared with the expected text, found by its own words.
_CANDIDATES = 50
# A passage that holds this share of the expected text's words is likely meant.
_LIKELY = 0.7


class NothingExpectedError(FootnoteError):
    """No text was given to look for."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The passage that holds the text, and its ranks for the question (None: below 1,000th)."""

    document: Document
    passage: Passage
    dense: int | None = None
    keyword: int | None = None
    fused: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where an expected text got lost, in words for a reader.

    `findings` tell what was looked at and seen, in order; `remedies` what to do about it.
    `found` is where the text is, None where it got into no passage.
    """

    question: str
    expected: str
    stage: Stage
    findings: tuple[str, ...]
    remedies: tuple[str, ...]
    found: Whereabouts | None = None


def explain(
    question: str, expected: str, searcher: Searcher, store: Store, scope: Scope
) -> Explanation:
    """Say why `expected` (a sentence or so of a document) was not used for `question`.

    Looks only inside `scope`. Raises `NothingExpectedError` for an empty text.
    """
    if not _plain(expected):
        raise NothingExpectedError("give some words of the passage that should have been found")
    candidates = _candidates(expected, store, scope)
    holder = _holder(expected, candidates)
    if holder is None:
        return _outside(question, expected, candidates, store, scope)
    found = _ranked(question, holder, searcher, store, scope)
    read = {hit.passage.id for hit in retrieve(searcher, store, question, scope).hits}
    return _inside(question, expected, found, found.passage.id in read, store, scope)


def find_passage(expected: str, store: Store, scope: Scope) -> Passage | None:
    """The passage of the scope that holds this text, or most of its words; None if none does."""
    return _holder(expected, _candidates(expected, store, scope)) if _plain(expected) else None


def _candidates(expected: str, store: Store, scope: Scope) -> list[Passage]:
    """Passages that hold words of the expected text, most first."""
    ids = [
        passage
        for collection in sorted(scope.collections)
        for passage, _ in store.keyword(collection, expected, _CANDIDATES)
    ]
    passages = store.passages(ids)
    return [passages[i] for i in ids if i in passages]


def _holder(expected: str, candidates: Sequence[Passage]) -> Passage | None:
    """The passage that holds the text word for word, else one that holds most of its words."""
    wanted = _plain(expected)
    for passage in candidates:
        if wanted in _plain(passage.text):
            return passage
    words = set(wanted.split())
    shares = [(len(words & set(_plain(p.text).split())) / len(words), p) for p in candidates]
    best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if len(words) >= 4 and best[0] >= _LIKELY else None


def _outside(
    question: str, expected: str, candidates: Sequence[Passage], store: Store, scope: Scope
) -> Explanation:
    """The text is in no passage: is it on a page?"""
    wanted = _plain(expected)
    for document in dict.fromkeys(passage.document for passage in candidates):
        for page in store.pages(document):
            if wanted in _plain(page.text):
                title = store.document(document).title
                return Explanation(
                    question,
                    expected,
                    "cut apart",
                    (
                        f"The text stands on page {page.number} of “{title}”.",
                        "No single passage holds all of it: it runs over the border of two "
                        "passages, or stands in a running header or footer.",
                    ),
                    ("Look for a shorter piece of it, or ask about the part before or after.",),
                )
    findings = ["No page of these collections holds this text as it was read from the files."]
    remedies = ["Check that the file is in the library and in a collection that is asked."]
    for state, meaning in (("failed", "could not be read"), ("partial", "have pages without text")):
        listed = store.documents(scope.collections, state=state, limit=3)
        if listed.total:
            names = ", ".join(f"“{document.title}”" for document in listed.rows)
            more = f" and {listed.total - 3} more" if listed.total > 3 else ""
            findings.append(f"Files that {meaning}: {names}{more}.")
            remedies.append("Open the library, see what is wrong with these files, add them anew.")
    return Explanation(
        question,
        expected,
        "not extracted",
        tuple(findings),
        tuple(dict.fromkeys(remedies)),
    )


def _ranked(
    question: str, passage: Passage, searcher: Searcher, store: Store, scope: Scope
) -> Whereabouts:
    """Where each kind of search puts the passage."""
    ranks: dict[str, int | None] = {}
    for mode in ("dense", "keyword", "fused"):
        hits = searcher.search(question, scope, k=_DEEP, mode=mode)
        ranks[mode] = next((hit.rank for hit in hits if hit.passage.id == passage.id), None)
    return replace(Whereabouts(store.document(passage.document), passage), **ranks)


def _inside(
    question: str, expected: str, found: Whereabouts, read: bool, store: Store, scope: Scope
) -> Explanation:
    """The text is in a passage: how far did search bring it?"""
    shared, missing = _words_shared(question, found, store, scope)
    first, last = found.passage.pages
    pages = f"page {first}" if first == last else f"pages {first} to {last}"
    findings = [
        f"The text is in a passage on {pages} of “{found.document.title}”.",
        f"By meaning (dense) it comes {_place(found.dense)}, by words (keyword) "
        f"{_place(found.keyword)}, both together {_place(found.fused)}.",
        f"Words that question and passage share: {', '.join(shared) or 'none'}.",
    ]
    if missing:
        findings.append(f"Words of the question that the passage lacks: {', '.join(missing)}.")
    stage, remedy = _verdict(found, read)
    return Explanation(question, expected, stage, tuple(findings), (remedy,), found)


def _verdict(found: Whereabouts, read: bool) -> tuple[Stage, str]:
    if read:
        return "read", (
            "The passage was read for the answer, but other sentences answered the question "
            "better. Ask more narrowly, in the words of the passage."
        )
    if found.fused is None:
        return "not matched", (
            "Ask with words that the passage itself uses; if people here call it by another name, "
            "train the embedder on these documents."
        )
    if found.fused > SEARCHED:
        return "ranked low", (
            f"Only the first {SEARCHED} passages are read. Add what sets this passage apart (a "
            "name, a number, the heading above it), or ask in its collection alone."
        )
    return "not read", (
        "It was found, but passages above it say the same or filled what is read at once. Ask more "
        "narrowly, or in its collection alone."
    )


def _words_shared(
    question: str, found: Whereabouts, store: Store, scope: Scope
) -> tuple[list[str], list[str]]:
    """The question's content words that the passage holds, and those that it lacks."""
    languages = sorted({code for c in scope.collections for code in store.languages(c)})
    text = " ".join((found.document.title, *found.passage.headings, found.passage.text))
    terms = terms_of(text, languages or [""])
    shared: list[str] = []
    missing: list[str] = []
    for word in dict.fromkeys(content_words(question, language_of(question))):
        stems = {term for found_word in query_words(word, languages) for term in found_word.terms}
        (shared if stems & terms else missing).append(word)
    return shared, missing


def _place(rank: int | None) -> str:
    return f"at place {rank}" if rank is not None else f"below place {_DEEP}"


def _plain(text: str) -> str:
    """A text as it is compared: words alone, case folded."""
    return " ".join(re.findall(r"\w+", text.casefold()))
