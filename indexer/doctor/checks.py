"""What must hold in a home, each kind of damage a function that finds it. Nothing is changed.

Large homes are read in slices: no check holds more than one document's text, one batch of
vectors, or the ids of one collection (8 bytes each).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from embedder.atomic import LEFT, StorageError
from indexer import records
from indexer.doctor.salvage import MARK
from indexer.keyword.analysis import stemmer_version
from indexer.store.db_errors import DatabaseDamagedError, DatabaseReadOnlyError
from indexer.store.originals import hash_file
from indexer.store.store import Store

# A younger stray file may belong to a process that is at work.
LEFTOVER_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Problem:
    """Two parts of a home that do not agree.

    `code` names the kind; `what` and `where` say it for people; `remedy` is what to do;
    `repairable` says whether `footnote doctor --repair` does it.
    """

    code: str
    what: str
    where: str
    remedy: str
    repairable: bool


REPAIR = "run `footnote doctor --repair`"


def database(store: Store) -> Iterator[Problem]:
    """The database file itself, and rows whose owner is gone."""
    faults = _database_faults(store.connection)
    if faults:
        yield Problem(
            "database-damaged",
            f"SQLite reports: {'; '.join(faults)}",
            str(store.path),
            "restore a backup, or save what can be read with `footnote doctor --repair`",
            repairable=True,
        )
        return
    orphans: dict[str, int] = {}
    for row in store.connection.execute("PRAGMA foreign_key_check"):
        orphans[row[0]] = orphans.get(row[0], 0) + 1
    for table, count in orphans.items():
        yield Problem(
            "orphan-rows", f"{count} rows belong to nothing", f"table {table}", REPAIR, True
        )


def _database_faults(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with its file."""
    try:
        rows = connection.execute("PRAGMA quick_check(5)").fetchall()
    except DatabaseDamagedError as error:
        return [str(error.__cause__)]
    # SQLite from 3.44 on looks into keyword tables too; `keyword_tables` does, and can mend them.
    return [row[0] for row in rows if row[0] != "ok" and "FTS5" not in row[0]]


def originals(store: Store) -> Iterator[Problem]:
    """Every document's original is there and is what it was."""
    rows = store.connection.execute(
        "SELECT content_hash, min(path) AS path, min(size) AS size FROM documents"
        " WHERE state != 'failed' GROUP BY content_hash"
    )
    for row in rows:
        fault = _original_fault(store.originals.path(row["content_hash"]), row["content_hash"])
        if fault:
            found = source_of(store, row["content_hash"]) is not None
            yield Problem(
                "original-lost",
                f"the original {fault}",
                row["path"],
                REPAIR
                if found
                else "put the file back where it was and repair, or delete the document",
                repairable=found,
            )


def source_of(store: Store, content_hash: str) -> Path | None:
    """A file that an original came from, if one still has its content.

    A name that is no place (an upload's) would be sought wherever the program was started.
    """
    rows = store.connection.execute(
        "SELECT DISTINCT path FROM documents WHERE content_hash = ? ORDER BY path", (content_hash,)
    )
    for row in rows.fetchall():
        source = Path(row["path"])
        if source.is_absolute() and source.is_file() and not _original_fault(source, content_hash):
            return source
    return None


def _original_fault(path: Path, content_hash: str) -> str:
    try:
        return "" if hash_file(path) == content_hash else "has changed on disk"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error})"


def documents(store: Store) -> Iterator[Problem]:
    """Counts of pages and passages, and every passage word for word on its pages."""
    for row, what in damaged_documents(store):
        there = not _original_fault(store.originals.path(row["content_hash"]), row["content_hash"])
        remedy = REPAIR if there else "delete the document and index the file again"
        yield Problem("document-damaged", what, row["path"], remedy, repairable=there)
    stale = store.connection.execute(
        "SELECT d.path, count(*) AS passages FROM documents d JOIN passages p ON p.document = d.id"
        " WHERE NOT d.current GROUP BY d.id"
    )
    for row in stale:
        what = f"a superseded revision still has {row['passages']} passages"
        yield Problem("stale-passages", what, row["path"], REPAIR, True)


