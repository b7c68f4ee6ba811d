"""What SQLite reports, named after what a person can do about it.

    DatabaseError
    ├── DatabaseFullError         the disk has no room left
    ├── DatabaseReadOnlyError     the file or its folder cannot be written
    ├── DatabaseLockedError       another program has kept it locked for longer than one waits
    ├── DatabaseDamagedError      the file is no database (any more)
    └── DatabaseDiskError         the disk fails

Each is SQLite's own error as well. What is a mistake of ours (a wrong statement, a constraint)
stays SQLite's alone. Named in the cursor, so that whoever reads or writes has the name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from embedder.atomic import StorageError
from embedder.errors import FootnoteError


class DatabaseError(FootnoteError):
    """The home's database cannot be opened, read or written."""


class DatabaseFullError(DatabaseError, StorageError, sqlite3.OperationalError):
    """The disk has no room left; the transaction is undone."""


class DatabaseReadOnlyError(DatabaseError, StorageError, sqlite3.OperationalError):
    """The file or its folder cannot be written."""


class DatabaseLockedError(DatabaseError, StorageError, sqlite3.OperationalError):
    """Another program has kept the database locked for longer than one waits."""


class DatabaseDamagedError(DatabaseError, sqlite3.DatabaseError):
    """The file is no database (any more)."""


class DatabaseDiskError(DatabaseError, StorageError, sqlite3.OperationalError):
    """The disk fails."""


_NAMES: dict[int, tuple[type[DatabaseError], str]] = {
    sqlite3.SQLITE_FULL: (
        DatabaseFullError,
        "the disk that holds {path} is full; make room and try again: nothing that was there "
        "before is harmed",
    ),
    sqlite3.SQLITE_READONLY: (
        DatabaseReadOnlyError,
        "the database {path} cannot be written; check the disk and the folder's permissions: "
        "searching goes on, but nothing can be added, changed or deleted",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        DatabaseReadOnlyError,
        "the database {path} cannot be opened ({error}); check that the folder is there and can "
        "be written, and that the disk is not full",
    ),
    sqlite3.SQLITE_BUSY: (
        DatabaseLockedError,
        "another program has kept the database {path} locked for too long; try again, and if it "
        "goes on, end that program (a backup tool, a database browser, a job that hangs)",
    ),
    sqlite3.SQLITE_CORRUPT: (
        DatabaseDamagedError,
        "the database {path} is damaged ({error}); restore a backup, or run `footnote doctor "
        "--repair`, which saves what can be read",
    ),
    sqlite3.SQLITE_NOTADB: (
        DatabaseDamagedError,
        "the file {path} is not a database ({error}); restore a backup, or run `footnote doctor "
        "--repair`, which indexes the originals anew",
    ),
    sqlite3.SQLITE_IOERR: (
        DatabaseDiskError,
        "the disk under {path} fails ({error}); check that it has room and is sound, then run "
        "`footnote doctor`",
    ),
}
_NAMES[sqlite3.SQLITE_PERM] = _NAMES[sqlite3.SQLITE_READONLY]
_NAMES[sqlite3.SQLITE_LOCKED] = _NAMES[sqlite3.SQLITE_BUSY]


def named(error: sqlite3.Error, path: str) -> Exception:
    """The error of our tree; SQLite's own where it says nothing of the world around it."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, FootnoteError) or code is None or code & 0xFF not in _NAMES:
        return error
    kind, message = _NAMES[code & 0xFF]
    made: Any = kind(message.format(path=path, error=error))
    made.sqlite_errorcode, made.sqlite_errorname = code, error.sqlite_errorname
    return made


class Cursor(sqlite3.Cursor):
    """A cursor whose errors are named."""

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """As in `sqlite3`."""
        try:
            return super().execute(sql, parameters)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def executemany(self, sql: str, parameters: Iterable[Any]) -> Cursor:
        """As in `sqlite3`."""
        try:
            return super().executemany(sql, parameters)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def fetchone(self) -> Any:
        """As in `sqlite3`."""
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        """As in `sqlite3`."""
        try:
            return super().fetchmany(size)
        except sqlite3.Error as error:
            raise self._named(error) from error

    def fetchall(self) -> list[Any]:
        """As in `sqlite3`."""
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _named(self, error: sqlite3.Error) -> Exception:
        return named(error, getattr(self.connection, "name", "of the home"))


class Connection(sqlite3.Connection):
    """A connection whose errors are named."""

    def __init__(self, name: str, *arguments: Any, **options: Any) -> None:
        super().__init__(name, *arguments, **options)
        self.name = name

    def cursor(self, factory: Any = Cursor) -> Any:
        """A cursor whose errors are named."""
        return super().cursor(factory)

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """As in `sqlite3`, which would not go through `cursor`."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        """As in `sqlite3`, which would not go through `cursor`."""
        return self.cursor().executemany(sql, parameters)
