"""Question → the passages worth reading: found, freed of repetitions, completed, limited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from indexer.keyword.analysis import index_terms
from indexer.records import Hit, Passage
from indexer.search.searcher import Scope, SearchResult
from rag.evidence.definitions import explains
from rag.evidence.quotables import is_contents
from rag.languages import content_words, language_of
from rag.question.form import asking_words, defined

# How many passages a search brings up, and how much text of them is read: some eight passages
# of 200 tokens, which the context of a small language model still holds.
SEARCHED = 20
BUDGET_CHARACTERS = 8_000
# "What is an X?" has most passages about X in its way: the one that says it is looked for among
# so many, and read behind the best few.
_DEEP = 60
_AHEAD = 2
_DEFINING = 2
# Passages that share this much of their words say the same: copies of a file, boilerplate.
_SAME = 0.9


class Search(Protocol):
    """What retrieval needs of `indexer.search.Searcher`."""

    def find(self, query: str, scope: Scope, k: int = 10) -> SearchResult:
        """The passages found, best first, and what could not be searched."""
        ...


class Passages(Protocol):
    """What retrieval needs of the store."""

    def passages_of(self, document: str) -> list[Passage]:
        """A document's passages, in order."""
        ...


def retrieve(searcher: Search, passages: Passages, question: str, scope: Scope) -> SearchResult:
    """The hits to answer from, best first, within `BUDGET_CHARACTERS` of text.

    A table of contents names everything and answers nothing: it is passed over. A passage
    that breaks off in mid-sentence or announces a list is followed by its continuation, and one
    from the midst of a section that the question names comes behind its beginning: hits without
    ranks of their own.
    """
    wanted = defined(question)
    found = searcher.find(question, scope, k=_DEEP if wanted else SEARCHED)
    said = [hit for hit in found.hits if not is_contents(hit.passage.text)] or list(found.hits)
    ordered = _definitions_first(said, wanted)[:SEARCHED] if wanted else said
    begun = _from_its_beginning(_distinct(ordered), passages, question)
    hits = _within_budget(_continued(begun, passages))
    return SearchResult(tuple(hits), found.notice)


def _definitions_first(hits: Sequence[Hit], wanted: str) -> list[Hit]:
    """The hits with those that say what something is right behind the best."""
    defining = [hit for hit in hits[_AHEAD:] if explains(wanted, hit.passage.text)][:_DEFINING]
    rest = [hit for hit in hits[_AHEAD:] if hit not in defining]
    return [*hits[:_AHEAD], *defining, *rest]


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Leave out passages that repeat a better one."""
    kept: list[tuple[Hit, frozenset[str]]] = []
    for hit in hits:
        words = frozenset(hit.passage.text.casefold().split())
        if not any(len(words & other) >= _SAME * len(words | other) for _, other in kept):
            kept.append((hit, words))
    return [hit for hit, _ in kept]


def _from_its_beginning(hits: list[Hit], passages: Passages, question: str) -> list[Hit]:
    """The hits with the beginning of a section that is all the question names before them.

    "What happened during the Paris Commune?" is told from where that section begins.
    """
    wanted = _content(question) - _content(" ".join(asking_words(question)), asking=True)
    named = [_content(" ".join(hit.passage.headings[-1:]), like=question) for hit in hits]
    alone = [place for place, terms in enumerate(named) if terms == wanted]
    among = [place for place, terms in enumerate(named[:_AHEAD]) if wanted < terms]
    for place in (*alone, *among) if wanted else ():
        hit = hits[place]
        first = _opening(hit, passages)
        if first.id != hit.passage.id:
            opening = Hit(hit.rank, hit.score, first, hit.document)
            others = [one for one in hits if one.passage.id != first.id]
            return [*others[: min(place, _AHEAD)], opening, *others[min(place, _AHEAD) :]]
    return hits


def _opening(hit: Hit, passages: Passages) -> Passage:
    """The first passage of the section that a hit stands in."""
    heading = hit.passage.headings[-1:]
    same = (one for one in passages.passages_of(hit.document.id) if one.headings[-1:] == heading)
    return next(same, hit.passage)


def _content(text: str, *, like: str = "", asking: bool = False) -> frozenset[str]:
    """The index terms of a text's content words, in the language of another text (`like`)."""
    language = language_of(like or text)
    words = text if asking else " ".join(content_words(text, language))
    terms = index_terms(words, language.code).split()
    return frozenset(term for term in terms if not term.replace(".", "").isdigit())


def _continued(hits: Sequence[Hit], passages: Passages) -> list[Hit]:
    """Put the next passage behind one whose text runs on into it."""
    there = {hit.passage.id for hit in hits}
    out: list[Hit] = []
    used = 0
    for hit in hits:
        out.append(hit)
        used += len(hit.passage.text)
        if used > BUDGET_CHARACTERS or not _runs_on(hit.passage.text):
            continue
        following = _next(hit, passages)
        if following is not None and following.id not in there:
            there.add(following.id)
            used += len(following.text)
            out.append(Hit(hit.rank, hit.score, following, hit.document))
    return [replace(hit, rank=place) for place, hit in enumerate(out, start=1)]


def _runs_on(text: str) -> bool:
    """Whether a text stops before its sentence or list does."""
    last = text.rstrip()[-1:]
    return last == ":" or last in (",", ";", "–", "-")


def _next(hit: Hit, passages: Passages) -> Passage | None:
    for passage in passages.passages_of(hit.document.id):
        if passage.ordinal == hit.passage.ordinal + 1:
            return passage
    return None


def _within_budget(hits: Sequence[Hit]) -> list[Hit]:
    """The first hits whose texts fit; the first one always."""
    kept: list[Hit] = []
    used = 0
    for hit in hits:
        used += len(hit.passage.text)
        if kept and used > BUDGET_CHARACTERS:
            break
        kept.append(hit)
    return kept
