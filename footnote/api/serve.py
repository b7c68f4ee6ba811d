"""The API and MCP without the pages: a server of their own, behind the same guard."""

from __future__ import annotations

import os

from starlette.applications import Starlette

from footnote.api.routes import routes
from footnote.mcp.weights import Weights
from footnote.web.server import guard
from footnote.web.server.shared_home import home

_THREADS = "OMP_NUM_THREADS"


def app() -> Starlette:
    """The app; `FOOTNOTE_HOME` names its home."""
    return Starlette(
        routes=routes(pages=False),
        middleware=guard.MIDDLEWARE,
        exception_handlers=guard.EXCEPTION_HANDLERS,
    )


def process() -> Starlette:
    """The app of one of the processes that serve it, with the weights on their way."""
    Weights(home()).start()  # so that the first question need not wait for them
    return app()


def run(host: str, port: int, workers: int) -> None:
    """Serve it until Ctrl+C, by so many processes that share the address.

    One that dies is replaced. They divide the cores between them: with one process the
    interpreter's lock keeps most of a second core idle.
    """
    import uvicorn

    if workers > 1:
        cores = max(1, (os.cpu_count() or 1) // workers)
        os.environ.setdefault(_THREADS, str(cores))  # read by torch and FAISS in the processes
    uvicorn.run(
        "footnote.api.serve:process",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
