"""A whole training on a large collection: minutes and memory, stage by stage."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.scale.measure import OwnMemory, load, show
from benchmarks.scale.standin import StandIn, write_files
from footnote.home import Home
from footnote.runs import service
from footnote.runs.service import TrainingOptions
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from training.pipeline import TrainingProgress

_NAME = "files"


class _Stages:
    """Seconds of each stage, by when the next one begins."""

    def __init__(self) -> None:
        self._began = [("start", time.monotonic())]

    def progress(self, state: TrainingProgress) -> None:
        if state.stage != self._began[-1][0]:
            self._began.append((state.stage, time.monotonic()))

    def cancelled(self) -> bool:
        return False

    @property
    def seconds(self) -> dict[str, int]:
        ends = [at for _, at in self._began[1:]] + [time.monotonic()]
        found: dict[str, int] = {}
        for (name, began), end in zip(self._began, ends, strict=True):
            found[name] = found.get(name, 0) + round(end - began)
        return found


def training(passages: int = 100_000) -> None:
    """The usual training of a collection of so many passages.

    The files are words at random with the vectors of an embedder of no weights: what comes of it
    means nothing, what it takes does.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", passages // 50, 50)
        home = Home.open(folder / "home")
        embedder = StandIn()
        embedder.fingerprint = home.registry.load(home.registry.current()).fingerprint
        collection = home.store.create_collection(_NAME).id
        report = Ingest(home.store, embedder, 2).run(find([folder / "files"]), collection)
        home.searcher.maintain(collection)
        run, stages = service.order(home, TrainingOptions(_NAME)), _Stages()
        with OwnMemory() as memory:
            result = service.carry_out(home, run, stages)
        show(
            passages=report.passages,
            minutes=round(result.seconds / 60, 1),
            seconds=stages.seconds,
            own_mb=memory.most_mb,
            questions=result.proof.queries if result.proof else 0,
            load=load(),
        )
