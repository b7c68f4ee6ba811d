"""A thread-safe cache whose entries expire ten minutes after their last use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Key = TypeVar("Key")
Value = TypeVar("Value")

# Far longer than a question takes, or two embedders that are asked in turn for a proof; so
# nothing that is in use is made twice.
TTL_SECONDS = 600.0


class TTLCache(Generic[Key, Value]):
    """Thread-safe cache; entries expire `TTL_SECONDS` after last use.

    Expired entries are dropped when another is made: a process that runs for months holds what
    answers now, and not every embedder and every index that ever did. While somebody else still
    holds such a value, it is the one that is given out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[Key, tuple[float, Value]] = {}
        self._alive: WeakValueDictionary[Key, Value] = WeakValueDictionary()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key; `make` is called where there is none, one thread at a time."""
        with self._lock:
            now = self._clock()
            value = self._alive.get(key)
            if value is None:
                old = now - TTL_SECONDS
                self._asked = {k: held for k, held in self._asked.items() if held[0] > old}
                value = self._alive[key] = make()
            self._asked[key] = (now, value)
            return value

    def forget(self, key: Key) -> None:
        """Make it anew the next time."""
        with self._lock:
            self._asked.pop(key, None)
            self._alive.pop(key, None)
