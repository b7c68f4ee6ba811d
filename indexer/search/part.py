"""What one home says to whoever searches several as one: its part, first counted, then scored.

Everything that is said is plain data (JSON): names of collections, words, counts, scores. A home
is asked twice. First what its passages say of the query's words and of passages at random; then,
under what all homes have said together, its candidates with their scores (`federation`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from embedder.errors import FootnoteError
from indexer.keyword.analysis import Word, query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.sandbox.frames import page_message
from indexer.search.searcher import Searcher, without_vectors
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    import numpy as np

    from indexer.search.searcher import Generation
    from indexer.store.store import Store

Said = dict[str, Any]
_QUERIES = 64  # whose vectors are kept between the two times that a home is asked
_MOST_DEPTH = 1000
_OF_COLLECTIONS = ("languages", "survey", "candidates", "hits")
_OF_DOCUMENTS = ("page", "passages_of", "document_languages")


class Part:
    """The collections of one home that somebody may read, by name."""

    def __init__(self, store: Store, searcher: Searcher) -> None:
        self._store, self._searcher = store, searcher
        self._vectors: dict[tuple[str, str | None], dict[str, np.ndarray]] = {}
        self._lock = threading.Lock()

    def say(self, what: str, numbers: Mapping[str, int], given: Mapping[str, Any]) -> Any:
        """What is asked for by name, of the collections in `numbers` and of nothing else.

        Raises `UnknownDocumentError` for documents of others, `ValueError` for other questions.
        """
        if what not in (*_OF_COLLECTIONS, *_OF_DOCUMENTS):
            raise ValueError(f"there is nothing called {what!r} to ask for")
        if what == "document_languages":
            known = [one for one in given["documents"] if self._has(one, numbers)]
            return self._store.document_languages(known)
        if what in _OF_DOCUMENTS:
            document = str(given["document"])
            if not self._has(document, numbers):
                raise UnknownDocumentError(f"there is no document {document!r}")
            if what == "page":
                return page_message(self._store.page(document, int(given["number"])))["page"]
            return [asdict(one) for one in self._store.passages_of(document)]
        return getattr(self, what)(numbers, **given)

    def _has(self, document: str, numbers: Mapping[str, int]) -> bool:
        try:
            return self._store.document(document).collection in numbers.values()
        except UnknownDocumentError:
            return False

    def languages(self, numbers: Mapping[str, int]) -> list[str]:
        """The languages of these collections' documents."""
        return sorted({code for one in numbers.values() for code in self._store.languages(one)})

    def survey(
        self,
        numbers: Mapping[str, int],
        query: str,
        languages: Sequence[str],
        task: str | None = None,
    ) -> Said:
        """How common the query's words are, and what its cosines with passages at random are.

        `problem` says why it can be searched by words alone, '' where it need not.
        """
        words = query_words(query, languages)
        found = self._store.word_statistics(sorted(numbers.values()), words)
        generations, problem = self._generations(numbers, query, task)
        spaces: dict[str, list[float]] = {}
        for one in generations:
            cosines = self._searcher.sample(one) @ one.query
            sums = spaces.setdefault(one.fingerprint, [0, 0.0, 0.0])
            sums[0] += len(cosines)
            sums[1] += float(cosines.sum())
            sums[2] += float((cosines.astype("float64") ** 2).sum())
        names = {number: name for name, number in numbers.items()}
        weights = {}
        for one in generations:
            fitted = self._searcher.fusion_weight(one.collection, one.fingerprint)
            # As the keyword index counts them: counting rows takes longer the more there are.
            passages = self._store.word_statistics([one.collection], ()).passages
            weights[names[one.collection]] = [fitted.dense, passages, one.fingerprint]
        return {
            "words": [[*word.terms] for word in words],
            "counts": [word.count for word in words],
            "holding": [found.holding[word.terms] for word in words],
            "passages": found.passages,
            "terms": found.terms,
            "spaces": spaces,
            "weights": weights,
            "problem": problem,
        }

    def candidates(
        self, numbers: Mapping[str, int], query: str, common: Said, task: str | None = None
    ) -> Said:
        """Candidates of each collection under `common` statistics, each scored by both sides.

        A row is [passage, BM25, cosine or null, found by words, found by meaning].
        """
        statistics = statistics_of(common)
        depth = min(int(common["depth"]), _MOST_DEPTH)
        generations, _ = self._generations(numbers, query, task) if common["dense"] else ([], "")
        spaces = {one.collection: one for one in generations}
        return {
            name: self._rows(number, statistics, depth, spaces.get(number))
            for name, number in numbers.items()
        }

    def hits(self, numbers: Mapping[str, int], ids: Sequence[int]) -> Said:
        """These passages with their documents; those that are gone are left out."""
        passages = self._store.passages(ids)
        documents = {}
        for name in {one.document for one in passages.values()}:
            try:
                document = self._store.document(name)
            except UnknownDocumentError:
                continue
            if document.collection in numbers.values():
                documents[name] = asdict(document)
        names = {number: name for name, number in numbers.items()}
        return {
            "passages": [asdict(one) for one in passages.values() if one.document in documents],
            "documents": documents,
            "names": {name: names[fields["collection"]] for name, fields in documents.items()},
        }

    def _rows(
        self, number: int, statistics: TermStatistics, depth: int, space: Generation | None
    ) -> list[list[Any]]:
        listed = dict(self._store.keyword_candidates(number, statistics, depth))
        nearest = self._searcher.nearest(space, depth) if space else {}
        missing = nearest.keys() - listed.keys()
        bm25 = listed | self._store.keyword_scores(number, missing, statistics)
        cosines = dict(nearest)
        if space:
            cosines |= self._searcher.cosines(space, bm25.keys() - nearest.keys())
        return [
            [passage, bm25.get(passage, 0.0), cosines.get(passage), passage in listed,
             passage in nearest]
            for passage in sorted(bm25.keys() | nearest.keys())
        ]  # fmt: skip

    def _generations(
        self, numbers: Mapping[str, int], query: str, task: str | None
    ) -> tuple[list[Generation], str]:
        key = (query, task)
        with self._lock:
            known = dict(self._vectors.get(key, {}))
        try:
            found = self._searcher.generations(query, sorted(numbers.values()), task, known)
        except FootnoteError as error:
            return [], without_vectors(error)
        with self._lock:
            self._vectors[key] = {one.fingerprint: one.query for one in found}
            while len(self._vectors) > _QUERIES:
                del self._vectors[next(iter(self._vectors))]
        return found, ""


def statistics_of(common: Said) -> TermStatistics:
    """Statistics that homes have agreed on."""
    words = tuple(
        Word(tuple(map(str, terms)), int(count))
        for terms, count in zip(common["words"], common["counts"], strict=True)
    )
    holding = {word.terms: int(held) for word, held in zip(words, common["holding"], strict=True)}
    return TermStatistics(words, int(common["passages"]), int(common["terms"]), holding)
