"""Training as people order it: what they leave open is filled in, then the loop runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.errors import FootnoteError
from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR
from training.runs import Run, Runs, TrainingRequest

if TYPE_CHECKING:
    from footnote.home import Home
    from training.fit.config import Recipe
    from training.pipeline import TrainingResult, TrainingRun, Watch
    from training.writer.questions import Writing


# Who names one of these wants the decoder trained, not the query side alone.
_OF_THE_DECODER = frozenset(
    {"steps", "batch", "rank", "whole", "learning_rate", "temperature", "negatives"}
)
# A collection that has so many times the passages of its last training is trained on again.
_GROWN = 1.1


class TrainingError(FootnoteError):
    """A training run cannot be started as it was ordered."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What a person asks for; the defaults are what `footnote train -c NAME` does.

    `base` is a hub id or folder to start from instead of the embedder that answers now.
    `questions` is a file of labelled questions for the proof. `recipe` of None is chosen by
    the size of the collection. `again` orders the same once the collection has grown.
    """

    collection: str
    data: tuple[Path, ...] = ()
    questions: Path | None = None
    base: str = ""
    kinds: tuple[str, ...] | None = None
    general: float | None = None
    recipe: Recipe | None = None
    promote: bool = True
    again: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)


def runs(home: Home) -> Runs:
    """The home's runs."""
    return Runs(home.path / "runs")


def order(home: Home, options: TrainingOptions) -> Run:
    """Make a run of what was asked for. Raises `TrainingError` where it cannot be."""
    from training.data.examples import read_examples
    from training.data.weak_pairs import DROPOUT, KINDS
    from training.export.adapter import form
    from training.fit.config import Recipe
    from training.fit.whitening import FEWEST
    from training.writer.questions import KIND as WRITER

    collection = home.collection(options.collection)
    if not home.store.generation(collection.id):
        raise TrainingError(
            f"the collection {options.collection!r} is empty; index documents into it first"
        )
    known = (WRITER, *KINDS)
    unknown = sorted(set(options.kinds or ()) - set(known))
    if unknown:
        raise TrainingError(f"there is no source {unknown[0]!r}; there are {', '.join(known)}")
    if WRITER in (options.kinds or ()) and not writes(home):
        raise TrainingError(
            "the question writer is switched off; switch it on with FOOTNOTE_WRITER=on"
        )
    for path in (*options.data, *([options.questions] if options.questions else [])):
        read_examples(path)  # a file that cannot be used is named now, not in the midst of a run
    usual = Recipe(queries_alone=not (options.base or options.overrides.keys() & _OF_THE_DECODER))
    recipe = (options.recipe or usual).changed(options.overrides)
    there = home.store.count_passages(collection.id)
    if not recipe.learns and there < FEWEST:
        raise TrainingError(
            f"the collection {options.collection!r} has {there} passages, too few to adapt to; it"
            f" takes {FEWEST}"
        )
    start = _start(home, collection.id, options.base)
    recipe = replace(recipe, learning_rate=recipe.rate)  # kept as a number: defaults may change
    if not recipe.whole and recipe.rank and home.registry.spec(start).adapter:
        # It is trained further as it is.
        recipe = replace(recipe, **form(home.registry.load(start).files.adapter))
    if "dropout" in (options.kinds or ()) and not recipe.dropout:  # else each is the other's copy
        recipe = replace(recipe, dropout=DROPOUT)
    made = TrainingRequest(
        collection=collection.name,
        start=start,
        recipe=recipe,
        kinds=usual_kinds(home) if options.kinds is None else options.kinds,
        data=tuple(str(path.resolve()) for path in options.data),
        questions=str(options.questions.resolve()) if options.questions else "",
        promote=options.promote,
        made_at=time.time(),
        again=options.again,
        passages=there,
    )
    if options.general is not None:
        made = replace(made, general=options.general)
    return runs(home).create(made)


def due(home: Home, collection: str) -> Run | None:
    """The last order of a collection once more, where that was wanted and it has grown so far.

    None while that is not so, or while the last run has not come to its end.
    """
    found = home.store.collection(collection)
    last = next((run for run in runs(home) if run.request.collection == collection), None)
    if found is None or last is None or not last.outcome:
        return None
    asked = last.request
    if not asked.again or home.store.count_passages(found.id) < _GROWN * asked.passages:
        return None
    return order(
        home,
        TrainingOptions(
            collection,
            data=tuple(map(Path, asked.data)),
            questions=Path(asked.questions) if asked.questions else None,
            kinds=asked.kinds,
            general=asked.general,
            recipe=asked.recipe,
            promote=asked.promote,
            again=True,
        ),
    )