def damaged_documents(store: Store) -> Iterator[tuple[sqlite3.Row, str]]:
    """Current documents whose rows contradict each other, and what is wrong with each.

    Of the row, `id`, `collection`, `path` and `content_hash` are known.
    """
    rows = store.connection.execute(
        "SELECT id, collection, path, content_hash, pages, passages FROM documents WHERE current"
    )
    for row in rows:
        texts = dict(
            store.connection.execute(
                "SELECT number, text FROM pages WHERE document = ?", (row["id"],)
            ).fetchall()
        )
        passages = store.connection.execute(
            "SELECT text, spans FROM passages WHERE document = ?", (row["id"],)
        ).fetchall()
        wrong = sum(_text_at(texts, json.loads(spans)) != text for text, spans in passages)
        faults = (
            (len(texts) != row["pages"], f"{row['pages']} pages are counted, {len(texts)} there"),
            (
                len(passages) != row["passages"],
                f"{row['passages']} passages are counted, {len(passages)} there",
            ),
            (wrong > 0, f"{wrong} passages do not stand on their pages as they are kept"),
        )
        what = "; ".join(said for fault, said in faults if fault)
        if what:
            yield row, what


def _text_at(texts: dict[int, str], spans: Iterable[tuple[int, int, int]]) -> str | None:
    """What stands at these spans; None where one lies outside its page."""
    parts = []
    for page, start, end in spans:
        if page not in texts or not 0 <= start <= end <= len(texts[page]):
            return None
        parts.append(texts[page][start:end])
    return "\n".join(parts)


def deletions(store: Store) -> Iterator[Problem]:
    """No passage that is there is noted as deleted."""
    for collection in store.collections():
        count = store.connection.execute(
            "SELECT count(*) FROM deleted_passages d JOIN passages p ON p.id = d.passage"
            " WHERE d.collection = ?",
            (collection.id,),
        ).fetchone()[0]
        if count:
            what = f"{count} passages are hidden from search as if deleted"
            yield Problem("hidden-passages", what, name_of(collection), REPAIR, True)


def keyword_tables(store: Store) -> Iterator[Problem]:
    """Each collection's keyword table is sound and has exactly the collection's passages."""
    tables = keyword_table_ids(store.connection)
    collections = {collection.id: collection for collection in store.collections()}
    for number in sorted(tables - set(collections)):
        what = "a keyword table of a collection that is gone"
        yield Problem("keyword-table-stray", what, f"collection {number}", REPAIR, True)
    for number, collection in collections.items():
        fault = keyword_fault(store, number) if number in tables else "is missing"
        if fault:
            what = f"the keyword table {fault}"
            yield Problem("keyword-table-damaged", what, name_of(collection), REPAIR, True)


def keyword_table_ids(connection: sqlite3.Connection) -> set[int]:
    """The collections that have a keyword table."""
    rows = connection.execute(
        "SELECT substr(name, 10) FROM sqlite_master WHERE name GLOB 'keywords_[0-9]*'"
        " AND sql LIKE 'CREATE VIRTUAL TABLE%fts5(%'"
    )
    return {int(row[0]) for row in rows if row[0].isdigit()}


