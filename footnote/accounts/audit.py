"""The audit log: who did what, and when. Written in the transaction of what it tells of.

Entries name people, collections and documents by the names that they had, for they outlive
them. No entry holds a password, a session, a question or a text of a document.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from indexer.store.store import Store

OPERATOR = "operator"  # the command line acts for whoever owns the home's files
THIS_COMPUTER = "this computer"  # the browser of a home where nobody is registered

What = Literal[
    "sign-in",
    "sign-in failed",
    "sign-out",
    "signed out everywhere",
    "person added",
    "person changed",
    "person removed",
    "password set",
    "key made",
    "key revoked",
    "shared",
    "no longer shared",
    "document deleted",
    "replacement ordered",
    "collection deleted",
    "promotion",
    "rollback",
    "training deleted",
    "embedder added",
]
KINDS: tuple[str, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log. `at` is seconds since the epoch; the last three may be ''."""

    id: int
    at: float
    who: str
    what: str
    collection: str
    document: str
    details: str


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of the log, newest first, and how many entries there are in all."""

    rows: tuple[AuditEntry, ...]
    total: int


def write(
    connection: sqlite3.Connection,
    who: str,
    what: What,
    *,
    collection: str = "",
    document: str = "",
    details: str = "",
) -> None:
    """Add an entry, inside the caller's transaction."""
    connection.execute(
        "INSERT INTO audit (at, who, what, collection, document, details)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (time.time(), who, what, collection, document, details),
    )


def entries(
    store: Store, kinds: Sequence[str] = (), *, who: str = "", limit: int = 100, offset: int = 0
) -> Entries:
    """The newest entries: all, those of these kinds, those of this person."""
    where, values = ["1"], list[object]()
    if kinds:
        where.append(f"what IN ({', '.join('?' * len(kinds))})")
        values += kinds
    if who:
        where.append("who = ?")
        values.append(who)
    condition = " AND ".join(where)
    total = store.connection.execute(f"SELECT count(*) FROM audit WHERE {condition}", values)
    rows = store.connection.execute(
        "SELECT id, at, who, what, collection, document, details FROM audit"
        f" WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return Entries(tuple(AuditEntry(*row) for row in rows), total.fetchone()[0])


def named(store: Store) -> list[str]:
    """Everybody who has an entry, by name."""
    rows = store.connection.execute("SELECT DISTINCT who FROM audit ORDER BY who")
    return [row["who"] for row in rows]
