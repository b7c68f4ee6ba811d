"""Progress on stderr while long work runs: how much, how fast, how much longer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from footnote.cli.common import inert
from footnote.rendering.formatting import count

if TYPE_CHECKING:
    from rich.progress import Progress

    from indexer.ingest.progress import IngestProgress
    from training.pipeline import TrainingProgress
    from training.synthesis.progress import SynthProgress


# What a shell expects of a program that Ctrl-C ended.
_INTERRUPTED = 130


@contextmanager
def indexing() -> Iterator[Callable[[IngestProgress], None]]:
    """A line that follows an indexing run; yields the function to report to.

    Interrupted, it says how far the run came: what is done stays.
    """
    files = "{task.fields[files]}"
    with _bar(files, "{task.fields[passages]} passages", "{task.fields[speed]:.0f}/s") as bar:
        task = bar.add_task("finding files", total=None, files="", passages=0, speed=0.0)
        last: list[IngestProgress] = []

        def report(state: IngestProgress) -> None:
            last[:] = [state]
            bar.update(
                task,
                description=indexing_phase(state),
                completed=state.bytes_done,
                total=state.bytes_total,
                files=f"{state.files_done} of {count(state.files_total, 'file')}",
                passages=state.passages,
                speed=state.passages_per_second,
            )

        try:
            yield report
        except KeyboardInterrupt:
            bar.stop()
            done = f"{last[0].files_done} of {last[0].files_total}" if last else "nothing"
            click.echo(f"{done} done; repeat the command to continue", err=True)
            sys.exit(_INTERRUPTED)


def indexing_phase(state: IngestProgress) -> str:
    """What an indexing run is at, and with which file."""
    if state.files_done == state.files_total:
        return "finishing the index"
    if state.page_of:
        phase, page = "reading", f", page {state.page} of {state.page_of}"
    else:
        phase, page = ("embedding" if state.passages else "reading"), ""
    return f"{phase} {inert(state.current[-40:])}{page}"


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
    "writing": "asking about passages",
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
