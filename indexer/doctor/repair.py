"""Proves that files, rows, keyword tables, vectors and FAISS agree; mends what can be mended.

What must hold stands in `indexer.checks` and `indexer.vector_checks`, one function a kind of
damage. Mending derives everything from what is beneath it: keyword rows and vectors from the
passages, the FAISS file from the vectors, pages and passages that contradict each other from the
original, a lost original from the file it came from. A damaged database gives what can be read
of it (`indexer.salvage`).
Each mend looks for the damage again, so that mending twice does no harm.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import remove
from indexer.doctor import checks, vector_checks
from indexer.doctor.checks import Problem
from indexer.doctor.salvage import MARK, salvage
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import Source
from indexer.keyword import fts
from indexer.keyword.analysis import stemmer_version
from indexer.parsers.detect import kind_of
from indexer.parsers.errors import UnsupportedError
from indexer.records import Passage
from indexer.store import redaction, writes
from indexer.store.db_errors import DatabaseDamagedError
from indexer.store.errors import DamagedVectorError, DatabaseLostError
from indexer.store.lock import HomeLock
from indexer.store.originals import hash_file
from indexer.store.rows import strings_json
from indexer.store.store import Store
from indexer.vector.generations import embed_generation
from indexer.vector.index import VectorError, VectorIndex

if TYPE_CHECKING:
    from indexer.ingest.pipeline import PassageEmbedder

__all__ = ["Problem", "examine", "repair", "rescue"]

# The collection of documents whose rows were lost, and were made anew from their originals.
RECOVERED = "recovered"
_HEAD_BYTES = 65_536

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


def examine(store: Store, folder: Path, *fingerprints: str) -> list[Problem]:
    """All that does not agree in a home whose sealed files lie in `folder`.

    `fingerprints` are those of the embedders at hand: their missing vectors can be repaired.
    Reads everything, originals included.
    """
    found = list(checks.database(store))
    if any(problem.code == "database-damaged" for problem in found):
        return found  # no row can be trusted
    return [
        *found,
        *checks.originals(store),
        *checks.lost_documents(store, embedder=bool(fingerprints)),
        *checks.documents(store),
        *checks.deletions(store),
        *checks.keyword_tables(store),
        *vector_checks.vectors(store, fingerprints),
        *vector_checks.sealed_files(store, folder),
        *checks.leftovers(store, folder),
    ]


def rescue(home: Path) -> Problem | None:
    """Open a home's database for once; where that cannot be, put what can be read in its place.

    Returns what was wrong, None where nothing was. `repair` then mends the rest. Raises
    `InUseError` where another process has the home open.
    """
    try:
        Store.open(home).close()
    except (DatabaseDamagedError, DatabaseLostError) as error:
        presence = HomeLock(home)
        with presence.alone():
            salvage(home / "footnote.db")
        presence.leave()
        return Problem("database-damaged", str(error), str(home), "", repairable=True)
    return None


def repair(store: Store, folder: Path, *embedders: PassageEmbedder) -> list[Problem]:
    """Mend what can be mended, and return what that was; `examine` again proves it.

    Vectors are made anew where an embedder has their fingerprint; of a collection that is lost,
    by the first one. Raises `InUseError` where a damaged database is to be replaced while another
    process has it open.
    """
    fingerprints = [embedder.fingerprint for embedder in embedders]
    found = [problem for problem in examine(store, folder, *fingerprints) if problem.repairable]
    if any(problem.code == "database-damaged" for problem in found):
        with store.alone():
            salvage(store.path)
        return found + repair(store, folder, *embedders)
    codes = {problem.code for problem in found}
    mends: dict[str, Callable[[], None]] = {
        "orphan-rows": lambda: _drop_orphans(store),
        "stale-passages": lambda: _drop_stale_passages(store),
        "hidden-passages": lambda: _unhide(store),
        "original-lost": lambda: _restore_originals(store),
        "document-damaged": lambda: _parse_again(store, embedders),
        "documents-lost": lambda: _find_again(store, embedders),
        "leftover": lambda: _remove_leftovers(store, folder),
    }
    for code, mend in mends.items():
        if code in codes:
            mend()
    # What was dropped above may have left rows behind here, so these look for themselves.
    if codes:
        _mend_keywords(store)
        for embedder in embedders:
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
        redaction.redact(connection, [row[0] for row in lost.fetchall()])
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
        "SELECT DISTINCT content_hash FROM documents WHERE state != 'failed'"
    ).fetchall()
    for (content_hash,) in rows:
        kept = store.originals.path(content_hash)
        if kept.is_file() and hash_file(kept) == content_hash:
            continue
        source = checks.source_of(store, content_hash)
        if source is not None:
            _restore(store, source, content_hash)


def _restore(store: Store, source: Path, content_hash: str) -> None:
    staged = store.originals.stage(source)
    if staged.content_hash != content_hash:
        staged.discard()
        return
    with store.transaction():
        store.originals.remove(content_hash)
        store.originals.take_in(staged)


def _parse_again(store: Store, embedders: Sequence[PassageEmbedder]) -> None:
    """Make documents anew, whose rows contradict each other, from their originals."""
    damaged: dict[int, list[Source]] = {}
    for row, _ in checks.damaged_documents(store):
        original = store.originals.path(row["content_hash"])
        if original.is_file():
            damaged.setdefault(row["collection"], []).append(Source(original, row["path"]))
    for collection, sources in damaged.items():
        for embedder in embedders:
            if store.generation(collection) in ("", embedder.fingerprint):
                Ingest(store, embedder).run(sources, collection, force=True)
                break


def _find_again(store: Store, embedders: Sequence[PassageEmbedder]) -> None:
    """Index originals whose documents were lost into a collection of their own."""
    collection = store.create_collection(RECOVERED).id
    there = store.generation(collection)
    for embedder in embedders:
        if there in ("", embedder.fingerprint):
            sources = [_named(store, one) for one in checks.unnamed_originals(store)]
            Ingest(store, embedder).run(sources, collection)
            if not checks.unnamed_originals(store):
                (store.home / MARK).unlink()
            return


def _named(store: Store, content_hash: str) -> Source:
    """An original under a name that can be told from others: what it was called is lost."""
    path = store.originals.path(content_hash)
    with path.open("rb") as file, suppress(UnsupportedError):
        kind = kind_of(file.read(_HEAD_BYTES), "")
        return Source(path, f"{RECOVERED}/{content_hash[:16]}.{kind}")
    return Source(path, f"{RECOVERED}/{content_hash[:16]}")


def _remove_leftovers(store: Store, folder: Path) -> None:
    for path in checks.stray_files(store, folder):
        if path == store.originals.path(path.name):
            # Under the write lock: another process might be settling the same content.
            store.remove_originals([path.name])
        else:
            remove(path)


def _mend_keywords(store: Store) -> None:
    """Rebuild damaged tables, and let each have exactly its collection's passages."""
    with store.transaction() as connection:
        tables = checks.keyword_table_ids(connection)
        collections = {collection.id for collection in store.collections()}
        for number in tables - collections:
            fts.drop(connection, number)
        for number in collections - tables:
            fts.create(connection, number)
    for number in collections:
        _mend_keyword_table(store, number)


