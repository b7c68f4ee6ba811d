"""The statements that put a document into the database and take it out again.

Each function works inside the caller's transaction. Whatever one of them changes about
passages, it changes about keyword rows and vectors too; nothing else does.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.chunking import text_hash
from indexer.keyword import fts
from indexer.keyword.analysis import index_terms
from indexer.keyword.fts import KeywordRow
from indexer.records import Document, Page, Passage, Receipt
from indexer.store import redaction
from indexer.store.rows import DOCUMENT_COLUMNS, blocks_json, hidden_json, spans_json, strings_json

if TYPE_CHECKING:
    import numpy as np


# A passage in the keyword index: the terms of its title, its headings and its text.
KeywordTerms = tuple[str, str, str]


def next_revision(connection: sqlite3.Connection, collection: int, path: str) -> int:
    """The number of the next document at a path, from one."""
    row = connection.execute(
        "SELECT coalesce(max(revision), 0) + 1 FROM documents WHERE collection = ? AND path = ?",
        (collection, path),
    ).fetchone()
    return int(row[0])


def insert_document(connection: sqlite3.Connection, record: Document, language: str) -> None:
    """Write a document's own row."""
    names = [name.strip() for name in DOCUMENT_COLUMNS.split(",")]
    values = [
        hidden_json(record.hidden) if name == "hidden" else getattr(record, name) for name in names
    ]
    sought = f"{record.title}\n{record.path}".casefold()
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO documents ({DOCUMENT_COLUMNS}, language, sought) VALUES ({marks}, ?, ?)",
        [*values, language, sought],
    )


def insert_pages(connection: sqlite3.Connection, document: str, pages: Sequence[Page]) -> None:
    """Write a document's pages."""
    connection.executemany(
        "INSERT INTO pages (document, number, label, text, blocks, problem)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            (document, page.number, page.label, page.text, blocks_json(page.blocks), page.problem)
            for page in pages
        ),
    )


def keyword_terms(title: str, passages: Sequence[Passage], language: str) -> list[KeywordTerms]:
    """The index terms of a document's passages; made before the transaction that writes them."""
    of_title = index_terms(title, language)
    paths = {passage.headings for passage in passages}
    of_path = {path: index_terms("\n".join(path), language) for path in paths}
    return [
        (of_title, of_path[passage.headings], index_terms(passage.text, language))
        for passage in passages
    ]


def insert_passages(
    connection: sqlite3.Connection,
    record: Document,
    passages: Sequence[Passage],
    terms: Sequence[KeywordTerms],
) -> list[int]:
    """Write a document's passages and their keyword rows; return the new ids."""
    ids = [_insert_passage(connection, record, passage) for passage in passages]
    insert_keywords(connection, record.collection, ids, terms)
    return ids


def insert_keywords(
    connection: sqlite3.Connection,
    collection: int,
    ids: Sequence[int],
    terms: Sequence[KeywordTerms],
) -> None:
    """Write the keyword rows of passages that have these ids."""
    rows = (KeywordRow(number, *fields) for number, fields in zip(ids, terms, strict=True))
    fts.insert(connection, collection, rows)


def _insert_passage(connection: sqlite3.Connection, record: Document, passage: Passage) -> int:
    made = connection.execute(
        "INSERT INTO passages (document, collection, ordinal, text, headings, spans, text_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.collection,
            passage.ordinal,
            passage.text,
            strings_json(passage.headings),
            spans_json(passage.spans),
            text_hash(record.title, passage),
        ),
    )
    return int(made.lastrowid or 0)


def insert_vectors(
    connection: sqlite3.Connection, ids: Sequence[int], vectors: np.ndarray, fingerprint: str
) -> None:
    """Write vectors [n, dimension] of passages, as float16; of those that still exist."""
    if len(ids) != len(vectors):
        raise ValueError(f"{len(ids)} passages, but {len(vectors)} vectors")
    connection.executemany(
        "INSERT OR REPLACE INTO vectors (passage, fingerprint, vector)"
        " SELECT id, ?, ? FROM passages WHERE id = ?",
        (
            (fingerprint, vector.astype("float16").tobytes(), int(number))
            for number, vector in zip(ids, vectors, strict=True)
        ),
    )


