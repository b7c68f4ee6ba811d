"""One SQLite file, opened once a thread, by as many processes as there are.

The file is in WAL mode: readers never wait, writers queue behind each other for the length of
one transaction. It is reached through the standard library alone: importing sqlite-utils takes
0.5 to 0.8 s wherever pandas is installed (Streamlit brings it), more than a whole keyword
search from a cold shell may take.

What SQLite reports of the world around it is named here, so that it reaches people as what
they can do about it (`indexer.sqlite_faults`). On a disk that cannot be written the file is
opened for reading.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from indexer.store.db_errors import Connection, DatabaseError, DatabaseReadOnlyError, named
from indexer.store.migrations import migrate, refuse_newer

__all__ = ["Database", "DatabaseError", "connect"]

# Vectors are blobs of 1 to 8 kB. 20,000 of them (dimension 576, beside an 800-character
# passage each) take 110 MB in pages of 4 kB when keyed in a WITHOUT ROWID table, 44.7 MB with a
# rowid, and 42.5 MB in pages of 16 kB; at dimension 1152: 110, 99 and 64 MB (ideal: 62).
_PAGE_BYTES = 16384

# Kilobytes of pages that a connection holds. The app has two threads for each person who is being
# answered, and every commit, of anybody, empties the caches of all connections but its own. With
# 100,000 passages and 20 threads that search, the app takes 762 MB with 4 MB a connection and
# 1,416 MB with 32, at the same speed; so does writing (`docs/log/load.md`, Load).
_CACHE_KB = 4096

# In the folder of a copy for reading (`footnote.backup.snapshot`): nobody writes there.
SNAPSHOT = "snapshot.json"

# How long a writer waits for its turn. The longest transaction is the commit of one large
# document: seconds.
_BUSY_SECONDS = 60.0
_RETRY_SECONDS = 0.05


class SnapshotError(DatabaseReadOnlyError):
    """Something was to be changed in a copy for reading."""


def refuse_snapshot(home: Path) -> None:
    """Raise `SnapshotError` where a home is a copy for reading."""
    if (home / SNAPSHOT).exists():
        raise SnapshotError(
            f"{home} is a copy for reading; documents, people and sharing are changed in the home"
            " that it was made of"
        )


class Database:
    """Connections to one SQLite file, one for each thread that asks.

    `synchronous` is FULL: a kill of the process loses nothing that was committed under NORMAL
    either, but a power cut could undo a deletion whose original and receipt are already gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, Connection]] = []
        self._lock = threading.Lock()
        try:
            migrate(self.connection)
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> Connection:
        """This thread's connection, in autocommit mode. Raises `DatabaseError`."""
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = connect(self.path)
            with self._lock:
                self._close_those_of_ended_threads()
                self._all.append((threading.current_thread(), found))
        return found

    def _close_those_of_ended_threads(self) -> None:
        """Streamlit runs a page in a new thread at each click, which left two open files behind."""
        ended = [one for one in self._all if not one[0].is_alive()]
        for _, connection in ended:
            connection.close()
        self._all = [one for one in self._all if one not in ended]

    @contextmanager
    def transaction(self, *, wait: bool = True) -> Iterator[Connection]:
        """A write transaction: all of it or nothing, even if the process is killed in it.

        Where another writer is at work it waits for its turn, or, not to `wait`, raises
        `DatabaseLockedError` at once. Raises `SchemaTooNewError` where a newer program has
        changed the home meanwhile.
        """
        refuse_snapshot(self.path.parent)
        connection = self.connection
        _begin(connection, wait=wait)
        try:
            refuse_newer(connection)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # On a full or failing disk SQLite may have rolled back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close every thread's connection. The next use opens a new one."""
        with self._lock:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


def _begin(connection: Connection, *, wait: bool) -> None:
    if not wait:
        connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        if not wait:
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * _BUSY_SECONDS)}")


def connect(path: Path) -> Connection:
    """A new connection in autocommit mode; for reading alone where nothing can be written.

    Raises `DatabaseError`.
    """
    if path.with_name(SNAPSHOT).exists():
        return _immutable(path)
    try:
        return _opened(str(path), uri=False)
    except (DatabaseReadOnlyError, OSError):
        if not path.exists() or os.access(path, os.W_OK):
            raise
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise DatabaseReadOnlyError(
            f"{path.parent} cannot be written, and the database was not closed there before; copy "
            "the folder to a disk that can be written"
        )
    return _immutable(path)


def _immutable(path: Path) -> Connection:
    """Nobody can change the file here, so SQLite need not look out for others.

    It would want to make a file beside it for that.
    """
    return _opened(f"file:{quote(str(path))}?immutable=1", uri=True)


def _opened(name: str, *, uri: bool) -> Connection:
    try:
        connection = sqlite3.connect(
            name,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
            uri=uri,
        )
    except sqlite3.Error as error:
        raise named(error, name) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        _into_wal_mode(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    except BaseException:
        connection.close()
        raise
    return connection


def _casefold(value: object) -> str:
    """Text as it is compared; SQLite's own lower() knows A to Z alone."""
    return "" if value is None else str(value).casefold()


def _into_wal_mode(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL mode, waiting for others that do the same to a fresh file.

    For this one statement SQLite does not wait by itself: it asks for the whole file at once
    and reports "database is locked" where another has it.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
