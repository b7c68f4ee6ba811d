"""What a passage costs by how many there are, and the memory of sealing beside its formula."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.scale.measure import OwnMemory, load, peak_mb, show, spent
from benchmarks.scale.standin import DIMENSION, StandIn, write_files
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.store.queries import VectorBatch
from indexer.store.store import Store

_BATCH = 4096
_INNER = 48  # as many directions as texts of one archive have, more or less


def linear(*sizes: int) -> None:
    """Passages through parsing, the store, the keyword index and sealing, one process each size."""
    for size in sizes or (10_000, 100_000):
        _apart(_linear, size)


def sealing(*sizes: int) -> None:
    """So many vectors into a sealed file, without a store: its memory beside the formula."""
    for size in sizes or (100_000, 1_000_000):
        _apart(_sealed, size)


def _apart(work: object, size: int) -> None:
    """In a process of its own, so that memory is measured from the same start."""
    child = os.fork()
    if not child:
        work(size)  # type: ignore[operator]
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status


def _linear(size: int) -> None:
    from indexer.vector.index import VectorIndex

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", size // 50, 50)
        store = Store.open(folder / "home")
        collection = store.create_collection("files").id
        embedder = StandIn()
        sources = find([folder / "files"])
        at, began = spent(), time.monotonic()
        report = Ingest(store, embedder, 2).run(sources, collection)
        indexed, peak = spent() - at, peak_mb()
        index = VectorIndex(store, folder / "index", collection, embedder.fingerprint, DIMENSION)
        at = spent()
        with OwnMemory() as memory:
            sealed = index.seal()
        show(
            passages=report.passages,
            cpu_ms_a_passage=round(1000 * indexed / report.passages, 3),
            seal_cpu_ms_a_passage=round(1000 * (spent() - at) / report.passages, 3),
            index=sealed.kind,
            recall=round(sealed.recall, 3),
            peak_mb_indexing=peak,
            own_mb_sealing=memory.most_mb,
            database_bytes_a_passage=store.path.stat().st_size // report.passages,
            index_bytes_a_passage=sealed.bytes // report.passages,
            wall_seconds=round(time.monotonic() - began, 1),
            load=load(),
        )


def _sealed(size: int) -> None:
    from indexer.vector import ivf, sealed_file

    with tempfile.TemporaryDirectory() as name:
        at, began = spent(), time.monotonic()
        with OwnMemory() as memory:
            made = sealed_file.build(lambda: _vectors(size), size, DIMENSION, Path(name))
        lists = ivf.list_count(size)
        show(
            vectors=size,
            index=made.kind,
            lists=lists,
            recall=round(made.recall, 3),
            own_mb=memory.most_mb,
            with_mapped_files_mb=peak_mb(),
            formula_mb=(40 * lists * DIMENSION * 10 >> 20) + 512,
            cpu_ms_a_vector=round(1000 * (spent() - at) / size, 3),
            wall_seconds=round(time.monotonic() - began, 1),
            load=load(),
        )


def _vectors(size: int) -> Iterator[VectorBatch]:
    """Unit vectors that lie near a plane of a few directions, always the same ones."""
    plane = np.random.default_rng(0).standard_normal((_INNER, DIMENSION)).astype(np.float32)
    for start in range(0, size, _BATCH):
        count = min(_BATCH, size - start)
        draw = np.random.default_rng(start + 1)
        rows = draw.standard_normal((count, _INNER), np.float32) @ plane
        rows += 2 * draw.standard_normal(rows.shape, np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        yield VectorBatch(np.arange(start + 1, start + 1 + count), rows.astype(np.float16))
