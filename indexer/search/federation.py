"""Several homes searched as one: under common statistics, so that the order is that of one home.

Each home is asked how common the query's words are there, how long its passages are, and what
the query's cosines with passages at random are. What they say is added up, and under the sums
each scores its own candidates (`part`); the scores are then fused here, as in one home
(`searcher`). A home that does not answer in time is named in the notice and not waited for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedder.errors import FootnoteError
from indexer.keyword.bm25 import TermStatistics
from indexer.records import Document, Hit, Page, Passage
from indexer.sandbox.frames import page_of
from indexer.search import calibration, fusion
from indexer.search.part import Said, statistics_of
from indexer.search.peers import PATIENCE, Peer, PeerError, Rounds, Voice
from indexer.search.searcher import CANDIDATES, Scope, SearchResult, readable
from indexer.search.told import MALFORMED, document_of, passage_of
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from indexer.search.searcher import Mode

_REMEMBERED = 10_000  # documents of other homes whose home is known


@dataclass(slots=True)
class _Candidate:
    voice: Voice
    name: str
    passage: int
    bm25: float
    cosine: float | None
    listed: bool
    near: bool
    score: float = 0.0

    @property
    def order(self) -> tuple[float, int, int]:
        return (-self.score, self.voice.place, self.passage)


class Federation:
    """Search over homes, `peers` being asked for anew each time; the first is this one.

    Also what answering needs of the documents that were found, whichever home has them.
    """

    def __init__(self, peers: Callable[[], Sequence[Peer]], patience: float = PATIENCE) -> None:
        self._peers, self._rounds = peers, Rounds(patience)
        self._homes: dict[str, Peer] = {}

    def find(
        self, query: str, scope: Scope, k: int = 10, mode: Mode = "fused", task: str | None = None
    ) -> SearchResult:
        """As `Searcher.find`, over all homes."""
        query = readable(query)
        if not query.strip() or k < 1:
            return SearchResult(())
        away: list[str] = []
        voices = self._voices(scope)
        languages = self._languages(voices, away)
        self._heard(
            voices,
            away,
            "survey",
            lambda one: {"query": query, "languages": languages, "task": task},
        )
        said = [one for one in voices if one.survey]
        common = _common([one.survey for one in said])
        common |= {
            "depth": k if mode == "dense" else max(CANDIDATES, k),
            "dense": mode != "keyword",
        }
        self._heard(
            said, away, "candidates", lambda one: {"query": query, "common": common, "task": task}
        )
        problems = [one.survey["problem"] for one in said if mode != "keyword"]
        if mode == "dense" and problems and all(problems):
            raise FootnoteError(problems[0])
        candidates = _kept(said, int(common["depth"]))
        _scored(candidates, [one.survey for one in said], common, mode)
        hits = self._hits(candidates, k, mode, away)
        return SearchResult(hits, _notice([*dict.fromkeys(filter(None, problems))], away))

    def search(
        self, query: str, scope: Scope, k: int = 10, mode: Mode = "fused", task: str | None = None
    ) -> list[Hit]:
        """The hits alone."""
        return list(self.find(query, scope, k, mode, task).hits)

    # What answering needs (`rag.answer.Knowledge`)

    def page(self, document: str, number: int) -> Page:
        """A page of a document that was found. Raises `UnknownDocumentError`."""
        home = self._home(document)
        try:
            return page_of(home.ask("page", document=document, number=number))
        except (PeerError, *MALFORMED) as error:
            raise UnknownDocumentError(f"the home {home.name} is away, or not one") from error

    def passages_of(self, document: str) -> list[Passage]:
        """A found document's passages, in order; none where its home is away."""
        home = self._home(document)
        place = next((n for n, one in enumerate(self._peers()) if one.name == home.name), 0)
        try:
            return [passage_of(one, place) for one in home.ask("passages_of", document=document)]
        except (PeerError, *MALFORMED):
            return []

    def document_languages(self, ids: Iterable[str]) -> dict[str, str]:
        """The language of each found document, of the homes that are not away."""
        asked: dict[str, tuple[Peer, list[str]]] = {}
        for document in ids:
            home = self._home(document)
            asked.setdefault(home.name, (home, []))[1].append(document)
        found: dict[str, str] = {}
        for home, documents in asked.values():
            with suppress(PeerError, *MALFORMED):
                said = home.ask("document_languages", documents=documents)
                found |= {str(one): str(code) for one, code in said.items()}
        return found

    def languages(self, collection: int) -> list[str]:
        """The languages of a collection, in all homes."""
        return self._languages(self._voices(Scope(frozenset([collection]))), [])

    def term_statistics(self, collections: Iterable[int], text: str) -> TermStatistics:
        """How common the words of a text are in these collections, in all homes."""
        voices = self._voices(Scope(frozenset(collections)))
        languages = self._languages(voices, [])
        given = {"query": readable(text), "languages": languages, "task": None}
        self._heard(voices, [], "survey", lambda one: given)
        return statistics_of(_common([one.survey for one in voices if one.survey]))

    def _home(self, document: str) -> Peer:
        return self._homes.get(document) or self._peers()[0]

    def _voices(self, scope: Scope) -> list[Voice]:
        found = [Voice(peer, n, peer.names(scope)) for n, peer in enumerate(self._peers())]
        return [one for one in found if one.names]

    def _languages(self, voices: list[Voice], away: list[str]) -> list[str]:
        said = self._rounds.ask(voices, away, "languages", lambda one: {})
        return sorted({str(code) for codes in said.values() for code in codes})

    def _heard(
        self,
        voices: Sequence[Voice],
        away: list[str],
        what: str,
        given: Callable[[Voice], dict[str, Any]],
    ) -> None:
        """Have all say something, and keep it with their voices."""
        present = [one for one in voices if one.peer.name not in away]
        for place, said in self._rounds.ask(present, away, what, given).items():
            voice = next(one for one in voices if one.place == place)
            if what == "survey":
                voice.survey = said
            else:
                voice.rows = said

    def _hits(
        self, candidates: list[_Candidate], k: int, mode: Mode, away: list[str]
    ) -> tuple[Hit, ...]:
        ranked = sorted(candidates, key=lambda one: one.order)
        ranked = [one for one in ranked if mode != "dense" or one.near]
        ranked = [one for one in ranked if mode != "keyword" or one.listed]
        ranks = _ranks(candidates, "near", "cosine"), _ranks(candidates, "listed", "bm25")
        bodies = self._bodies(ranked[: 2 * k], away)
        hits: list[Hit] = []
        for one in ranked[: 2 * k]:
            body = bodies.get((one.voice.place, one.passage))
            if body is None:
                continue
            here = (one.voice.place, one.passage)
            hits.append(
                Hit(
                    rank=len(hits) + 1,
                    score=one.score,
                    passage=body[0],
                    document=body[1],
                    dense_rank=ranks[0].get(here),
                    dense_score=one.cosine if one.near else None,
                    keyword_rank=ranks[1].get(here),
                    keyword_score=one.bm25 if one.listed else None,
                )
            )
            if len(hits) == k:
                break
        return tuple(hits)

    def _bodies(
        self, ranked: Sequence[_Candidate], away: list[str]
    ) -> dict[tuple[int, int], tuple[Passage, Document]]:
        """The passages and documents of the best, by place and passage."""
        wanted: dict[int, list[int]] = {}
        for one in ranked:
            wanted.setdefault(one.voice.place, []).append(one.passage)
        voices = {one.voice.place: one.voice for one in ranked}
        said = self._rounds.ask(
            [*voices.values()], away, "hits", lambda one: {"ids": wanted[one.place]}
        )
        found = {}
        for place, body in said.items():
            voice = voices[place]
            documents = {
                name: _named(document_of(fields), voice, body["names"][name])
                for name, fields in body["documents"].items()
            }
            for fields in body["passages"]:
                document = documents[fields["document"]]
                self._remember(document.id, voice.peer)
                found[place, int(fields["id"])] = (passage_of(fields, place), document)
        return found

    def _remember(self, document: str, peer: Peer) -> None:
        self._homes.pop(document, None)
        self._homes[document] = peer  # the last found last
        if len(self._homes) > _REMEMBERED:
            self._homes.pop(next(iter(self._homes)), None)


