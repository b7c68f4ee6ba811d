"""Whether a database out of a backup is one that this program would have written.

Its schema must be literally what the migrations make: a generated column, a check or an index
of somebody else's would run as we write. Its values must have the forms that the program gives
them, for it relies on them: a content hash is a file's name, an id a part of an address.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any

from footnote.backup.format import ArchiveError
from indexer.keyword import fts
from indexer.store.migrations import migrate

# What a value may be stored as where its column says this; NULL where the column allows it.
_STORED = {
    "TEXT": ("text",), "INTEGER": ("integer",), "REAL": ("real", "integer"), "BLOB": ("blob",),
}  # fmt: skip
_MOST_NUMBER = 2**53
_MOST_JSON = 64 << 20  # characters of one value
# Argon2 takes what the hash says that it takes: 256 MiB and sixteen rounds at the most.
_PASSWORD = re.compile(
    r"|\$argon2id\$v=19\$m=(?:\d{1,5}|1\d{5}|2[0-5]\d{4}),t=(?:\d|1[0-6]),p=(?:\d|1[0-6])"
    r"\$[\w+/]{8,128}\$[\w+/]{16,256}"
)
_ID = re.compile(r"[0-9a-z-]{1,60}")
_NAME = re.compile("[0-9a-z-]{0,60}")  # of a vector space
_PATTERNS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "documents.id": _ID,
        "documents.content_hash": re.compile("[0-9a-f]{64}"),
        "documents.state": re.compile("ready|partial|failed"),
        "passages.text_hash": re.compile("[0-9a-f]{64}"),
        "collections.fingerprint": _NAME,
        "generations.fingerprint": _NAME,
        "vectors.fingerprint": _NAME,
        "conversations.id": _ID,
        "jobs.id": _ID,
        "jobs.kind": re.compile("[a-z_-]{1,40}"),
        "jobs.state": re.compile("waiting|running|cancelling|done|failed|cancelled"),
        "people.id": _ID,
        "people.role": re.compile("admin|reader"),
        "people.password": _PASSWORD,
    }
)


def _numbers(found: Any, width: int) -> bool:
    return isinstance(found, list) and all(
        isinstance(one, list)
        and len(one) == width
        and all(type(n) is int and 0 <= n < _MOST_NUMBER for n in one)
        for one in found
    )


def _blocks(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(one, list) and one and isinstance(one[0], str) for one in found
    ) and _numbers([one[1:] for one in found], 4)  # fmt: skip


def _hidden(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(one, list)
        and [type(part) for part in one] == [str, int, str, int]
        for one in found
    )  # fmt: skip


def _strings(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


_JSON: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "documents.hidden": _hidden,
        "pages.blocks": _blocks,
        "passages.headings": _strings,
        "passages.spans": lambda found: bool(found) and _numbers(found, 3),
        "conversations.collections": lambda found: _numbers([found], len(found)),
        "turns.answer": lambda found: isinstance(found, dict),
        "jobs.arguments": lambda found: isinstance(found, dict),
        "jobs.progress": lambda found: isinstance(found, dict),
        "jobs.result": lambda found: isinstance(found, dict),
        "generations.trust": lambda found: isinstance(found, dict),
    }
)


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise `ArchiveError` where a migrated database has a table or index that is not ours."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as reference:
        reference.row_factory = sqlite3.Row
        migrate(reference)
        ours = _schema(reference)
        for (number,) in connection.execute("SELECT id FROM collections").fetchall():
            fts.create(reference, number)
        with_keywords = _schema(reference)
    found = _schema(connection)
    missing = set(ours) - set(found)
    foreign = [name for name, made in found.items() if with_keywords.get(name) != made]
    for name in sorted(foreign) + sorted(missing):
        raise ArchiveError(
            f"the database in the backup has {name!r} not as Footnote makes it; do not trust it"
        )


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Every object with the statement that made it, without its comments and blanks."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {
        row[1]: f"{row[0]} {row[2]} " + " ".join(re.sub(r"--[^\n]*", "", row[3] or "").split())
        for row in rows
    }


def check_values(connection: sqlite3.Connection) -> None:
    """Raise `ArchiveError` where a value is none that this program writes."""
    for table in _tables(connection):
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names = [row[1] for row in columns]
        for name, declared, required in ((row[1], row[2], row[3] or row[5]) for row in columns):
            _check_stored(connection, table, name, declared, nullable=not required)
        checked = [name for name in names if f"{table}.{name}" in {*_PATTERNS, *_JSON}]
        if checked:
            _check_forms(connection, table, checked)
    _check_hashes(connection)
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise _foreign(broken[0], "a reference", str(broken[2]))


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [row[0] for row in rows if not row[0].startswith(("sqlite_", "keywords_"))]


def _check_stored(
    connection: sqlite3.Connection, table: str, name: str, declared: str, *, nullable: bool
) -> None:
    kinds = [*_STORED[declared], *(["null"] if nullable else [])]
    marks = ", ".join("?" * len(kinds))
    row = connection.execute(
        f"SELECT typeof({name}) FROM {table} WHERE typeof({name}) NOT IN ({marks}) LIMIT 1", kinds
    ).fetchone()
    if row is not None:
        raise _foreign(table, name, f"a value of type {row[0]}")


def _check_forms(connection: sqlite3.Connection, table: str, names: list[str]) -> None:
    for row in connection.execute(f"SELECT {', '.join(names)} FROM {table}"):
        for name, value in zip(names, row, strict=True):
            if not _has_form(f"{table}.{name}", value):
                raise _foreign(table, name, repr(value)[:80])


def _has_form(column: str, value: str | None) -> bool:
    if value is None:
        return True  # where it may be, `_check_stored` has looked
    if column in _PATTERNS:
        optional = column == "documents.content_hash" and not value  # of a failure
        return optional or _PATTERNS[column].fullmatch(value) is not None
    if not value and column in ("jobs.progress", "jobs.result", "generations.trust"):
        return True
    return len(value) <= _MOST_JSON and _is_json(value, _JSON[column])


def _is_json(text: str, fits: Callable[[Any], bool]) -> bool:
    try:
        return fits(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return False


def _check_hashes(connection: sqlite3.Connection) -> None:
    """Whoever is not a failure has an original."""
    row = connection.execute(
        "SELECT id FROM documents WHERE content_hash = '' AND state != 'failed' LIMIT 1"
    ).fetchone()
    if row is not None:
        raise _foreign("documents", "content_hash", "no hash")
    lengths: Iterator[Any] = connection.execute(
        "SELECT length(vector) FROM vectors WHERE length(vector) % 2 OR length(vector) = 0 LIMIT 1"
    )
    for (length,) in lengths:
        raise _foreign("vectors", "vector", f"{length} bytes")


def _foreign(table: str, name: str, value: str) -> ArchiveError:
    return ArchiveError(
        f"the database in the backup has {value} as {name} of {table}, which Footnote writes "
        "nowhere; do not trust it"
    )
