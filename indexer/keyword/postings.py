"""BM25 of many passages at once, from their terms in memory. Pure.

What `bm25.score` gives passage by passage, term by term instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.keyword import bm25
from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import Fields, TermStatistics


class Postings:
    """The terms of passages in documents of these languages."""

    def __init__(self, rows: Sequence[Fields], languages: frozenset[str]) -> None:
        self._languages = languages
        self._found: dict[str, dict[int, float]] = {}
        lengths = np.zeros(len(rows))
        for place, row in enumerate(rows):
            fields = (row.title, bm25.TITLE), (row.headings, bm25.HEADINGS), (row.text, 1.0)
            for text, weight in fields:
                terms = text.split()
                lengths[place] += len(terms)
                for term in terms:
                    there = self._found.setdefault(term, {})
                    there[place] = there.get(place, 0.0) + weight
        self._lengths = lengths

    def statistics(self, query: str) -> TermStatistics:
        """The words of a query, and how common they are among these passages."""
        words = tuple(query_words(query, self._languages))
        holding = {
            word.terms: len(set().union(*(self._found.get(term, ()) for term in word.terms)))
            for word in words
        }
        return TermStatistics(words, len(self._lengths), int(self._lengths.sum()), holding)

    def scores(self, statistics: TermStatistics) -> np.ndarray:
        """BM25 [passages], in the order that they were given."""
        weights = bm25.weights(statistics)
        scores = np.zeros(len(self._lengths))
        for word, weight in zip(statistics.words, weights, strict=True):
            occurrences = np.zeros(len(scores))
            for term in word.terms:
                for place, count in self._found.get(term, {}).items():
                    occurrences[place] += count
            scores += weight * bm25.saturated(occurrences, self._lengths, statistics.mean_length)
        return scores