def _common(surveys: Sequence[Said]) -> Said:
    """What the homes said, added up."""
    words: dict[tuple[str, ...], list[int]] = {}
    for said in surveys:
        rows = zip(said["words"], said["counts"], said["holding"], strict=True)
        for terms, count, holding in rows:
            known = words.setdefault(tuple(terms), [count, 0])
            known[1] += holding
    return {
        "words": [list(terms) for terms in words],
        "counts": [count for count, _ in words.values()],
        "holding": [holding for _, holding in words.values()],
        "passages": sum(said["passages"] for said in surveys),
        "terms": sum(said["terms"] for said in surveys),
    }


def _kept(voices: Sequence[Voice], depth: int) -> list[_Candidate]:
    """Those that one home would have had: the best of each side of each collection."""
    found: dict[str, list[_Candidate]] = {}
    for voice in voices:
        for name, rows in voice.rows.items():
            found.setdefault(name.casefold(), []).extend(
                _Candidate(voice, name.casefold(), *row) for row in rows
            )
    kept = []
    for candidates in found.values():
        for side in ("listed", "near"):
            by = "bm25" if side == "listed" else "cosine"
            there = [one for one in candidates if getattr(one, side)]
            there.sort(key=lambda one: (-getattr(one, by), one.voice.place, one.passage))
            for one in there[depth:]:
                setattr(one, side, False)
        kept += [one for one in candidates if one.listed or one.near]
    return kept