def keyword_fault(store: Store, collection: int) -> str:
    """What is wrong with a collection's keyword table; '' where nothing is."""
    table = f"keywords_{collection}"
    try:
        store.connection.execute(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if isinstance(error, DatabaseReadOnlyError):
            pass  # the examination counts as writing; what follows does not
        elif isinstance(error, StorageError):
            raise
        else:
            return f"is damaged ({error.__cause__ or error})"
    if foreign := foreign_stemmer(store, collection):
        return f"holds the stems of {foreign}, and questions are stemmed by {stemmer_version()}"
    missing = len(unindexed(store.connection, collection))
    stray = len(stray_rows(store.connection, collection))
    return f"lacks {missing} passages and has {stray} too many" if missing or stray else ""


def foreign_stemmer(store: Store, collection: int) -> str:
    """The stemmer that made a collection's terms where it is another one; else ''."""
    row = store.connection.execute(
        "SELECT stemmer FROM collections WHERE id = ?", (collection,)
    ).fetchone()
    return row["stemmer"] if row and row["stemmer"] != stemmer_version() else ""


def unindexed(connection: sqlite3.Connection, collection: int) -> list[int]:
    """Passages without a keyword row."""
    rows = connection.execute(
        f"SELECT id FROM passages WHERE collection = ? EXCEPT SELECT id FROM"
        f" keywords_{int(collection)}_docsize",
        (collection,),
    )
    return [row[0] for row in rows]


def stray_rows(connection: sqlite3.Connection, collection: int) -> list[int]:
    """Keyword rows without a passage."""
    rows = connection.execute(
        f"SELECT id FROM keywords_{int(collection)}_docsize EXCEPT SELECT id FROM passages"
        " WHERE collection = ?",
        (collection,),
    )
    return [row[0] for row in rows]


def unnamed_originals(store: Store) -> list[str]:
    """After a salvage, the originals whose documents were lost with the database."""
    if not (store.home / MARK).exists():
        return []
    hashes = _hashes(store)
    return [one for one in store.originals.hashes() if one not in hashes]


def lost_documents(store: Store, *, embedder: bool) -> Iterator[Problem]:
    """Originals that wait to be indexed anew after the database was salvaged."""
    waiting = unnamed_originals(store)
    if waiting:
        what = f"{len(waiting)} originals have lost their documents"
        where = str(store.originals.folder)
        yield Problem("documents-lost", what, where, REPAIR, repairable=embedder)


def _hashes(store: Store) -> set[str]:
    return {row[0] for row in store.connection.execute("SELECT content_hash FROM documents")}


def leftovers(store: Store, folder: Path) -> Iterator[Problem]:
    """Files that nothing speaks of any more."""
    for path in stray_files(store, folder):
        yield Problem("leftover", "a file that nothing refers to", str(path), REPAIR, True)


def stray_files(store: Store, folder: Path) -> list[Path]:
    """Index files, staged copies and originals that no row names and no process is still making.

    Uploads too, but for those of jobs that wait or work.
    """
    rows = store.connection.execute("SELECT sealed_file FROM generations")
    sealed_names = {row[0] for row in rows}
    index = [path for path in _files(folder) if path.name not in sealed_names]
    hashes = _hashes(store)
    kept = [path for path in _files(store.originals.folder) if path.name not in hashes]
    if (store.home / MARK).exists():  # they are not strays, their rows are lost
        kept = [path for path in kept if path.parent.name == "incoming"]
    staged = _staged(store)
    uploads = [path for path in _files(store.home / "uploads") if path.name not in staged]
    unfinished = [
        path
        for pattern in (f"{LEFT}*", f"*/{LEFT}*", f"*/*/{LEFT}*")
        for path in store.home.glob(pattern)
    ]
    oldest = time.time() - LEFTOVER_SECONDS
    return sorted(
        path for path in {*index, *kept, *uploads, *unfinished} if _age_mark(path) < oldest
    )


def _staged(store: Store) -> set[str]:
    """Names of the uploads that jobs are still to read."""
    rows = store.connection.execute(
        "SELECT staged.value FROM jobs, json_each(arguments, '$.staged') AS staged"
        " WHERE state IN ('waiting', 'running', 'cancelling')"
    )
    return {Path(row[0]).name for row in rows}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _age_mark(path: Path) -> float:
    """When the file was last written; now, where it has just gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def name_of(collection: records.Collection) -> str:
    """A collection as problems name it."""
    return f"collection {collection.name}"
