"""MCP over HTTP (`/mcp`, streamable HTTP): each request stands alone, with its own key.

The SDK takes over a second to import, so it is when the first request comes.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response

from footnote.web.server import programs
from footnote.web.server.caller import access_of
from footnote.web.server.shared_home import home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from footnote.access import Access
    from footnote.mcp.weights import Weights


class McpDoor:
    """An ASGI app; `pages` says whether the web pages are served beside it."""

    def __init__(self, *, pages: bool) -> None:
        self._place = "/library?document={}" if pages else programs.API + "/v1/documents/{}/text"
        self._running: tuple[object, asyncio.Future[StreamableHTTPSessionManager]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["method"] != "POST":  # without sessions there is nothing to listen to, or to end
            refused: Response = programs.error(
                405,
                "MCP is spoken by POST here; nothing is sent unasked",
                headers={"Allow": "POST"},
            )
            await refused(scope, receive, send)
            return
        manager = await self._manager()
        await manager.handle_request(scope, receive, send)

    async def _manager(self) -> StreamableHTTPSessionManager:
        """The SDK's manager, at work in this event loop."""
        loop = asyncio.get_running_loop()
        running = self._running
        if running is None or running[0] is not loop:
            started: asyncio.Future[StreamableHTTPSessionManager] = loop.create_future()
            self._running = running = (loop, started)
            self._task = loop.create_task(self._work(started))
        return await asyncio.shield(running[1])

    async def _work(self, started: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        manager = await asyncio.to_thread(self._made)
        async with manager.run():
            started.set_result(manager)
            await asyncio.Event().wait()  # until the server ends

    def _made(self) -> StreamableHTTPSessionManager:

        from footnote.mcp.server import make

        server = make(self._caller, _weights(home().path))
        # Host and Origin are the guard's matter; a `host` of this machine would bring the SDK's.
        server.streamable_http_app(json_response=True, stateless_http=True, host="")
        return server.session_manager

    def _caller(self, request: Request) -> tuple[Access, Callable[[str], str]]:
        base = str(request.base_url).rstrip("/")
        return access_of(request), lambda document: base + self._place.format(document)


@cache
def _weights(_: Path) -> Weights:
    from footnote.mcp.weights import Weights

    return Weights(home()).start()
