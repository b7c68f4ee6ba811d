"""The same files here and on a local Ray of two workers, and with workers killed at random."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.scale.agreement import Found, agreement, told
from benchmarks.scale.measure import Meter, load, show
from benchmarks.scale.standin import questions, write_files
from indexer.doctor.repair import examine
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.search.searcher import Mode, Scope, Searcher
from indexer.store.store import Store

if TYPE_CHECKING:
    from embedder.model import Embedder
    from indexer.cluster.driver import Cluster

_QUESTIONS = 100
# Seconds that readers and encoders work at least, with a few hundred files.
_SPAN = 2.0


def ingest(files: int = 300, quick: int = 0) -> None:
    """Both ways over all files.

    By the bundled embedder, or with `quick` by one that costs a twelfth of it.
    """
    from indexer.cluster.driver import Cluster
    from indexer.cluster.on_ray import machines

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        embedder = _embedder(folder, quick=bool(quick))
        embedder.embed_passages(["ready"])
        all_files = folder / "files"
        write_files(all_files, files, 1)
        here = _Run(all_files, "here", embedder)
        began = time.monotonic()
        with machines("local", 2) as there:
            started = time.monotonic() - began
            cluster = Cluster(there, embedder, 120, 1536 << 20)
            ray = _Run(all_files, "ray", embedder, cluster)
            show(
                files=files,
                embedder=embedder.spec.name,
                passages=sum(len(one[2]) for one in here.content.values()),
                seconds_here_ray=[round(one.seconds, 1) for one in (here, ray)],
                cpu_seconds_here_ray=[round(one.cpu, 1) for one in (here, ray)],
                ray_start_seconds=round(started, 1),
                worst_difference_of_vectors=compare(here.content, ray.content),
                same_hits=_same_hits(here, ray, _asked(all_files), embedder),
                load=load(),
            )


def kills(files: int = 300, count: int = 10, first: int = 0, quick: int = 0) -> None:
    """So many runs on a local Ray, in each a worker killed, beside one here."""
    from indexer.cluster.driver import Cluster
    from indexer.cluster.on_ray import machines

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", files, 1)
        embedder = _embedder(folder, quick=bool(quick))
        here = _Run(folder / "files", "here", embedder)
        with machines("local", 2) as there:
            cluster = Cluster(there, embedder, 120, 1536 << 20)
            for number in range(first, first + count):
                with killing(number, _SPAN) as killed:
                    found = _Run(folder / "files", f"killed{number}", embedder, cluster)
                show(
                    kill=number,
                    files=files,
                    killed=killed,
                    seconds=round(found.seconds, 1),
                    worst_difference_of_vectors=compare(here.content, found.content),
                )


def _embedder(folder: Path, *, quick: bool) -> Embedder:
    from embedder.model import Embedder, EmbedderFiles
    from embedder.registry import Registry

    bundled = Registry(folder / "embedders", folder / "models", "float32").load("bundled")
    if not quick:
        return bundled
    spec = replace(
        bundled.spec, name="one layer, 32 tokens", layers=1, max_tokens=32, pooling="mean",
        features=(-1,), dimension=576, tensors="", adapter="",
    )  # fmt: skip
    (folder / "quick").mkdir()
    (folder / "quick" / "spec.json").write_text(spec.to_json())
    return Embedder(spec, EmbedderFiles(folder / "quick", folder / "models"), "float32")


class _Run:
    """One indexing of a folder into a home of its own: what it wrote, and what that took."""

    def __init__(
        self,
        files: Path,
        home: str,
        embedder: Embedder,
        cluster: Cluster | None = None,
    ) -> None:
        wanted = find([files])
        self.home = files.parent / home
        self.store = Store.open(self.home)
        self.collection = self.store.create_collection("files").id
        began = time.monotonic()
        with Meter(os.getpid()) as meter:
            report = Ingest(self.store, embedder, 2, elsewhere=cluster).run(wanted, self.collection)
        self.seconds, self.cpu = time.monotonic() - began, meter.seconds
        assert (report.added, report.failed) == (len(wanted), ()), report
        faults = examine(self.store, self.home / "index")
        assert faults == [], faults
        self.content = content(self.store, self.collection, embedder.fingerprint)


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


def _asked(files: Path) -> list[str]:
    return questions(sorted(files.iterdir()), _QUESTIONS, 1)


def _same_hits(
    one: _Run, other: _Run, asked: list[str], embedder: Embedder
) -> dict[str, dict[str, float]]:
    """How far the two agree on questions, by mode."""
    modes: tuple[Mode, ...] = ("keyword", "dense", "fused")
    return {
        mode: agreement(*(_hits(run, asked, mode, embedder) for run in (one, other)))
        for mode in modes
    }


def _hits(run: _Run, asked: list[str], mode: Mode, embedder: Embedder) -> Found:
    searcher = Searcher(run.store, run.home / "index", lambda _: embedder)
    scope = Scope(frozenset([run.collection]))
    return [told(searcher.search(question, scope, mode=mode)) for question in asked]


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
    """Kill one reader or encoder within so many seconds of the first; one run at a time."""
    draw, killed, ended = random.Random(seed), [], threading.Event()
    kind = draw.choice([b"Encoder", b"Reader"])

    def kill() -> None:
        while not ended.wait(0.05):
            if ray_processes(kind):  # they are there: from now on any moment will do
                break
        ended.wait(draw.uniform(0.0, span))
        ours = sorted(ray_processes(kind))
        if ours and not ended.is_set():
            os.kill(draw.choice(ours), signal.SIGKILL)
            killed.append(kind.decode())

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()
