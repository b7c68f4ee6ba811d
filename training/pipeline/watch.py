"""How far a run is, told to whoever looks on, who may stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from training.fit.trainer import StepProgress

Stage = Literal["writing", "examples", "training", "embedding", "proof", "switching"]
STAGES: tuple[Stage, ...] = (
    "writing",
    "examples",
    "training",
    "embedding",
    "proof",
    "switching",
)


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run is: `done` of `total` in its stage. Times are in seconds."""

    stage: Stage
    done: int
    total: int
    seconds: float
    seconds_left: float | None = None
    training: StepProgress | None = None


class Watch(Protocol):
    """Who looks on, and may stop it."""

    def progress(self, state: TrainingProgress) -> None:
        """Told of every step."""
        ...

    def cancelled(self) -> bool:
        """Whether to stop here; what is done stays."""
        ...


class Progress:
    """One run's progress, from its beginning on; told to nobody where nobody looks on."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def cancelled(self) -> bool:
        """Whether to stop here."""
        return self._watch is not None and self._watch.cancelled()

    def tell(
        self,
        stage: Stage,
        done: int,
        total: int,
        left: float | None = None,
        training: StepProgress | None = None,
    ) -> None:
        """Say that so much of a stage is done, and how many seconds the rest takes."""
        if self._watch is not None:
            state = TrainingProgress(stage, done, total, self.seconds, left, training)
            self._watch.progress(state)

    def paced(self, stage: Stage, total: int) -> Callable[[int], None]:
        """Tells how much of a stage is done, and by its pace so far how long the rest takes."""
        began = time.monotonic()

        def on_progress(done: int) -> None:
            left = (time.monotonic() - began) / done * (total - done) if done else None
            self.tell(stage, done, total, left)

        return on_progress
