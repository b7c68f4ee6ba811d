"""Training as people order it: what they leave open is filled in, then the loop runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from training.runs import Order, Run, Runs

if TYPE_CHECKING:
    from footnote.home import Home
    from training.learn import Learning, Watch
    from training.recipe import Recipe


class TrainingError(FootnoteError):
    """A training run cannot be started as it was ordered."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for; the defaults are what `footnote train -c NAME` does.

    `base` is a hub id or folder to start from instead of the embedder that answers now.
    `questions` is a file of labelled questions for the proof. `recipe` of None is chosen by
    the size of the collection.
    """

    collection: str
    data: tuple[Path, ...] = ()
    questions: Path | None = None
    base: str = ""
    kinds: tuple[str, ...] | None = None
    general: float | None = None
    recipe: Recipe | None = None
    promote: bool = True
    overrides: dict[str, float] = field(default_factory=dict)


def runs(home: Home) -> Runs:
    """The home's runs."""
    return Runs(home.path / "runs")


def order(home: Home, wish: Wish) -> Run:
    """Make a run of a wish. Raises `TrainingError` where it cannot be."""
    from training.examples import read_examples
    from training.recipe import Recipe
    from training.weak import DEFAULT_KINDS, KINDS

    collection = home.collection(wish.collection)
    if not home.store.generation(collection.id):
        raise TrainingError(
            f"the collection {wish.collection!r} is empty; index documents into it first"
        )
    unknown = sorted(set(wish.kinds or ()) - KINDS.keys())
    if unknown:
        raise TrainingError(f"there is no source {unknown[0]!r}; there are {', '.join(KINDS)}")
    for path in (*wish.data, *([wish.questions] if wish.questions else [])):
        read_examples(path)  # a file that cannot be used is named now, not in the midst of a run
    recipe = replace(wish.recipe or Recipe(), **wish.overrides)
    made = Order(
        collection=wish.collection,
        start=_start(home, collection.id, wish.base),
        recipe=recipe,
        kinds=DEFAULT_KINDS if wish.kinds is None else wish.kinds,
        data=tuple(str(path.resolve()) for path in wish.data),
        questions=str(wish.questions.resolve()) if wish.questions else "",
        promote=wish.promote,
        made_at=time.time(),
    )
    if wish.general is not None:
        made = replace(made, general=wish.general)
    return runs(home).create(made)


def learning(home: Home, run: Run, watch: Watch | None = None) -> Learning:
    """The loop over a run, ready to go or to go on. Raises `TrainingError`."""
    from training.examples import read_examples
    from training.learn import Learning, Workshop
    from training.questions import labelled_questions, reader_questions

    wanted = run.order
    collection = home.collection(wanted.collection).id
    questions = reader_questions(home.store, collection)
    if wanted.questions:
        examples = read_examples(Path(wanted.questions))
        questions += labelled_questions(home.store, collection, examples)
    workshop = Workshop(home.store, home.searcher, home.registry)
    return Learning(run, workshop, questions, watch)


def rollback(home: Home, collection: str) -> str:
    """Let the embedder that answered before answer again; return its name."""
    from training.promote import rollback

    number = home.collection(collection).id
    now = home.store.generation(number)
    name = rollback(home.store, home.registry, home.searcher, number)
    for run in runs(home):
        if run.outcome == "promoted" and _fingerprint(home, run.id) == now:
            run.write_outcome("rolled back")
    return name


def names_in_use(home: Home) -> dict[str, list[str]]:
    """The collections that each embedder answers for, by the embedder's name."""
    by_fingerprint = {_fingerprint(home, name): name for name in home.registry.names()}
    found: dict[str, list[str]] = {}
    for collection in home.store.collections():
        name = by_fingerprint.get(home.store.generation(collection.id))
        if name:
            found.setdefault(name, []).append(collection.name)
    return found


def _fingerprint(home: Home, name: str) -> str:
    return home.registry.spec(name).fingerprint if name in home.registry.names() else ""


def _start(home: Home, collection: int, base: str) -> str:
    """The name of the embedder to start from; a base is installed as an untrained one."""
    if not base:
        return home.embedder_of(collection).spec.name
    return home.registry.install_base(base)
