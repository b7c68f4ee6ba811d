"""Why was this passage not found? Follows a text through every stage and says where it fell out.

The stages, in order: no page holds the text (it was not extracted, left out as hidden, or stands in
a superseded revision alone); pages hold it but no passage does (it was cut apart, or stands in a
running header); a passage holds it but search does not bring it up; it comes up too low to be read;
it was read, and an answer was given without it or refused (doubted).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from embedder.errors import FootnoteError
from indexer.keyword.analysis import query_words
from indexer.records import Document, HiddenText, Hit, Passage
from indexer.store.store import Store
from rag.answer import Answerer
from rag.evidence.retrieve import SEARCHED
from rag.judges import JudgesOf, rules_alone
from rag.languages import content_words, language_of
from rag.question.analysis import terms_of
from rag.reading import Reading

if TYPE_CHECKING:
    from indexer.search.searcher import Scope, Searcher

Stage = Literal[
    "not extracted",
    "hidden",
    "superseded",
    "cut apart",
    "not matched",
    "ranked low",
    "not read",
    "doubted",
    "read",
]

# So far down the ranks are looked at; below, a passage counts as not found.
_DEEP = 1000
# Passages that are compared with the expected text, found by its own words.
_CANDIDATES = 50
# A passage that holds this share of the expected text's words is likely meant.
_LIKELY = 0.7
# Fewer words stand in too many texts to tell one by.
_LEAST_WORDS = 4

_REMEDIES: dict[Stage, str] = {
    "hidden": "If people should find it, show it in the file, or have hidden text indexed too "
    "(setting hidden_text) and read the file again.",
    "superseded": "Ask for what the newer revision says instead. If the earlier one still holds "
    "beside it, add that file under another name.",
    "cut apart": "Look for a shorter piece of it, or ask about the part before or after.",
    "not matched": "Ask with words that the passage itself uses; if people here call it by another "
    "name, train the embedder on these documents.",
    "ranked low": f"Only the first {SEARCHED} passages are read. Add what sets this passage apart "
    "(a name, a number, the heading above it), or ask in its collection alone.",
    "not read": "It was found, but passages above it say the same or filled what is read at once. "
    "Ask more narrowly, or in its collection alone.",
    "doubted": "The passage was read, but question and passages have too little in common to be "
    "sure of an answer, so it was refused. Ask one thing at a time, in the words of the passage, "
    "with the names and terms that it uses.",
    "read": "The passage was read for the answer, but other sentences answered the question "
    "better. Ask more narrowly, in the words of the passage.",
}


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
    question: str,
    expected: str,
    searcher: Searcher,
    store: Store,
    scope: Scope,
    judges: JudgesOf = rules_alone,
) -> Explanation:
    """Say why `expected` (a sentence or so of a document) was not used for `question`.

    Looks only inside `scope`. Raises `NothingExpectedError` for an empty text.
    """
    if not _plain(expected):
        raise NothingExpectedError("give some words of the passage that should have been found")
    candidates = _candidates(expected, store, scope)
    holder = _exact_holder(expected, candidates)
    gone = None if holder else _left_out(question, expected, store, scope)
    if gone:
        return gone
    holder = holder or _likely_holder(expected, candidates)
    if holder is None:
        return _outside(question, expected, candidates, store, scope)
    return _inside(question, expected, holder, searcher, store, scope, judges)


def knowing(explanation: Explanation, *, refused: bool) -> Explanation:
    """The explanation of an answer that was given, or refused: for a passage that was read."""
    if explanation.stage not in ("read", "doubted"):
        return explanation
    stage: Stage = "doubted" if refused else "read"
    return replace(explanation, stage=stage, remedies=(_REMEDIES[stage],))


def find_passage(expected: str, store: Store, scope: Scope) -> Passage | None:
    """The passage of the scope that holds this text, or most of its words; None if none does."""
    if not _plain(expected):
        return None
    candidates = _candidates(expected, store, scope)
    return _exact_holder(expected, candidates) or _likely_holder(expected, candidates)


def _candidates(expected: str, store: Store, scope: Scope) -> list[Passage]:
    """Passages that hold words of the expected text, most first."""
    ids = [
        passage
        for collection in sorted(scope.collections)
        for passage, _ in store.keyword(collection, expected, _CANDIDATES)
    ]
    passages = store.passages(ids)
    return [passages[i] for i in ids if i in passages]


def _exact_holder(expected: str, candidates: Sequence[Passage]) -> Passage | None:
    """The passage that holds the text word for word."""
    wanted = _plain(expected)
    return next((passage for passage in candidates if wanted in _plain(passage.text)), None)


def _likely_holder(expected: str, candidates: Sequence[Passage]) -> Passage | None:
    """The passage that holds most of the text's words."""
    words = set(_plain(expected).split())
    shares = [(len(words & set(_plain(p.text).split())) / len(words), p) for p in candidates]
    best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if len(words) >= _LEAST_WORDS and best[0] >= _LIKELY else None