def retire(connection: sqlite3.Connection, document: Document) -> None:
    """Supersede a document: pages and original stay, nothing of it is found any more.

    A failure leaves nothing that an old answer could have cited, and goes altogether.
    """
    remove_passages(connection, document)
    if document.state == "failed":
        connection.execute("DELETE FROM documents WHERE id = ?", (document.id,))
    else:
        connection.execute(
            "UPDATE documents SET current = 0, unread = '' WHERE id = ?", (document.id,)
        )


def note_unread(connection: sqlite3.Connection, document: Document, reason: str) -> None:
    """Note why the newest version of a document's file could not be read; '' where it could."""
    connection.execute("UPDATE documents SET unread = ? WHERE id = ?", (reason, document.id))


def remove_passages(connection: sqlite3.Connection, document: Document) -> None:
    """Remove a document's passages, keyword rows and vectors, and note the ids for the index."""
    ids = [
        row["id"]
        for row in connection.execute("SELECT id FROM passages WHERE document = ?", (document.id,))
    ]
    fts.delete(connection, document.collection, ids)
    connection.executemany(
        "INSERT OR IGNORE INTO deleted_passages (collection, passage) VALUES (?, ?)",
        ((document.collection, number) for number in ids),
    )
    connection.execute("DELETE FROM passages WHERE document = ?", (document.id,))


def erase(connection: sqlite3.Connection, document: Document) -> Receipt:
    """Remove every row of a document, and what past answers hold of it.

    The receipt does not know of the original.
    """
    receipt = _weighed(connection, "id = ?", document.id)
    quotes = redaction.redact(connection, receipt.documents)
    remove_passages(connection, document)
    connection.execute("DELETE FROM documents WHERE id = ?", (document.id,))
    return replace(receipt, quotes=quotes)


def erase_collection(connection: sqlite3.Connection, collection: int) -> Receipt:
    """Remove every row of a collection, keyword rows as a whole: one by one takes 0.5 ms each."""
    receipt = _weighed(connection, "collection = ?", collection)
    quotes = redaction.redact(connection, receipt.documents)
    fts.drop(connection, collection)
    connection.execute("DELETE FROM deleted_passages WHERE collection = ?", (collection,))
    connection.execute("DELETE FROM collections WHERE id = ?", (collection,))
    return replace(receipt, quotes=quotes)


def _weighed(connection: sqlite3.Connection, condition: str, value: str | int) -> Receipt:
    """The documents that meet a condition, and what would go with them but for the originals."""
    found = connection.execute(f"SELECT id FROM documents WHERE {condition}", (value,)).fetchall()
    theirs = f"document IN (SELECT id FROM documents WHERE {condition})"
    text = "count(*), coalesce(sum(length(CAST(text AS BLOB))), 0)"
    pages, page_bytes = connection.execute(
        f"SELECT {text} FROM pages WHERE {theirs}", (value,)
    ).fetchone()
    passages, passage_bytes = connection.execute(
        f"SELECT {text} FROM passages WHERE {theirs}", (value,)
    ).fetchone()
    vectors, vector_bytes = connection.execute(
        "SELECT count(*), coalesce(sum(length(vector)), 0) FROM passages"
        f" JOIN vectors ON vectors.passage = passages.id WHERE {theirs}",
        (value,),
    ).fetchone()
    return Receipt(
        documents=tuple(row["id"] for row in found),
        pages=pages,
        passages=passages,
        vectors=vectors,
        bytes=page_bytes + passage_bytes + vector_bytes,
    )


def switch_generation(connection: sqlite3.Connection, collection: int, fingerprint: str) -> None:
    """Let a generation answer, and note which one answered before."""
    connection.execute(
        "INSERT INTO switches (collection, before, after, switched_at)"
        " SELECT id, fingerprint, ?, ? FROM collections"
        " WHERE id = ? AND fingerprint NOT IN (?, '')",
        (fingerprint, time.time(), collection, fingerprint),
    )
    connection.execute(
        "UPDATE collections SET fingerprint = ? WHERE id = ?", (fingerprint, collection)
    )


def return_generation(connection: sqlite3.Connection, collection: int) -> str:
    """Undo the last switch; the fingerprint that answers then, '' where none came before."""
    row = connection.execute(
        "SELECT id, before FROM switches WHERE collection = ? ORDER BY id DESC LIMIT 1",
        (collection,),
    ).fetchone()
    if row is None:
        return ""
    connection.execute("DELETE FROM switches WHERE id = ?", (row["id"],))
    connection.execute(
        "UPDATE collections SET fingerprint = ? WHERE id = ?", (row["before"], collection)
    )
    return row["before"]
