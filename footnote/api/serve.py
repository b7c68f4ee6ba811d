"""The API and MCP without the pages: a server of their own, behind the same guard."""

from __future__ import annotations

import os
import socket

from starlette.applications import Starlette

from embedder.errors import FootnoteError
from footnote.api.routes import routes
from footnote.mcp.weights import Weights
from footnote.web.server import guard
from footnote.web.server.shared_home import home

_THREADS, _ANSWERERS = "OMP_NUM_THREADS", "FOOTNOTE_ANSWERERS"


def app() -> Starlette:
    """The app; `FOOTNOTE_HOME` names its home."""
    return Starlette(
        routes=routes(pages=False),
        middleware=guard.MIDDLEWARE,
        exception_handlers=guard.EXCEPTION_HANDLERS,
    )


class AddressTakenError(FootnoteError):
    """The address cannot be served at."""


def process() -> Starlette:
    """The app of one of the processes that serve it, with the weights on their way."""
    Weights(home()).start()  # so that the first question need not wait for them
    return app()


def run(host: str, port: int, workers: int) -> None:
    """Serve it until Ctrl+C, by so many processes that share the address.

    One that dies is replaced. They divide the cores between them: with one process the
    interpreter's lock keeps most of a second core idle. Raises `AddressTakenError`.
    """
    import uvicorn

    _check_free(host, port)
    if workers > 1:
        cores = max(1, (os.cpu_count() or 1) // workers)
        os.environ.setdefault(_THREADS, str(cores))  # read by torch and FAISS in the processes
        os.environ.setdefault(_ANSWERERS, "0")  # each has a core already
    uvicorn.run(
        "footnote.api.serve:process",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


def _check_free(host: str, port: int) -> None:
    """See that one may serve there: several processes would each fail, again and again."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found[:1]:
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
                tried.listen(1)
    except OSError as error:
        raise AddressTakenError(
            f"{host} port {port} cannot be served at ({error.strerror or error}); end what serves"
            " there, or choose another with --port"
        ) from error
