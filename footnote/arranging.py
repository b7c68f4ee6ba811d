"""Collections made and renamed, documents moved between them, each noted in the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR, What
from indexer.store import moving
from indexer.store.errors import CollectionNameTakenError
from training.runs import Runs

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.records import Collection, Document

LONGEST_NAME = 200  # characters of a collection's name


class UnfitNameError(FootnoteError):
    """A collection was to have a name that is none."""


def make_collection(home: Home, name: str, by: str = OPERATOR) -> Collection:
    """A new, empty collection. Raises `UnfitNameError` or `CollectionNameTakenError`."""
    wanted = _fit(name)
    if there := home.store.collection(wanted):
        raise CollectionNameTakenError(
            f"there is a collection {there.name!r} already; choose another name"
        )
    made = home.store.create_collection(wanted)
    _note(home, by, "collection made", made.name)
    return made


def rename_collection(home: Home, collection: int, name: str, by: str = OPERATOR) -> Collection:
    """Give a collection another name, in the orders of its trainings too.

    Raises `UnfitNameError` or `CollectionNameTakenError`.
    """
    before = next(one.name for one in home.store.collections() if one.id == collection)
    renamed = moving.rename_collection(home.store, collection, _fit(name))
    for run in Runs(home.path / "runs"):
        if run.request.collection == before:
            order = replace(run.request, collection=renamed.name)
            order.write(run.folder / "order.json")
    _note(home, by, "collection renamed", renamed.name, details=before)
    return renamed


def move(
    home: Home, documents: Iterable[str], collection: Collection, by: str = OPERATOR
) -> list[Document]:
    """Move documents into a collection; those that moved.

    Raises `UnknownDocumentError`, or `TwinDocumentError` where one is there already: those
    before it have moved then.
    """
    names = {one.id: one.name for one in home.store.collections()}
    moved = []
    for identifier in documents:
        before = home.store.document(identifier)
        after = moving.move_document(home.store, identifier, collection.id)
        if after.collection != before.collection:
            moved.append(after)
            _note(home, by, "document moved", collection.name, before, names[before.collection])
    return moved


def lacks_vectors(home: Home, collection: Collection) -> bool:
    """Whether there are passages that its search model has not read yet."""
    fingerprint = home.store.generation(collection.id)
    return bool(fingerprint and home.store.unembedded(collection.id, fingerprint, 1))


def _note(
    home: Home,
    by: str,
    what: What,
    collection: str,
    document: Document | None = None,
    details: str = "",
) -> None:
    with home.store.transaction() as connection:
        audit.write(
            connection,
            by,
            what,
            collection=collection,
            document=document.id if document else "",
            details=" from ".join(filter(None, (document.title if document else "", details))),
        )


def _fit(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME:
        raise UnfitNameError(f"a collection's name has 1 to {LONGEST_NAME} characters")
    return wanted
