"""Proves that files, rows, keyword tables, vectors and FAISS agree; mends what can be mended.

What must hold stands in `indexer.checks`, one function a kind of damage. Mending derives
everything from the passages, which nothing here changes: keyword rows and vectors are made
anew from them, the FAISS file from the vectors, a lost original from the file it came from.
Each mend looks for the damage again, so that mending twice does no harm.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from indexer import checks, keywords, past_answers, writes
from indexer.checks import Problem
from indexer.generations import embed_generation
from indexer.originals import hash_file
from indexer.records import Passage
from indexer.rows import strings_json
from indexer.store import Store
from indexer.vectors import VectorIndex

if TYPE_CHECKING:
    from indexer.ingest import PassageEmbedder

__all__ = ["Problem", "examine", "repair"]

# Passages read at a time.
_BATCH = 256

# Rows whose owner is gone, children first.
_ORPHANS = (
    "DELETE FROM generations WHERE collection NOT IN (SELECT id FROM collections)",
    "DELETE FROM documents WHERE collection NOT IN (SELECT id FROM collections)",
    "INSERT OR IGNORE INTO deleted_passages SELECT collection, id FROM passages"
    " WHERE document NOT IN (SELECT id FROM documents)",
    "DELETE FROM passages WHERE document NOT IN (SELECT id FROM documents)",
    "DELETE FROM pages WHERE document NOT IN (SELECT id FROM documents)",
    "DELETE FROM vectors WHERE passage NOT IN (SELECT id FROM passages)",
    "DELETE FROM turns WHERE conversation NOT IN (SELECT id FROM conversations)",
    "DELETE FROM turn_documents WHERE turn NOT IN (SELECT id FROM turns)",
)


def examine(store: Store, folder: Path, fingerprint: str = "") -> list[Problem]:
    """All that does not agree in a home whose sealed files lie in `folder`.

    `fingerprint` is that of the embedder at hand, if there is one: its missing vectors can be
    repaired. Reads everything, originals included.
    """
    found = list(checks.database(store))
    if any(problem.code == "database-damaged" for problem in found):
        return found  # no row can be trusted
    return [
        *found,
        *checks.originals(store),
        *checks.documents(store),
        *checks.deletions(store),
        *checks.keyword_tables(store),
        *checks.vectors(store, fingerprint),
        *checks.sealed_files(store, folder),
        *checks.leftovers(store, folder),
    ]


def repair(store: Store, folder: Path, embedder: PassageEmbedder | None = None) -> list[Problem]:
    """Mend what can be mended, and return what that was; `examine` again proves it.

    Vectors are made anew where the embedder has their fingerprint.
    """
    found = [
        problem
        for problem in examine(store, folder, embedder.fingerprint if embedder else "")
        if problem.repairable
    ]
    codes = {problem.code for problem in found}
    mends: dict[str, Callable[[], None]] = {
        "orphan-rows": lambda: _drop_orphans(store),
        "stale-passages": lambda: _drop_stale_passages(store),
        "hidden-passages": lambda: _unhide(store),
        "original-lost": lambda: _restore_originals(store),
        "leftover": lambda: _remove_leftovers(store, folder),
    }
    for code, mend in mends.items():
        if code in codes:
            mend()
    # What was dropped above may have left rows behind here, so these look for themselves.
    if codes:
        _mend_keywords(store)
        if embedder:
            _mend_vectors(store, embedder)
        _mend_sealed(store, folder)
    return found


def _drop_orphans(store: Store) -> None:
    with store.transaction() as connection:
        lost = connection.execute(
            "SELECT id FROM documents WHERE collection NOT IN (SELECT id FROM collections)"
            " UNION SELECT document FROM turn_documents"
            " WHERE document NOT IN (SELECT id FROM documents)"
        )
        past_answers.redact(connection, [row[0] for row in lost.fetchall()])
        for statement in _ORPHANS:
            connection.execute(statement)


def _drop_stale_passages(store: Store) -> None:
    with store.transaction() as connection:
        rows = connection.execute(
            "SELECT DISTINCT d.id FROM documents d JOIN passages p ON p.document = d.id"
            " WHERE NOT d.current"
        )
        for row in rows.fetchall():
            writes.remove_passages(connection, store.document(row["id"]))


def _unhide(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(
            "DELETE FROM deleted_passages WHERE passage IN (SELECT id FROM passages)"
        )


def _restore_originals(store: Store) -> None:
    """Copy lost originals anew from the files that they came from."""
    rows = store.connection.execute(
        "SELECT DISTINCT content_hash, path FROM documents WHERE state != 'failed'"
    ).fetchall()
    for row in rows:
        kept, source = store.originals.path(row["content_hash"]), Path(row["path"])
        if kept.is_file() and hash_file(kept) == row["content_hash"]:
            continue
        if source.is_file():
            _restore(store, source, row["content_hash"])


def _restore(store: Store, source: Path, content_hash: str) -> None:
    staged = store.originals.stage(source)
    if staged.content_hash != content_hash:
        staged.discard()
        return
    with store.transaction():
        store.originals.remove(content_hash)
        store.originals.settle(staged)


def _remove_leftovers(store: Store, folder: Path) -> None:
    for path in checks.stray_files(store, folder):
        # Under the write lock: another process might be settling the same content.
        store.remove_originals([path.name])
        path.unlink(missing_ok=True)


def _mend_keywords(store: Store) -> None:
    """Rebuild damaged tables, and let each have exactly its collection's passages."""
    with store.transaction() as connection:
        tables = checks.keyword_table_ids(connection)
        collections = {collection.id for collection in store.collections()}
        for number in tables - collections:
            keywords.drop(connection, number)
        for number in collections - tables:
            keywords.create(connection, number)
    for number in collections:
        _mend_keyword_table(store, number)


