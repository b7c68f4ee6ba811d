"""The home that the app serves, opened once for the process.

Where copies of a home lie at its place (`footnote.backup.snapshot`), the newest is served, and a
newer one when it is there: it is opened and made warm beside, then takes the other's place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

from embedder.errors import FootnoteError
from footnote.answering.helpers import Helpers
from footnote.backup import snapshot
from footnote.home import Home
from footnote.jobs import queue
from footnote.settings import home_path

_LOOK_SECONDS = 2.0
# How long whoever is being answered out of a copy has until it is closed.
_GRACE_SECONDS = 60.0


def home() -> Home:
    """The home that the environment names."""
    path = home_path()
    return _followed(path).home() if snapshot.is_followed(path) else _open(path)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """While the pages are served: what kept folders in step before a restart goes on."""
    threading.Thread(target=_go_on, daemon=True).start()
    yield


def _go_on() -> None:
    with suppress(FootnoteError):  # the pages say what is wrong with the home
        if not snapshot.is_followed(home_path()):
            queue.follow_again(home())


def helpers() -> Helpers:
    """The processes that help this one to answer from that home."""
    return _helpers(home())


@lru_cache(maxsize=1)
def _helpers(of: Home) -> Helpers:
    return Helpers(of, of.settings.number("answerers"))


@cache
def _open(path: Path) -> Home:
    return Home.open(path)


@cache
def _followed(folder: Path) -> _Replica:
    return _Replica(folder)


class _Replica:
    """The newest copy of a home in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = Home.open(snapshot.newest(folder))
        self._lock = threading.Lock()
        self._looked = time.monotonic()

    def home(self) -> Home:
        """The copy that is served now. Looks for a newer one, and does not wait for it."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS and self._lock.acquire(blocking=False):
            self._looked = now
            threading.Thread(target=self._follow, daemon=True).start()
        return self._home

    def _follow(self) -> None:
        try:
            with suppress(FootnoteError):  # the copy that is served stays until another is there
                path = snapshot.newest(self._folder)
                if path != self._home.path:
                    self._home = self._exchanged(path)
        finally:
            self._lock.release()

    def _exchanged(self, path: Path) -> Home:
        """The copy at `path`, opened and warm; the one before it is closed after a while."""
        before, new = self._home, Home.open(path)
        if new.registry.specs() == before.registry.specs():
            new.registry = before.registry  # the weights are in memory already
        scope = new.scope()
        if scope.collections:
            new.searcher.find("warm", scope, 1)
        threading.Timer(_GRACE_SECONDS, before.store.close).start()
        return new
