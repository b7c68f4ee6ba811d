"""Documents and collections deleted for good, each noted in the audit log first."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.records import Receipt


def delete(home: Home, documents: Iterable[str], by: str = OPERATOR) -> Receipt:
    """Delete documents with all their revisions; those that are gone are passed over."""
    names = {collection.id: collection.name for collection in home.store.collections()}
    there = []
    for identifier in documents:
        with suppress(UnknownDocumentError):
            there.append(home.store.document(identifier))
    with home.store.transaction() as connection:
        for document in there:
            audit.write(
                connection,
                by,
                "document deleted",
                collection=names.get(document.collection, ""),
                document=document.id,
                details=document.title,
            )
    return home.store.delete(document.id for document in there)


def delete_collection(home: Home, collection: int, by: str = OPERATOR) -> Receipt:
    """Delete a collection with all that is in it."""
    names = {one.id: one.name for one in home.store.collections()}
    with home.store.transaction() as connection:
        audit.write(connection, by, "collection deleted", collection=names.get(collection, ""))
    return home.store.delete_collection(collection)
