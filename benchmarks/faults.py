"""Kills every kind of work on a home with SIGKILL at random moments, and looks at what is left.

    python -m benchmarks.faults [--kills 200] [--seed 0] [--only index,delete,...]

Each kind of work (indexing, deleting, promoting an embedder, and one that was only adapted, whose
vectors are a product of the old ones, backing up, restoring, migrating a
home of the first schema, salvaging a damaged database) is done once undisturbed, for its
duration and its result. Then it is killed once on each of many fresh copies of one home, at a
moment drawn evenly over its duration. Each time: the home opens, the doctor says ok, nothing is
lost but what was in flight, search answers; and done again, it comes to the undisturbed result.

Embedding is by hashing (`benchmarks.kills.StandIn`); nothing is downloaded or trained.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.kills import ROOT, Content, StandIn, content
from embedder.atomic import write_tensors
from footnote.backup.backup import backup
from footnote.backup.restore import restore
from footnote.home import Home
from indexer.doctor.repair import examine, repair, rescue
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.search.searcher import Scope, Searcher
from indexer.store.store import Store
from training.fit.whitening import map_vectors
from training.promote import promote

DOCUMENTS = 60
QUERY = "the rule number 7 of paper 7"
EARLIER = ROOT / "tests" / "indexer" / "store" / "earlier" / "schema-1.tar.xz"


class Embedder(StandIn):
    """The stand-in, with queries; two of them with different vectors."""

    def __init__(self, fingerprint: str = StandIn.fingerprint) -> None:
        self.fingerprint = fingerprint

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors that depend on the text and on which embedder it is."""
        return super().embed_passages([f"{self.fingerprint}\n{text}" for text in texts])

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """As passages: a query finds the passage that says the same."""
        return self.embed_passages(texts)


class Adapted(Embedder):
    """The old one with a map behind it, as `training.adaptation` makes it."""

    def __init__(self) -> None:
        super().__init__("the-adapted-one")
        draw = np.random.default_rng(0)
        self.whitening = draw.standard_normal((self.dimension, self.dimension)).astype(np.float32)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """What the map makes of the old one's vectors."""
        mapped = OLD.embed_passages(texts) @ self.whitening
        return mapped / np.linalg.norm(mapped, axis=1, keepdims=True)


OLD, NEW = Embedder(), Embedder("the-new-one")
ADAPTED = Adapted()
EMBEDDERS = {one.fingerprint: one for one in (OLD, NEW, ADAPTED)}


def searcher(store: Store, home: Path) -> Searcher:
    """Search with whichever of the embedders answers."""
    return Searcher(store, home / "index", EMBEDDERS.__getitem__)


def papers(folder: Path, first: int, count: int) -> Path:
    """Texts of some passages each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        rules = [
            f"## Part {part}\n\n" + f"This is the rule number {part} of paper {number}. " * 12
            for part in range(12)
        ]
        (folder / f"paper{number}.md").write_text("\n\n".join(rules))
    return folder


# What is done, in a process of its own. Each is given the folder with `home`, `more`, `b.zip`.


def _index(place: Path) -> None:
    store = Store.open(place / "home")
    collection = store.collection("papers").id
    Ingest(store, OLD).run(find([place / "more"]), collection)
    searcher(store, place / "home").maintain(collection)


def _delete(place: Path) -> None:
    store = Store.open(place / "home")
    for row in store.documents([store.collection("papers").id], limit=1000).rows[::2]:
        store.delete([row.id])


def _promote(place: Path) -> None:
    store = Store.open(place / "home")
    promote(store, searcher(store, place / "home"), NEW, store.collection("papers").id)


def _adapt(place: Path) -> None:
    import torch  # a second, which no other kind of work needs

    store = Store.open(place / "home")
    collection = store.collection("papers").id
    write_tensors(place / "whitening", {"whitening": torch.from_numpy(ADAPTED.whitening)})
    ADAPTED.files = SimpleNamespace(whitening=place / "whitening")
    missing = store.unembedded(collection, ADAPTED.fingerprint, -1)
    map_vectors(store, missing, OLD.fingerprint, ADAPTED)
    promote(store, searcher(store, place / "home"), ADAPTED, collection)


def _backup(place: Path) -> None:
    backup(Home.open(place / "home"), place / "b.zip")


def _restore(place: Path) -> None:
    restore(place / "b.zip", place / "restored")


def _migrate(place: Path) -> None:
    Store.open(place / "earlier").close()


def _salvage(place: Path) -> None:
    rescue(place / "damaged")
    store = Store.open(place / "damaged")
    repair(store, place / "damaged" / "index", OLD)


# What must hold after a kill, besides a home that is sound: the faults, in words.


def _sound(home: Path, *embedders: str) -> list[str]:
    """The doctor's word, and that search answers."""
    store = Store.open(home)
    faults = [problem.what for problem in examine(store, home / "index", *embedders)]
    collections = frozenset(one.id for one in store.collections())
    if not searcher(store, home).search(QUERY, Scope(collections), mode="dense"):
        faults.append("dense search finds nothing")
    store.close()
    return faults


