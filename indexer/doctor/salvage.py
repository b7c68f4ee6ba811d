"""Saving what can be read of a damaged database into a fresh one.

Every table is read row by row from both ends, and between two damaged places by halving, so
that a damaged page costs the rows on it and no others. What can be made anew is not saved:
keyword tables (from passages), what is known of FAISS files, which answer quotes which
document. Documents that lost pages are parsed again from their originals, and originals that
no row names any more are indexed anew (`indexer.doctor`).

The damaged file is kept beside the new one; nothing is ever written to it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from embedder.atomic import LEFT, sync_folder
from indexer.keyword import fts
from indexer.store import redaction
from indexer.store.database import Database

# Made anew, or of no use without what is lost.
_NOT_COPIED = frozenset({"migrations", "deleted_passages", "turn_documents", "sqlite_sequence"})
_ENDS = ("-wal", "-shm")

# While this file is there, originals without a document are not leftovers: they wait to be
# indexed anew.
MARK = "salvaged.mark"


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved: rows by table. `kept` is where the damaged file is."""

    rows: dict[str, int]
    kept: Path | None


def salvage(path: Path) -> Salvage:
    """Put a fresh database with all that can be read in the place of the damaged one at `path`.

    The caller has the home alone. Where there is no file, the fresh one is empty.
    """
    home = path.parent
    fresh = path.with_name(f"{LEFT}{path.name}")
    for end in ("", *_ENDS):
        fresh.with_name(fresh.name + end).unlink(missing_ok=True)
    rows = _fill(path, fresh)
    (home / MARK).touch()
    kept = _keep(path) if path.exists() else None
    fresh.replace(path)
    sync_folder(home)
    return Salvage(rows, kept)


def _fill(damaged: Path, fresh: Path) -> dict[str, int]:
    database = Database(fresh)
    rows: dict[str, int] = {}
    try:
        target = database.connection
        target.execute("PRAGMA foreign_keys = OFF")
        if damaged.exists():
            # What cannot be read of the source is passed over where it is read; a fresh file that
            # cannot be written must not take the damaged one's place.
            with closing(_reader(damaged)) as source:
                for table in _tables(target):
                    with database.transaction():
                        rows[table] = _copy(source, target, table)
                with database.transaction():
                    _keep_counting(source, target)
        with database.transaction():
            # The FAISS files were made from another state.
            target.execute("UPDATE generations SET sealed_file = '', checksum = ''")
            for (number,) in target.execute("SELECT id FROM collections").fetchall():
                fts.create(target, number)
            redaction.note_all(target)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
    return rows


def _reader(damaged: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(damaged))}?mode=ro", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _tables(target: sqlite3.Connection) -> list[str]:
    names = target.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return [row[0] for row in names.fetchall() if row[0] not in _NOT_COPIED]


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    """Copy the readable rows that still fit the table; how many."""
    columns = _columns(source, table) & _columns(target, table)
    if not columns:
        return 0
    names = ", ".join(sorted(columns))
    marks = ", ".join("?" * len(columns))
    keyed = _has_rowid(source, table)
    into = f"INSERT OR IGNORE INTO {table} ({'rowid, ' if keyed else ''}{names})"
    values = f"VALUES ({'?, ' if keyed else ''}{marks})"
    count = 0
    rows = _by_rowid(source, table, names) if keyed else _by_owner(source, target, table, names)
    for row in rows:
        # A row may be readable and no row of ours for all that.
        with suppress(sqlite3.IntegrityError, sqlite3.DataError):
            count += target.execute(f"{into} {values}", row).rowcount
    return count


def _keep_counting(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Ids that were given away are never given again, even where their rows are lost."""
    given: list[tuple[str, int]] = []
    with suppress(sqlite3.Error):
        given = source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    for name, last in given:
        known = target.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)
        )
        if not known.rowcount:
            target.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    with suppress(sqlite3.Error):
        return {row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()}
    return set()


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    with suppress(sqlite3.Error):
        found = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
        return "WITHOUT ROWID" not in found.fetchone()[0].upper()
    return True


Row = tuple[object, ...]
Read = Callable[[int, int, str], Iterator[Row]]
_NO_ID = 1 << 62  # above all ids


def _by_rowid(source: sqlite3.Connection, table: str, names: str) -> Iterator[Row]:
    """All readable rows, each with its rowid first."""

    def read(low: int, high: int, order: str) -> Iterator[Row]:
        return source.execute(
            f"SELECT rowid, {names} FROM {table} NOT INDEXED WHERE rowid > ? AND rowid < ?"
            f" ORDER BY rowid {order}",
            (low, high),
        )

    yield from _between(read, -1, _NO_ID)


def _between(read: Read, low: int, high: int) -> Iterator[Row]:
    """Rows whose id is above `low` and below `high`: from both ends, then halves of the rest."""
    ends: list[Any] = [low, high]
    for end, order in ((0, "ASC"), (1, "DESC")):
        try:
            for row in read(ends[0], ends[1], order):
                ends[end] = row[0]
                yield row
        except sqlite3.Error:
            continue
        return  # read to the other end: nothing is left
    low, high = ends
    if high == _NO_ID:  # the last page is damaged, too
        high = _highest(read, low) + 1
    if high - low < 3:
        return
    middle = (low + high) // 2
    yield from _between(read, low, middle + 1)
    yield from _between(read, middle, high)


def _highest(read: Read, low: int) -> int:
    """The largest id that can be found, from `low` on, by looking ever further up."""
    highest, reach = low, 0
    while highest + reach < _NO_ID:
        row = None
        with suppress(sqlite3.Error):
            row = next(read(highest + reach, _NO_ID, "ASC"), None)
        if row is None:
            reach = 2 * reach or 1
        else:
            highest, reach = int(str(row[0])), 0
    return highest


def _by_owner(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, names: str
) -> Iterator[Row]:
    """Rows of a table without row ids, for each owner that has been saved."""
    owner = {"pages": "SELECT id FROM documents"}.get(table, "")
    key, owners = ("document", target.execute(owner).fetchall()) if owner else ("1", [(1,)])
    for (one,) in owners:
        with suppress(sqlite3.Error):
            yield from source.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (one,))


def _keep(path: Path) -> Path:
    """Give the damaged file, and what SQLite has beside it, another name; return that."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        os.link(path, kept)
    except OSError:  # not every disk knows links
        shutil.copyfile(path, kept)
    for end in _ENDS:
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + end))
    return kept