def learning(home: Home, run: Run, watch: Watch | None = None) -> TrainingRun:
    """The loop over a run, ready to go or to go on. Raises `TrainingError`."""
    from training.data.examples import read_examples
    from training.evaluation.questions import (
        labelled_questions,
        logged_questions,
        reader_questions,
    )
    from training.pipeline import TrainingRun, Workshop

    wanted = run.request
    collection = home.collection(wanted.collection).id
    questions = reader_questions(home.store, collection)
    questions += logged_questions(home.store, collection)
    for path in (*wanted.data, *([wanted.questions] if wanted.questions else [])):
        examples = read_examples(Path(path))
        questions += labelled_questions(home.store, collection, examples)
    questions = list(dict.fromkeys(questions))
    workshop = Workshop(
        home.store, home.searcher, home.registry, home.encoders, question_writer(home, wanted.start)
    )
    return TrainingRun(run, workshop, questions, watch)


def usual_kinds(home: Home) -> tuple[str, ...]:
    """What a run takes of the documents unless it is told otherwise."""
    from training.writer.questions import KIND, USUAL_KINDS

    return tuple(kind for kind in USUAL_KINDS if kind != KIND or writes(home))


def writes(home: Home) -> bool:
    """Whether the question writer is switched on."""
    from footnote.settings import OFF, ON

    return home.settings.choice("writer", ON, OFF) == ON


def question_writer(home: Home, start: str) -> Callable[[], Writing] | None:
    """Loads the question writer, which takes seconds and 1.2 GB; None where it is switched off.

    Its base is kept where that of the embedder `start` is.
    """
    from training.writer.writer import Writer

    if not writes(home):
        return None
    cache = home.registry.load(start).files.cache
    return lambda: Writer(cache)


def carry_out(
    home: Home, run: Run, watch: Watch | None = None, by: str = OPERATOR
) -> TrainingResult:
    """Go through the loop of a run from where it stands, and note a switch.

    Raises `TrainingError`.
    """
    result = learning(home, run, watch).run()
    if result.promoted:
        note(home, by, "promotion", run.request.collection, result.embedder)
    elif run.outcome == "balanced":
        note(home, by, "promotion", run.request.collection, f"{run.id}, weight of meaning")
    return result


