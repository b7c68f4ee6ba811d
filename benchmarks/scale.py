"""Past one machine: what a cluster, shards, several homes and several processes give and cost.

    python -m benchmarks.scale ingest [FILES] [KILLS]     a local Ray of two workers beside here
    python -m benchmarks.scale linear [PASSAGES ...]      time and memory a passage
    python -m benchmarks.scale federation [PASSAGES]      two and four homes beside one
    python -m benchmarks.scale serving [READERS] [SECONDS]   one process beside two

Each prints a line of JSON. Sizes are small unless they are given: the figures hold for them.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.store.store import Store

_SAID = (
    "archive paper harbour council vote train water school market bridge fire river strike court"
    " winter price bread coal ship wage letter theatre doctor farm mill road church mayor flood"
)
WORDS = _SAID.split()
DIMENSION = 512


class StandIn:
    """An embedder of no weights: each word has a direction, a text the mean of its words'."""

    fingerprint, dimension = "stand-in", DIMENSION

    def __init__(self) -> None:
        self._words: dict[str, np.ndarray] = {}

    def embed_passages(self, texts: list[str]) -> np.ndarray:
        """Unit vectors [n, 512]."""
        rows = np.stack([self._mean(text) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def embed_queries(self, texts: list[str], task: str | None = None) -> np.ndarray:
        """The same."""
        return self.embed_passages(texts)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Words."""
        return [len(text.split()) for text in texts]

    def _mean(self, text: str) -> np.ndarray:
        return np.sum([self._direction(word) for word in text.casefold().split()], axis=0)

    def _direction(self, word: str) -> np.ndarray:
        if word not in self._words:
            seed = int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little")
            self._words[word] = np.random.default_rng(seed).standard_normal(DIMENSION)
        return self._words[word]


def write_files(folder: Path, count: int, passages: int, seed: int = 0) -> None:
    """Markdown files of so many passages each, of words at random and names of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    for number in range(count):
        parts = [f"# Report {number}"]
        for place in range(passages):
            own = f"item{seed}x{number}x{place}"
            words = " ".join(draw.choices(WORDS, k=50))
            parts.append(f"## Part {place}\n\nThe {own} says: {words}. It ends with {own}.")
        (folder / f"{number:06}.md").write_text("\n\n".join(parts) + "\n")


def content(store: Store, collection: int, fingerprint: str) -> dict[str, Any]:
    """What was written, by what it says: texts of pages and passages, spans, vectors."""
    found: dict[str, Any] = {}
    offset = 0
    while rows := store.documents([collection], limit=1000, offset=offset).rows:
        offset += len(rows)
        for document in rows:
            passages = store.passages_of(document.id)
            vectors = store.passage_vectors([one.id for one in passages], fingerprint)
            assert document.content_hash not in found, "a document twice"
            found[document.content_hash] = (
                document.title,
                [page.text for page in store.pages(document.id)],
                [(one.text, one.headings, one.spans) for one in passages],
                np.array([vectors[one.id] for one in passages], np.float32),
            )
    return found


def compare(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of two vectors' numbers; everything else has to be the same."""
    assert one.keys() == other.keys(), "other documents"
    worst = 0.0
    for key, (title, pages, passages, vectors) in one.items():
        assert (title, pages, passages) == other[key][:3], "other texts"
        worst = max(worst, float(np.abs(vectors - other[key][3]).max(initial=0)))
    return worst


def spent() -> float:
    """Seconds of processor that this process and those it has waited for took."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def ray_processes(kind: bytes) -> list[int]:
    """The processes of Ray actors of a kind."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cmdline").read_bytes().startswith(b"ray::" + kind):
                found.append(int(place.name))
        except OSError:
            continue
    return found


@contextmanager
def killing(seed: int, span: float) -> Iterator[list[str]]:
    """Kill one reader or encoder of our own at a moment within so many seconds."""
    draw, killed, ended = random.Random(seed), [], threading.Event()
    kind = draw.choice([b"Encoder", b"Reader"])
    before = {*ray_processes(b"Encoder"), *ray_processes(b"Reader")}

    def kill() -> None:
        ended.wait(draw.uniform(0.0, span))
        while not ended.is_set():
            ours = sorted(set(ray_processes(kind)) - before)
            if ours:
                os.kill(draw.choice(ours), signal.SIGKILL)
                killed.append(kind.decode())
                return
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()


def ingest(files: int = 300, kills: int = 10) -> None:
    """The same files here and on a local Ray; then with a worker killed at random moments."""
    from embedder.registry import Registry
    from indexer.cluster.driver import Cluster
    from indexer.cluster.on_ray import machines
    from indexer.doctor.repair import examine

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", files, 2)
        embedder = Registry(folder / "embedders", folder / "models", "float32").load("bundled")
        embedder.embed_passages(["ready"])

        def run(place: str, elsewhere: Cluster | None) -> tuple[dict[str, Any], float]:
            store = Store.open(folder / place)
            collection = store.create_collection("files").id
            began = time.monotonic()
            report = Ingest(store, embedder, 2, elsewhere=elsewhere).run(
                find([folder / "files"]), collection
            )
            seconds = time.monotonic() - began
            assert (report.added, report.failed) == (files, ())
            assert examine(store, folder / place / "index") == []
            return content(store, collection, embedder.fingerprint), seconds

        here, seconds = run("here", None)
        began = time.monotonic()
        with machines("local", 2) as there:
            started = time.monotonic() - began
            cluster = Cluster(there, embedder, 120, 1536 << 20)
            found, elsewhere = run("there", cluster)
            show(
                files=files,
                passages=sum(len(one[2]) for one in here.values()),
                here_seconds=round(seconds, 1),
                ray_seconds=round(elsewhere, 1),
                ray_start_seconds=round(started, 1),
                worst_difference_of_vectors=compare(here, found),
            )
            for number in range(kills):
                with killing(number, 0.9 * elsewhere) as killed:
                    found, took = run(f"killed{number}", cluster)
                difference = compare(here, found)
                show(kill=number, killed=killed, seconds=round(took, 1), difference=difference)


def linear(*sizes: int) -> None:
    """Passages through parsing, the store, the keyword index and sealing, one process each size."""
    for size in sizes or (10_000, 100_000):
        child = os.fork()  # so that memory is measured from the same start
        if not child:
            _linear(size)
            os._exit(0)
        os.waitpid(child, 0)


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
        indexed = spent() - at
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        index = VectorIndex(store, folder / "index", collection, embedder.fingerprint, DIMENSION)
        at = spent()
        sealed = index.seal()
        show(
            passages=report.passages,
            cpu_ms_a_passage=round(1000 * indexed / report.passages, 3),
            seal_cpu_ms_a_passage=round(1000 * (spent() - at) / report.passages, 3),
            index=sealed.kind,
            recall=round(sealed.recall, 3),
            peak_mb_indexing=peak >> 10,
            peak_mb_all=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            database_bytes_a_passage=store.path.stat().st_size // report.passages,
            index_bytes_a_passage=sealed.bytes // report.passages,
            wall_seconds=round(time.monotonic() - began, 1),
        )


def show(**found: object) -> None:
    """Print one line."""
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    {"ingest": ingest, "linear": linear}[sys.argv[1]](*map(int, sys.argv[2:]))
