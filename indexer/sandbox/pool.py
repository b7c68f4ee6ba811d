"""Parses files in processes of their own: a file of somebody else costs that file, nothing else.

A file can hang a parser, eat the memory or crash a library; its process is killed then.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from embedder.errors import FootnoteError
from indexer.chunking import CountTokens, PassageLimits
from indexer.parsers.errors import ParseError
from indexer.parsers.reading import DEFAULT_LIMITS, ReadingLimits
from indexer.records import ParsedFile
from indexer.sandbox.worker import CutFile, Progress, Worker

# A small file that takes long is no file of a person's: 9 KB of style sheets took 23 s. So many
# seconds between two signs of life, and so many more a megabyte, up to the limit that is set.
# A scanned page is read in ten, on a machine that has much else to do in forty.
_LEAST_SECONDS = 60.0
_SECONDS_A_MEGABYTE = 20.0


@dataclass(frozen=True, slots=True)
class Cutting:
    """How parsed pages are cut into passages: whose tokens are counted, and how many fit."""

    count_tokens: CountTokens
    limits: PassageLimits


class ParserPool:
    """Parses files in `workers` child processes. A context manager.

    `seconds` is the longest a worker may go without finishing a page (where pages are counted)
    or the file (where they are not); small files get less. `memory_bytes` bounds a worker's
    address space. `limits` is how much of a file is read.
    """

    def __init__(
        self,
        workers: int = 1,
        seconds: float = 120.0,
        memory_bytes: int = 1536 << 20,
        limits: ReadingLimits = DEFAULT_LIMITS,
    ) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least one worker, not {workers}")
        self.workers = workers
        self._seconds = seconds
        self._memory = memory_bytes
        self._limits = limits
        self._idle: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="parser")
        self._closed = threading.Event()

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers; what is still being parsed is given up."""
        self._closed.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for _ in range(self.workers):
            worker = self._idle.get()
            if worker is not None:
                worker.kill()

    def parse(
        self, path: Path, name: str | None = None, on_progress: Progress | None = None
    ) -> Future[ParsedFile]:
        """Parse a file; the future raises `ParseError`, or `OSError` for an unreadable path.

        `on_progress`, in a thread of the pool, is given (pages done, pages in all).
        """
        return self._threads.submit(lambda: self._parse(path, name, on_progress, None).parsed)

    def parse_and_cut(
        self, path: Path, name: str, cutting: Cutting, on_progress: Progress | None = None
    ) -> Future[CutFile]:
        """Parse a file and cut it into passages, under the same limits. As `parse`.

        Tokens are counted in this process, in a thread of the pool.
        """
        return self._threads.submit(self._parse, path, name, on_progress, cutting)

    def imap(self, paths: Iterable[Path]) -> Iterator[tuple[Path, ParsedFile | ParseError]]:
        """Parse files, yielding each as it is finished. Reads `paths` only as it gets on."""
        waiting = iter(paths)
        finished: queue.SimpleQueue[tuple[Path, Future[ParsedFile]]] = queue.SimpleQueue()
        running = 0

        def start() -> int:
            path = next(waiting, None)
            if path is None:
                return 0
            future = self.parse(path)
            future.add_done_callback(lambda done: finished.put((path, done)))
            return 1

        for _ in range(2 * self.workers):
            running += start()
        while running:
            path, done = finished.get()
            running += start() - 1
            yield path, _outcome(done)

    def _parse(
        self, path: Path, name: str | None, on_progress: Progress | None, cutting: Cutting | None
    ) -> CutFile:
        worker = self._idle.get()
        try:
            if worker is None or not worker.usable():
                if worker is not None:
                    worker.kill()
                worker = _started(self._memory)
            request = {
                "path": str(path.resolve()),
                "name": name or path.name,
                "limits": asdict(self._limits),
                "cut": asdict(cutting.limits) if cutting else None,
            }
            seconds = min(self._seconds, _seconds(path))
            count_tokens = cutting.count_tokens if cutting else None
            return worker.parse(request, seconds, self._closed, on_progress, count_tokens)
        finally:
            self._idle.put(worker)


def _seconds(path: Path) -> float:
    """How long a file of this size may go without a sign of life."""
    try:
        megabytes = path.stat().st_size / (1 << 20)
    except OSError:  # which the worker will say
        megabytes = 0.0
    return round(_LEAST_SECONDS + _SECONDS_A_MEGABYTE * megabytes)


def _outcome(done: Future[ParsedFile]) -> ParsedFile | ParseError:
    try:
        return done.result()
    except ParseError as error:
        return error
    except OSError as error:
        return ParseError(f"cannot be opened ({error.strerror or error})")


class NoParserError(FootnoteError):
    """The machine starts no more processes."""


def _started(memory_bytes: int) -> Worker:
    try:
        return Worker(memory_bytes)
    except OSError as error:  # not the file's fault
        raise NoParserError(
            f"no process could be started to read files in ({error.strerror}); end other"
            " programs, then do this again"
        ) from error
