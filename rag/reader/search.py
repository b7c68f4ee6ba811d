"""Search whose first hits are read before they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from indexer.keyword.bm25 import TermStatistics
from indexer.records import Hit
from rag.question.analysis import read
from rag.reader.reader import DEPTH, Reader

if TYPE_CHECKING:
    from indexer.search.searcher import Mode, Scope, SearchResult


class Finder(Protocol):
    """What is searched with (`indexer.search.searcher.Searcher`)."""

    def find(
        self, query: str, scope: Scope, k: int = 10, mode: Mode = "fused", task: str | None = None
    ) -> SearchResult:
        """The passages found, best first, and what could not be searched."""
        ...


class Statistics(Protocol):
    """What reading needs of the store."""

    def document_languages(self, ids: Iterable[str]) -> dict[str, str]:
        """The language of each document, '' where it is unknown."""
        ...

    def term_statistics(self, collections: Iterable[int], text: str) -> TermStatistics:
        """How common the words of a text are."""
        ...


class ReadingSearcher:
    """Search as the one beneath, with fused hits in the reader's order."""

    def __init__(self, finder: Finder, store: Statistics, reader: Reader) -> None:
        self._finder, self._store, self._reader = finder, store, reader

    def find(
        self, query: str, scope: Scope, k: int = 10, mode: Mode = "fused", task: str | None = None
    ) -> SearchResult:
        """As `Searcher.find`; dense and keyword searches show what each side finds by itself."""
        if mode != "fused":
            return self._finder.find(query, scope, k, mode, task)
        found = self._finder.find(query, scope, max(k, DEPTH), mode, task)
        return replace(found, hits=tuple(self._ordered(query, scope, found.hits)[:k]))

    def search(
        self, query: str, scope: Scope, k: int = 10, mode: Mode = "fused", task: str | None = None
    ) -> list[Hit]:
        """The hits alone."""
        return list(self.find(query, scope, k, mode, task).hits)

    def _ordered(self, query: str, scope: Scope, hits: tuple[Hit, ...]) -> list[Hit]:
        languages = self._store.document_languages(hit.document.id for hit in hits[:DEPTH])
        statistics = self._store.term_statistics(scope.collections, query)
        asked = read(query, statistics, sorted(set(languages.values())))
        return self._reader.order(asked, hits)
