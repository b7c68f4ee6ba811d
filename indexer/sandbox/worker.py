"""Parses files in processes of their own, which are killed when they take too long or too much.

A file of somebody else can hang a parser, eat the memory or crash a library; here that costs
the file and nothing else. A worker is `python -m indexer.sandbox`: it imports parsers only (no
torch), and speaks JSON in frames of a length and that many bytes, so nothing it says is run.

    to the worker     {"path": …, "name": …, "limits": {…}}
                      {"draw": …} or {"boxes": …}           see `indexer.page_pictures`
    from the worker   {"ready": true}                       once, when it has started
                      {"picture": base64} or {"boxes": […]}
                      {"done": pages, "of": pages}          any number of times: it is alive
                      {"page": {…}}                         one a page
                      {"parsed": {"title", "kind", "problems"}} or {"error": code, "message": …}
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, astuple
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from embedder.errors import FootnoteError
from indexer.parsers.errors import ParseError, ParserMemoryError, ParserTimeoutError, by_code
from indexer.parsers.reading import DEFAULT_LIMITS, ReadingLimits
from indexer.records import Block, HiddenText, Page, ParsedFile

# A frame longer than this is not one of ours. The largest page is bounded by
# `parsers.layout.MAX_CHARACTERS`, four bytes each at most.
_MAX_FRAME = 1 << 29
_HEADER = struct.Struct(">I")
# Long files may go on as long as they get on: their limit is this many times the limit between
# two signs of life (a scan of 300 pages takes some 20 minutes of text recognition).
_TOTAL_FACTOR = 30
_START_SECONDS = 60.0  # importing the parsers takes half a second, more on a busy machine
_REUSES = 200  # a worker that has parsed so many files is replaced, against creeping leaks


Progress = Callable[[int, int], None]  # (pages done, pages in all)


class ParserPool:
    """Parses files in `workers` child processes. A context manager.

    `seconds` is the longest a worker may go without finishing a page (where pages are counted)
    or the file (where they are not). `memory_bytes` bounds a worker's address space. `limits`
    is how much of a file is read.
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
        return self._threads.submit(self._parse, path, name, on_progress)

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

    def _parse(self, path: Path, name: str | None, on_progress: Progress | None) -> ParsedFile:
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
            }
            return worker.parse(request, self._seconds, self._closed, on_progress)
        finally:
            self._idle.put(worker)


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


