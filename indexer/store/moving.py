"""Documents moved to another collection, and collections under another name.

A collection has keyword statistics, an index and a generation of its own, so passages do not
change their collection: new ones are written where the document goes, with new ids, and the old
ones leave as those of a deleted document do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from indexer.records import Collection, Document, Passage
from indexer.store import writes
from indexer.store.errors import CollectionNameTakenError, TwinDocumentError

if TYPE_CHECKING:
    from indexer.store.store import Store


def move_document(store: Store, document: str, collection: int) -> Document:
    """Put a document, with its revisions, into another collection; as it then is.

    Where its path is taken there, it gets another. Its vectors go along where the same generation
    answers there; else they are to be made. Raises `UnknownDocumentError` or `TwinDocumentError`.
    """
    there = store.document(document)
    passages = store.passages_of(document)
    language = store.document_languages([document]).get(document, "")
    terms = writes.keyword_terms(there.title, passages, language)  # others do not wait for this
    with store.transaction() as connection:
        here = store.document(document)
        store.check_there(collection)
        if here.collection == collection or not here.current:
            return here
        twin = here.content_hash and store.document_with(collection, here.content_hash)
        if twin:
            raise TwinDocumentError(
                f"{here.title!r} is there already, as {twin.path!r}; delete one of them"
            )
        fingerprint = _generation(store, here.collection, collection)
        vectors = store.passage_vectors((one.id for one in passages), fingerprint)
        writes.remove_passages(connection, here)
        path = free_name(here.path, lambda one: _is_taken(connection, collection, one))
        connection.execute(
            "UPDATE documents SET collection = ?, path = ?, sought = ?"
            " WHERE collection = ? AND path = ?",
            (collection, path, f"{here.title}\n{path}".casefold(), here.collection, here.path),
        )
        moved = replace(here, collection=collection, path=path)
        ids = writes.insert_passages(connection, moved, passages, terms)
        _take_along(connection, dict(zip(ids, passages, strict=True)), vectors, fingerprint)
        connection.execute(
            "UPDATE collections SET fingerprint = ? WHERE id = ? AND fingerprint = ''",
            (fingerprint, collection),
        )
    return moved


def rename_collection(store: Store, collection: int, name: str) -> Collection:
    """Give a collection another name. Raises `CollectionNameTakenError`."""
    with store.transaction() as connection:
        store.check_there(collection)
        other = store.collection(name)
        if other is not None and other.id != collection:
            raise CollectionNameTakenError(
                f"there is a collection {other.name!r} already; choose another name"
            )
        connection.execute("UPDATE collections SET name = ? WHERE id = ?", (name, collection))
    return Collection(collection, name)


def _generation(store: Store, source: int, target: int) -> str:
    """The generation that answers where the document goes; in a new collection, its own."""
    return store.generation(target) or store.generation(source)


def _take_along(
    connection: sqlite3.Connection,
    passages: dict[int, Passage],
    vectors: dict[int, np.ndarray],
    fingerprint: str,
) -> None:
    """Write the vectors of passages under their new ids."""
    known = [new for new, passage in passages.items() if passage.id in vectors]
    if known:
        rows = np.stack([vectors[passages[new].id] for new in known])
        writes.insert_vectors(connection, known, rows, fingerprint)


def _is_taken(connection: sqlite3.Connection, collection: int, path: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM documents WHERE collection = ? AND path = ?", (collection, path)
    )
    return found.fetchone() is not None


def free_name(path: str, taken: Callable[[str], bool]) -> str:
    """The path, or `folder/a (2).pdf` where `folder/a.pdf` is taken."""
    whole, number, candidate = PurePath(path), 1, path
    while taken(candidate):
        number += 1
        candidate = str(whole.with_name(f"{whole.stem} ({number}){whole.suffix}"))
    return candidate
