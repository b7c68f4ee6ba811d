"""Calls spread over workers that may die: each is made until one worker has carried it out.

A worker that is lost is replaced by another, and what it was at is handed to those that are
left, first of all. Calls are pure, so one that was carried out twice has one result: that of the
worker that is not lost. One thread decides all this; whoever calls gets a future.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from embedder.errors import FootnoteError

# A worker has one call at work and one that waits, so that it never idles while one travels.
DEPTH = 2
# Who takes so many workers down is itself what breaks them.
_TRIES = 4
# Workers that were lost one after the other without a call carried out in between: then
# something is wrong with all of them.
_LOST_IN_A_ROW = 20


class ClusterError(FootnoteError):
    """The machines that were to do the work cannot; the message says why."""


class WorkerLostError(ClusterError):
    """A call broke each worker that was to carry it out."""


class Worker(Protocol):
    """A process somewhere that carries out calls, one after the other."""

    def call(self, method: str, parts: tuple[bytes, ...]) -> Future[bytes]:
        """Carry out a call. `ready` is the first, and is done when the worker can take others."""
        ...

    def lost(self, error: BaseException) -> bool:
        """Whether an error says that the worker is gone, rather than what the call raised."""
        ...

    def end(self) -> None:
        """Let go of the process."""
        ...


@dataclass(slots=True)
class _Call:
    method: str
    parts: tuple[bytes, ...]
    result: Future[bytes] = field(default_factory=Future)
    losses: int = 0


@dataclass(eq=False, slots=True)
class _Hand:
    """A worker and what it is at. It takes no call before it is ready."""

    worker: Worker
    ready: bool = False
    calls: list[_Call] = field(default_factory=list)


class WorkerPool:
    """`count` workers made by `start`. A context manager; leaving it gives up what is not done."""

    def __init__(self, start: Callable[[], Worker], count: int) -> None:
        if count < 1:
            raise ValueError(f"a pool needs at least one worker, not {count}")
        self.count = count
        self.lost = 0
        self._start = start
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._hands: list[_Hand] = []
        self._waiting: deque[_Call] = deque()
        self._lost_in_a_row = 0
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._decide, name="cluster", daemon=True)

    def __enter__(self) -> WorkerPool:
        try:
            for _ in range(self.count):
                self._hire()
        except BaseException:
            self._let_go()
            raise
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.put(None)
        self._thread.join()

    def submit(self, method: str, *parts: bytes) -> Future[bytes]:
        """Have a call carried out. The future raises what it raised, or `WorkerLostError`."""
        call = _Call(method, parts)
        self._events.put(lambda: self._take(call))
        return call.result

    def _decide(self) -> None:
        while (event := self._events.get()) is not None:
            event()
            self._hand_out()
        self._let_go()

    def _let_go(self) -> None:
        for hand in self._hands:
            hand.worker.end()
        for call in self._open():
            call.result.cancel()
            _fail(call, ClusterError("was given up"))  # what has begun cannot be cancelled

    def _open(self) -> list[_Call]:
        return [*self._waiting, *(call for hand in self._hands for call in hand.calls)]

    def _take(self, call: _Call) -> None:
        if self._broken:
            _fail(call, self._broken)
        else:
            self._waiting.append(call)

    def _hire(self) -> None:
        hand = _Hand(self._start())
        self._hands.append(hand)
        began = hand.worker.call("ready", ())
        began.add_done_callback(lambda done: self._events.put(lambda: self._began(hand, done)))

    def _began(self, hand: _Hand, done: Future[bytes]) -> None:
        error = done.exception()
        if error is None:
            hand.ready = True
        elif hand.worker.lost(error):
            self._replace(hand)
        else:  # it says itself why it cannot work, and another would say the same
            self._break(error)

    def _hand_out(self) -> None:
        free = [hand for hand in self._hands if hand.ready and len(hand.calls) < DEPTH]
        while self._waiting and free:
            hand = min(free, key=lambda one: len(one.calls))
            call = self._waiting.popleft()
            if not call.result.running() and not call.result.set_running_or_notify_cancel():
                continue
            hand.calls.append(call)
            if len(hand.calls) == DEPTH:
                free.remove(hand)
            self._send(hand, call)

    def _send(self, hand: _Hand, call: _Call) -> None:
        sent = hand.worker.call(call.method, call.parts)
        sent.add_done_callback(lambda done: self._events.put(lambda: self._done(hand, call, done)))

    def _done(self, hand: _Hand, call: _Call, done: Future[bytes]) -> None:
        if call not in hand.calls:
            return  # its worker was lost, and it has gone to another
        error = done.exception()
        if error is not None and hand.worker.lost(error):
            self._replace(hand)
            return
        hand.calls.remove(call)
        self._lost_in_a_row = 0
        if error is None:
            call.result.set_result(done.result())
        else:
            _fail(call, error)

    def _replace(self, hand: _Hand) -> None:
        """Let another worker take a lost one's place, and its calls go to whoever is free."""
        if hand not in self._hands:
            return
        self._hands.remove(hand)
        hand.worker.end()
        self.lost += 1
        self._lost_in_a_row += 1
        calls, hand.calls = hand.calls, []
        for call in calls[:1]:  # the others waited for it
            call.losses += 1
        for call in reversed(calls):
            if call.losses < _TRIES:
                self._waiting.appendleft(call)
            else:
                _fail(call, WorkerLostError(f"broke {call.losses} workers, one after the other"))
        if self._lost_in_a_row > _LOST_IN_A_ROW:
            self._break(
                ClusterError(
                    f"{self._lost_in_a_row} workers were lost one after the other, and nothing was"
                    " done; look into their machines' logs and memory, then repeat the command:"
                    " what is written stays"
                )
            )
        else:
            self._hire()

    def _break(self, error: BaseException) -> None:
        self._broken = error
        for call in self._open():
            _fail(call, error)
        self._waiting.clear()
        for hand in self._hands:
            hand.calls.clear()


def _fail(call: _Call, error: BaseException) -> None:
    if not call.result.done():
        call.result.set_exception(error)
