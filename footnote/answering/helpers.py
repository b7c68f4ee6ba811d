"""Who answers when several ask at once: this process, and others beside it that have a core each.

The interpreter's lock lets one thread of a process work at a time, and where pages are drawn in
many threads, answers wait for them and they for answers. So a question is answered in a process of
its own once others wait too; this one then draws. A helper is begun when it is first wanted, and
ends by itself when nobody has asked for a while.

Who may read what is decided before: a helper is told the scope. It is asked nothing while a
language model writes the answers: that is waiting, not work.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.search.searcher import Scope
    from rag.records import Answer, Turn

_log = logging.getLogger(__name__)

SEVERAL = 3  # questions at once with which a helper is begun
HERE = 2  # questions that this process works on at once; one less where it has help
_TURNS = 2  # of the conversation, the last ones, that a question is read with
_ROOT = Path(__file__).parents[2]


class _GoneError(Exception):
    """The process has ended, or said what is no answer."""


class _Helper:
    """One process, with the settings that it was begun with."""

    def __init__(self, home: Home) -> None:
        self.settings = home.settings
        threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "footnote.answering.process", str(home.path)],
            cwd=_ROOT,
            env=os.environ | threads,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._hear()

    def ask(self, question: str, scope: Scope, before: Sequence[Turn]) -> Answer | None:
        """Its answer, None where it has none; raises `_GoneError` where it has ended."""
        from footnote.answering import process
        from rag.records import from_json

        assert self._process.stdin is not None
        try:
            asked = process.question(question, scope, tuple(before))
            process.say(self._process.stdin, asked)
        except OSError as error:
            raise _GoneError from error
        said = self._hear()
        return None if said.get("failed") else from_json(said["answer"])

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            return dict(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError) as error:  # nothing comes from a process that has ended
            raise _GoneError from error


class Helpers:
    """Hands each question to whoever is free, in their order. Safe to share between threads."""

    def __init__(self, home: Home, most: int) -> None:
        self._home, self._most = home, most
        self._lock = RLock()
        self._asking = self._working = self._beginning = 0
        self._line: deque[Future[_Helper | None]] = deque()
        self._all: list[_Helper] = []
        self._free: list[_Helper] = []

    def ask(
        self, question: str, scope: Scope, before: Sequence[Turn], here: Callable[[], Answer]
    ) -> Answer:
        """The answer: a helper's, or what `here` makes of it in this process."""
        if not self._most or self._home.llm is not None:
            return here()
        with self._place() as helper:
            if helper is None:
                return here()
            answer = self._told(helper, question, scope, before)
        return here() if answer is None else answer  # and comes upon why there is none

    def _told(
        self, helper: _Helper, question: str, scope: Scope, before: Sequence[Turn]
    ) -> Answer | None:
        try:
            return helper.ask(question, scope, before[-_TURNS:])
        except _GoneError:
            self._lose(helper)
            return None

    def end(self) -> None:
        """End all helpers."""
        for helper in list(self._all):
            self._lose(helper)

    @contextmanager
    def _place(self) -> Iterator[_Helper | None]:
        """Wait for somebody who is free: a helper, or None for this process itself."""
        place: Future[_Helper | None] = Future()
        with self._lock:
            self._asking += 1
            self._begin_another()
            self._line.append(place)
            self._hand_out()
        helper = place.result()
        try:
            yield helper
        finally:
            with self._lock:
                self._asking -= 1
                self._working -= helper is None
                if helper in self._all:
                    self._free.append(helper)
                self._hand_out()

    def _hand_out(self) -> None:
        while self._line:
            if self._free:
                self._line.popleft().set_result(self._free.pop())
            elif self._working < HERE - bool(self._all):
                self._working += 1
                self._line.popleft().set_result(None)
            else:
                return

    def _begin_another(self) -> None:
        """Begin a helper where too many ask for those that there are; others' settings are old."""
        for old in [one for one in self._free if one.settings is not self._home.settings]:
            self._lose(old)
        count = len(self._all) + self._beginning
        if self._asking >= SEVERAL + count and count < self._most:
            self._beginning += 1
            Thread(target=self._begin, daemon=True).start()

    def _begin(self) -> None:
        helper = None
        try:
            helper = _Helper(self._home)
        except (_GoneError, OSError) as error:
            _log.warning("no process helps with answers: %s", error or "it ended at its start")
            self._most = 0  # this process answers alone
        with self._lock:
            self._beginning -= 1
            if helper is not None:
                self._all.append(helper)
                self._free.append(helper)
                self._hand_out()

    def _lose(self, helper: _Helper) -> None:
        with self._lock:
            self._all = [one for one in self._all if one is not helper]
            self._free = [one for one in self._free if one is not helper]
        helper.end()
