"""Which status each kind of error has."""

from __future__ import annotations

from starlette.responses import Response

from embedder.atomic import StorageError
from embedder.errors import FootnoteError
from embedder.registry import UnknownEmbedderError
from footnote.access import ElsewhereError, NotAllowedError, NotSignedInError
from footnote.accounts.people import PeopleError
from footnote.arranging import UnfitNameError
from footnote.home import UnknownCollectionError
from footnote.jobs.queue import JobError
from footnote.web.server import programs
from indexer.parsers.errors import ParseError
from indexer.store.database import SnapshotError
from indexer.store.errors import (
    CollectionNameTakenError,
    TwinDocumentError,
    UnknownDocumentError,
    UnknownOriginalError,
)
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
    (UnfitNameError, 422),
    (CollectionNameTakenError, 409),
    (TwinDocumentError, 409),
    (PeopleError, 422),
    (SnapshotError, 403),
    (StorageError, 507),
)


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
    return programs.error(status_of(error), str(error), param=param)


def event_of(error: FootnoteError) -> dict[str, object]:
    """The same as the last event of a stream."""
    return programs.error_json(status_of(error), str(error))
