"""One generation run: what it will take, how far it is, what came of it.

What `training.synthesize` (tasks out of the air) and `training.written` (queries to passages)
have in common: jobs go to a crew, what they made goes into the ledger, and every reply that
could not be used is counted under its reason.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from embedder.errors import FootnoteError
from rag.llm.client import (
    InterruptedAnswerError,
    LanguageModelError,
    MalformedReplyError,
    Message,
    RejectedRequestError,
    ServerFailedError,
    TimedOutError,
)
from training.data.examples import Example
from training.synthesis.output_file import OutputFile
from training.synthesis.workers import WorkerPool

Job = TypeVar("Job")

# A model that cannot write the format at all shows it soon; one that manages one reply in ten
# stays below this by far.
_USELESS = 50
# What a server of middling size writes for one of several calls at once.
_TOKENS_PER_SECOND = 50
_CHARACTERS_PER_TOKEN = 4

_REASONS = {
    TimedOutError: "timed out",
    InterruptedAnswerError: "broken off",
    ServerFailedError: "server failed",
    RejectedRequestError: "request rejected",
    MalformedReplyError: "not the protocol",
}


class UselessRepliesError(FootnoteError):
    """The language model does not manage what it is asked for."""


class StoppedError(FootnoteError):
    """A run that ended before its end; what it made is kept, a repeat goes on."""


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What a run will take if no reply has to be dropped."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: CallEstimate) -> CallEstimate:
        """Both."""
        return CallEstimate(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )

    def cost(self, price_in: float, price_out: float) -> float:
        """In the currency of the prices, which are per million tokens."""
        return (self.tokens_in * price_in + self.tokens_out * price_out) / 1e6

    def seconds(self, concurrency: int) -> float:
        """At 50 tokens a second for each of the calls at once."""
        return self.tokens_out / (_TOKENS_PER_SECOND * concurrency)


@dataclass(frozen=True, slots=True)
class SynthProgress:
    """A moment of a run. `done` of `total` are examples, passages or lists of tasks."""

    stage: str
    done: int
    total: int
    examples: int
    rejected: int
    seconds: float
    per_minute: float

    @property
    def seconds_left(self) -> float | None:
        """None until there is a rate."""
        return 60 * (self.total - self.done) / self.per_minute if self.per_minute else None


@dataclass(frozen=True, slots=True)
class SynthReport:
    """What a run made. `examples` counts the whole file, everything else this run."""

    examples: int
    added: int
    rejected: Mapping[str, int]
    calls: int
    seconds: float
    file: str


def _unwatched(_: SynthProgress) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How a run is done: calls at once, who is told, how pauses are made."""

    concurrency: int = 4
    progress: Callable[[SynthProgress], None] = _unwatched
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Made:
    """What one job made: examples, or tasks; and why what is missing is missing."""

    examples: tuple[Example, ...] = ()
    tasks: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    calls: int = 1


class GenerationRun:
    """The running count of one run into one ledger."""

    def __init__(self, ledger: OutputFile, file: Path, pace: CallPolicy) -> None:
        self._ledger, self._file, self._pace = ledger, file, pace
        self._began, self._before = time.monotonic(), ledger.examples
        self._rejected: Counter[str] = Counter()
        self._calls = self._useless = 0

    def follow(
        self,
        stage: Stage,
        work: Callable[[Job], Made],
        begin: Callable[[int], Job | None],
        put_away: Callable[[Job, Made], int],
    ) -> None:
        """Do the jobs that `begin` gives out until it gives none.

        `put_away` puts away what a job made and returns how much of it was of use. Raises what
        `WorkerPool.run` raises, and `UselessRepliesError`.
        """
        crew: WorkerPool[Job, Made] = WorkerPool(work, self._pace.concurrency, self._pace.sleep)
        stage.start()
        self._tell(stage)
        for job, result in crew.run(begin):
            useful = 0
            if isinstance(result, LanguageModelError):
                self._calls += 1
                self._rejected[reason(result)] += 1
            else:
                crew.well()
                self._calls += result.calls
                self._rejected.update(result.rejected)
                useful = put_away(job, result)
            self._useless = 0 if useful else self._useless + 1
            self._tell(stage)
            if self._useless == _USELESS:
                raise UselessRepliesError(self._complaint())

    def add(self, made: Made, identity: Callable[[Example], str]) -> int:
        """Write examples; how many of them were new."""
        added = 0
        for example in made.examples:
            verdict = self._ledger.add(example, identity(example))
            added += not verdict
            self._rejected.update([verdict] if verdict else ())
        return added

    def report(self) -> SynthReport:
        """What has been done."""
        return SynthReport(
            examples=self._ledger.examples,
            added=self._ledger.examples - self._before,
            rejected=dict(self._rejected.most_common()),
            calls=self._calls,
            seconds=time.monotonic() - self._began,
            file=str(self._file),
        )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Say with whatever ends the run early (Ctrl-C too) what is kept and how to go on."""
        try:
            yield
        except (LanguageModelError, UselessRepliesError, KeyboardInterrupt) as error:
            dropped = f" ({self._dropped()})" if self._rejected else ""
            raise StoppedError(
                f"{str(error) or 'interrupted'}. {self._ledger.examples} examples are kept in "
                f"{self._file}{dropped}; repeat the command to go on"
            ) from error

    def _tell(self, stage: Stage) -> None:
        seconds = time.monotonic() - self._began
        self._pace.progress(
            SynthProgress(
                stage=stage.name,
                done=stage.done(),
                total=stage.total,
                examples=self._ledger.examples,
                rejected=self._rejected.total(),
                seconds=seconds,
                per_minute=stage.per_minute(),
            )
        )

    def _complaint(self) -> str:
        return (
            f"the last {_USELESS} replies of the language model gave nothing new; it takes a "
            "model that writes valid JSON, mostly a larger one"
        )

    def _dropped(self) -> str:
        counts = (f"{count} {name}" for name, count in self._rejected.most_common())
        return "dropped: " + ", ".join(counts)


class Stage:
    """A part of a run whose length is known: `done()` of `total`."""

    def __init__(self, name: str, done: Callable[[], int], total: int) -> None:
        self.name, self.done, self.total = name, done, total
        self._began, self._before = 0.0, 0

    def start(self) -> None:
        """Measure the rate from now on."""
        self._began, self._before = time.monotonic(), self.done()

    def per_minute(self) -> float:
        """How many were done a minute; 0 before the first."""
        seconds = time.monotonic() - self._began
        return 60 * (self.done() - self._before) / seconds if seconds else 0.0


def reason(error: LanguageModelError) -> str:
    """What a call that failed is counted under."""
    return _REASONS.get(type(error), "failed")


def tokens(messages: Sequence[Message]) -> int:
    """A rough count, four characters each, as English has them."""
    return sum(len(message.content) for message in messages) // _CHARACTERS_PER_TOKEN
