"""Which collections are shared with whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR
from footnote.accounts.people import EVERYONE, People, Person, folded

if TYPE_CHECKING:
    from indexer.records import Collection
    from indexer.store.store import Store

_ALL = ""  # stands for everyone in the table


def readable(store: Store, person: Person) -> frozenset[int]:
    """The ids of the collections that a person may read: an admin all of them."""
    if person.admin:
        rows = store.connection.execute("SELECT id FROM collections")
    else:
        rows = store.connection.execute(
            "SELECT DISTINCT collection FROM shares WHERE person IN (?, ?)", (person.id, _ALL)
        )
    return frozenset(row[0] for row in rows)


def shared_with(store: Store, collection: int) -> list[str]:
    """Names of those a collection is shared with; `everyone` first, where it is."""
    rows = store.connection.execute(
        "SELECT coalesce(people.name, ?) FROM shares LEFT JOIN people"
        " ON people.id = shares.person WHERE collection = ? ORDER BY people.sought",
        (EVERYONE, collection),
    )
    return [row[0] for row in rows]


def share(store: Store, collection: Collection, name: str, by: str = OPERATOR) -> None:
    """Let somebody, or everyone, read a collection. Raises `UnknownPersonError`."""
    person = _person(store, name)
    with store.transaction() as connection:
        made = connection.execute(
            "INSERT OR IGNORE INTO shares SELECT id, ?, ? FROM collections WHERE id = ?",
            (person, time.time(), collection.id),
        )
        if made.rowcount:
            audit.write(connection, by, "shared", collection=collection.name, details=name)


def unshare(store: Store, collection: Collection, name: str, by: str = OPERATOR) -> None:
    """Take that back. Raises `UnknownPersonError`."""
    person = _person(store, name)
    with store.transaction() as connection:
        gone = connection.execute(
            "DELETE FROM shares WHERE collection = ? AND person = ?", (collection.id, person)
        )
        if gone.rowcount:
            audit.write(
                connection, by, "no longer shared", collection=collection.name, details=name
            )


def _person(store: Store, name: str) -> str:
    return _ALL if folded(name) == EVERYONE else People(store).named(name).id
