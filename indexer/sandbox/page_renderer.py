"""Pictures of pages, drawn in a process that can be killed (`indexer.sandbox`).

Whoever opens a footnote draws a file of somebody else: one that takes pdfium minutes, or takes
it down, must not take the app with it.
"""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path
from typing import Any

from indexer.pages import Box
from indexer.parsers.errors import (
    ParseError,
    ParserMemoryError,
    ParserTimeoutError,
)
from indexer.sandbox.worker import Worker

_SECONDS = 20.0  # the slowest page of the evaluation sets takes 0.3
_MEMORY = 1 << 30
# A page that was given up is not tried again for so long: whoever opens it meanwhile, or clicks
# on it again, would hold up all others for the whole limit each time.
_GIVEN_UP_SECONDS = 600.0
_GIVEN_UP_PAGES = 1000


class PagePictures:
    """Draws pages, one at a time. Safe to share between threads; its process starts when needed."""

    def __init__(self, seconds: float = _SECONDS, memory_bytes: int = _MEMORY) -> None:
        self._seconds, self._memory = seconds, memory_bytes
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._worker: Worker | None = None
        self._given_up: dict[tuple[str, str, int], tuple[float, ParseError]] = {}  # oldest first

    def render(self, path: Path, page_number: int, dpi: int) -> bytes:
        """A page (counted from one) as a PNG. Raises `ParseError` where it cannot be drawn."""
        answer = self._ask("draw", path, page_number, dpi)
        return base64.b64decode(answer["picture"])

    def boxes(
        self, path: Path, page_number: int, text: str, start: int, end: int
    ) -> tuple[Box, ...]:
        """As `indexer.page_image.boxes`; nothing where the page takes too long or too much."""
        try:
            answer = self._ask("boxes", path, page_number, text, start, end)
        except (ParserTimeoutError, ParserMemoryError):
            return ()
        return tuple(Box(*box) for box in answer["boxes"])

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._worker is not None:
                self._worker.kill()
                self._worker = None

    def _ask(self, what: str, path: Path, page_number: int, *more: Any) -> dict[str, Any]:
        page = (what, str(path), page_number)
        with self._lock:
            until, reason = self._given_up.get(page, (0.0, None))
            if reason is not None and time.monotonic() < until:
                raise type(reason)(str(reason))
            try:
                return self._answer({what: [str(path), page_number, *more]})
            except (ParserTimeoutError, ParserMemoryError) as error:
                self._give_up(page, error)
                raise

    def _give_up(self, page: tuple[str, str, int], error: ParseError) -> None:
        self._given_up.pop(page, None)
        self._given_up[page] = (time.monotonic() + _GIVEN_UP_SECONDS, error)
        if len(self._given_up) > _GIVEN_UP_PAGES:
            del self._given_up[next(iter(self._given_up))]

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._worker is None or not self._worker.usable():
            if self._worker is not None:
                self._worker.kill()
            self._worker = Worker(self._memory)
        try:
            return next(self._worker.answers(request, self._seconds, self._closed))
        except ParserTimeoutError as error:
            raise ParserTimeoutError(
                f"this page takes more than {self._seconds:g} seconds to draw and was given up;"
                " its text was read, download the original to see it"
            ) from error
        except ParserMemoryError as error:
            raise ParserMemoryError(
                "this page takes too much memory to draw, or breaks the reader;"
                " its text was read, download the original to see it"
            ) from error
