"""The vector index of one generation: the sealed file and the live tail, as one search.

The database holds every vector; the index is a cache of it. What has arrived since the last
sealing lives in memory as exact segments, and passages that have been deleted are kept out of
every search. A snapshot of all that is replaced as a whole, never changed, so that searches
need no lock: FAISS allows concurrent searches, but neither adding nor removing beside them
(faiss #1781, #2317).

A sealed file that is missing, damaged or foreign is left alone: everything is then searched
exactly, from memory, until the next sealing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.store.database import connect
from indexer.store.queries import VectorBatch
from indexer.store.store import Store
from indexer.vector import exact_search, sealed_file
from indexer.vector.exact_search import VectorError, VectorHits, checked
from indexer.vector.sealed_file import IndexFile, IndexFileError, IndexVersion

if TYPE_CHECKING:
    import faiss
    import numpy as np

    from indexer.vector.ivf import StartAdders

__all__ = ["SealReport", "VectorError", "VectorHits", "VectorIndex", "checked", "seal_due"]

# Seal when the tail is longer than this, and than this share of what is sealed. A tail of
# 100,000 vectors costs a search some 8 ms; sealing a million takes a minute or two.
_TAIL_LEAST = 5_000
_TAIL_SHARE = 0.1
_DEAD_SHARE = 0.2

_BATCH = 4096  # vectors read at a time

_SEAL_COLUMNS = "sealed_file, sealed_count, sealed_through, checksum, index_kind, recall"


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a sealing made. `recorded` is false where another process was faster.

    `bytes` is the size of the file, `recall` the share of the true nearest ten that a search
    returns, measured.
    """

    kind: str
    count: int
    recall: float
    bytes: int
    seconds: float
    recorded: bool


@dataclass(frozen=True)
class _Snapshot:
    """All that a search needs. `arrived` is the largest `vectors.id` that it has seen.

    `excluded` are the deleted passages, ascending; `keep` is the FAISS selector made of them.
    """

    seal: IndexVersion
    sealed: IndexFile | None
    problem: str
    tail: tuple[faiss.IndexIDMap, ...]
    arrived: int
    excluded: np.ndarray
    keep: faiss.IDSelector | None = field(compare=False)


def seal_due(sealed: int, dead: int, tail: int) -> bool:
    """Whether to seal: `tail` vectors wait, and `dead` of the `sealed` ones are deleted. Pure."""
    return tail > max(_TAIL_LEAST, _TAIL_SHARE * sealed) or dead > _DEAD_SHARE * sealed