class Worker:
    """One child process and the pipes to it."""

    def __init__(self, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "indexer.sandbox.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            bufsize=0,
            start_new_session=True,  # Ctrl-C goes to the parent, which decides
        )
        self._answers = select.poll()  # select() knows no more than 1,024 open files
        self._answers.register(self._process.stdout, select.POLLIN | select.POLLHUP)
        self._parsed = 0
        self._ready = False

    def usable(self) -> bool:
        """Whether the process lives and is not due to be replaced."""
        return self._process.poll() is None and self._parsed < _REUSES

    def kill(self) -> None:
        """End the process, and what it started (text recognition)."""
        if self._process.returncode is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def parse(
        self,
        request: dict[str, Any],
        seconds: float,
        closed: threading.Event,
        on_progress: Progress | None = None,
    ) -> ParsedFile:
        """Parse one file. After any error that is not the file's own, the process is dead."""
        pages: list[Page] = []
        for message in self.answers(request, seconds, closed):
            if "done" in message and on_progress:
                on_progress(message["done"], message["of"])
            elif "page" in message:
                pages.append(_page(message["page"]))
            elif "parsed" in message:
                found = message["parsed"]
                return ParsedFile(
                    found["title"], tuple(pages), found["kind"], tuple(found["problems"])
                )
        raise AssertionError("answers never end without an error")

    def answers(
        self, request: dict[str, Any], seconds: float, closed: threading.Event
    ) -> Iterator[dict[str, Any]]:
        """What the process says to a request, for the caller to take until it has what it wants.

        Raises `ParseError`; but for the file's own errors the process is dead then.
        """
        self._parsed += 1
        last = time.monotonic() + seconds * _TOTAL_FACTOR
        try:
            if not self._ready:
                self._receive(time.monotonic() + _START_SECONDS, closed)
                self._ready = True
            _send(self._process.stdin, request)
            while True:
                message = self._receive(min(time.monotonic() + seconds, last), closed)
                if "error" in message:
                    raise by_code(message["error"])(message["message"])
                yield message
        except TimeoutError:
            self.kill()
            if closed.is_set():
                raise ParserTimeoutError("was not read, since reading was stopped") from None
            raise ParserTimeoutError(
                f"took more than {seconds:g} seconds to read and was stopped; "
                "split it, or save it again in another format"
            ) from None
        except (EOFError, BrokenPipeError):
            self.kill()
            raise ParserMemoryError(
                "took too much memory or broke the parser; "
                "split it, or save it again in another format"
            ) from None

    def _receive(self, until: float, closed: threading.Event) -> dict[str, Any]:
        """The next message. Raises `TimeoutError` at `until`, `EOFError` at a dead worker."""
        header = self._read(_HEADER.size, until, closed)
        (length,) = _HEADER.unpack(header)
        if length > _MAX_FRAME:
            raise EOFError
        return json.loads(self._read(length, until, closed))

    def _read(self, length: int, until: float, closed: threading.Event) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        parts, missing = [], length
        while missing:
            if closed.is_set() or time.monotonic() > until:
                raise TimeoutError
            # Half a second at most, so that closing the pool does not wait for a slow file.
            wait = min(0.5, max(0.0, until - time.monotonic()))
            if not self._answers.poll(1000 * wait):
                continue
            part = os.read(pipe.fileno(), min(missing, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def _send(pipe: IO[bytes] | None, message: dict[str, Any]) -> None:
    assert pipe is not None
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", errors="replace")
    pipe.write(_HEADER.pack(len(body)) + body)
    pipe.flush()


def _page(fields: dict[str, Any]) -> Page:
    blocks = tuple(Block(*block) for block in fields["blocks"])
    hidden = tuple(HiddenText(*found) for found in fields["hidden"])
    return Page(
        fields["number"], fields["text"], fields["label"], blocks, fields["problem"], hidden
    )


def _page_message(page: Page) -> dict[str, Any]:
    blocks = [[b.kind, b.start, b.end, b.level, b.header] for b in page.blocks]
    return {
        "page": {
            "number": page.number,
            "text": page.text,
            "label": page.label,
            "blocks": blocks,
            "problem": page.problem,
            "hidden": [astuple(found) for found in page.hidden],
        }
    }


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's life: parse what comes until the pipe ends."""
    import indexer.parsers  # noqa: F401  before the first file's time starts to count

    _send(answers, {"ready": True})
    while header := requests.read(_HEADER.size):
        request = json.loads(requests.read(_HEADER.unpack(header)[0]))
        _answer(request, lambda m: _send(answers, m))


def _carry_out(request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    if "path" not in request:
        from indexer.sandbox.page_renderer import carry_out

        send(carry_out(request))
        return
    from indexer.parsers import parse

    path, limits = Path(request["path"]), ReadingLimits(**request["limits"])
    parsed = parse(path, request["name"], lambda done, of: send({"done": done, "of": of}), limits)
    for page in parsed.pages:
        send(_page_message(page))
    found = {"title": parsed.title, "kind": parsed.kind, "problems": parsed.problems}
    send({"parsed": found})


def _answer(request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    try:
        _carry_out(request, send)
    except ParseError as error:
        send({"error": error.code, "message": str(error)})
    except OSError as error:
        send({"error": "unreadable", "message": f"cannot be opened ({error.strerror or error})"})
    except MemoryError:
        send(
            {
                "error": ParserMemoryError.code,
                "message": "took too much memory to read; split it into smaller files",
            }
        )
    # The edge of the process: whatever a library raises on a broken file is the file's failure
    # and is reported as that, with its name, so that it can be turned into a bug report.
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {error}"[:200]
        send(
            {
                "error": "corrupted",
                "message": f"could not be read ({reason}); save it again in another format",
            }
        )


def _main() -> None:
    memory = int(sys.argv[1])
    with contextlib.suppress(ValueError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No parser has a file to write, whatever a document would have it do.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # What a library prints must not land among the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
