"""One SQLite file, opened once a thread, by as many processes as there are.

The file is in WAL mode: readers never wait, writers queue behind each other for the length of
one transaction. It is reached through the standard library alone: importing sqlite-utils takes
0.5 to 0.8 s wherever pandas is installed (Streamlit brings it), more than a whole keyword
search from a cold shell may take.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedder.errors import FootnoteError
from indexer.schema import migrate

# Vectors are blobs of 1 to 8 kB. 20,000 of them (dimension 576, beside an 800-character
# passage each) take 110 MB in pages of 4 kB when keyed in a WITHOUT ROWID table, 44.7 MB with a
# rowid, and 42.5 MB in pages of 16 kB; at dimension 1152: 110, 99 and 64 MB (ideal: 62).
_PAGE_BYTES = 16384

# How long a writer waits for its turn. The longest transaction is the commit of one large
# document: seconds.
_BUSY_SECONDS = 120
_RETRY_SECONDS = 0.05


class DatabaseError(FootnoteError):
    """The home's database cannot be opened or is damaged."""


class Database:
    """Connections to one SQLite file, one for each thread that asks.

    `synchronous` is FULL: a kill of the process loses nothing that was committed under NORMAL
    either, but a power cut could undo a deletion whose original and receipt are already gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        migrate(self.connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode. Raises `DatabaseError`."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._connect()
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

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            _into_wal_mode(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -32768")  # kB a connection
        except sqlite3.Error as error:
            raise DatabaseError(
                f"the database {self.path} cannot be opened ({error}); check that the folder can "
                "be written, that the disk is not full, and that the file is a Footnote home's"
            ) from error
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it or nothing, even if the process is killed in it."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close every thread's connection. The next use opens a new one."""
        with self._lock:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


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
