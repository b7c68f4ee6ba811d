"""A worker pool for calls to a language model, through its faults.

Threads wait for the model; everything else, the counting and the writing, happens in the
thread that takes the results, so nothing needs a lock. What a fault costs:

- the server is gone, refuses the key, does not know the model: no further call is made, those
  in flight are still taken, then the error is raised;
- too many requests: the same job again after a pause, longer each time; raised after many;
- silence, a fault of the server, a broken reply: the job is given up and handed out with its
  error; raised after many in a row.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from rag.llm.client import (
    InterruptedAnswerError,
    LanguageModelError,
    RateLimitedError,
    RefusedKeyError,
    UnknownModelError,
    UnreachableError,
)

Job = TypeVar("Job")
Result = TypeVar("Result")

HOPELESS = (RefusedKeyError, UnknownModelError, UnreachableError)
# `OpenAIChat` has waited as told before it says so; these seconds come on top, doubling.
_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 240.0
_PAUSES = 6
_FAULTS = 10


class WorkerPool(Generic[Job, Result]):
    """Does jobs with `work` in `size` threads."""

    def __init__(
        self,
        work: Callable[[Job], Result],
        size: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._work, self._size, self._sleep = work, size, sleep
        self._again: deque[Job] = deque()
        self._pauses = self._faults = 0
        # How many pauses there have been: a refusal of a call from before the last is no news.
        self._round = 0

    def run(
        self, begin: Callable[[int], Job | None]
    ) -> Iterator[tuple[Job, Result | LanguageModelError]]:
        """Yield each job with its result, or with the error that it was given up for.

        `begin` is asked for the next job and told how many are in flight; None means none now.
        It ends when there is none and nothing is in flight. Whoever stops taking results stops
        the run: what was in flight is dropped.
        """
        todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._serve, args=(todo, done), daemon=True)
            for _ in range(self._size)
        ]
        for thread in threads:
            thread.start()
        flying = 0
        failure: BaseException | None = None
        try:
            while True:
                while failure is None and flying < self._size:
                    job = self._again.popleft() if self._again else begin(flying)
                    if job is None:
                        break
                    todo.put((job, self._round))
                    flying += 1
                if not flying:
                    break
                job, began, result = done.get()
                flying -= 1
                if isinstance(result, RateLimitedError):
                    failure = failure or self._pause(job, began, result)
                elif isinstance(result, BaseException) and self._is_final(result):
                    failure = failure or result
                else:
                    yield job, result
            if failure is not None:
                raise failure
        finally:
            _end(threads, todo, waiting=flying > 0)

    def _serve(self, todo: queue.SimpleQueue[Any], done: queue.SimpleQueue[Any]) -> None:
        while (taken := todo.get()) is not None:
            job, began = taken
            result: Result | BaseException
            try:
                result = self._work(job)
            except BaseException as error:  # noqa: BLE001 - raised or handed out by `run`
                result = error
            done.put((job, began, result))

    def _pause(self, job: Job, began: int, error: RateLimitedError) -> RateLimitedError | None:
        """Wait and have the job done again; the error itself where that was in vain too often."""
        self._again.append(job)
        if began < self._round:
            return None
        if self._pauses == _PAUSES:
            return error
        self._sleep(min(_FIRST_PAUSE * 2**self._pauses, _LONGEST_PAUSE))
        self._pauses += 1
        self._round += 1
        return None

    def _is_final(self, error: BaseException) -> bool:
        if not isinstance(error, LanguageModelError) or isinstance(error, HOPELESS):
            return True
        # A reply that breaks off mostly ran into the model's limit of length: not a fault.
        self._faults += not isinstance(error, InterruptedAnswerError)
        return self._faults >= _FAULTS

    def well(self) -> None:
        """Say that a call went well: faults and pauses are counted anew."""
        self._faults = self._pauses = 0


def _end(threads: list[threading.Thread], todo: queue.SimpleQueue[Any], *, waiting: bool) -> None:
    """Have the threads end, and see to it where none is waiting for the model.

    What a thread lets go of last may be the embedder: an interpreter that ends meanwhile aborts.
    """
    for _ in threads:
        todo.put(None)
    if not waiting:
        for thread in threads:
            thread.join()