def _unchanged(place: Path, whole: Content, wanted: Callable[[str], bool]) -> list[str]:
    """Documents that are not as they are in the undisturbed home, among those wanted there."""
    now = content(place / "home")
    return [f"{path} differs" for path in now.differences(whole) if wanted(path)]


def _none_lost(place: Path, before: Content, after: Content) -> list[str]:
    """All that was there before is, and what came is whole."""
    now = content(place / "home")
    lost = [path for path in before.digests if path not in now.digests]
    wrong = set(now.differences(after)) & now.digests.keys()
    return [f"lost {path}" for path in lost] + [f"{path} is not whole" for path in wrong]


def _kept(place: Path, before: Content, after: Content) -> list[str]:
    """All that was to stay is there, and what was to go is whole or gone."""
    now = content(place / "home")
    lost = [path for path in after.digests if path not in now.digests]
    wrong = set(now.differences(before)) & now.digests.keys()
    return [f"lost {path}" for path in lost] + [f"{path} is not whole" for path in wrong]


def _one_answers(place: Path, before: Content, after: Content) -> list[str]:
    """The old embedder answers, with all its vectors, or the new one does with all of its own."""
    store = Store.open(place / "home")
    answering = store.generation(store.collection("papers").id)
    store.close()
    wanted = before if answering == OLD.fingerprint else after
    return content(place / "home").differences(wanted)


def _restorable(place: Path, before: Content, after: Content) -> list[str]:
    """The backup that was there is whole, or the new one is."""
    target = place / "out"
    restore(place / "b.zip", target)
    faults = _sound(target) + content(target).differences(before)
    shutil.rmtree(target)
    return faults


def _whole_or_not(place: Path, before: Content, after: Content) -> list[str]:
    """The restored home is there whole, or not at all."""
    target = place / "restored"
    return _sound(target) + content(target).differences(before) if target.exists() else []


def _three(place: Path, before: Content, after: Content) -> list[str]:
    """The earlier home has its three documents, and its conversation."""
    store = Store.open(place / "earlier")
    faults = [problem.what for problem in examine(store, place / "earlier" / "index")]
    rows = (
        store.documents([1]).total,
        len(store.connection.execute("SELECT 1 FROM turns").fetchall()),
    )
    store.close()
    return faults + ([] if rows == (3, 1) else [f"{rows} documents and turns"])


def _recoverable(place: Path, before: Content, after: Content) -> list[str]:
    """Every original is still there, named by a document or not."""
    kept = {path.name for path in (place / "damaged" / "files").rglob("*") if len(path.name) == 64}
    return [] if len(kept) == len(before.digests) else [f"{len(kept)} originals"]


@dataclass(frozen=True)
class Work:
    """A kind of work: how it is done, what must hold after a kill, what after it is done again."""

    run: Callable[[Path], None]
    killed: Callable[[Path, Content, Content], list[str]]
    home: str = "home"


WORK: dict[str, Work] = {
    "index": Work(_index, _none_lost),
    "delete": Work(_delete, _kept),
    "promote": Work(_promote, _one_answers),
    "adapt": Work(_adapt, _one_answers),
    "backup": Work(_backup, _restorable),
    "restore": Work(_restore, _whole_or_not),
    "migrate": Work(_migrate, _three, "earlier"),
    "salvage": Work(_salvage, _recoverable, "damaged"),
}