class VectorIndex:
    """Search over the vectors of one collection under one fingerprint, from any thread.

    Sees what this and other processes commit, at the next search.
    """

    def __init__(
        self, store: Store, folder: Path, collection: int, fingerprint: str, dimension: int
    ) -> None:
        self.collection = collection
        self.fingerprint = fingerprint
        self.dimension = dimension
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        # A connection of its own that never writes: its `data_version` changes with every
        # commit, this process's own ones included.
        self._watch = connect(store.path)
        self._version = -1
        self._snapshot: _Snapshot | None = None

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._watch.close()

    @property
    def problem(self) -> str:
        """Why the sealed file is not used; '' where it is, or where there is none."""
        return self._fresh().problem

    def __len__(self) -> int:
        """How many vectors are searched, deleted ones among them."""
        snapshot = self._fresh()
        return _count(snapshot.sealed) + sum(part.ntotal for part in snapshot.tail)

    def refresh(self) -> None:
        """See what was committed since. Microseconds where nothing was."""
        self._fresh()

    def search(self, queries: np.ndarray, k: int, *, exact: bool = False) -> VectorHits:
        """The k passages with the largest inner product to each query [q, dimension].

        With `exact`, every vector is read and scored, whatever the index; scores are exact
        either way. Raises `VectorError` for queries that cannot be searched with.
        """
        queries = checked(queries, self.dimension)
        snapshot = self._fresh()
        if exact and snapshot.sealed and snapshot.sealed.kind != "exact":
            return self._scan(queries, k)
        parts = [
            exact_search.search_flat(part, queries, k, snapshot.keep) for part in snapshot.tail
        ]
        if snapshot.sealed:
            found = snapshot.sealed.search(queries, k, snapshot.keep)
            exact_scores = snapshot.sealed.kind == "exact"
            parts.append(found if exact_scores else self._rescored(found, queries))
        return exact_search.merge([exact_search.nothing(len(queries), k), *parts], k)

    def due(self) -> bool:
        """Whether sealing is worth its time now (`seal_due`). Loads no vector."""
        import numpy as np

        with self._lock:
            seal = read_seal(self._watch, self.collection, self.fingerprint)
            snapshot = self._snapshot
            base = snapshot if snapshot and snapshot.seal == seal else self._opened(seal)
            excluded = _deleted(self._watch, self.collection)
        if seal.file and base.sealed is None:
            return True  # missing or damaged: until then everything is searched from memory
        if len(excluded) > max(_TAIL_LEAST, _count(base.sealed)):
            return True  # each search goes through them, wherever they are
        dead = 0
        # Counted only where it can matter: the sealed ids are read for it.
        if base.sealed and len(excluded) > _DEAD_SHARE * base.sealed.count:
            dead = int(np.isin(base.sealed.ids(), excluded).sum())
        tail = self._stored_count(seal.through if base.sealed else 0)
        return seal_due(_count(base.sealed), dead, tail)

    def seal(self, adders: StartAdders | None = None) -> SealReport:
        """Put all vectors into a new sealed file, by `adders`, if any; readers go on meanwhile.

        Where two processes seal at once, the first to end is recorded and the other's file
        removed. Raises `IndexFileError` where the file cannot be written.
        """
        started = time.perf_counter()
        with self._lock, _reading(self._watch):
            before = read_seal(self._watch, self.collection, self.fingerprint)
            through = _last_arrival(self._watch)
            excluded = _deleted(self._watch, self.collection)
        count = self._stored_count(0)
        made = sealed_file.build(self._vectors, count, self.dimension, self._folder, adders)
        name, checksum = sealed_file.write(made, self._folder, self.collection)
        size = (self._folder / name).stat().st_size
        seal = IndexVersion(name, made.count, through, checksum, made.kind, made.recall)
        recorded = self._record(before, seal, excluded)
        now = read_seal(self._store.connection, self.collection, self.fingerprint)
        for unused in {name, before.file} - {now.file, ""}:
            (self._folder / unused).unlink(missing_ok=True)
        seconds = time.perf_counter() - started
        return SealReport(made.kind, made.count, made.recall, size, seconds, recorded)

    def _stored_count(self, after: int) -> int:
        """How many vectors the database has for this index, of those that arrived after."""
        row = self._store.connection.execute(
            f"SELECT count(*) FROM {_order(after)} ON p.id = v.passage AND v.fingerprint = ?"
            " WHERE p.collection = ? AND v.id > ?",
            (self.fingerprint, self.collection, after),
        ).fetchone()
        return int(row[0])

    def _vectors(self) -> Iterator[VectorBatch]:
        for batch in self._store.vectors(self.collection, self.fingerprint):
            if batch.vectors.shape[1] != self.dimension:
                raise _wrong_length(self.fingerprint, int(batch.ids[0]), self.dimension)
            yield batch

    def _record(self, before: IndexVersion, seal: IndexVersion, excluded: np.ndarray) -> bool:
        """Let the new file answer, unless another was recorded since `before`."""
        key = (self.collection, self.fingerprint)
        with self._store.transaction() as connection:
            there = connection.execute(
                "SELECT 1 FROM collections WHERE id = ?", (self.collection,)
            ).fetchone()
            if not there or read_seal(connection, *key) != before:
                return False
            connection.execute(
                f"INSERT INTO generations (collection, fingerprint, {_SEAL_COLUMNS})"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, fingerprint) DO UPDATE"
                " SET sealed_file = excluded.sealed_file, sealed_count = excluded.sealed_count,"
                " sealed_through = excluded.sealed_through, checksum = excluded.checksum,"
                " index_kind = excluded.index_kind, recall = excluded.recall",
                (*key, seal.file, seal.count, seal.through, seal.checksum, seal.kind, seal.recall),
            )
            self._forget_deleted(connection, excluded)
        return True

    def _forget_deleted(self, connection: sqlite3.Connection, excluded: np.ndarray) -> None:
        """The new file holds none of them; but another generation's file may.

        Where they have become many, those files are let go: they can be made anew.
        """
        if len(excluded) > _TAIL_LEAST:
            connection.execute(
                "UPDATE generations SET sealed_file = '', checksum = ''"
                " WHERE collection = ? AND fingerprint != ?",
                (self.collection, self.fingerprint),
            )
        others = connection.execute(
            "SELECT 1 FROM generations WHERE collection = ? AND fingerprint != ?"
            " AND sealed_file != ''",
            (self.collection, self.fingerprint),
        ).fetchone()
        if others is None:
            connection.executemany(
                "DELETE FROM deleted_passages WHERE collection = ? AND passage = ?",
                ((self.collection, passage) for passage in excluded.tolist()),
            )

    def _scan(self, queries: np.ndarray, k: int) -> VectorHits:
        """Score every vector of the database, a batch at a time."""
        found = exact_search.nothing(len(queries), k)
        for batch in self._vectors():
            best = exact_search.products(queries, batch.vectors, batch.ids, k)
            found = exact_search.merge([found, best], k)
        return found

    def _rescored(self, found: VectorHits, queries: np.ndarray) -> VectorHits:
        """Candidates with their exact scores; those that the database has lost are dropped."""
        import numpy as np

        rescored = exact_search.nothing(*found.ids.shape)
        for row, query in enumerate(queries):
            stored = self._store.passage_vectors(
                (found.ids[row][found.ids[row] >= 0]).tolist(), self.fingerprint
            )
            if stored:
                vectors = np.stack(list(stored.values())).astype(np.float32)
                rescored.ids[row, : len(stored)] = list(stored)
                rescored.scores[row, : len(stored)] = vectors @ query
        return rescored

    def _fresh(self) -> _Snapshot:
        """The snapshot of what is committed now."""
        with self._lock:
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
            snapshot = self._snapshot
            if snapshot is None or version != self._version:
                snapshot = self._snapshot = self._read(snapshot)
                self._version = version
            return snapshot

    def _read(self, old: _Snapshot | None) -> _Snapshot:
        """Bring a snapshot up to date, from one state of the database."""
        while True:
            seal = read_seal(self._watch, self.collection, self.fingerprint)
            base = old if old and old.seal == seal else self._opened(seal)
            with _reading(self._watch):
                # Another process may have sealed anew, and removed the file that was looked for.
                if read_seal(self._watch, self.collection, self.fingerprint) == seal:
                    return self._extended(base)

    def _opened(self, seal: IndexVersion) -> _Snapshot:
        """A snapshot of the sealed file alone, or of nothing where it is not fit for use."""
        import numpy as np

        nobody = np.empty(0, dtype=np.int64)
        if not seal.file:
            return _Snapshot(seal, None, "", (), 0, nobody, None)
        try:
            opened = sealed_file.open_file(self._folder, seal, self.dimension)
        except IndexFileError as error:
            return _Snapshot(seal, None, str(error), (), 0, nobody, None)
        return _Snapshot(seal, opened, "", (), seal.through, nobody, None)

    def _extended(self, base: _Snapshot) -> _Snapshot:
        """The snapshot with what has arrived and gone since. Inside a read transaction."""
        there = self._watch.execute("SELECT 1 FROM collections WHERE id = ?", (self.collection,))
        if there.fetchone() is None:
            return self._opened(IndexVersion())
        excluded = _deleted(self._watch, self.collection)
        arrived = exact_search.flat(self.dimension)
        for ids, vectors in self._arrivals(base.arrived):
            exact_search.add(arrived, ids, vectors)
        return replace(
            base,
            tail=_appended(base.tail, arrived),
            arrived=_last_arrival(self._watch),
            excluded=excluded,
            keep=exact_search.selector(excluded),
        )

    def _arrivals(self, after: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Ids [n] and vectors, float16 [n, dimension], whose `vectors.id` is above `after`."""
        import numpy as np

        rows = self._watch.execute(
            f"SELECT p.id, v.vector FROM {_order(after)} ON p.id = v.passage AND v.fingerprint = ?"
            " WHERE p.collection = ? AND v.id > ?",
            (self.fingerprint, self.collection, after),
        )
        while batch := rows.fetchmany(_BATCH):
            for passage, vector in batch:
                if len(vector) != 2 * self.dimension:
                    raise _wrong_length(self.fingerprint, passage, self.dimension)
            joined = np.frombuffer(b"".join(row[1] for row in batch), np.float16)
            yield np.array([row[0] for row in batch], np.int64), joined.reshape(len(batch), -1)


def _appended(
    tail: tuple[faiss.IndexIDMap, ...], part: faiss.IndexIDMap
) -> tuple[faiss.IndexIDMap, ...]:
    """The tail with one more part. Each part is more than twice as long as the next one."""
    while tail and tail[-1].ntotal <= 2 * part.ntotal:
        tail, part = tail[:-1], exact_search.join(tail[-1], part)
    return (*tail, part) if part.ntotal else tail


def read_seal(connection: sqlite3.Connection, collection: int, fingerprint: str) -> IndexVersion:
    """What is recorded of a generation's sealed file."""
    row = connection.execute(
        f"SELECT {_SEAL_COLUMNS} FROM generations WHERE collection = ? AND fingerprint = ?",
        (collection, fingerprint),
    ).fetchone()
    if row is None or not row[0]:
        return IndexVersion()
    name, count, through, checksum, kind, recall = row
    return IndexVersion(name, count, through, checksum, kind, recall or 0.0)


def _order(after: int) -> str:
    """The tables in the order in which they are to be read; SQLite keeps that of a CROSS JOIN.

    From nothing, the collection's passages lead to its vectors; later, what is new is a short
    stretch at the end of all vectors.
    """
    return "vectors v CROSS JOIN passages p" if after else "passages p CROSS JOIN vectors v"


def _last_arrival(connection: sqlite3.Connection) -> int:
    """The largest `vectors.id`."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()[0])


def _deleted(connection: sqlite3.Connection, collection: int) -> np.ndarray:
    """Passages that a sealed file or a tail may still hold, int64 [n], ascending."""
    import numpy as np

    rows = connection.execute(
        "SELECT passage FROM deleted_passages WHERE collection = ? ORDER BY passage", (collection,)
    )
    return np.fromiter((row[0] for row in rows), dtype=np.int64)


@contextmanager
def _reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One state of the database for several reads."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _count(opened: IndexFile | None) -> int:
    return opened.count if opened else 0


def _wrong_length(fingerprint: str, passage: int, dimension: int) -> VectorError:
    return VectorError(
        f"the stored vector of passage {passage} under embedder {fingerprint} does not have "
        f"{dimension} dimensions; run `footnote doctor --repair`"
    )
