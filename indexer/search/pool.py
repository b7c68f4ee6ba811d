"""A sample of a collection's passages, searched by both sides exactly as all of them are.

What the fusion weight is fitted on (`calibration`) and what a proof asks
(`training.evaluation.proof`): evidence is made by `fusion`, as for people's questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from indexer.chunking import embedding_text
from indexer.keyword import bm25
from indexer.keyword.analysis import index_terms
from indexer.keyword.fts import KeywordRow
from indexer.keyword.postings import Postings
from indexer.search import fusion
from indexer.search.fusion import Background
from indexer.search.pseudo_queries import PseudoQuery, pseudo_queries

if TYPE_CHECKING:
    from indexer.records import Passage
    from indexer.store.store import Store

# Passages that are looked through, and pseudo-queries that look.
POOL = 2000
_QUERIES = 200


class EmbeddingModel(Protocol):
    """What search needs of an embedder."""

    @property
    def fingerprint(self) -> str:
        """Names the vector space."""
        ...

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Vectors, float32 [n, dimension], unit length."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors, float32 [n, dimension], unit length."""
        ...


@dataclass(frozen=True)
class Pool:
    """Passages at random with all that a fit needs of them, in the same order.

    Vectors are float32 [passages, dimension], of one generation.
    """

    passages: Sequence[Passage]
    titles: Sequence[str]
    languages: Sequence[str]
    rows: Sequence[KeywordRow]
    vectors: np.ndarray

    @classmethod
    def of(
        cls, store: Store, collection: int, fingerprint: str, beside: Sequence[int] = ()
    ) -> Pool:
        """At most `POOL` passages of a generation, always the same ones, and those `beside`."""
        drawn = {passage.id: passage for passage in store.sample_passages(collection, POOL)}
        drawn |= store.passages(beside)
        vectors = store.passage_vectors(drawn, fingerprint)
        rows = store.keyword_rows(collection, drawn)
        ids = [number for number in drawn if number in vectors and number in rows]
        passages = [drawn[number] for number in ids]
        languages = store.document_languages({passage.document for passage in passages})
        titles = {name: store.document(name).title for name in languages}
        stacked = np.stack([vectors[number] for number in ids]) if ids else np.empty((0, 0))
        return cls(
            passages,
            [titles[passage.document] for passage in passages],
            [languages[passage.document] for passage in passages],
            [rows[number] for number in ids],
            stacked.astype(np.float32),
        )

    def queries(self, count: int = _QUERIES) -> list[PseudoQuery]:
        """At most so many pseudo-queries, one a passage."""
        return pseudo_queries([one.text for one in self.passages], self.languages, count)

    def evidence(
        self, queries: Sequence[PseudoQuery], model: EmbeddingModel
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keyword and dense evidence [queries, passages]; right ones without their sentence."""
        return self.keyword_evidence(queries), self.dense_evidence(queries, model)

    def keyword_evidence(self, queries: Sequence[PseudoQuery]) -> np.ndarray:
        """Of the keywords alone [queries, passages]; right ones without their sentence."""
        postings = Postings(self.rows, frozenset(self.languages))
        keyword = np.empty((len(queries), len(self.passages)))
        for place, query in enumerate(queries):
            keyword[place] = self._keyword_evidence(query, postings)
        return keyword

    def dense_evidence(self, queries: Sequence[PseudoQuery], model: EmbeddingModel) -> np.ndarray:
        """Of the vectors alone [queries, passages]; right ones without their sentence."""
        asked = model.embed_queries([query.text for query in queries])
        # What was cut out of no passage seeks it whole, and whole it has a vector already.
        cut = [at for at, one in enumerate(queries) if one.rest != self.passages[one.source].text]
        texts = [self._embedding_text(queries[at]) for at in cut]
        rests = dict(zip(cut, model.embed_passages(texts) if texts else (), strict=True))
        cosines = asked @ self.vectors.T
        dense = np.empty((len(queries), len(self.passages)))
        for place, query in enumerate(queries):
            row = cosines[place]
            background = Background(float(row.mean()), float(row.std()))
            if place in rests:
                row[query.source] = float(asked[place] @ rests[place])
            dense[place] = fusion.dense_evidence(row, background)
        return dense

    def _embedding_text(self, query: PseudoQuery) -> str:
        passage = replace(self.passages[query.source], text=query.rest)
        return embedding_text(self.titles[query.source], passage)

    def _keyword_evidence(self, query: PseudoQuery, postings: Postings) -> np.ndarray:
        statistics = postings.statistics(query.text)
        scores = postings.scores(statistics)
        text = index_terms(query.rest, self.languages[query.source])
        rest = replace(self.rows[query.source], text=text)
        scores[query.source] = bm25.score(rest, statistics, bm25.weights(statistics))
        return fusion.keyword_evidence(scores, fusion.mass(statistics))