def template(place: Path, documents: int = DOCUMENTS) -> None:
    """One of everything that the work is done on."""
    papers(place / "papers", 0, documents)
    papers(place / "more", documents, documents)
    store = Store.open(place / "home")
    collection = store.create_collection("papers").id
    Ingest(store, OLD).run(find([place / "papers"]), collection)
    searcher(store, place / "home").maintain(collection)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    backup(Home.open(place / "home"), place / "b.zip")
    with tarfile.open(EARLIER) as archive:
        archive.extractall(place / "earlier", filter="data")
    shutil.copytree(place / "home", place / "damaged")
    with (place / "damaged" / "footnote.db").open("rb+") as file:
        file.write(bytes(100))


def start(name: str, place: Path) -> subprocess.Popen[bytes]:
    """Begin a kind of work in a process of its own; returns when it is about to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.faults", "--child", name, str(place)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    return process


def once(name: str, place: Path, seconds: float | None) -> bool:
    """Do the work, killed after so many seconds; whether it had come to its end before."""
    process = start(name, place)
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    if process.returncode:
        sys.exit(f"{name} failed: {said.decode()[-2000:]}")
    return True


@dataclass(frozen=True)
class Undisturbed:
    """What a kind of work comes to: its duration, and the content of the home before and after."""

    seconds: float
    before: Content
    after: Content


def undisturbed(name: str, whole: Path, place: Path) -> Undisturbed:
    """Do the work once, with nobody disturbing it."""
    shutil.copytree(whole, place)
    before = content(place / "home")
    process = start(name, place)
    began = time.monotonic()
    if process.wait():
        sys.exit(f"{name} failed: {process.stderr.read().decode()[-2000:]}")
    seconds = time.monotonic() - began
    found = Undisturbed(seconds, before, content(place / "home"))
    shutil.rmtree(place)
    return found


def kill(
    name: str, whole: Path, place: Path, known: Undisturbed, moment: float
) -> list[str] | None:
    """One kill on a fresh copy, and what is wrong then; None where it came too late."""
    shutil.copytree(whole, place)
    work = WORK[name]
    try:
        if once(name, place, moment):
            return None
        faults = work.killed(place, known.before, known.after)
        if work.home == "home":
            faults += _sound(place / "home", *EMBEDDERS)
        once(name, place, None) if name != "restore" or not (place / "restored").exists() else None
        if work.home == "home":
            faults += [f"again: {one}" for one in _again(name, place, known)]
        else:
            faults += [f"again: {one}" for one in work.killed(place, known.before, known.after)]
        return faults
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _again(name: str, place: Path, known: Undisturbed) -> list[str]:
    """What is wrong after the work has been done again; half of what is left, for deletions."""
    wanted = known.after
    if name == "delete":
        return _sound(place / "home", OLD.fingerprint)
    return _sound(place / "home", OLD.fingerprint) + content(place / "home").differences(wanted)


def main() -> None:
    """Parse, run, print; exit 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(WORK), help="kinds of work, by comma")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, place = options.child
        print("ready", flush=True)
        WORK[name].run(Path(place))
        return
    folder = Path(tempfile.mkdtemp(prefix="footnote-faults-"))
    try:
        wrong = measure(folder, options.only.split(","), options.kills, options.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if wrong else 0)


def measure(folder: Path, names: Sequence[str], kills: int, seed: int) -> int:
    """Kill each kind of work in turn until there were enough kills; how many things are wrong."""
    template(folder / "whole")
    known = {name: undisturbed(name, folder / "whole", folder / "one") for name in names}
    for name, found in known.items():
        print(f"{name}: {found.seconds:.2f} s undisturbed", flush=True)
    draw = random.Random(seed)
    counts = dict.fromkeys(names, 0)
    wrong = tried = 0
    while sum(counts.values()) < kills:
        name = names[tried % len(names)]
        tried += 1
        moment = draw.uniform(0, known[name].seconds)
        faults = kill(name, folder / "whole", folder / "one", known[name], moment)
        if faults is None:
            continue
        counts[name] += 1
        wrong += len(faults)
        said = "; ".join(faults) or "ok"
        print(f"{sum(counts.values()):>3} {name} after {moment:.3f} s: {said}", flush=True)
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    print(f"{sum(counts.values())} kills, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    main()
