"""MCP over standard input and output, for a program that starts Footnote itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from footnote.access import Access
from footnote.accounts.people import ONLY_USER
from footnote.mcp import documents
from footnote.mcp.server import make
from footnote.mcp.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from footnote.home import Home


def serve(home: Home) -> None:
    """Answer until the other side hangs up. Whoever owns the home's files may read everything."""
    access = Access(home, lambda: ONLY_USER, attached=True)

    def caller(_: Any) -> tuple[Access, Callable[[str], str]]:
        return access, lambda document: documents.URI + document

    make(caller, Weights(home).start()).run("stdio")
