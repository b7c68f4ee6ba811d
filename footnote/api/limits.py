"""Limits on what programs may ask: how often, how much in one piece, how many at once.

Each is said in JSON with what to do: 429 (too often, by person), 413 (too long), 503 (too many at
once). Whoever waits for a job's progress takes no turn from those who want an answer.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from embedder.errors import FootnoteError
from footnote.access import visitor
from footnote.web.server import guard, programs
from footnote.web.server.shared_home import home

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON_BYTES = 8 << 20  # 2,048 texts of 4,000 characters
_FORM_BYTES = 1 << 20  # what names and boundaries of an upload may add to its files
_WAIT_SECONDS = 30.0  # for a turn
_WAITING = 128  # requests that may wait for one
_WATCHERS = 100  # connections that follow jobs
_PEOPLE = 10_000  # whose allowances are remembered
_WATCHED = re.compile(r"/api/v1/jobs/[^/]+")


@dataclass
class Allowance:
    """Requests that are left of so many a minute; they come back evenly."""

    left: float
    at: float


@dataclass
class Rates:
    """Who has asked how often. `clock` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, Allowance] = field(default_factory=dict)

    def wait(self, who: str, a_minute: int) -> float:
        """Count a request; seconds until it may be made, 0 where it may be made now."""
        now = self.clock()
        allowance = self._left.pop(who, Allowance(a_minute, now))
        allowance.left = min(a_minute, allowance.left + (now - allowance.at) * a_minute / 60)
        allowance.at = now
        self._left[who] = allowance  # the last used last
        if len(self._left) > _PEOPLE:
            del self._left[next(iter(self._left))]
        if allowance.left < 1:
            return (1 - allowance.left) * 60 / a_minute
        allowance.left -= 1
        return 0.0


class Turns:
    """So many at once; the others wait in line, and not for ever."""

    def __init__(self, at_once: int, seconds: float = _WAIT_SECONDS, most: int = _WAITING) -> None:
        self._free, self._seconds, self._most = asyncio.Semaphore(at_once), seconds, most
        self._waiting = 0

    async def take(self) -> bool:
        """Wait for a turn; whether there is one."""
        if self._waiting >= self._most:
            return False
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), self._seconds)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def give_back(self) -> None:
        """Let the next one have it."""
        self._free.release()


class Limits:
    """The limits before an app of programs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._rates = app, Rates()
        self._turns: Turns | None = None
        self._watchers = Turns(_WATCHERS, 0.1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        connection = HTTPConnection(scope)
        send, longest = _not_shown_elsewhere(send), _longest(scope)
        refused = self._too_often(connection) or _too_long(connection, longest)
        if refused is not None:
            await refused(scope, receive, send)
            return
        turns = self._watchers if _WATCHED.fullmatch(scope["path"]) else self._all()
        if not await turns.take():
            await _too_many()(scope, receive, send)
            return
        try:
            await self._app(scope, _counted(receive, longest), send)
        finally:
            turns.give_back()

    def _all(self) -> Turns:
        if self._turns is None:
            self._turns = Turns(max(1, home().settings.number("api_at_once")))
        return self._turns

    def _too_often(self, connection: HTTPConnection) -> Response | None:
        here = home()
        try:
            who = visitor(here, guard.door(connection)).id
        except FootnoteError:  # the guard has let it through: it asks what anybody may
            who = connection.client.host if connection.client else ""
        a_minute = max(1, here.settings.number("api_rate"))
        wait = self._rates.wait(who, a_minute)
        if not wait:
            return None
        return programs.error(
            429,
            f"more than {a_minute} requests a minute were sent; wait {wait:.1f} seconds, or raise"
            " the setting api_rate",
            headers={"Retry-After": str(int(wait) + 1)},
        )


def _longest(scope: Scope) -> int:
    """Bytes that a request may have."""
    if scope["path"] == f"{programs.API}/v1/documents":
        return (home().settings.number("file_mb") << 20) + _FORM_BYTES
    return _JSON_BYTES


def _too_long(connection: HTTPConnection, longest: int) -> Response | None:
    length = connection.headers.get("content-length", "")
    if length.isdecimal() and int(length) > longest:
        return programs.error(413, _too_long_text(longest))
    return None


def _too_long_text(longest: int) -> str:
    return (
        f"this is longer than {longest >> 20} MB; send less at once (the setting file_mb says how"
        " long a file may be)"
    )


def _too_many() -> Response:
    return programs.error(
        503,
        "too many requests are being worked on; send this one again in some seconds, or raise the"
        " setting api_at_once",
        headers={"Retry-After": "5"},
    )


def _counted(receive: Receive, longest: int) -> Receive:
    """`receive` of a body that did not say how long it is, or lied."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > longest:
            raise HTTPException(413, _too_long_text(longest))
        return message

    return counting


def _not_shown_elsewhere(send: Send) -> Send:
    """`send` that has browsers keep an answer from pages of other sites, and from caches."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