def _scored(
    candidates: Sequence[_Candidate], surveys: Sequence[Said], common: Said, mode: Mode
) -> None:
    """Give each its score, as `Searcher` does within one home."""
    import numpy as np

    if mode != "fused":
        for one in candidates:
            one.score = one.bm25 if mode == "keyword" else (one.cosine or 0.0)
        return
    evidence = fusion.keyword_evidence(
        np.array([one.bm25 for one in candidates], dtype=np.float64),
        fusion.mass(statistics_of(common)),
    )
    weights, spaces = _weights(surveys), _backgrounds(surveys)
    for one, keyword in zip(candidates, evidence.tolist(), strict=True):
        one.score = keyword
        said = one.voice.survey["weights"]
        mine = next((row for name, row in said.items() if name.casefold() == one.name), None)
        if mine is None or one.cosine is None:
            continue
        dense = fusion.dense_evidence(np.array([one.cosine]), spaces[mine[2]])
        weight = weights[one.name, mine[2]]
        one.score = float(fusion.fuse(np.array([keyword]), dense, weight)[0])


def _weights(surveys: Sequence[Said]) -> dict[tuple[str, str], float]:
    """The fusion weight of each collection in each space: its parts' mean, by their passages."""
    sums: dict[tuple[str, str], list[float]] = {}
    for said in surveys:
        for name, (dense, passages, fingerprint) in said["weights"].items():
            known = sums.setdefault((name.casefold(), fingerprint), [0.0, 0.0])
            known[0] += dense * max(passages, 1)
            known[1] += max(passages, 1)
    return {
        key: calibration.FusionWeight(dense=total / count).weight
        for key, (total, count) in sums.items()
    }


def _backgrounds(surveys: Sequence[Said]) -> dict[str, fusion.Background]:
    """The query's cosines with passages at random of all homes, in each space."""
    sums: dict[str, list[float]] = {}
    for said in surveys:
        for fingerprint, row in said["spaces"].items():
            known = sums.setdefault(fingerprint, [0.0, 0.0, 0.0])
            known[:] = [a + b for a, b in zip(known, row, strict=True)]
    found = {}
    for fingerprint, (count, total, squares) in sums.items():
        mean = total / count if count else 0.0
        variance = max(squares / count - mean**2, 0.0) if count else 1.0
        found[fingerprint] = fusion.Background(mean, math.sqrt(variance))
    return found


def _ranks(candidates: Sequence[_Candidate], side: str, by: str) -> dict[tuple[int, int], int]:
    there = [one for one in candidates if getattr(one, side)]
    there.sort(key=lambda one: (-getattr(one, by), one.voice.place, one.passage))
    return {(one.voice.place, one.passage): rank for rank, one in enumerate(there, start=1)}


def _notice(problems: Sequence[str], away: Sequence[str]) -> str:
    said = list(problems)
    if away:
        homes = ", ".join(away)
        said.append(f"what these homes hold is missing, for they did not answer in time: {homes}")
    return "; ".join(said)


def _named(found: Document, voice: Voice, name: str) -> Document:
    """A document that a home told of; its path says which home, where it is not this one."""
    if not voice.place:
        return found
    number = voice.names.get(name, next(iter(voice.names.values())))
    return replace(found, collection=number, path=f"{voice.peer.name}: {found.path}")
