"""Search: a query → hits, from the collections that the caller may read and no others.

Permission is structural: each collection has its own keyword table and vector index, and only
those of the scope are opened. Candidates come from both sides; each side then scores the
other's candidates too, so that no passage is judged by half of the evidence
(`indexer.search.fusion`). Several collections are searched as one: under common word statistics and
against a common background.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from embedder.cache import TTLCache
from embedder.errors import FootnoteError
from indexer.chunking import embedding_text
from indexer.records import Document, Hit, Passage
from indexer.search import calibration, fusion
from indexer.search.calibration import FusionWeight
from indexer.store.errors import DamagedVectorError, UnknownDocumentError
from indexer.store.store import Store
from indexer.vector.index import VectorIndex

if TYPE_CHECKING:
    import numpy as np

    from embedder.model import Embedder
    from indexer.keyword.bm25 import TermStatistics
    from indexer.vector.ivf import StartAdders

Mode = Literal["fused", "dense", "keyword"]

# Candidates that each side brings, at the least. With both sides scored completely the ten best
# hardly change any more from here on.
CANDIDATES = 100
# Passages at random that stand for a collection that has not been examined yet.
_BACKGROUND = 300
# Of a longer query only the beginning is read: no embedder takes more in.
_QUERY_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Scope:
    """The collections that the caller may read; search never looks outside.

    With `documents`, only these of them are searched; every passage of theirs is scored.
    """

    collections: frozenset[int]
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first. `notice` says what could not be searched, and why."""

    hits: tuple[Hit, ...]
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a passage is: cosine, and that in standard deviations above passages at random."""

    cosine: float
    deviations: float


# The passages by collection that alone are searched; None: all.
_Within = Mapping[int, list[int]] | None
# Scores by passage id, for each collection.
_Scores = dict[int, dict[int, float]]


@dataclass(frozen=True, slots=True)
class Generation:
    """The vectors of one collection, and the query [dimension] in their space."""

    collection: int
    fingerprint: str
    index: VectorIndex
    query: np.ndarray


class Searcher:
    """Search over the collections of one store. Safe to share between threads."""

    def __init__(self, store: Store, folder: Path, embedder_for: Callable[[str], Embedder]) -> None:
        self._store, self._folder, self._embedder_for = store, folder, embedder_for
        self._indexes: TTLCache[tuple[int, str], VectorIndex] = TTLCache()
        self._samples: WeakKeyDictionary[VectorIndex, tuple[object, np.ndarray]]
        self._samples = WeakKeyDictionary()

    def search(
        self,
        query: str,
        scope: Scope,
        k: int = 10,
        mode: Mode = "fused",
        task: str | None = None,
    ) -> list[Hit]:
        """The k best passages, best first; fewer where there are no more. Any text is a query."""
        return list(self.find(query, scope, k, mode, task).hits)

    def find(
        self,
        query: str,
        scope: Scope,
        k: int = 10,
        mode: Mode = "fused",
        task: str | None = None,
    ) -> SearchResult:
        """As `search`, with a notice where a fused search had to do without vectors.

        Raises what the embedder raises where the mode is `dense`: nothing else could answer.
        """
        query = readable(query)
        if not query.strip() or k < 1:
            return SearchResult(())
        there = {collection.id for collection in self._store.collections()}
        numbers = sorted(scope.collections & there)  # one may have been deleted a moment ago
        depth = k if mode == "dense" else max(CANDIDATES, k)
        within = self._store.passages_within(scope.documents, numbers)
        notice, generations, dense = "", [], {}
        if mode != "keyword":
            try:
                generations = self.generations(query, numbers, task)
                dense = {one.collection: self.nearest(one, depth, within) for one in generations}
            except FootnoteError as error:
                if mode == "dense":
                    raise
                notice, generations, dense = without_vectors(error), [], {}
        if mode == "dense":
            return SearchResult(self._hits(_joined(dense), k, dense=dense))
        statistics = self._store.term_statistics(numbers, query)
        keyword = {n: self._by_words(n, statistics, depth, within) for n in numbers}
        if mode == "keyword":
            return SearchResult(self._hits(_joined(keyword), k, keyword=keyword))
        try:
            fused = self._fused(generations, dense, keyword, statistics)
        except DamagedVectorError as error:
            notice, dense = without_vectors(error), {}
            fused = self._fused([], dense, keyword, statistics)
        return SearchResult(self._hits(fused, k, dense=dense, keyword=keyword), notice)

    def near(
        self, title: str, passages: Sequence[Passage], scope: Scope, depth: int
    ) -> list[dict[int, Nearness]]:
        """For each passage of a document of this title, the nearest ones of the scope."""
        import numpy as np

        there = {collection.id for collection in self._store.collections()}
        found: list[dict[int, Nearness]] = [{} for _ in passages]
        for number in sorted(scope.collections & there):
            name = self._store.generation(number)
            if not name:
                continue
            vectors = self._passage_vectors(title, passages, name)
            index = self._index(number, name)
            nearest = index.search(vectors, depth)
            random = self.sample(Generation(number, name, index, vectors[0])) @ vectors.T
            if not len(random):
                continue
            mean, spread = random.mean(axis=0), np.maximum(random.std(axis=0), 1e-6)
            for place, (ids, scores) in enumerate(zip(nearest.ids, nearest.scores, strict=True)):
                found[place] |= {
                    int(passage): Nearness(
                        float(score), float((score - mean[place]) / spread[place])
                    )
                    for passage, score in zip(ids, scores, strict=True)
                    if passage >= 0
                }
        return found

    def _passage_vectors(
        self, title: str, passages: Sequence[Passage], fingerprint: str
    ) -> np.ndarray:
        """Vectors [n, dimension] of a document's passages under an embedder, its own or another."""
        import numpy as np

        stored = self._store.passage_vectors([one.id for one in passages], fingerprint)
        if len(stored) == len(passages):
            return np.stack([stored[one.id] for one in passages]).astype(np.float32)
        texts = [embedding_text(title, one) for one in passages]
        return self._embedder_for(fingerprint).embed_passages(texts)

    def maintain(
        self, collection: int, fingerprint: str = "", adders: StartAdders | None = None
    ) -> None:
        """After documents have come or gone: seal the vectors and fit the fusion weight, where due.

        Of the generation that answers, or of the one named, before it does; `adders`, if any, fill
        the sealed file.
        """
        fingerprint = fingerprint or self._store.generation(collection)
        if not fingerprint:
            return
        index = self._index(collection, fingerprint)
        if index.due():
            index.seal(adders)
        if calibration.is_due(self._store, collection, fingerprint):
            fitted = calibration.fit(self._store, collection, self._embedder_for(fingerprint))
            self._store.set_fusion_weight(collection, fingerprint, fitted.to_json())

    def generations(
        self,
        query: str,
        numbers: list[int],
        task: str | None,
        known: Mapping[str, np.ndarray] = MappingProxyType({}),
    ) -> list[Generation]:
        """The generations that can be searched, with the query embedded once for each space.

        `known` has it for some of the spaces, by fingerprint.
        """
        fingerprints = {number: self._store.generation(number) for number in numbers}
        vectors = {
            fingerprint: known[fingerprint]
            if fingerprint in known
            else self._embedder_for(fingerprint).embed_queries([query], task)[0]
            for fingerprint in set(fingerprints.values()) - {""}
        }
        return [
            Generation(number, name, self._index(number, name), vectors[name])
            for number, name in fingerprints.items()
            # A query without any token that the embedder knows has a vector of zeros.
            if name and vectors[name].any()
        ]

    def _by_words(
        self, collection: int, statistics: TermStatistics, depth: int, within: _Within
    ) -> dict[int, float]:
        """BM25 of the passages that hold the query's words."""
        if within is None:
            return dict(self._store.keyword_candidates(collection, statistics, depth))
        scores = self._store.keyword_scores(collection, within.get(collection, ()), statistics)
        return {passage: score for passage, score in scores.items() if score > 0}

    def nearest(
        self, generation: Generation, depth: int, within: _Within = None
    ) -> dict[int, float]:
        """Cosines of the nearest passages."""
        if within is not None:
            return self.cosines(generation, within.get(generation.collection, ()))
        found = generation.index.search(generation.query[None], depth)
        pairs = zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True)
        return {passage: score for passage, score in pairs if passage >= 0}

    def _fused(
        self,
        generations: list[Generation],
        dense: _Scores,
        keyword: _Scores,
        statistics: TermStatistics,
    ) -> dict[int, float]:
        """Fused scores of all candidates, each side having scored those of the other."""
        import numpy as np

        complete = {
            number: listed
            | self._store.keyword_scores(
                number, dense.get(number, {}).keys() - listed.keys(), statistics
            )
            for number, listed in keyword.items()
        }
        bm25 = _joined(complete)
        evidence = fusion.keyword_evidence(
            np.fromiter(bm25.values(), dtype=np.float64), fusion.mass(statistics)
        )
        fused = dict(zip(bm25, evidence.tolist(), strict=True))
        for one in generations:
            cosines = dense[one.collection] | self.cosines(
                one, complete[one.collection].keys() - dense[one.collection].keys()
            )
            there = complete[one.collection].keys() | cosines.keys()
            scores = fusion.fuse(
                np.array([fused.get(passage, 0.0) for passage in there]),
                fusion.dense_evidence(
                    np.array([cosines.get(passage, np.nan) for passage in there]),
                    self._background(one, generations),
                ),
                self.fusion_weight(one.collection, one.fingerprint).weight,
            )
            fused |= zip(there, scores.tolist(), strict=True)
        return fused

    def cosines(self, generation: Generation, passages: Iterable[int]) -> dict[int, float]:
        """Cosines of these passages."""
        stored = self._store.passage_vectors(passages, generation.fingerprint)
        return {
            passage: float(vector.astype("float32") @ generation.query)
            for passage, vector in stored.items()
        }

    def _background(
        self, generation: Generation, generations: list[Generation]
    ) -> fusion.Background:
        """What the query's cosine is with passages at random, of all that share its space."""
        import numpy as np

        cosines = np.concatenate(
            [
                self.sample(one) @ generation.query
                for one in generations
                if one.fingerprint == generation.fingerprint
            ]
        )
        if not len(cosines):
            return fusion.Background(0.0, 1.0)
        return fusion.Background(float(cosines.mean()), float(cosines.std()))

    def sample(self, generation: Generation) -> np.ndarray:
        """Vectors [n, dimension] of passages at random, kept until the collection has changed."""
        import numpy as np

        key = (generation.collection, generation.fingerprint)
        known = self.fusion_weight(*key)
        # Unexamined collections are small, or being filled: drawn anew as they grow.
        state = known.background or len(generation.index).bit_length()
        held = self._samples.get(generation.index)
        if held is None or held[0] != state:
            vectors = list(self._store.passage_vectors(known.background, key[1]).values())
            if 2 * len(vectors) <= len(known.background):  # none drawn yet, or most are gone
                drawn = self._store.sample_passages(key[0], _BACKGROUND)
                ids = [passage.id for passage in drawn]
                vectors = list(self._store.passage_vectors(ids, key[1]).values())
            stacked = np.stack(vectors) if vectors else np.empty((0, len(generation.query)))
            held = self._samples[generation.index] = (state, stacked.astype(np.float32))
        return held[1]

    def fusion_weight(self, collection: int, fingerprint: str) -> FusionWeight:
        """How much dense evidence counts in a generation."""
        return FusionWeight.from_json(self._store.fusion_weight(collection, fingerprint))

    def _index(self, collection: int, fingerprint: str) -> VectorIndex:
        def made() -> VectorIndex:
            dimension = self._embedder_for(fingerprint).dimension
            return VectorIndex(self._store, self._folder, collection, fingerprint, dimension)

        return self._indexes.get((collection, fingerprint), made)

    def _hits(
        self,
        scores: Mapping[int, float],
        k: int,
        dense: _Scores | None = None,
        keyword: _Scores | None = None,
    ) -> tuple[Hit, ...]:
        """The best k as hits; passages that were deleted meanwhile are passed over."""
        cosines, bm25 = _joined(dense or {}), _joined(keyword or {})
        cosine_ranks, bm25_ranks = _ranks(cosines), _ranks(bm25)
        order = sorted(scores, key=lambda passage: (-scores[passage], passage))
        passages = self._store.passages(order[: 2 * k])
        documents: dict[str, Document] = {}
        hits: list[Hit] = []
        for number in (number for number in order[: 2 * k] if number in passages):
            name = passages[number].document
            try:
                document = documents[name] = documents.get(name) or self._store.document(name)
            except UnknownDocumentError:
                continue
            hit = Hit(
                rank=len(hits) + 1,
                score=scores[number],
                passage=passages[number],
                document=document,
                dense_rank=cosine_ranks.get(number),
                dense_score=cosines.get(number),
                keyword_rank=bm25_ranks.get(number),
                keyword_score=bm25.get(number),
            )
            hits.append(hit)
            if len(hits) == k:
                break
        return tuple(hits)


def readable(query: str) -> str:
    """As much of a query as is read.

    Lone surrogates, from a command line in another encoding, are no text to SQLite.
    """
    return query[:_QUERY_CHARACTERS].encode(errors="replace").decode()


def without_vectors(error: FootnoteError) -> str:
    """The notice of a search that an error left to words alone."""
    return f"searched by words alone, not by meaning: {error}"


def _joined(scores: _Scores) -> dict[int, float]:
    """Scores of all collections together."""
    return {passage: value for part in scores.values() for passage, value in part.items()}


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """Ranks from one, best first."""
    order = sorted(scores, key=lambda passage: (-scores[passage], passage))
    return {passage: rank for rank, passage in enumerate(order, start=1)}
