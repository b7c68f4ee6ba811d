"""The API and MCP without the pages: a server of their own, behind the same guard."""

from __future__ import annotations

from starlette.applications import Starlette

from footnote.api.routes import routes
from footnote.web.server import guard


def app() -> Starlette:
    """The app; `FOOTNOTE_HOME` names its home."""
    return Starlette(
        routes=routes(pages=False),
        middleware=guard.MIDDLEWARE,
        exception_handlers=guard.EXCEPTION_HANDLERS,
    )
