"""Texts embedded by many come back in their order."""

import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from indexer.encoders import Here, embedded

TEXTS = [f"text {number}" for number in range(700)]


def vectors(texts):
    return np.array([[float(text.split()[1]), 1.0] for text in texts], np.float16)


class Threads:
    """Two at once, of which neither need be the first to end."""

    at_once = 2

    def __init__(self):
        self._pool = ThreadPoolExecutor(2)
        self.running = self.most = 0
        self._lock = threading.Lock()

    def submit(self, texts) -> Future:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        return self._pool.submit(self._made, texts, random.random() / 100)

    def _made(self, texts, seconds):
        threading.Event().wait(seconds)
        with self._lock:
            self.running -= 1
        return vectors(texts)


@pytest.mark.parametrize("encoders", [Here(vectors), Threads()], ids=["here", "threads"])
def test_many_texts_keep_their_order(encoders):
    found = embedded(encoders, TEXTS, 2)
    assert found.dtype == np.float32
    assert found.tolist() == vectors(TEXTS).astype(np.float32).tolist()
    assert getattr(encoders, "most", 1) <= 2
    assert embedded(encoders, [], 2).shape == (0, 2)
