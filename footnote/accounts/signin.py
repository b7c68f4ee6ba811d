"""Signing in: attempts are counted, sessions kept, all in the database for every process.

A session is 256 random bits that the browser holds; the database has their SHA-256 only.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from embedder.atomic import StorageError
from embedder.errors import FootnoteError
from footnote.accounts import audit, passwords
from footnote.accounts.people import People, Person, folded

if TYPE_CHECKING:
    import sqlite3

    from indexer.store.store import Store

IDLE_SECONDS = 24 * 3600.0  # without a click
LONGEST_SECONDS = 14 * 24 * 3600.0  # whatever happens
_NOTED_SECONDS = 60.0  # how often a click is noted: a write each time would queue behind indexing
_CLOCK_SECONDS = 3600.0  # a session of the future, further off than this, is none

# Failed attempts within the window, after which nothing is tried any more until some are older:
# sixty guesses an hour at a name, and for all names together no more than a firm mistypes.
WINDOW_SECONDS = 600.0
FAILURES_OF_A_NAME = 10
FAILURES_OF_ALL = 100

UNKNOWN_NAME = "unknown name"  # in the audit log; what was typed may have been a password


class WrongSignInError(FootnoteError):
    """Name and password do not belong together. Never says which is wrong."""


class ThrottledError(FootnoteError):
    """Too many attempts failed."""


def sign_in(store: Store, name: str, password: str) -> str:
    """The token of a new session. Raises `WrongSignInError`, `ThrottledError`.

    The attempt counts before it is looked at, so that many at once do not get past the limit.
    """
    search_key = _digest(folded(name[:200]))
    left = _count_attempt(store, search_key)
    row = store.connection.execute(
        "SELECT id, name, password FROM people WHERE removed_at IS NULL AND sought = ?",
        (folded(name[:200]),),
    ).fetchone()
    kept = row["password"] if row and row["password"] else passwords.NOBODY
    if not passwords.holds(kept, password) or kept == passwords.NOBODY:
        with store.transaction() as connection:
            audit.write(
                connection,
                row["name"] if row else UNKNOWN_NAME,
                "sign-in failed",
                details="" if left else "more attempts are refused for a while",
            )
        raise WrongSignInError("name or password is wrong; both must be typed exactly")
    kept = passwords.renewed(kept, password)
    with store.transaction() as connection:
        connection.execute("DELETE FROM sign_in_attempts WHERE name = ?", (search_key,))
        # The condition holds off a removal or another password while this one was looked at.
        changed = connection.execute(
            "UPDATE people SET password = ? WHERE id = ? AND removed_at IS NULL AND password = ?",
            (kept, row["id"], row["password"]),
        )
        if not changed.rowcount:
            raise WrongSignInError("name or password is wrong; both must be typed exactly")
        return _begin(connection, row["id"], row["name"])


def confirm(store: Store, person: Person, password: str) -> None:
    """See that somebody who is signed in knows their password. Raises as `sign_in` does."""
    search_key = _digest(folded(person.name))
    _count_attempt(store, search_key)
    row = store.connection.execute(
        "SELECT password FROM people WHERE id = ?", (person.id,)
    ).fetchone()
    if not row or not row["password"] or not passwords.holds(row["password"], password):
        raise WrongSignInError("the present password is wrong")
    with store.transaction() as connection:
        connection.execute("DELETE FROM sign_in_attempts WHERE name = ?", (search_key,))


def begin(store: Store, person: Person) -> str:
    """The token of a new session of somebody whom the organisation has signed in."""
    with store.transaction() as connection:
        return _begin(connection, person.id, person.name)


def person_of(store: Store, token: str) -> Person | None:
    """Whose session a token is; None where it has ended."""
    found = _session(store, token)
    return None if found is None else People(store).get(found["person"])


def note_click(store: Store, token: str) -> None:
    """Keep a session from going idle."""
    found, now = _session(store, token), time.time()
    if found is not None and abs(now - found["seen_at"]) > _NOTED_SECONDS:
        # On a disk that is full or cannot be written, reading goes on; and where a large document
        # is being committed, the next click is as good a one to note.
        with suppress(StorageError), store.transaction(wait=False) as connection:
            connection.execute(
                "UPDATE sessions SET seen_at = ? WHERE token = ?", (now, _digest(token))
            )


def sign_out(store: Store, token: str) -> None:
    """End a session; nothing where it has ended."""
    person = person_of(store, token)
    with store.transaction() as connection:
        connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))
        if person is not None:
            audit.write(connection, person.name, "sign-out")


def _begin(connection: sqlite3.Connection, person: str, name: str) -> str:
    token, now = secrets.token_urlsafe(32), time.time()
    connection.execute(
        "DELETE FROM sessions WHERE began_at < ? OR seen_at < ?",
        (now - LONGEST_SECONDS, now - IDLE_SECONDS),
    )
    connection.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(token), person, now, now)
    )
    audit.write(connection, name, "sign-in")
    return token


def _session(store: Store, token: str) -> sqlite3.Row | None:
    """The row of a session that has not ended. A clock set back ends those of its future."""
    now = time.time()
    return store.connection.execute(
        "SELECT person, seen_at FROM sessions WHERE token = ?"
        " AND began_at BETWEEN ? AND ? AND seen_at > ?",
        (_digest(token), now - LONGEST_SECONDS, now + _CLOCK_SECONDS, now - IDLE_SECONDS),
    ).fetchone()


def _count_attempt(store: Store, search_key: str) -> int:
    """Count an attempt before it is made; how many more of the name may fail.

    Raises `ThrottledError`.
    """
    now = time.time()
    with store.transaction() as connection:
        connection.execute(
            "DELETE FROM sign_in_attempts WHERE tried_at NOT BETWEEN ? AND ?",
            (now - WINDOW_SECONDS, now + WINDOW_SECONDS),
        )
        count = "SELECT count(*), min(tried_at) FROM sign_in_attempts"
        mine, since = connection.execute(f"{count} WHERE name = ?", (search_key,)).fetchone()
        all_of_them, since_all = connection.execute(count).fetchone()
        if mine >= FAILURES_OF_A_NAME:
            raise _throttled(since + WINDOW_SECONDS - now)
        if all_of_them >= FAILURES_OF_ALL:
            raise _throttled(since_all + WINDOW_SECONDS - now)
        connection.execute(
            "INSERT INTO sign_in_attempts (name, tried_at) VALUES (?, ?)", (search_key, now)
        )
    return FAILURES_OF_A_NAME - mine - 1


def _throttled(seconds: float) -> ThrottledError:
    minutes = max(1, math.ceil(seconds / 60))
    return ThrottledError(
        "too many attempts to sign in have failed; try again in"
        f" {minutes} minute{'s' if minutes > 1 else ''}"
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