def _mend_keyword_table(store: Store, collection: int) -> None:
    if not checks.keyword_fault(store, collection):
        return
    with store.transaction() as connection:
        table = f"keywords_{collection}"
        connection.execute(f"INSERT INTO {table}({table}) VALUES ('rebuild')")
        keywords.delete(connection, collection, checks.stray_rows(connection, collection))
    missing = checks.unindexed(store.connection, collection)
    for document, passages in _by_document(store, missing):
        record = store.document(document)
        with store.transaction() as connection:
            row = connection.execute("SELECT language FROM documents WHERE id = ?", (document,))
            ids = [passage.id for passage in passages]
            writes.insert_keywords(connection, record, ids, passages, row.fetchone()["language"])


def _by_document(store: Store, ids: Sequence[int]) -> Iterator[tuple[str, list[Passage]]]:
    """These passages, some of one document at a time."""
    for start in range(0, len(ids), _BATCH):
        found: dict[str, list[Passage]] = {}
        for passage in store.passages(ids[start : start + _BATCH]).values():
            found.setdefault(passage.document, []).append(passage)
        yield from found.items()


def _mend_vectors(store: Store, embedder: PassageEmbedder) -> None:
    """Drop what the embedder's vectors should not be, and embed what has none."""
    for collection, fingerprint, live in checks.generations(store.connection):
        if not live or fingerprint != embedder.fingerprint:
            continue
        bad = checks.unsound_vectors(store.connection, collection, fingerprint)
        with store.transaction() as connection:
            _drop_vectors(connection, collection, fingerprint, bad)
        embed_generation(store, embedder, collection)


def _drop_vectors(
    connection: sqlite3.Connection, collection: int, fingerprint: str, passages: Sequence[int]
) -> None:
    """Remove vectors; a sealed file that may hold them answers no more."""
    if not passages:
        return
    connection.execute(
        "DELETE FROM vectors WHERE fingerprint = ? AND passage IN (SELECT value FROM json_each(?))",
        (fingerprint, strings_json(passages)),
    )
    connection.execute(
        "UPDATE generations SET checksum = '' WHERE collection = ? AND fingerprint = ?",
        (collection, fingerprint),
    )


def _mend_sealed(store: Store, folder: Path) -> None:
    """Seal anew where the sealed file is not what it should be."""
    for collection, fingerprint, _ in checks.generations(store.connection):
        if not checks.sealed_fault(store, folder, collection, fingerprint):
            continue
        size = checks.vector_bytes(store.connection, collection, fingerprint)
        index = VectorIndex(store, folder, collection, fingerprint, size // 2)
        try:
            index.seal()
        finally:
            index.close()
