"""The five steps of a training, and where a run stands among them by its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from training.fit.log import history

if TYPE_CHECKING:
    from footnote.jobs.queue import Job
    from training.runs import Run

State = Literal["done", "working", "now", "later"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in the words of the page."""

    number: int
    title: str
    what: str


EXAMPLES, LOOK, TRAIN, PROOF, SWITCH = STEPS = (
    Step(1, "Documents → examples", "Pairs of a question and its passage, made of a collection."),
    Step(2, "Look through them", "Correct, drop or add examples before anything is trained."),
    Step(3, "Train", "The model learns to bring each question near its passage."),
    Step(4, "Proof", "Old and new model are asked about documents kept out of training."),
    Step(5, "Switch", "The better one takes over; the way back stays open."),
)

_OF_STAGE = {
    "writing": EXAMPLES,
    "examples": EXAMPLES,
    "training": TRAIN,
    "embedding": PROOF,
    "proof": PROOF,
    "switching": SWITCH,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The step that a run is at; whether it is worked on, and whether it came to its end."""

    step: Step
    working: bool = False
    ended: bool = False

    def state(self, step: Step) -> State:
        """How far one of the steps is."""
        if step.number < self.step.number or self.ended:
            return "done"
        if step.number not in self.open:
            return "later"
        return "working" if self.working else "now"

    @property
    def open(self) -> tuple[int, ...]:
        """Numbers of the steps that are worth seeing now."""
        if self.step == SWITCH and not self.working:
            return (PROOF.number, SWITCH.number)
        if self.step == LOOK:
            return (LOOK.number, TRAIN.number)
        return (self.step.number,)


def standing(run: Run, job: Job | None) -> Standing:
    """Where a run stands, by its files and by the newest job that works on it."""
    if job is not None and job.active:
        stage = _OF_STAGE.get(job.progress.get("stage", ""))
        return Standing(stage or _next(run, started=job.kind == "train"), working=True)
    return Standing(_next(run), ended=run.outcome not in ("", "kept"))


def started(run: Run) -> bool:
    """Whether anything has been trained: from then on the examples stay as they are."""
    return bool(history(run.folder)) or trained(run)


def trained(run: Run) -> bool:
    """Whether training came to its end."""
    return (run.embedder / "spec.json").exists()


def _next(run: Run, *, started: bool = False) -> Step:
    """The first step whose result is not there."""
    if run.request.recipe.learns and not run.examples.exists():
        return EXAMPLES
    if not trained(run):
        looked_at = started or not run.request.recipe.learns or history(run.folder)
        return TRAIN if looked_at else LOOK
    return SWITCH if run.proof else PROOF