def switch(
    home: Home,
    collection: str,
    name: str,
    by: str = OPERATOR,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> bool:
    """Let an installed embedder answer for a collection; false where it was cancelled before.

    Its vectors are made beside those that answer, which `rollback` returns to. `progress` is told
    how many passages are embedded. Raises `UnknownEmbedderError`.
    """
    from training.promote import promote

    found = home.collection(collection)
    embedder = home.registry.load(name)
    if home.store.generation(found.id) == embedder.fingerprint:
        return True
    with home.encoders(embedder) as encoders:
        done = promote(home.store, home.searcher, embedder, found.id, progress, cancelled, encoders)
    if not done:
        return False
    note(home, by, "promotion", found.name, name)
    return True


def balanced_by(home: Home, collection: str) -> Run | None:
    """The run whose weight of meaning a collection is searched with, its embedder being another."""
    now = home.store.generation(home.collection(collection).id)
    for run in runs(home):
        if run.request.collection == collection and run.outcome == "balanced":
            proof = run.proof
            return run if proof is not None and proof.against == now else None
    return None


def balance(home: Home, run: Run, by: str = OPERATOR) -> None:
    """Have a collection search with the weight of meaning that a run's questions gave.

    Raises `TrainingError` where the run has none to give, or another embedder answers by now.
    """
    from training.promote import trust

    proof, found = run.proof, home.collection(run.request.collection)
    now = home.store.generation(found.id)
    if proof is None or not proof.balances or proof.trusts.balanced is None:
        raise TrainingError("this training has no other weight of meaning to offer")
    if proof.against != now:
        raise TrainingError(
            "another model answers by now than the one that this was measured with; train again"
        )
    trust(home.store, found.id, now, proof.trusts.balanced, proof.trusts.asked)
    run.write_outcome("balanced")
    note(home, by, "promotion", found.name, f"{run.id}, weight of meaning")


def rollback(home: Home, collection: str, by: str = OPERATOR) -> str:
    """Let the embedder that answered before answer again; return its name.

    Where a run changed the weight of meaning since, that alone is taken back.
    """
    from training.promote import rollback, trust_as_before

    found = home.collection(collection)
    number = found.id
    now = home.store.generation(number)
    specs = home.registry.specs()
    if (run := balanced_by(home, collection)) is not None:
        trust_as_before(home.store, home.searcher, number)
        run.write_outcome("rolled back")
        note(home, by, "rollback", found.name, f"{run.id}, weight of meaning")
        return home.registry.load_fingerprint(now).spec.name
    name = rollback(home.store, home.registry, home.searcher, number)
    for run in runs(home):
        if run.outcome == "promoted" and run.id in specs and specs[run.id].fingerprint == now:
            run.write_outcome("rolled back")
    note(home, by, "rollback", found.name, name)
    return name


def note(home: Home, by: str, what: audit.What, collection: str, details: str) -> None:
    """Write to the audit log what was done with an embedder (named in `details`)."""
    with home.store.transaction() as connection:
        audit.write(connection, by, what, collection=collection, details=details)


def may_switch(run: Run) -> bool:
    """Whether a person may let the run's embedder answer: its proof holds, and it does not yet."""
    proof = run.proof
    return proof is not None and proof.holds and run.outcome not in ("promoted", "rejected")


def allow_switch(home: Home, run: Run) -> None:
    """Have the run switch when it goes on; the caller then continues it.

    Where another embedder answers by now than the one that it was compared with, it has to
    prove itself again. Raises `TrainingError`.
    """
    if not may_switch(run):
        raise TrainingError(f"run {run.id} is not proved to be better, or answers already")
    number = home.collection(run.request.collection).id
    if run.proof is not None and run.proof.against != home.store.generation(number):
        run.forget_proof()
    replace(run.request, promote=True).write(run.folder / "order.json")
    run.write_outcome("")


def reject(home: Home, run: Run, by: str = OPERATOR) -> None:
    """Give a run up: its vectors and its installed embedder go, the folder stays.

    Raises `TrainingError` where a collection needs it.
    """
    _withdraw(home, run)
    run.write_outcome("rejected")
    note(home, by, "training deleted", run.request.collection, f"{run.id}, its proof is kept")


def remove(home: Home, run: Run, by: str = OPERATOR) -> None:
    """Remove a run with all that came of it. Raises `TrainingError` where a collection needs it."""
    _withdraw(home, run)
    note(home, by, "training deleted", run.request.collection, run.id)
    run.remove()


def _withdraw(home: Home, run: Run) -> None:
    from footnote.jobs import queue

    job = queue.of_run(home, run.id)
    if job is not None and job.active:
        raise TrainingError(f"run {run.id} is being worked on; cancel that first")
    if run.id not in home.registry.names():
        return
    fingerprint = home.registry.spec(run.id).fingerprint  # unreadable, nobody knows who needs it
    for collection in home.store.collections():
        if home.store.generation(collection.id) == fingerprint:
            raise TrainingError(f"{collection.name} is searched with it; go back there first")
        if fingerprint in home.store.previous_generations(collection.id):
            raise TrainingError(
                f"{collection.name} was searched with it before, and could not go back any more"
            )
    for collection in home.store.collections():
        home.store.drop_generation(collection.id, fingerprint)
    home.registry.remove(run.id)


def written(home: Home, collection: str) -> Path:
    """The file of questions that a language model wrote to a collection; it may not be there."""
    return home.path / "written" / f"{home.collection(collection).id}.jsonl"


def names_in_use(home: Home) -> dict[str, list[str]]:
    """The collections that each embedder answers for, by the embedder's name."""
    by_fingerprint = {spec.fingerprint: name for name, spec in home.registry.specs().items()}
    found: dict[str, list[str]] = {}
    for collection in home.store.collections():
        name = by_fingerprint.get(home.store.generation(collection.id))
        if name:
            found.setdefault(name, []).append(collection.name)
    return found


def _start(home: Home, collection: int, base: str) -> str:
    """The name of the embedder to start from; a base is installed as an untrained one."""
    if not base:
        return home.embedder_of(collection).spec.name
    return home.registry.install_base(base)
