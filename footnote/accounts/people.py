"""The people of a home: added, changed, removed. Where there are none, one local user is admin.

A change of role or password, and a removal, end the person's sessions at once; so a page that
was drawn for an admin can do nothing any more for someone who is none.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from embedder.errors import FootnoteError
from footnote.accounts import audit, passwords
from footnote.accounts.audit import OPERATOR

if TYPE_CHECKING:
    from indexer.store.store import Store

Role = Literal["admin", "reader"]
ROLES: tuple[Role, ...] = ("admin", "reader")

EVERYONE = "everyone"
_RESERVED = {EVERYONE, OPERATOR, audit.THIS_COMPUTER}
_NAME = re.compile(r"[\w.@+-]{1,64}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_COLUMNS = "id, name, display_name, email, role, may_upload, added_at"


class PeopleError(FootnoteError):
    """Something about people that cannot be done; the message says why."""


class UnknownPersonError(PeopleError):
    """Nobody of this name is registered."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may use a home. `added_at` is seconds since the epoch."""

    id: str
    name: str
    display_name: str = ""
    email: str = ""
    role: Role = "reader"
    may_upload: bool = False
    added_at: float = 0.0

    @property
    def admin(self) -> bool:
        """Whether everything is allowed."""
        return self.role == "admin"

    @property
    def called(self) -> str:
        """The name to show."""
        return self.display_name or self.name


# Who asks from this machine while nobody is registered. Conversations and jobs of that time
# have the owner ''.
ONLY_USER = Person("", audit.THIS_COMPUTER, role="admin", may_upload=True)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is told of a person. A role of None: admin for the first, reader for all others."""

    role: Role | None = None
    display_name: str = ""
    email: str = ""
    may_upload: bool = False


def folded(name: str) -> str:
    """A name as it is compared: compatibility forms unified, case folded."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


