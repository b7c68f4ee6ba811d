"""The embedders' weights, loaded beside the server so that it answers before they are there."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError

if TYPE_CHECKING:
    from footnote.home import Home

_PATIENCE = 5.0  # seconds that a search waits for them before it goes by words alone


class Weights:
    """Those of all embedders that answer for a collection of a home."""

    def __init__(self, home: Home) -> None:
        self._home, self._there = home, Event()
        self._thread = Thread(target=self._load, daemon=True)

    def start(self) -> Weights:
        """Begin to load."""
        self._thread.start()
        return self

    def ready(self, seconds: float = _PATIENCE) -> bool:
        """Whether they are there, by then."""
        return self._there.wait(seconds)

    def _load(self) -> None:
        store = self._home.store
        for fingerprint in {store.generation(one.id) for one in store.collections()} - {""}:
            # Whatever goes wrong comes up again, and is said, when something is searched.
            with suppress(FootnoteError):
                self._home.registry.load_fingerprint(fingerprint).embed_queries([fingerprint])
        self._there.set()
