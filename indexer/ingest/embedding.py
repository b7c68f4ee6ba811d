"""Texts on their way to vectors: each once, in slices, several at a time where encoders take them.

Documents wait here for the vectors of their passages. A text that several of them hold is
embedded once, and forgotten when the last of them has been committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from indexer.encoders import Encoders

# So many slices may wait for each that is being embedded, before no more files are read.
_SLICES_WAITING = 8


class Embedding:
    """The texts, by their hash, that wait for a vector, are being embedded, or have one."""

    def __init__(self, encoders: Encoders, slice_size: int) -> None:
        self._encoders, self._size = encoders, slice_size
        self._waiting: dict[str, str] = {}
        self._running: dict[Future[np.ndarray], list[str]] = {}
        self._vectors: dict[str, np.ndarray] = {}
        self._wanted: Counter[str] = Counter()

    @property
    def running(self) -> tuple[Future[np.ndarray], ...]:
        """The slices that are being embedded."""
        return tuple(self._running)

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read for now."""
        return len(self._waiting) >= _SLICES_WAITING * self._size * self._encoders.at_once

    def unknown(self, hashes: Sequence[str]) -> set[str]:
        """Those that are neither here nor on their way."""
        return {digest for digest in hashes if digest not in self._wanted}

    def add(self, texts: Mapping[str, str], known: Mapping[str, np.ndarray]) -> None:
        """Take a document's texts by hash; `known` are vectors that need not be made."""
        for digest, text in texts.items():
            if not self._wanted[digest] and digest in known:
                self._vectors[digest] = known[digest]
            elif not self._wanted[digest]:
                self._waiting[digest] = text
            self._wanted[digest] += 1

    def feed(self, *, rest: bool) -> None:
        """Hand out slices while the encoders take them; with `rest`, also one that is not full."""
        while len(self._running) < self._encoders.at_once and self._waiting:
            if len(self._waiting) < self._size and not rest:
                return
            part = list(islice(self._waiting, self._size))
            texts = [self._waiting.pop(digest) for digest in part]
            self._running[self._encoders.submit(texts)] = part

    def collect(self) -> bool:
        """Take the vectors that are there; whether there were any. Raises what an encoder did."""
        done = [future for future in self._running if future.done()]
        for future in done:
            part = self._running.pop(future)
            self._vectors.update(zip(part, future.result().astype("float16"), strict=True))
        return bool(done)

    def ready(self, hashes: Sequence[str], known: int) -> int:
        """How many of these texts, from the first one on, have their vectors; at least `known`."""
        while known < len(hashes) and hashes[known] in self._vectors:
            known += 1
        return known

    def take(self, hashes: Sequence[str], dimension: int) -> np.ndarray:
        """Vectors, float16 [n, dimension], of texts that all have theirs; they are let go."""
        import numpy as np

        rows = np.empty((len(hashes), dimension), np.float16)
        for place, digest in enumerate(hashes):
            rows[place] = self._vectors[digest]
        for digest in set(hashes):
            self._wanted[digest] -= 1
            if not self._wanted[digest]:
                del self._wanted[digest], self._vectors[digest]
        return rows

    def stop(self) -> None:
        """Give up what is on its way."""
        for future in self._running:
            future.cancel()
