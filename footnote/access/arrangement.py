"""How an admin arranges a home: its collections, and where documents are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from footnote import arranging, deletion

if TYPE_CHECKING:
    from footnote.access.access import Access
    from footnote.home import Home
    from indexer.records import Collection, Document, Receipt


class Arrangement:
    """Collections made, renamed and deleted, documents moved and deleted; each for admins."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def _home(self) -> Home:
        return self._access.everything()

    @property
    def _who(self) -> str:
        return self._access.person.name

    def delete(self, documents: Iterable[str]) -> Receipt:
        """Delete documents. Raises `NotAllowedError`."""
        return deletion.delete(self._home, documents, self._who)

    def make_collection(self, name: str) -> Collection:
        """As `arranging.make_collection`. Raises `NotAllowedError`."""
        return arranging.make_collection(self._home, name, self._who)

    def rename_collection(self, collection: int, name: str) -> Collection:
        """As `arranging.rename_collection`. Raises `NotAllowedError`."""
        return arranging.rename_collection(self._home, collection, name, self._who)

    def move(self, documents: Iterable[str], collection: str) -> list[Document]:
        """As `arranging.move`; what another search model reads there is read by it in a job.

        Raises `NotAllowedError` or `UnknownCollectionError`.
        """
        home = self._home
        target = home.collection(collection)
        moved = arranging.move(home, documents, target, self._who)
        if moved and arranging.lacks_vectors(home, target):
            chosen = [one.id for one in moved]
            self._access.work("reindex", {"collection": target.name, "documents": chosen})
        return moved

    def delete_collection(self, collection: int) -> Receipt:
        """Delete a collection. Raises `NotAllowedError`."""
        return deletion.delete_collection(self._home, collection, self._who)
