"""Where the API and MCP stand among an app's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from footnote.api.app import api
from footnote.api.limits import Limits
from footnote.mcp.http import McpDoor
from footnote.web.server import programs

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Programs:
    """All that programs ask, by path."""

    def __init__(self, *, pages: bool) -> None:
        self._mcp = McpDoor(pages=pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        app = self._mcp if scope["path"].startswith(programs.MCP) else api
        await app(scope, receive, send)


def routes(*, pages: bool) -> list[Route]:
    """The routes, under common limits; the guard belongs before them."""
    limited = Limits(Programs(pages=pages))
    return [
        Route(f"{programs.API}/{{rest:path}}", limited),
        Route(f"{programs.OPENAI}/{{rest:path}}", limited),
        Route(programs.MCP, limited),
    ]