def _left_out(question: str, expected: str, store: Store, scope: Scope) -> Explanation | None:
    """The text was read from a file, and is not searched all the same: hidden, or superseded."""
    wanted = _plain(expected)
    for document, found in _hidden(store, scope):
        seen = _plain(found.excerpt)
        if wanted in seen or (len(seen.split()) >= _LEAST_WORDS and seen in wanted):
            return Explanation(
                question,
                expected,
                "hidden",
                (
                    f"The text is in “{document.title}”, page {found.page}, but nobody who opens "
                    f"the file sees it ({found.how}); it was left out.",
                ),
                (_REMEDIES["hidden"],),
            )
    for document, number in _earlier_pages(wanted, store, scope):
        return Explanation(
            question,
            expected,
            "superseded",
            (
                f"The text stands on page {number} of an earlier revision of “{document.title}”. "
                "A newer one has taken its place and does not hold it.",
            ),
            (_REMEDIES["superseded"],),
        )
    return None


def _hidden(store: Store, scope: Scope) -> Iterator[tuple[Document, HiddenText]]:
    """What was left out of the current documents of the scope because nobody sees it."""
    rows = store.connection.execute(
        "SELECT id FROM documents WHERE current = 1 AND NOT hidden_kept AND hidden != '[]'"
        " AND collection IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(scope.collections)),),
    )
    for row in rows.fetchall():
        document = store.document(row["id"])
        for found in document.hidden or ():
            yield document, found


def _earlier_pages(wanted: str, store: Store, scope: Scope) -> Iterator[tuple[Document, int]]:
    """The pages of superseded revisions that hold a text, the newest first."""
    rows = store.connection.execute(
        "SELECT id, number, text FROM documents JOIN pages ON document = id"
        " WHERE NOT current AND collection IN (SELECT value FROM json_each(?))"
        " AND instr(casefold(text), ?) ORDER BY indexed_at DESC, number",
        (json.dumps(sorted(scope.collections)), max(wanted.split(), key=len)),
    )
    for row in rows.fetchall():
        if wanted in _plain(row["text"]):
            yield store.document(row["id"]), row["number"]


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
                    (_REMEDIES["cut apart"],),
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
    hiding = list(dict.fromkeys(document.title for document, _ in _hidden(store, scope)))
    if hiding:
        more = f" and {len(hiding) - 3} more" if len(hiding) > 3 else ""
        names = ", ".join(f"“{title}”" for title in hiding[:3])
        findings.append(f"Text that nobody sees was left out of {names}{more}.")
    return Explanation(
        question,
        expected,
        "not extracted",
        tuple(findings),
        tuple(dict.fromkeys(remedies)),
    )


def _inside(
    question: str,
    expected: str,
    passage: Passage,
    searcher: Searcher,
    store: Store,
    scope: Scope,
    judges: JudgesOf,
) -> Explanation:
    """The text is in a passage: how far did search bring it?"""
    found, notice = _ranked(question, passage, searcher, store, scope)
    shared, missing = _words_shared(question, found, store, scope)
    first, last = passage.pages
    pages = f"page {first}" if first == last else f"pages {first} to {last}"
    findings = [
        f"The text is in a passage on {pages} of “{found.document.title}”.",
        f"By meaning (dense) it comes {_place(found.dense)}, by words (keyword) "
        f"{_place(found.keyword)}, both together {_place(found.fused)}.",
        f"Words that question and passage share: {', '.join(shared) or 'none'}.",
    ]
    if missing:
        findings.append(f"Words of the question that the passage lacks: {', '.join(missing)}.")
    if notice:
        findings.append(f"{notice[:1].upper()}{notice[1:]}.")
    stage = _stage(found, Answerer(searcher, store, None, judges).read(question, scope))
    return Explanation(question, expected, stage, tuple(findings), (_REMEDIES[stage],), found)


def _ranked(
    question: str, passage: Passage, searcher: Searcher, store: Store, scope: Scope
) -> tuple[Whereabouts, str]:
    """Where each kind of search puts the passage, and what could not be searched."""

    def rank(hits: Sequence[Hit]) -> int | None:
        return next((hit.rank for hit in hits if hit.passage.id == passage.id), None)

    fused = searcher.find(question, scope, k=_DEEP)
    keyword = searcher.search(question, scope, k=_DEEP, mode="keyword")
    dense = [] if fused.notice else searcher.search(question, scope, k=_DEEP, mode="dense")
    document = store.document(passage.document)
    found = Whereabouts(document, passage, rank(dense), rank(keyword), rank(fused.hits))
    return found, fused.notice


def _stage(found: Whereabouts, reading: Reading) -> Stage:
    """How far a passage came on the way into an answer."""
    if any(hit.passage.id == found.passage.id for hit in reading.hits):
        return "doubted" if reading.doubtful else "read"
    if found.fused is None:
        return "not matched"
    return "ranked low" if found.fused > SEARCHED else "not read"


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
