"""Search over many vectors beside raw FAISS and exact search: time, recall, memory.

    python -m benchmarks.search [--sizes 10000 100000 1000000] [--vectors FOLDER]

The vectors are real ones, repeated with noise until there are enough: those of the synthetic
documents of `training/synthetic` under the bundled embedder, or all `*.docs.npy` in FOLDER; the
queries, never part of the index, are their questions (`*.queries.npy`). Every index answers one
query at a time. Recall@10 is against the exact search over the same vectors. "Footnote" is the
whole of `VectorIndex.search`: looking for changes in the database, FAISS, scoring again from
SQLite. Raw FAISS with an inverted file of 8-bit codes is granted what no user has: of all
numbers of visits it uses the smallest that gives these very queries recall@10 of 0.95.

Bytes are those that the index itself takes for a vector. Peak memory of "Footnote" is that of
processes of their own: one that searches (what it grew by since Python and FAISS were loaded),
and one that seals.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from indexer.store.queries import VectorBatch
from indexer.store.store import Store
from indexer.vector import exact_search, ivf
from indexer.vector.index import VectorIndex

SIZES = (10_000, 100_000, 1_000_000)
SYNTHETIC = Path(__file__).parent.parent / "training" / "synthetic"
_FINGERPRINT = "benchmark"
_QUERIES = 200
_BATCH = 10_000

# Relative length of the noise: a repetition keeps a cosine of 0.86 to its original.
_NOISE = 0.6

Search = Callable[[np.ndarray], np.ndarray]  # query [1, dimension] → ids [1, 10]


@dataclass(frozen=True, slots=True)
class Material:
    """Real vectors to repeat, float32 [n, dimension], and queries [q, dimension]."""

    vectors: np.ndarray
    queries: np.ndarray
    source: str

    def batches(self, size: int) -> Iterator[VectorBatch]:
        """The first `size` vectors with ids from one, always the same."""
        rng = np.random.default_rng(0)
        dimension = self.vectors.shape[1]
        for start in range(0, size, _BATCH):
            rows = np.arange(start, min(start + _BATCH, size))
            part = self.vectors[rows % len(self.vectors)].copy()
            noise = rng.standard_normal(part.shape, dtype=np.float32) * (_NOISE / dimension**0.5)
            part += noise * (rows >= len(self.vectors))[:, None]
            part /= np.linalg.norm(part, axis=1, keepdims=True)
            yield VectorBatch(rows + 1, part.astype(np.float16))


@dataclass(frozen=True, slots=True)
class Row:
    """One index at one size. Times in milliseconds a query, memory in bytes."""

    size: int
    name: str
    median: float
    slow: float
    recall: float
    bytes: float
    build: float
    search_memory: float = 0.0
    build_memory: float = 0.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Ids [q, 10], median and 95th percentile of the milliseconds a query took."""

    ids: np.ndarray
    median: float
    slow: float


