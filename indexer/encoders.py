"""Who makes vectors of texts: the embedder in this process, or many in others.

Indexing and re-embedding hand out slices of texts and take what comes back, in whatever order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np


_SLICE = 128  # texts that an encoder gets at once


class Encoders(Protocol):
    """What takes slices of passages' texts. `at_once` says how many of them keep it busy."""

    @property
    def at_once(self) -> int:
        """Slices that may be on their way at one time."""
        ...

    def submit(self, texts: Sequence[str]) -> Future[np.ndarray]:
        """Vectors [n, dimension] of these texts, float32 or float16, when they are there."""
        ...


class Here:
    """The embedder in this process: a slice at a time, done when `submit` returns."""

    at_once = 1

    def __init__(self, embed: Callable[[Sequence[str]], np.ndarray]) -> None:
        self._embed = embed

    def submit(self, texts: Sequence[str]) -> Future[np.ndarray]:
        """Vectors of the texts, made before this returns. Raises what the embedder raises."""
        done: Future[np.ndarray] = Future()
        done.set_result(self._embed(texts))
        return done


def embedded(encoders: Encoders, texts: Sequence[str], dimension: int) -> np.ndarray:
    """Vectors, float32 [n, dimension], of all texts, in their order."""
    import numpy as np

    found = np.empty((len(texts), dimension), np.float32)
    running: dict[Future[np.ndarray], slice] = {}
    starts = deque(range(0, len(texts), _SLICE))
    while starts or running:
        while starts and len(running) < encoders.at_once:
            part = slice(start := starts.popleft(), start + _SLICE)
            running[encoders.submit(texts[part])] = part
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            found[running.pop(future)] = future.result()
    return found
