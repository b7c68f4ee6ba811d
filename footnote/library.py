"""Footnote from Python: a home with what people do with it, in a few calls.

    from footnote import Footnote

    notes = Footnote("~/.footnote")
    notes.index(["~/contracts"], "contracts")
    answer = notes.ask("When may either party terminate?", "contracts")
    print(answer.text)
    for note in answer.footnotes:
        print(note.n, note.title, note.span.page, note.quote)

Whoever owns the home's files may do everything, as on the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from footnote.home import DEFAULT_COLLECTION, Home
from indexer.ingest.sources import find

if TYPE_CHECKING:
    import numpy as np

    from indexer.ingest.progress import IngestReport
    from indexer.records import Collection, Hit
    from indexer.search.searcher import Mode
    from rag.records import Answer, Turn

Side = Literal["query", "passage"]


class Footnote:
    """A home: the folder that holds everything; `None` is the one that the command line takes.

    Opening is quick; the embedder is loaded when it is first used. Safe to share between threads,
    and other programs may have the home open at the same time.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        self.home = Home.open(home)

    def index(
        self, paths: Iterable[str | Path], collection: str = DEFAULT_COLLECTION
    ) -> IngestReport:
        """Index files and folders; repeated, it does what is left to do.

        Files that cannot be read are in the report's `failed`, with the reason.
        """
        given = [Path(path).expanduser() for path in paths]
        return self.home.index(find(given), collection)

    def search(self, query: str, *collections: str, k: int = 10, mode: Mode = "fused") -> list[Hit]:
        """The best passages, from these collections or from all.

        Raises `footnote.home.UnknownCollectionError`.
        """
        return self.home.finder.search(query, self.home.scope(collections), k, mode)

    def ask(self, question: str, *collections: str, history: Sequence[Turn] = ()) -> Answer:
        """An answer whose every sentence was checked against what it cites.

        Raises `footnote.home.UnknownCollectionError`, `rag.answer.EmptyQuestionError`.
        """
        return self.home.common_answerer.ask(question, self.home.scope(collections), history)

    def embed(
        self, texts: Sequence[str], side: Side = "passage", collection: str = ""
    ) -> np.ndarray:
        """Unit vectors, float32 [n, dimension]: of passages as they are indexed, or of queries.

        By the embedder that answers for a collection, or by the one in use.
        """
        number = self.home.collection(collection).id if collection else None
        embedder = self.home.embedder_of(number)
        return embedder.embed_queries(texts) if side == "query" else embedder.embed_passages(texts)

    def collections(self) -> list[Collection]:
        """All collections, by name."""
        return self.home.store.collections()
