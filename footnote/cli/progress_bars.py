"""Progress on stderr while long work runs: how much, how fast, how much longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from footnote.cli.common import inert

if TYPE_CHECKING:
    from rich.progress import Progress

    from indexer.ingest.progress import IngestProgress
    from training.pipeline import TrainingProgress
    from training.synthesis.progress import SynthProgress


@contextmanager
def indexing() -> Iterator[Callable[[IngestProgress], None]]:
    """A line that follows an indexing run; yields the function to report to."""
    with _bar("{task.fields[passages]} passages", "{task.fields[speed]:.0f}/s") as bar:
        task = bar.add_task("indexing", total=None, passages=0, speed=0.0)

        def report(state: IngestProgress) -> None:
            page = f", page {state.page} of {state.page_of}" if state.page_of else ""
            bar.update(
                task,
                description=inert(state.current[-40:] or "indexing") + page,
                completed=state.bytes_done,
                total=state.bytes_total,
                passages=state.passages,
                speed=state.passages_per_second,
            )

        yield report


@contextmanager
def copying() -> Iterator[Callable[[str, int, int], None]]:
    """A line that follows a backup or its restoring; yields `report(stage, done, total)`."""
    with _bar() as bar:
        task = bar.add_task("copying", total=None)

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield report


@contextmanager
def evaluating() -> Iterator[Callable[[str, int, int], None]]:
    """A line that follows an evaluation; yields `report(stage, done, total)`."""
    with _bar() as bar:
        task = bar.add_task("evaluating", total=None)

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield report


@contextmanager
def synthesizing() -> Iterator[Callable[[SynthProgress], None]]:
    """A line that follows the writing of training data; yields the function to report to."""
    with _bar(
        "{task.fields[examples]} examples",
        "{task.fields[rejected]} dropped",
        "{task.fields[speed]:.0f}/min",
    ) as bar:
        task = bar.add_task("starting", total=None, examples=0, rejected=0, speed=0.0)

        def report(state: SynthProgress) -> None:
            bar.update(
                task,
                description=state.stage,
                completed=state.done,
                total=state.total,
                examples=state.examples,
                rejected=state.rejected,
                speed=state.per_minute,
            )

        yield report


_STAGES = {
    "examples": "making examples",
    "training": "training",
    "embedding": "embedding for the proof",
    "proof": "proving",
    "switching": "embedding the collection",
}


@contextmanager
def learning() -> Iterator[Callable[[TrainingProgress], None]]:
    """A line that follows a training run, stage by stage; yields the function to report to."""
    with _bar("{task.fields[said]}") as bar:
        task = bar.add_task("starting", total=None, said="")

        def report(state: TrainingProgress) -> None:
            said = ""
            if state.training is not None:
                now = state.training
                said = f"step {now.step}, loss {now.loss:.3f}, first {now.accuracy:.0%}"
                if now.development is not None:
                    said += f", development {now.development:.3f}"
            bar.update(
                task,
                description=_STAGES[state.stage],
                completed=state.done,
                total=state.total,
                said=said,
            )

        yield report


def _bar(*fields: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    ]
    columns += [TextColumn(field) for field in fields]
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
