"""How programs come in, told apart from people's browsers: their paths, keys and errors.

An error is JSON in OpenAI's shape, on all paths: `{"error": {"message", "type", "param", "code"}}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

API, OPENAI, MCP = "/api", "/v1", "/mcp"
DOCS, DESCRIPTION, HEALTH = "/api/docs", "/api/openapi.json", "/api/v1/health"
# They say nothing of anybody's: what Footnote can do, and that it is there.
OPEN = (DOCS, DESCRIPTION, HEALTH)

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "too_large_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}


def asks(path: str) -> bool:
    """Whether a path is for programs: the API's or MCP's."""
    return any(path == one or path.startswith(f"{one}/") for one in (API, OPENAI, MCP))


def bearer(headers: Mapping[str, str]) -> str:
    """The key that a request brings, '' where it brings none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.casefold() == "bearer" else ""


def error(
    status: int, message: str, *, param: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An error in so many words: what happened, and what to do."""
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error_json(status, message, param), status, headers)


def error_json(status: int, message: str, param: str = "") -> dict[str, object]:
    """The JSON of an error; messages are written to follow a colon, here each stands alone."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = message.strip()
    message = message[:1].upper() + message[1:]
    if not message.endswith((".", "!", "?")):
        message += "."
    return {"error": {"message": message, "type": kind, "param": param or None, "code": status}}
