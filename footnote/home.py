"""A home: the one folder that holds everything, and the parts that work on it.

Opening a home is cheap; the embedder, the index and the language model are made when they
are first used, once for all threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from embedder.registry import Registry
from footnote.settings import Settings, home_path
from indexer.store import Store

if TYPE_CHECKING:
    from embedder.model import Embedder
    from indexer.ingest import Ingest, IngestProgress, IngestReport
    from indexer.search import Scope, Searcher
    from rag.answer import Answerer
    from rag.llm import ChatModel

DEFAULT_COLLECTION = "documents"


class UnknownCollectionError(FootnoteError):
    """A collection was named that the home does not have."""


class Home:
    """Store, embedders, search and answers over one folder."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path, self.settings = path, settings

    @classmethod
    def open(cls, path: str | Path | None = None) -> Home:
        """Open the home at `path`, `FOOTNOTE_HOME` or `~/.footnote`; make it if it is new."""
        folder = home_path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FootnoteError(
                f"the home {folder} cannot be made: {error.strerror}; choose another with --home"
            ) from error
        return cls(folder, Settings.resolve(folder))

    @cached_property
    def store(self) -> Store:
        """The database and the originals."""
        return Store.open(self.path)

    @cached_property
    def registry(self) -> Registry:
        """The installed embedders."""
        return Registry(self.path / "embedders", cache=self.path / "models")

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder that new documents are indexed with; its weights load on first use."""
        return self.registry.load(self.registry.current())

    def embedder_for(self, fingerprint: str) -> Embedder:
        """The embedder whose vectors a collection holds, which may be an earlier one."""
        if fingerprint == self.embedder.fingerprint:
            return self.embedder
        return self.registry.load_fingerprint(fingerprint)

    @cached_property
    def searcher(self) -> Searcher:
        """Dense, keyword and fused search."""
        from indexer.search import Searcher

        return Searcher(self.store, self.index_folder, self.embedder_for)

    @cached_property
    def llm(self) -> ChatModel | None:
        """The configured language model, or None: then answers are extractive."""
        if not (self.settings.text("base_url") or self.settings.text("api_key")):
            return None
        from rag.llm import OpenAIChat

        return OpenAIChat(
            base_url=self.settings.text("base_url") or None,
            api_key=self.settings.text("api_key"),
            model=self.settings.text("model"),
            timeout=self.settings.number("llm_timeout"),
        )

    @cached_property
    def answerer(self) -> Answerer:
        """Question → cited answer."""
        from rag.answer import Answerer

        return Answerer(self.searcher, self.store, self.llm)

    @property
    def index_folder(self) -> Path:
        """Where the FAISS files are; they may be deleted at any moment."""
        return self.path / "index"

    def scope(self, names: Sequence[str] = ()) -> Scope:
        """The named collections, or all. Raises `UnknownCollectionError`."""
        from indexer.search import Scope

        known = {collection.name: collection.id for collection in self.store.collections()}
        for name in names:
            if name not in known:
                there = ", ".join(known) or "none yet; make one with `footnote index`"
                raise UnknownCollectionError(
                    f"there is no collection {name!r}; there are: {there}"
                )
        return Scope(frozenset(known[name] for name in names or known))

    @property
    def workers(self) -> int:
        """Parser processes for bulk work."""
        return self.settings.number("workers") or os.cpu_count() or 1