def material(folder: Path | None) -> Material:
    """Real vectors from a folder, or from the synthetic documents."""
    if folder:
        documents = [np.load(path) for path in sorted(folder.glob("*.docs.npy"))]
        queries = [np.load(path) for path in sorted(folder.glob("*.queries.npy"))]
        return _material(np.concatenate(documents), np.concatenate(queries), str(folder))
    from footnote.home import Home

    documents = [
        document
        for path in sorted(SYNTHETIC.glob("slice*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        for document in json.loads(line)["docs"]
    ]
    texts = [f"{document['title']}\n{document['text']}" for document in documents]
    drawn = documents[:: max(1, len(documents) // _QUERIES)]
    questions = [document["queries"][0] for document in drawn]
    embedder = Home.open().registry.load("bundled")
    vectors = embedder.embed_passages(texts)
    return _material(vectors, embedder.embed_queries(questions), "synthetic documents")


def _material(vectors: np.ndarray, queries: np.ndarray, source: str) -> Material:
    drawn = np.random.default_rng(1).permutation(len(queries))[:_QUERIES]
    return Material(vectors.astype(np.float32), queries[drawn].astype(np.float32), source)


def timed(search: Search, queries: np.ndarray) -> Timed:
    """Search one query at a time, after a round to warm up."""
    for query in queries[:20]:
        search(query[None])
    found, milliseconds = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(search(query[None]))
        milliseconds.append(1000 * (time.perf_counter() - started))
    slow = float(np.percentile(milliseconds, 95))
    return Timed(np.concatenate(found), float(np.median(milliseconds)), slow)


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """The share of the true ten that was found."""
    shares = [len(set(a) & set(b)) / len(b) for a, b in zip(found, truth, strict=True)]
    return float(np.mean(shares))


def measure(source: Material, size: int, folder: Path) -> Iterator[Row]:
    """All indexes at one size."""
    exact, truth = _exact_half(source, size)
    yield _exact_single(source, size, truth)
    yield exact
    yield _inverted(source, size, truth)
    yield _footnote(source, size, truth, folder)


def _exact_single(source: Material, size: int, truth: np.ndarray) -> Row:
    import faiss

    dimension = source.vectors.shape[1]
    index = faiss.IndexFlatIP(dimension)
    started = time.perf_counter()
    for batch in source.batches(size):
        index.add(batch.vectors.astype(np.float32))
    built = time.perf_counter() - started
    took = timed(lambda query: index.search(query, 10)[1] + 1, source.queries)
    share = recall(took.ids, truth)
    return Row(size, "FAISS exact, float32", took.median, took.slow, share, 4 * dimension, built)


def _exact_half(source: Material, size: int) -> tuple[Row, np.ndarray]:
    index = exact_search.flat(source.vectors.shape[1])
    started = time.perf_counter()
    for batch in source.batches(size):
        exact_search.add(index, batch.ids, batch.vectors)
    built = time.perf_counter() - started
    took = timed(lambda query: index.search(query, 10)[1], source.queries)
    width = 2 * source.vectors.shape[1] + 8
    row = Row(size, "FAISS exact, float16", took.median, took.slow, 1.0, width, built)
    return row, took.ids


def _inverted(source: Material, size: int, truth: np.ndarray) -> Row:
    import faiss

    dimension, lists = source.vectors.shape[1], ivf.list_count(size)
    index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 8
    started = time.perf_counter()
    wanted = 40 * lists / size
    draw = np.random.default_rng(2)
    sample = [b.vectors[draw.random(len(b.ids)) < wanted] for b in source.batches(size)]
    index.train(np.concatenate(sample).astype(np.float32))
    for batch in source.batches(size):
        index.add_with_ids(batch.vectors.astype(np.float32), batch.ids)
    built = time.perf_counter() - started
    index.nprobe = 1
    while index.nprobe < lists and recall(index.search(source.queries, 10)[1], truth) < 0.95:
        index.nprobe *= 2
    took = timed(lambda query: index.search(query, 10)[1], source.queries)
    name = f"FAISS IVF{lists},SQ8, {index.nprobe} visited"
    share = recall(took.ids, truth)
    return Row(size, name, took.median, took.slow, share, dimension + 8, built)


def _footnote(source: Material, size: int, truth: np.ndarray, folder: Path) -> Row:
    home = folder / str(size)
    _fill(Store.open(home), source, size)
    dimension = source.vectors.shape[1]
    sealing = _alone(seal_home, home, dimension)
    searching = _alone(search_home, home, source.queries)
    return Row(
        size,
        f"Footnote ({sealing.kind})",
        searching.timed.median,
        searching.timed.slow,
        recall(searching.timed.ids, truth),
        sealing.bytes / size,
        sealing.seconds,
        searching.memory,
        sealing.memory,
    )


def _fill(store: Store, source: Material, size: int) -> None:
    """Put bare passages with their vectors into a database."""
    collection = store.create_collection("benchmark").id
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO documents (id, collection, path, title, content_hash, size, kind,"
            " revision, current, state, pages, pages_without_text, passages, indexed_at, sought)"
            " VALUES ('d', ?, 'd', 'd', '', 0, 'text', 1, 1, 'ready', 0, 0, ?, 0, 'd')",
            (collection, size),
        )
    for batch in source.batches(size):
        ids = batch.ids.tolist()
        with store.transaction() as connection:
            connection.executemany(
                "INSERT INTO passages (id, document, collection, ordinal, text, headings, spans,"
                " text_hash) VALUES (?, 'd', ?, ?, '', '[]', '[]', '')",
                ((number, collection, number) for number in ids),
            )
            connection.executemany(
                "INSERT INTO vectors (passage, fingerprint, vector) VALUES (?, ?, ?)",
                (
                    (number, _FINGERPRINT, vector.tobytes())
                    for number, vector in zip(ids, batch.vectors, strict=True)
                ),
            )
    store.close()


def _alone(function: Callable[..., SimpleNamespace], *arguments: object) -> SimpleNamespace:
    """Call the function in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def _open(home: Path, dimension: int) -> VectorIndex:
    import faiss

    faiss.omp_set_num_threads(1)
    return VectorIndex(Store.open(home), home / "index", 1, _FINGERPRINT, dimension)


def seal_home(home: Path, dimension: int) -> SimpleNamespace:
    """Seal, and say what that took."""
    before = _memory("VmRSS")
    report = _open(home, dimension).seal()
    return SimpleNamespace(
        kind=report.kind,
        bytes=report.bytes,
        seconds=report.seconds,
        memory=_memory("VmHWM") - before,
    )


def search_home(home: Path, queries: np.ndarray) -> SimpleNamespace:
    """Search, and say what that took."""
    import faiss  # noqa: F401 - its own memory is not the index's

    before = _memory("VmRSS")
    index = _open(home, queries.shape[1])
    took = timed(lambda query: index.search(query, 10).ids, queries)
    return SimpleNamespace(timed=took, memory=_memory("VmHWM") - before)


def _memory(field: str) -> int:
    """A figure of `/proc/self/status`, in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"no {field} in /proc/self/status")


def table(rows: list[Row]) -> Iterator[str]:
    """The table, a line at a time. "× exact" is against float32."""
    yield (
        "| vectors | index | ms a query | 95 % below | × exact | recall@10 | bytes a vector "
        "| built in s | MB searching | MB building |"
    )
    yield "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    exact = {row.size: row.median for row in rows if row.name == "FAISS exact, float32"}
    for row in rows:
        memory = [f"{m / 1e6:.0f}" if m else "" for m in (row.search_memory, row.build_memory)]
        yield (
            f"| {row.size:,} | {row.name} | {row.median:.2f} | {row.slow:.2f} "
            f"| {row.median / exact[row.size]:.3f} | {row.recall:.3f} | {row.bytes:.0f} "
            f"| {row.build:.1f} | {memory[0]} | {memory[1]} |"
        )


def main() -> None:
    """Print one table."""
    import faiss

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--vectors", type=Path, help="folder of *.docs.npy and *.queries.npy")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    source = material(arguments.vectors)
    print(
        f"{len(source.vectors):,} vectors of {source.vectors.shape[1]} dimensions "
        f"({source.source}), repeated with noise; {len(source.queries)} queries; one thread\n"
    )
    rows: list[Row] = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows.extend(measure(source, size, Path(folder)))
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
