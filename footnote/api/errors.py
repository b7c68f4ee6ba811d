"""Errors as JSON: what happened, and what to do. One table says which status each kind has.

The shape is OpenAI's, on all paths: `{"error": {"message": …, "type": …, "param": …, "code": …}}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from embedder.atomic import StorageError
from embedder.errors import FootnoteError
from embedder.registry import UnknownEmbedderError
from footnote.accounts.access import ElsewhereError, NotAllowedError, NotSignedInError
from footnote.accounts.people import PeopleError
from footnote.home import UnknownCollectionError
from footnote.jobs.queue import JobError
from indexer.parsers.errors import ParseError
from indexer.store.errors import UnknownDocumentError, UnknownOriginalError
from rag.answer import EmptyQuestionError
from rag.explain import NothingExpectedError

# The first that fits; what is not named here is a fault of this machine's.
_STATUS: tuple[tuple[type[FootnoteError], int], ...] = (
    (NotSignedInError, 401),
    (ElsewhereError, 403),
    (NotAllowedError, 403),
    (UnknownCollectionError, 404),
    (UnknownDocumentError, 404),
    (UnknownOriginalError, 404),
    (UnknownEmbedderError, 404),
    (JobError, 404),
    (EmptyQuestionError, 422),
    (NothingExpectedError, 422),
    (ParseError, 422),
    (PeopleError, 422),
    (StorageError, 507),
)
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "too_large_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class RequestError(FootnoteError):
    """A request that cannot be done as it was sent. `param` names the field, '' for none."""

    def __init__(self, message: str, status: int = 400, param: str = "") -> None:
        super().__init__(message)
        self.status, self.param = status, param


def status_of(error: FootnoteError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, RequestError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def of_error(error: FootnoteError) -> Response:
    """The answer to a request that failed with this."""
    param = error.param if isinstance(error, RequestError) else ""
    return said(status_of(error), str(error), param=param)


def said(
    status: int, message: str, *, param: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An error in so many words."""
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body(status, message, param), status, headers)


def body(status: int, message: str, param: str = "") -> dict[str, object]:
    """The JSON of an error."""
    kind = _TYPES.get(status, "server_error")
    message = message.strip()
    message = message[:1].upper() + message[1:]
    if not message.endswith((".", "!", "?")):
        message += "."
    return {"error": {"message": message, "type": kind, "param": param or None, "code": status}}
