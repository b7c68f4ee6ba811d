"""API keys: each acts for one person, who may do by it what they may do at that moment.

A key is 256 random bits behind a prefix by which scanners of leaked secrets know it. It is shown
once; the database has its SHA-256 only.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedder.atomic import StorageError
from footnote.accounts import audit
from footnote.accounts.audit import OPERATOR
from footnote.accounts.people import People, PeopleError, Person

if TYPE_CHECKING:
    import sqlite3

    from indexer.store.store import Store

PREFIX = "fn_"
MOST = 50  # of one person: more than that are forgotten ones
LABEL_CHARACTERS = 80
_NOTED_SECONDS = 60.0  # how often a use is noted: a write each time would queue behind indexing


class UnknownKeyError(PeopleError):
    """There is no such key, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed. `id` names it and opens nothing; times are epoch seconds."""

    id: str
    person: str
    label: str
    made_at: float
    expires_at: float | None
    used_at: float | None

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and time.time() >= self.expires_at


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and the `secret` that its holder sends; it is kept nowhere."""

    key: Key
    secret: str


def make(
    store: Store,
    person: Person,
    label: str = "",
    seconds: float | None = None,
    by: str = OPERATOR,
) -> NewKey:
    """A new key of a person, good for so many seconds or until it is revoked.

    Raises `PeopleError` where nobody has to sign in, or the person has too many.
    """
    if not person.id:
        raise PeopleError(
            "nobody is registered, so no key is needed on this machine; register somebody first"
            " with `footnote people add NAME`"
        )
    secret, now = PREFIX + secrets.token_urlsafe(32), time.time()
    label = " ".join(label.split())[:LABEL_CHARACTERS]
    expires = None if seconds is None else now + seconds
    made = Key(secrets.token_hex(4), person.id, label, now, expires, None)
    with store.transaction() as connection:
        if len(keys(store, person.id)) >= MOST:
            raise PeopleError(f"{person.name} has {MOST} keys; revoke those that are not used")
        connection.execute(
            "INSERT INTO keys (id, person, label, digest, made_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (made.id, person.id, label, _digest(secret), now, expires),
        )
        audit.write(connection, by, "key made", details=_named(person.name, made))
    return NewKey(made, secret)


def keys(store: Store, person: str | None = None) -> list[Key]:
    """The keys of a person, or of all, oldest first."""
    rows = store.connection.execute(
        "SELECT id, person, label, made_at, expires_at, used_at FROM keys"
        " WHERE ?1 IS NULL OR person = ?1 ORDER BY rowid",
        (person,),
    )
    return [Key(*row) for row in rows]


def revoke(store: Store, key: str, by: str = OPERATOR, person: str | None = None) -> None:
    """End a key, of this person if one is named. Raises `UnknownKeyError`."""
    with store.transaction() as connection:
        found = next((one for one in keys(store, person) if one.id == key), None)
        if found is None:
            raise UnknownKeyError(f"there is no key {key!r}; `footnote people keys` lists them")
        connection.execute("DELETE FROM keys WHERE id = ?", (key,))
        owner = People(store).name_of(found.person)
        audit.write(connection, by, "key revoked", details=_named(owner, found))


def holder(store: Store, secret: str) -> Person | None:
    """Whose key this is; None where it is unknown, revoked or expired, or they were removed."""
    row = _row(store, secret)
    if row is None or (row["expires_at"] is not None and time.time() >= row["expires_at"]):
        return None
    return People(store).get(row["person"])


def note_use(store: Store, secret: str) -> None:
    """Keep when a key was last used, to the minute."""
    row, now = _row(store, secret), time.time()
    if row is not None and abs(now - (row["used_at"] or 0.0)) > _NOTED_SECONDS:
        # On a full disk, or behind a document that is being committed, the next use is noted.
        with suppress(StorageError), store.transaction(wait=False) as connection:
            connection.execute("UPDATE keys SET used_at = ? WHERE id = ?", (now, row["id"]))


def _row(store: Store, secret: str) -> sqlite3.Row | None:
    return store.connection.execute(
        "SELECT id, person, expires_at, used_at FROM keys WHERE digest = ?", (_digest(secret),)
    ).fetchone()


def _named(owner: str, key: Key) -> str:
    return f"{owner}: {key.id}" + (f", {key.label}" if key.label else "")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
