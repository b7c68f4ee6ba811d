"""What must hold of vectors and of the files that FAISS searches. Nothing is changed.

As in `indexer.checks`, no check holds more than one batch of vectors, or the ids of one
collection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.doctor.checks import REPAIR, Problem, name_of
from indexer.store.store import Store
from indexer.vector import sealed_file
from indexer.vector.index import read_seal
from indexer.vector.sealed_file import IndexFileError

if TYPE_CHECKING:
    import numpy as np

# Rounding to float16 moves the length of a unit vector of 512 dimensions by some 1e-4.
_UNIT_TOLERANCE = 5e-3

_BATCH = 4096


def generations(connection: sqlite3.Connection) -> list[tuple[int, str, bool]]:
    """Collection, fingerprint, and whether it is the one that answers, of every generation."""
    rows = connection.execute(
        "SELECT id, fingerprint, 1 FROM collections WHERE fingerprint != '' UNION"
        " SELECT g.collection, g.fingerprint, g.fingerprint = c.fingerprint FROM generations g"
        " JOIN collections c ON c.id = g.collection ORDER BY 1, 2"
    )
    return [(row[0], row[1], bool(row[2])) for row in rows]


def vectors(store: Store, fingerprints: Collection[str] = ()) -> Iterator[Problem]:
    """Every passage has a vector of the generation that answers, and all vectors are sound.

    Missing ones can be repaired where an embedder at hand has this fingerprint.
    """
    names = {collection.id: name_of(collection) for collection in store.collections()}
    for collection, fingerprint, live in generations(store.connection):
        where = f"{names[collection]}, embedder {fingerprint}"
        here = live and fingerprint in fingerprints
        remedy = REPAIR if here else "use that embedder and repair, or index the files again"
        missing = store.unembedded(collection, fingerprint, -1) if live else []
        if missing:
            what = f"{len(missing)} passages have no vector"
            yield Problem("vectors-missing", what, where, remedy, repairable=here)
        bad = unsound_vectors(store.connection, collection, fingerprint)
        if bad:
            what = f"{len(bad)} vectors are not finite, of unit length and of one dimension"
            yield Problem("vectors-unsound", what, where, remedy, repairable=here)


def unsound_vectors(connection: sqlite3.Connection, collection: int, fingerprint: str) -> list[int]:
    """Passages whose vector has another dimension than most, NaN, or not unit length."""
    import numpy as np

    size = vector_bytes(connection, collection, fingerprint)
    rows = connection.execute(
        "SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.passage = p.id"
        " AND v.fingerprint = ? WHERE p.collection = ?",
        (fingerprint, collection),
    )
    bad: list[int] = []
    while batch := rows.fetchmany(_BATCH):
        bad.extend(row[0] for row in batch if len(row[1]) != size)
        fit = [row for row in batch if len(row[1]) == size]
        stacked = np.frombuffer(b"".join(row[1] for row in fit), np.float16).reshape(len(fit), -1)
        lengths = np.linalg.norm(stacked.astype(np.float32), axis=1)
        sound = np.abs(lengths - 1) < _UNIT_TOLERANCE  # false for NaN
        bad.extend(row[0] for row, is_sound in zip(fit, sound, strict=True) if not is_sound)
    return bad


def vector_bytes(connection: sqlite3.Connection, collection: int, fingerprint: str) -> int:
    """The size of most vectors of a generation; 0 where there are none."""
    row = connection.execute(
        "SELECT length(v.vector) FROM passages p JOIN vectors v ON v.passage = p.id"
        " AND v.fingerprint = ? WHERE p.collection = ? GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        (fingerprint, collection),
    ).fetchone()
    return int(row[0]) if row else 0


def sealed_files(store: Store, folder: Path) -> Iterator[Problem]:
    """Each sealed file is the recorded one and knows what it should and nothing else."""
    names = {collection.id: name_of(collection) for collection in store.collections()}
    for collection, fingerprint, _ in generations(store.connection):
        fault = sealed_fault(store, folder, collection, fingerprint)
        if fault:
            where = f"{names[collection]}, embedder {fingerprint}"
            yield Problem("index-damaged", fault, where, REPAIR, repairable=True)


def sealed_fault(store: Store, folder: Path, collection: int, fingerprint: str) -> str:
    """What is wrong with a generation's sealed file; '' where nothing is, or none is due."""
    import numpy as np

    connection = store.connection
    seal = read_seal(connection, collection, fingerprint)
    size = vector_bytes(connection, collection, fingerprint)
    if not seal.file or not size:
        return ""
    try:
        opened = sealed_file.open_file(folder, seal, size // 2)
    except IndexFileError as error:
        return str(error)
    held = opened.ids()
    deleted = _ids(
        connection, "SELECT passage FROM deleted_passages WHERE collection = ?", collection
    )
    there = _ids(connection, "SELECT id FROM passages WHERE collection = ?", collection)
    foreign = np.setdiff1d(held, np.concatenate([there, deleted]))
    if len(foreign):
        return f"the index file holds {len(foreign)} passages that are unknown"
    wanted = connection.execute(
        "SELECT p.id FROM passages p JOIN vectors v ON v.passage = p.id AND v.fingerprint = ?"
        " WHERE p.collection = ? AND v.id <= ?",
        (fingerprint, collection, seal.through),
    )
    lost = np.setdiff1d(np.fromiter((row[0] for row in wanted), np.int64), held)
    return f"the index file lacks {len(lost)} passages" if len(lost) else ""


def _ids(connection: sqlite3.Connection, statement: str, collection: int) -> np.ndarray:
    """The ids that a statement with one `?` for the collection selects, int64 [n]."""
    import numpy as np

    return np.fromiter((row[0] for row in connection.execute(statement, (collection,))), np.int64)