class People:
    """The people of one store. `by` is who does it, for the audit log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def registered(self) -> bool:
        """Whether anybody is."""
        return self._one("removed_at IS NULL") is not None

    def admin_registered(self) -> bool:
        """Whether an admin is."""
        return self._one("removed_at IS NULL AND role = 'admin'") is not None

    def all(self) -> list[Person]:
        """All who are registered, by name."""
        rows = self._store.connection.execute(
            f"SELECT {_COLUMNS} FROM people WHERE removed_at IS NULL ORDER BY sought"
        )
        return list(map(_person, rows))

    def named(self, name: str) -> Person:
        """The person of this name. Raises `UnknownPersonError`."""
        found = self._one("removed_at IS NULL AND sought = ?", folded(name))
        if found is None:
            raise UnknownPersonError(
                f"nobody called {name!r} is registered; see `footnote people list`"
            )
        return found

    def get(self, identifier: str) -> Person | None:
        """The person with this id, while they are registered."""
        return self._one("removed_at IS NULL AND id = ?", identifier)

    def with_email(self, email: str) -> Person | None:
        """The person with this e-mail address."""
        return self._one("removed_at IS NULL AND email = ? AND email != ''", folded(email))

    def name_of(self, identifier: str) -> str:
        """The name of an owner, who may have been removed since."""
        found = self._one("id = ?", identifier)
        return found.name if found else audit.THIS_COMPUTER

    def add(
        self, name: str, password: str | None, profile: Profile | None = None, by: str = OPERATOR
    ) -> Person:
        """Register somebody. Without a password only the organisation's sign-in lets them in.

        The first admin takes over the conversations of the time when nobody was registered.
        Raises `PeopleError` for a name, address or password that cannot be.
        """
        profile = profile or Profile()
        name, email = _checked_name(name), _checked_email(profile.email)
        if password is None and not email:
            raise PeopleError(f"{name} needs a password, an e-mail address, or both")
        hashed = "" if password is None else passwords.hashed(password, name)
        identifier = secrets.token_hex(8)
        with self._store.transaction() as connection:
            self._refuse_taken(name, email)
            role = profile.role or ("reader" if self.registered() else "admin")
            if role == "admin" and not self.admin_registered():
                for table in ("conversations", "jobs"):
                    connection.execute(
                        f"UPDATE {table} SET owner = ? WHERE owner = ''", (identifier,)
                    )
            connection.execute(
                f"INSERT INTO people ({_COLUMNS}, sought, password)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    identifier,
                    name,
                    profile.display_name.strip(),
                    email,
                    role,
                    profile.may_upload,
                    time.time(),
                    folded(name),
                    hashed,
                ),
            )
            audit.write(connection, by, "person added", details=f"{name}, {role}")
        return self.named(name)

    def change(self, name: str, profile: Profile, by: str = OPERATOR) -> Person:
        """Give a person another profile; another role ends their sessions. Raises `PeopleError`."""
        email = _checked_email(profile.email)
        with self._store.transaction() as connection:
            person = self.named(name)
            role = profile.role or person.role
            self._refuse_taken("", email, but=person)
            self._keep_an_admin(person, stays=role == "admin")
            connection.execute(
                "UPDATE people SET role = ?, display_name = ?, email = ?, may_upload = ?"
                " WHERE id = ?",
                (role, profile.display_name.strip(), email, profile.may_upload, person.id),
            )
            if role != person.role:
                _end_sessions(connection, person)
            said = f"{person.name}: {role}, {'may' if profile.may_upload else 'may not'} upload"
            audit.write(connection, by, "person changed", details=said)
        return self.named(name)

    def set_password(self, name: str, password: str, by: str = OPERATOR) -> None:
        """Give a person another password, and end their sessions. Raises `PeopleError`."""
        person = self.named(name)
        hashed = passwords.hashed(password, person.name)
        with self._store.transaction() as connection:
            connection.execute("UPDATE people SET password = ? WHERE id = ?", (hashed, person.id))
            _end_sessions(connection, person)
            audit.write(connection, by, "password set", details=person.name)

    def remove(self, name: str, by: str = OPERATOR) -> None:
        """Let somebody in no more; what was shared with them, too, is forgotten.

        Their conversations stay, and nobody can read them. Raises `PeopleError`.
        """
        with self._store.transaction() as connection:
            person = self.named(name)
            self._keep_an_admin(person, stays=False)
            connection.execute(
                "UPDATE people SET removed_at = ?, password = '' WHERE id = ?",
                (time.time(), person.id),
            )
            for table in ("shares", "keys"):
                connection.execute(f"DELETE FROM {table} WHERE person = ?", (person.id,))
            _end_sessions(connection, person)
            audit.write(connection, by, "person removed", details=person.name)

    def sign_out_everywhere(self, name: str, by: str = OPERATOR) -> None:
        """End all sessions of a person. Raises `UnknownPersonError`."""
        with self._store.transaction() as connection:
            person = self.named(name)
            _end_sessions(connection, person)
            audit.write(connection, by, "signed out everywhere", details=person.name)

    def _keep_an_admin(self, person: Person, *, stays: bool) -> None:
        others = [one for one in self.all() if one.id != person.id]
        if person.admin and not stays and others and not any(one.admin for one in others):
            raise PeopleError(f"{person.name} is the only admin; make somebody else one first")

    def _refuse_taken(self, name: str, email: str, but: Person | None = None) -> None:
        if name and self._one("removed_at IS NULL AND sought = ?", folded(name)):
            raise PeopleError(f"somebody called {name!r} is registered already")
        holder = self.with_email(email)
        if holder and (but is None or holder.id != but.id):
            raise PeopleError(f"{holder.name} is registered with the address {email} already")

    def _one(self, condition: str, *values: str) -> Person | None:
        row = self._store.connection.execute(
            f"SELECT {_COLUMNS} FROM people WHERE {condition} LIMIT 1", values
        ).fetchone()
        return _person(row) if row else None


def _end_sessions(connection: sqlite3.Connection, person: Person) -> None:
    connection.execute("DELETE FROM sessions WHERE person = ?", (person.id,))


def _person(row: sqlite3.Row) -> Person:
    identifier, name, display_name, email, role, may_upload, added_at = tuple(row)[:7]
    return Person(identifier, name, display_name, email, role, bool(may_upload), added_at)


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFKC", name).strip()
    if not _NAME.fullmatch(name) or folded(name) in _RESERVED:
        raise PeopleError(
            f"{name!r} cannot be a name: take letters, digits and any of . @ + - _, at most 64,"
            f" and not {EVERYONE!r} or {OPERATOR!r}"
        )
    return name


def _checked_email(email: str) -> str:
    email = folded(email)
    if email and not _EMAIL.fullmatch(email):
        raise PeopleError(f"{email!r} is no e-mail address")
    return email