def _mend_keyword_table(store: Store, collection: int) -> None:
    if not checks.keyword_fault(store, collection):
        return
    foreign = checks.foreign_stemmer(store, collection)
    with store.transaction() as connection:
        table = f"keywords_{collection}"
        if foreign:
            fts.drop(connection, collection)
            fts.create(connection, collection)
            connection.execute(
                "UPDATE collections SET stemmer = ? WHERE id = ?", (stemmer_version(), collection)
            )
        connection.execute(f"INSERT INTO {table}({table}) VALUES ('rebuild')")
        fts.delete(connection, collection, checks.stray_rows(connection, collection))
    missing = checks.unindexed(store.connection, collection)
    for document, passages in _by_document(store, missing):
        record = store.document(document)
        language = store.document_languages([document])[document]
        terms = writes.keyword_terms(record.title, passages, language)
        with store.transaction() as connection:
            ids = [passage.id for passage in passages]
            writes.insert_keywords(connection, record.collection, ids, terms)


def _by_document(store: Store, ids: Sequence[int]) -> Iterator[tuple[str, list[Passage]]]:
    """These passages, some of one document at a time."""
    for start in range(0, len(ids), _BATCH):
        found: dict[str, list[Passage]] = {}
        for passage in store.passages(ids[start : start + _BATCH]).values():
            found.setdefault(passage.document, []).append(passage)
        yield from found.items()


def _mend_vectors(store: Store, embedder: PassageEmbedder) -> None:
    """Drop what the embedder's vectors should not be, and embed what has none."""
    for collection, fingerprint, live in vector_checks.generations(store.connection):
        if not live or fingerprint != embedder.fingerprint:
            continue
        bad = vector_checks.unsound_vectors(store.connection, collection, fingerprint)
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
    for collection, fingerprint, _ in vector_checks.generations(store.connection):
        if not vector_checks.sealed_fault(store, folder, collection, fingerprint):
            continue
        size = vector_checks.vector_bytes(store.connection, collection, fingerprint)
        index = VectorIndex(store, folder, collection, fingerprint, size // 2)
        try:
            with suppress(DamagedVectorError, VectorError):  # mended by the embedder that made it
                index.seal()
        finally:
            index.close()
