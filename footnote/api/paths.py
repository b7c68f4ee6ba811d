"""Where programs come in, told apart from the pages."""

from __future__ import annotations

from collections.abc import Mapping

API, OPENAI, MCP = "/api", "/v1", "/mcp"
DOCS, DESCRIPTION, HEALTH = "/api/docs", "/api/openapi.json", "/api/v1/health"
# They say nothing of anybody's: what Footnote can do, and that it is there.
OPEN = (DOCS, DESCRIPTION, HEALTH)


def is_for_programs(path: str) -> bool:
    """Whether a path is the API's or MCP's."""
    return any(path == one or path.startswith(f"{one}/") for one in (API, OPENAI, MCP))


def bearer(headers: Mapping[str, str]) -> str:
    """The key that a request brings, '' where it brings none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.casefold() == "bearer" else ""
