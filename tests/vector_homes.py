"""A store with random vectors and an index over them."""

from pathlib import Path

import numpy as np
from homes import add_lines, clustered, unit

from indexer.store.store import Store
from indexer.vector.index import VectorIndex

DIMENSION = 32
FINGERPRINT = "0123456789abcdef"


class Home:
    """A store with one collection, documents of random vectors, and an index over them."""

    def __init__(self, path: Path):
        self.path = path
        self.store = Store.open(path)
        self.folder = path / "index"
        self.collection = self.store.create_collection("handbook").id
        self.index = self.open_index()
        self.vectors = {}

    def open_index(self, store=None, fingerprint=FINGERPRINT):
        return VectorIndex(
            store or self.store, self.folder, self.collection, fingerprint, DIMENSION
        )

    def add(self, name, count, seed=0):
        """Add a document of `count` passages; return it and its passage ids."""
        vectors = clustered(count, DIMENSION, seed)
        lines = [f"{name} line {number}" for number in range(count)]
        source = self.path / f"{name}.txt"
        document = add_lines(self.store, self.collection, source, lines, vectors, FINGERPRINT)
        ids = [passage.id for passage in self.store.passages_of(document.id)]
        self.vectors |= dict(zip(ids, vectors, strict=True))
        return document, ids

    def delete(self, document):
        gone = [passage.id for passage in self.store.passages_of(document.id)]
        self.store.delete([document.id])
        for number in gone:
            del self.vectors[number]

    def truth(self, queries, k):
        """Ids of the k nearest, from a plain float64 product."""
        ids = np.array(list(self.vectors))
        stored = np.stack(list(self.vectors.values())).astype(np.float16).astype(np.float64)
        return ids[np.argsort(-(queries @ stored.T), axis=1)[:, :k]]

    def sealed_files(self):
        return sorted(path.name for path in self.folder.iterdir())


QUERIES = unit(np.random.default_rng(7).standard_normal((5, DIMENSION)))


def agrees(index, home, k=10, queries=QUERIES):
    return np.array_equal(index.search(queries, k).ids, home.truth(queries, k))


def recall(index, home, queries):
    """The share of the true nearest ten that a search returns."""
    found, truth = index.search(queries, 10).ids, home.truth(queries, 10)
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)])
