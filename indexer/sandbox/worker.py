"""One child process that parses files, and is killed when it takes too long or too much.

It is `python -m indexer.sandbox.child`; what the two say to each other stands in `frames`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.chunking import CountTokens
from indexer.parsers.errors import ParserMemoryError, ParserTimeoutError, by_code
from indexer.records import Page, ParsedFile, Passage
from indexer.sandbox.frames import HEADER, MAX_FRAME, page_of, passage_of, send

# Long files may go on as long as they get on: their limit is this many times the limit between
# two signs of life (a scan of 300 pages takes some 20 minutes of text recognition).
_TOTAL_FACTOR = 30
_START_SECONDS = 60.0  # importing the parsers takes half a second, more on a busy machine
_REUSES = 200  # a worker that has parsed so many files is replaced, against creeping leaks


Progress = Callable[[int, int], None]  # (pages done, pages in all)


@dataclass(frozen=True, slots=True)
class CutFile:
    """A parsed file and its passages; none where it was not to be cut."""

    parsed: ParsedFile
    passages: list[Passage]


class Worker:
    """One child process and the pipes to it."""

    def __init__(self, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "indexer.sandbox.child", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            bufsize=0,
            start_new_session=True,  # Ctrl-C goes to the parent, which decides
        )
        self._answers = select.poll()  # select() knows no more than 1,024 open files
        assert self._process.stdout is not None  # it is a pipe
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
        count_tokens: CountTokens | None = None,
    ) -> CutFile:
        """Parse one file. After any error that is not the file's own, the process is dead."""
        pages: list[Page] = []
        passages: list[Passage] = []
        texts: dict[int, str] = {}
        for message in self.answers(request, seconds, closed):
            if "done" in message and on_progress:
                on_progress(message["done"], message["of"])
            elif "page" in message:
                pages.append(page_of(message["page"]))
                texts[pages[-1].number] = pages[-1].text
            elif "count" in message and count_tokens:
                self._tell_counts(message["count"], count_tokens)
            elif "passages" in message:
                for headings, spans in message["passages"]:
                    passages.append(passage_of(headings, spans, texts, len(passages)))
            elif "parsed" in message:
                found = message["parsed"]
                parsed = ParsedFile(
                    found["title"], tuple(pages), found["kind"], tuple(found["problems"])
                )
                return CutFile(parsed, passages)
        raise AssertionError("answers never end without an error")

    def _tell_counts(self, texts: list[str], count_tokens: CountTokens) -> None:
        """Send what the process waits for; where it is gone, its next message says so."""
        try:
            counts = count_tokens(texts)
        except BaseException:
            self.kill()  # it would take the next file for the answer
            raise
        with contextlib.suppress(BrokenPipeError):
            send(self._process.stdin, {"counts": counts})

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
            send(self._process.stdin, request)
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
        header = self._read(HEADER.size, until, closed)
        (length,) = HEADER.unpack(header)
        if length > MAX_FRAME:
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
