"""Kills an indexing run with SIGKILL at random moments, and looks at what is left each time.

    python -m benchmarks.kills PATH... [--kills 20] [--seed 0] [--stand-in]

An undisturbed run gives the content to compare with, and its duration. Then runs over a fresh
home are killed one to three times, with a look by the doctor after each kill; a last one goes
to its end, and the content is compared. So on with further homes until there were enough kills.
`--stand-in` embeds by hashing instead of with the bundled model: the moments then fall on
parsing and committing rather than on loading a model.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.doctor.repair import Problem, examine
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.records import Document
from indexer.store.store import Store

ROOT = Path(__file__).parent.parent

# Vectors of the same text may differ with their batch mates (DESIGN.md: within 1e-3).
TOLERANCE = 1e-3


class StandIn:
    """Vectors that depend on the text alone, at some 2,000 passages a second."""

    fingerprint = "stand-in-by-hash"
    dimension = 64

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Random unit vectors [n, 64], seeded with each text's hash."""
        time.sleep(len(texts) / 2000)
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = np.stack([np.random.default_rng(seed).standard_normal(64) for seed in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About four characters each."""
        return [len(text) // 4 + 1 for text in texts]


@dataclass(frozen=True)
class Content:
    """What a home holds, whatever its ids: a digest and the vectors of each document."""

    digests: dict[str, str]
    vectors: dict[str, np.ndarray]

    def differences(self, other: Content) -> list[str]:
        """The documents that are not the same in both."""
        paths = self.digests.keys() | other.digests.keys()
        return [path for path in sorted(paths) if not self._same(other, path)]

    def _same(self, other: Content, path: str) -> bool:
        if self.digests.get(path) != other.digests.get(path):
            return False
        mine, theirs = self.vectors[path], other.vectors[path]
        return mine.shape == theirs.shape and np.allclose(mine, theirs, atol=TOLERANCE)


def content(home: Path) -> Content:
    """Read a home: pages, passages, keyword rows, originals and vectors of every document."""
    store = Store.open(home)
    digests: dict[str, str] = {}
    vectors: dict[str, np.ndarray] = {}
    for collection in store.collections():
        listed = store.documents([collection.id], limit=1_000_000).rows
        fingerprint = store.generation(collection.id)
        for document in listed:
            passages = store.passages_of(document.id)
            ids = [passage.id for passage in passages]
            by_id = store.passage_vectors(ids, fingerprint)
            vectors[document.path] = np.array([by_id[number] for number in ids], np.float32)
            digests[document.path] = _digest(store, document)
    store.close()
    return Content(digests, vectors)


def _digest(store: Store, document: Document) -> str:
    passages = store.passages_of(document.id)
    rows = store.keyword_rows(document.collection, [passage.id for passage in passages])
    said = [
        (document.title, document.state, document.problem, document.content_hash),
        store.pages(document.id),
        [(passage.text, passage.headings, passage.spans) for passage in passages],
        [(rows[p.id].title, rows[p.id].headings, rows[p.id].text) for p in passages],
        document.state == "failed" or store.original(document.content_hash).stat().st_size,
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def start(home: Path, paths: Sequence[str], *, stand_in: bool) -> subprocess.Popen[bytes]:
    """Begin an indexing run in a process of its own."""
    if stand_in:
        command = [sys.executable, "-m", "benchmarks.kills", "--child", str(home), *paths]
    else:
        command = [sys.executable, "-m", "footnote", "--home", str(home), "index", *paths]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def index(home: Path, paths: Sequence[str]) -> None:
    """The run of a child with the stand-in."""
    store = Store.open(home)
    collection = store.create_collection("documents").id
    Ingest(store, StandIn(), workers=2).run(find(map(Path, paths)), collection)


def survives(home: Path, paths: Sequence[str], seconds: float, *, stand_in: bool) -> bool:
    """Start a run and kill it after so many seconds; whether it had come to its end before."""
    process = start(home, paths, stand_in=stand_in)
    try:
        return process.wait(timeout=seconds) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def main() -> None:
    """Parse, run, print; exit 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", help="what to index")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stand-in", action="store_true", help="embed by hashing")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    paths = [str(Path(path).absolute()) for path in options.paths]
    if options.child:
        index(Path(options.child), paths)
        return
    folder = Path(tempfile.mkdtemp(prefix="footnote-kills-"))
    try:
        wrong = _measure(folder, paths, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if wrong else 0)


def _measure(folder: Path, paths: Sequence[str], options: argparse.Namespace) -> int:
    # Fetching and converting the model, once for a home, is not what is measured here.
    if not options.stand_in and start(folder / "first", paths, stand_in=False).wait():
        sys.exit("the first run failed")
    _with_models(folder, folder / "whole")
    began = time.monotonic()
    if start(folder / "whole", paths, stand_in=options.stand_in).wait():
        sys.exit("the undisturbed run failed")
    duration = time.monotonic() - began
    whole = content(folder / "whole")
    print(f"undisturbed: {duration:.1f} s, {len(whole.digests)} documents")
    draw = random.Random(options.seed)
    kills = wrong = homes = 0
    while kills < options.kills:
        home = folder / f"home-{homes}"
        _with_models(folder, home)
        for _ in range(min(draw.randint(1, 3), options.kills - kills)):
            moment = draw.uniform(0, duration)
            if not survives(home, paths, moment, stand_in=options.stand_in):
                kills += 1
                there, problems = _state(home)
                wrong += len(problems)
                print(
                    f"kill {kills:>2} after {moment:5.1f} s: {there} documents; {_said(problems)}"
                )
        if start(home, paths, stand_in=options.stand_in).wait():
            sys.exit(f"the last run over {home} failed")
        homes += 1
        different = content(home).differences(whole)
        problems = _state(home)[1]
        wrong += len(different) + len(problems)
        print(f"home {homes} complete: differs in {different or 'nothing'}; {_said(problems)}")
        shutil.rmtree(home)
    print(f"{kills} kills, {homes} homes, {wrong} wrong")
    return wrong


def _with_models(folder: Path, home: Path) -> None:
    """Make a home that has the converted model of the first one, and nothing else."""
    home.mkdir()
    models = folder / "first" / "models"
    if models.exists():
        shutil.copytree(models, home / "models", copy_function=os.link)


def _state(home: Path) -> tuple[int, list[Problem]]:
    """How many documents there are, and what the doctor says."""
    if not (home / "footnote.db").exists():
        return 0, []  # killed before it had begun
    store = Store.open(home)
    documents = store.documents([one.id for one in store.collections()], limit=0).total
    problems = examine(store, home / "index")
    store.close()
    return documents, problems


def _said(problems: Sequence[object]) -> str:
    return "doctor: ok" if not problems else f"doctor: {problems}"


if __name__ == "__main__":
    main()
