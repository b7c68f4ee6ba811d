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
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib
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
        if word in self._words:
            return self._words[word]
        direction = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(DIMENSION)
        if word in WORDS:  # names, of which each passage has its own, would fill the memory
            self._words[word] = direction
        return direction


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


def federation(passages: int = 40_000, questions: int = 200) -> None:
    """One home, and the same passages in two and in four: the order of hits, and times."""
    from indexer.search.federation import Federation, PeerError

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", passages // 50, 50)
        files = sorted((folder / "files").iterdir())
        embedder = StandIn()
        whole = _Home(folder / "whole", files, embedder)
        asked = _questions(files, questions)
        one, alone = _ask(whole.searcher.find, whole, asked)
        for count in (2, 4):
            homes = [
                _Home(folder / f"{count}-{n}", files[n::count], embedder) for n in range(count)
            ]
            together = Federation(lambda homes=homes: homes)  # type: ignore[misc]
            several, times = _ask(together.find, homes[0], asked)
            same = [first == second for first, second in zip(one, several, strict=True)]
            sets = [set(a) == set(b) for a, b in zip(one, several, strict=True)]

            def away(*_: Any, **__: Any) -> Any:
                raise PeerError("gone")

            homes[-1].ask = away  # type: ignore[method-assign]
            found = together.find(asked[0], homes[0].scope)
            show(
                homes=count,
                passages=passages,
                questions=questions,
                same_ten_best=round(sum(sets) / len(sets), 3),
                same_order=round(sum(same) / len(same), 3),
                one_home_ms_p50_p95=alone,
                homes_ms_p50_p95=times,
                with_one_gone=[len(found.hits), found.notice],
            )


class _Home:
    """A home of a collection under the stand-in embedder, as a peer of others."""

    name = "home"

    def __init__(self, path: Path, files: list[Path], embedder: StandIn) -> None:
        from indexer.search.part import Part
        from indexer.search.searcher import Scope, Searcher

        self.name = path.name
        self.store = Store.open(path)
        self.number = self.store.create_collection("files").id
        Ingest(self.store, embedder, 2).run(find(files), self.number)
        self.searcher = Searcher(self.store, path / "index", lambda _: embedder)  # type: ignore
        self.searcher.maintain(self.number)
        self.scope = Scope(frozenset([self.number]))
        self._part = Part(self.store, self.searcher)

    def names(self, _: Any) -> dict[str, int]:
        return {"files": self.number}

    def ask(self, what: str, **given: Any) -> Any:
        """As over the network: JSON there and back."""
        given.pop("collections", None)
        said = json.loads(json.dumps(given))
        return json.loads(json.dumps(self._part.say(what, {"files": self.number}, said)))


def _questions(files: list[Path], count: int) -> list[str]:
    """Words of passages, with the name of the passage in every second one."""
    draw, asked = random.Random(1), []
    for number in range(count):
        text = draw.choice(files).read_text().split("## Part")[draw.randrange(1, 50)].split()
        words = draw.sample(text[8:], 5)
        asked.append(" ".join(words + ([text[2]] if number % 2 else [])))
    return asked


def _ask(search: Any, home: _Home, asked: list[str]) -> tuple[list[list[str]], list[float]]:
    found, times = [], []
    search(asked[0], home.scope)
    for question in asked:
        began = time.perf_counter()
        hits = search(question, home.scope).hits
        times.append(1000 * (time.perf_counter() - began))
        found.append([hit.passage.text for hit in hits])
    return found, [round(float(np.percentile(times, p)), 1) for p in (50, 95)]


def serving(readers: int = 40, seconds: int = 30) -> None:
    """The samples behind `footnote serve`, by one process and by two, asked by so many readers."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name, "home")
        command = [sys.executable, "-m", "footnote", "--home", str(home)]
        samples = Path("footnote", "samples", "documents")
        subprocess.run([*command, "index", str(samples)], check=True, capture_output=True)
        for workers in (1, 2, 1, 2):
            show(workers=workers, readers=readers, **_served(command, workers, readers, seconds))


def _served(command: list[str], workers: int, readers: int, seconds: int) -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["serve", "--port", str(port), "--workers", str(workers)]
    server = subprocess.Popen(
        [*command, *options], env={**os.environ, "FOOTNOTE_API_RATE": "100000"}
    )
    times: list[float] = []
    ended = threading.Event()
    questions = [
        "Who may book business class?", "How much parental leave is there?", "What is error E4?",
        "What does the starter plan cost?", "Who leads the weather network?",
    ]  # fmt: skip

    def ask(question: str) -> None:
        body = json.dumps({"question": question}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=300) as said:
            assert json.load(said)["sentences"] is not None

    def read(number: int) -> None:
        place = number
        while not ended.is_set():
            began = time.perf_counter()
            ask(questions[place % len(questions)])
            times.append(time.perf_counter() - began)
            place += 1

    try:
        for _ in range(20 * workers):  # each process has loaded its weights
            while True:
                try:
                    ask(questions[0])
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.5)
        threads = [threading.Thread(target=read, args=(n,)) for n in range(readers)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        ended.set()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        return {
            "answers_a_second": round(len(times) / took, 1),
            "p50_p95_seconds": [round(float(np.percentile(times, p)), 2) for p in (50, 95)],
            "memory_mb": _memory(server.pid) >> 20,
            "load": os.getloadavg()[0],
        }
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _memory(pid: int) -> int:
    """Proportional memory of a process and its children, in bytes."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if pid in (int(place.name), parent):
                rollup = (place / "smaps_rollup").read_text()
                total += int(rollup.split("Pss:")[1].split()[0]) << 10
        except (OSError, IndexError):
            continue
    return total


def show(**found: object) -> None:
    """Print one line."""
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    WORK = {"ingest": ingest, "linear": linear, "federation": federation, "serving": serving}
    WORK[sys.argv[1]](*map(int, sys.argv[2:]))
