"""What each kind of job does: `WORK` by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from embedder.errors import FootnoteError
from footnote.access import check_order
from footnote.jobs import uploads
from indexer.ingest.progress import IngestProgress, IngestReport
from indexer.ingest.sources import Source, find

if TYPE_CHECKING:
    from footnote.home import Home
    from footnote.jobs.queue import JobControl
    from training.pipeline import TrainingProgress
    from training.synthesis.progress import SynthProgress

_LOOK_SECONDS = 1.0  # between two looks whether a folder is to be followed no more

Work = Callable[["Home", dict[str, Any], "JobControl"], dict[str, Any]]


def _index(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """`paths` are files and folders, or files to be known as `names`: staged uploads, if any."""
    report = home.index(
        _sources(home, arguments),
        arguments["collection"],
        progress=lambda state: control.progress(asdict(state)),
        cancelled=control.cancelled,
    )
    _train_again(home, arguments["collection"])
    return asdict(report)


def _train_again(home: Home, collection: str) -> None:
    """Have a collection trained on again that has grown since, where that was wanted."""
    from footnote.jobs import queue
    from footnote.runs import service

    run = service.due(home, collection)
    if run is not None:
        queue.submit(home, "train", {"run": run.id, "collection": collection})


def _sources(home: Home, arguments: dict[str, Any]) -> list[Source]:
    paths, names = [Path(path) for path in arguments["paths"]], arguments.get("names")
    if not names:
        return find(paths)
    if not arguments.get("staged"):
        return [Source(*pair) for pair in zip(paths, names, strict=True)]
    # Named now, not when they were handed in: the upload before this one may have taken a name.
    collection = home.store.create_collection(arguments["collection"])
    return uploads.sources(home.store, collection.id, arguments)


def _reindex(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    report = home.reindex(
        arguments["collection"],
        arguments["documents"],
        progress=lambda state: control.progress(asdict(state)),
        cancelled=control.cancelled,
    )
    return asdict(report)


def _watch(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Keep a collection in step with `paths` until somebody stops it; what was done in all.

    It ends, too, when whoever ordered it may not have it done any more.
    """
    stop, ended, shown = Event(), Event(), dict[str, Any]()
    refused: list[FootnoteError] = []

    def look() -> None:
        while not (stop.is_set() or ended.wait(_LOOK_SECONDS)):
            control.progress(shown)
            try:
                check_order(home, control.job)
            except FootnoteError as error:
                refused.append(error)
            if refused or control.cancelled():
                stop.set()

    def reading(state: IngestProgress) -> None:
        shown["reading"] = asdict(state)

    paths = [Path(path) for path in arguments["paths"]]
    total = IngestReport(0, 0, 0, (), 0, 0, 0, 0.0)
    Thread(target=look, daemon=True).start()
    try:
        for report in home.watch(paths, arguments["collection"], stop, reading):
            total = replace(total + report, failed=report.failed)
            shown.update(asdict(total), reading=None)
            if report.added or report.updated:
                _train_again(home, arguments["collection"])
    finally:
        ended.set()
    if refused:
        raise refused[0]
    return asdict(total)


@dataclass(frozen=True)
class _Control:
    """A job's control as the training loop's `Watch`."""

    control: JobControl

    def progress(self, state: TrainingProgress) -> None:
        self.control.progress(asdict(state))

    def cancelled(self) -> bool:
        return self.control.cancelled()


def _train(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Go through the loop of `run`, from where it stands."""
    from footnote.accounts.people import People
    from footnote.rendering.results import learning_json
    from footnote.runs import service

    run = service.runs(home).get(arguments["run"])
    by = People(home.store).name_of(control.owner)
    return learning_json(service.carry_out(home, run, _Control(control), by))


def _examples(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Make a run's examples, for someone to look through before it trains.

    The pace is measured beside that, so that how long the training takes can be said then.
    """
    from footnote.runs import estimate, service

    run = service.runs(home).get(arguments["run"])
    examples = service.learning(home, run, _Control(control)).examples()
    sources = estimate.sample(home.store, home.collection(run.request.collection).id)
    estimate.pace(home, home.registry.load(run.request.start), sources)
    return {"examples": len(examples)}


class _CancelledError(Exception):
    """Leaves work that cannot be asked to stop; what it has written stays."""


def _write(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Have the language model write questions to `count` passages of a collection, into `file`."""
    from training.synthesis.progress import CallPolicy

    def on_progress(state: SynthProgress) -> None:
        control.progress(asdict(state) | {"seconds_left": state.seconds_left})
        if control.cancelled():
            raise _CancelledError

    file = Path(arguments["file"])
    file.parent.mkdir(parents=True, exist_ok=True)
    synthesis = home.collection_synthesis(arguments["collection"], file, arguments["count"])
    try:
        return asdict(synthesis.run(CallPolicy(progress=on_progress)))
    except _CancelledError:
        return {}


def _add(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Install the multilingual embedder; its terms were accepted on the page."""
    from footnote.accounts.people import People
    from footnote.additions.add import add_multilingual

    by = People(home.store).name_of(control.owner)
    return asdict(
        add_multilingual(home, by=by, progress=lambda what: control.progress({"what": what}))
    )


def _switch(home: Home, arguments: dict[str, Any], control: JobControl) -> dict[str, Any]:
    """Let `embedder` answer for a collection."""
    from footnote.accounts.people import People
    from footnote.runs import service

    total = home.store.count_passages(home.collection(arguments["collection"]).id)
    by = People(home.store).name_of(control.owner)
    done = service.switch(
        home,
        arguments["collection"],
        arguments["embedder"],
        by,
        lambda embedded: control.progress({"done": embedded, "total": total}),
        control.cancelled,
    )
    return {"switched": done}


WORK: Mapping[str, Work] = MappingProxyType(
    {
        "index": _index,
        "reindex": _reindex,
        "watch": _watch,
        "write": _write,
        "examples": _examples,
        "train": _train,
        "add": _add,
        "switch": _switch,
    }
)
