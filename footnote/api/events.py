"""Server-sent events, and work in a thread that is told of as it goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Generic, TypeVar

from starlette.responses import StreamingResponse

Result = TypeVar("Result")

ALIVE_SECONDS = 10.0  # proxies close a connection that says nothing for long
_HEADERS = {"X-Accel-Buffering": "no"}  # nginx would keep pieces until there are many


class _LeftError(Exception):
    """Nobody waits for the work any more."""


class Working(Generic[Result]):
    """Work in a thread of its own: a language model may hang for long.

    Iterated, it gives what the work tells of, and '' from time to time where it tells nothing;
    after that `result` is there. Raises what the work raised.
    """

    def __init__(self, work: Callable[[Callable[[str], None]], Result]) -> None:
        self._work = work
        self._result: list[Result] = []

    @property
    def result(self) -> Result:
        """What came of it."""
        return self._result[0]

    async def __aiter__(self) -> AsyncIterator[str]:
        """Start, and tell; leaving early has the work stop at its next word."""
        loop, queue, left = asyncio.get_running_loop(), asyncio.Queue[Any](), Event()

        def put(item: object) -> None:
            with suppress(RuntimeError):  # the server has been stopped meanwhile
                loop.call_soon_threadsafe(queue.put_nowait, item)

        def tell(piece: str) -> None:
            if left.is_set():
                raise _LeftError
            put(piece)

        def run() -> None:
            try:
                self._result.append(self._work(tell))
                put(None)
            except Exception as error:  # noqa: BLE001 - comes up again where it is iterated
                put(error)

        Thread(target=run, daemon=True).start()
        try:
            while (item := await _next(queue)) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            left.set()


async def _next(queue: asyncio.Queue[Any]) -> Any:
    try:
        return await asyncio.wait_for(queue.get(), ALIVE_SECONDS)
    except TimeoutError:
        return ""


def event(data: Any, name: str = "") -> str:
    """One event; without data a comment that keeps the connection open."""
    if data is None:
        return ": still at it\n\n"
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {name}\n" if name else "") + f"data: {text}\n\n"


def response(events: AsyncIterator[str]) -> StreamingResponse:
    """An answer that comes event by event."""
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)
