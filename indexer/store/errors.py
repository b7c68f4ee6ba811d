"""Errors of the store: what was asked for is not there, or cannot be read."""

from __future__ import annotations

from embedder.errors import FootnoteError
from indexer.store.database import DatabaseError


class UnknownDocumentError(FootnoteError):
    """A document or page was asked for that is not there (any more)."""


class UnknownOriginalError(FootnoteError):
    """The original of a document is not in the home."""


class DatabaseLostError(DatabaseError):
    """The database is not there, though the home has originals."""


class CollectionGoneError(FootnoteError):
    """A collection was deleted while something was put into it."""


class CollectionNameTakenError(FootnoteError):
    """A collection was to have the name of another."""


class TwinDocumentError(FootnoteError):
    """A document was to go where its content is already."""


class DamagedVectorError(FootnoteError):
    """A stored vector is not of its generation's length."""
