"""The store: everything that a home knows of its documents, and the only place that changes it.

SQLite is the truth: documents, pages, passages, keyword rows and vectors change together in
one transaction or not at all. FAISS files are a cache beside it (`indexer.vectors`).
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import storage_error
from indexer.keyword import fts, renewal
from indexer.keyword.analysis import detect_language, stemmer_version
from indexer.records import Collection, Document, Page, Passage, Receipt
from indexer.store import writes
from indexer.store.db_errors import DatabaseError
from indexer.store.errors import CollectionGoneError
from indexer.store.originals import Staged
from indexer.store.queries import Catalogue
from indexer.store.rows import DOCUMENT_COLUMNS, strings_json, to_document

if TYPE_CHECKING:
    import numpy as np

# Hidden texts that are kept to be shown, of each document.
_HIDDEN_SHOWN = 100

# Documents deleted in one transaction: others wait for less than a second.
_DELETE_BATCH = 100


def document_id() -> str:
    """A new document's id: random, not guessable."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is to be added: a parsed file and the name that it is stored under.

    `path` is the file's place or an upload's name; a document with the same path in the
    same collection is superseded. `problem` holds the warnings of parsing. `hidden_kept` says
    that text which a person does not see was read like any other. `id` is random, not guessable.
    """

    collection: int
    path: str
    title: str
    kind: str
    original: Staged
    problem: str = ""
    hidden_kept: bool = False
    id: str = field(default_factory=lambda: document_id())  # noqa: PLW0108 - tests fix it


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file could not be indexed; its hash and size where it could be read."""

    reason: str
    content_hash: str = ""
    size: int = 0


class Store(Catalogue):
    """The database and the originals of one home. Safe to use from several threads."""

    @classmethod
    def open(cls, home: Path) -> Store:
        """Open the store of a home; make or migrate it where that is due."""
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, home) from error
        store = cls(home)
        store._renew_terms()
        return store

    def _renew_terms(self) -> None:
        """Let collections of before have today's terms; one that is not to be had now, later.

        Until then, and where that never comes, the doctor names it and mends it.
        """
        with suppress(DatabaseError, sqlite3.DatabaseError):
            for collection in renewal.stale(self.connection):
                with self.transaction(wait=False) as connection:
                    renewal.renew(connection, collection)

    def transaction(self, *, wait: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction; other writers wait for its end. As `Database.transaction`."""
        return self._database.transaction(wait=wait)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()
        self._presence.leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The database closed, and no other process in the home, for as long as this lasts.

        Raises `InUseError`.
        """
        with self._presence.alone():
            self._database.close()
            yield

    def create_collection(self, name: str) -> Collection:
        """The collection of this name, whatever its case; new if there is none."""
        with self.transaction() as connection:
            existing = self.collection(name)
            if existing:
                return existing
            made = connection.execute(
                "INSERT INTO collections (name, created_at, stemmer) VALUES (?, ?, ?)",
                (name, time.time(), stemmer_version()),
            )
            number = int(made.lastrowid or 0)
            fts.create(connection, number)
            return Collection(number, name)

    def delete_collection(self, collection: int) -> Receipt:
        """Remove a collection and all that is in it; nothing where it is gone already."""
        with self.transaction() as connection:
            there = connection.execute("SELECT 1 FROM collections WHERE id = ?", (collection,))
            if there.fetchone() is None:
                return Receipt()
            rows = connection.execute(
                "SELECT DISTINCT content_hash FROM documents WHERE collection = ?", (collection,)
            )
            hashes = [row["content_hash"] for row in rows]
            sealed = _sealed_files(connection, collection)
            receipt = writes.erase_collection(connection, collection)
        self._unlink(sealed)
        return _sum(receipt, self.remove_originals(hashes))

    def add_vectors(self, ids: Sequence[int], vectors: np.ndarray, fingerprint: str) -> None:
        """Put vectors [n, dimension] into a generation; passages that are gone are left out."""
        with self.transaction() as connection:
            writes.insert_vectors(connection, ids, vectors, fingerprint)

    def use_generation(self, collection: int, fingerprint: str) -> None:
        """Let this generation answer for a collection from now on."""
        with self.transaction() as connection:
            writes.switch_generation(connection, collection, fingerprint)

    def return_to_previous_generation(self, collection: int) -> str:
        """Let the generation that answered before the present one answer again; at once.

        Returns its fingerprint, '' where there was none before.
        """
        with self.transaction() as connection:
            return writes.return_generation(connection, collection)

    def set_fusion_weight(self, collection: int, fingerprint: str, fusion_weight: str) -> None:
        """Keep the fitted fusion of a generation."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO generations (collection, fingerprint, trust) VALUES (?, ?, ?)"
                " ON CONFLICT (collection, fingerprint) DO UPDATE SET trust = excluded.trust",
                (collection, fingerprint, fusion_weight),
            )

    def drop_generation(self, collection: int, fingerprint: str) -> int:
        """Remove a generation's vectors; return how many there were.

        The one that answers stays as it is.
        """
        with self.transaction() as connection:
            if self.generation(collection) == fingerprint:
                return 0
            removed = connection.execute(
                "DELETE FROM vectors WHERE fingerprint = ? AND passage IN"
                " (SELECT id FROM passages WHERE collection = ?)",
                (fingerprint, collection),
            ).rowcount
            sealed = _sealed_files(connection, collection, fingerprint)
            connection.execute(
                "DELETE FROM generations WHERE collection = ? AND fingerprint = ?",
                (collection, fingerprint),
            )
        self._unlink(sealed)
        return removed

    def add(
        self,
        document: NewDocument,
        pages: Sequence[Page],
        passages: Sequence[Passage],
        vectors: np.ndarray,
        fingerprint: str,
        *,
        force: bool = False,
    ) -> Document:
        """Add a document with its pages, passages and their vectors [n, dimension].

        It supersedes the current document of the same path. Where the collection has this
        content already, the document that has it is returned instead (its id is not the new
        one's): of another path, which then is the only one; or of the same path, brought by
        another process meanwhile, unless `force` has it written anew.
        """
        language = detect_language("\n".join(passage.text for passage in passages[:20]))
        # Before the transaction, for which others wait.
        terms = writes.keyword_terms(document.title, passages, language)
        with self.transaction() as connection:
            self.check_there(document.collection)
            here = self.document_at(document.collection, document.path)
            twin = self.document_with(document.collection, document.original.content_hash)
            if here and not (twin == here and not force):
                writes.retire(connection, here)
            if twin and not (twin == here and force):
                document.original.discard()
                return twin
            self.originals.take_in(document.original)
            revision = writes.next_revision(connection, document.collection, document.path)
            record = _ready(document, pages, len(passages), revision)
            writes.insert_document(connection, record, language)
            writes.insert_pages(connection, record.id, pages)
            ids = writes.insert_passages(connection, record, passages, terms)
            writes.insert_vectors(connection, ids, vectors, fingerprint)
            connection.execute(
                "UPDATE collections SET fingerprint = ? WHERE id = ? AND fingerprint = ''",
                (fingerprint, record.collection),
            )
        return record

    def add_failure(self, collection: int, path: str, failure: Failure) -> Document:
        """Note that a file could not be indexed, so that it is seen until it can be.

        A revision that could be read before stays, is returned, and says in `unread` that there
        is another content by now, and why that one could not be read.
        """
        with self.transaction() as connection:
            self.check_there(collection)
            here = self.document_at(collection, path)
            if here and here.state != "failed":
                if here.content_hash == failure.content_hash:
                    return here
                writes.note_unread(connection, here, failure.reason)
                return self.document(here.id)
            if here:
                writes.retire(connection, here)
            revision = writes.next_revision(connection, collection, path)
            record = _failed(collection, path, failure, revision)
            writes.insert_document(connection, record, "")
        return record

    def retire(self, document: str) -> None:
        """Let a document no longer be found, and keep its pages and original for old answers."""
        with self.transaction() as connection:
            writes.retire(connection, self.document(document))

    def confirm(self, document: str) -> None:
        """Note that a document's file says what the document says, whatever it said meanwhile."""
        with self.transaction() as connection:
            writes.note_unread(connection, self.document(document), "")

    def move(self, document: str, path: str) -> Document:
        """Store a document, with its revisions, under another path: its file was renamed.

        Nothing happens where the new path has a document already. Revisions count on from those
        that it had before.
        """
        with self.transaction() as connection:
            here = self.document(document)
            title, collection = here.title, here.collection
            if self.document_at(collection, path) is None:
                earlier = writes.next_revision(connection, collection, path) - 1
                connection.execute(
                    "UPDATE documents SET path = ?, sought = ?, unread = '',"
                    " revision = revision + ? WHERE collection = ? AND path = ?",
                    (path, f"{title}\n{path}".casefold(), earlier, collection, here.path),
                )
        return self.document(document)

    def delete(self, ids: Iterable[str]) -> Receipt:
        """Remove documents with all their revisions, and originals that nobody else has.

        Ids that are gone are passed over. What is already deleted stays so if a later one
        fails; each document goes whole or not at all.
        """
        receipt = Receipt()
        waiting = list(dict.fromkeys(ids))
        for start in range(0, len(waiting), _DELETE_BATCH):
            receipt = _sum(receipt, self._delete(waiting[start : start + _DELETE_BATCH]))
        return receipt

    def check_there(self, collection: int) -> None:
        """Raise `CollectionGoneError` where a collection has been deleted."""
        if not any(one.id == collection for one in self.collections()):
            raise CollectionGoneError("the collection was deleted while this was being indexed")

    @contextmanager
    def while_there(self, collection: int) -> Iterator[None]:
        """Raise `CollectionGoneError` for what breaks because a collection is deleted meanwhile.

        Its keyword table goes with it, at any moment, and the row that others refer to.
        """
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.IntegrityError):
            self.check_there(collection)
            raise

    def _unlink(self, sealed: Iterable[str]) -> None:
        """Remove index files whose rows are gone: they hold what was deleted."""
        for name in filter(None, sealed):
            (self.home / "index" / name).unlink(missing_ok=True)

    def _delete(self, ids: Sequence[str]) -> Receipt:
        receipt = Receipt()
        hashes: set[str] = set()
        with self.transaction() as connection:
            for document in self._with_revisions(ids):
                hashes.add(document.content_hash)
                receipt = _sum(receipt, writes.erase(connection, document))
        return _sum(receipt, self.remove_originals(hashes))

    def _with_revisions(self, ids: Sequence[str]) -> list[Document]:
        # Path by path: `(collection, path) IN (…)` would go through the whole collection each time.
        rows = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE rowid IN"
            " (SELECT revision.rowid FROM documents AS named CROSS JOIN documents AS revision"
            "  ON revision.collection = named.collection AND revision.path = named.path"
            "  WHERE named.id IN (SELECT value FROM json_each(?)))",
            (strings_json(ids),),
        )
        return list(map(to_document, rows))

    def remove_originals(self, hashes: Iterable[str]) -> Receipt:
        """Remove those of these originals that no document has."""
        files = freed = 0
        # The lock keeps another process from settling the same content meanwhile.
        with self.transaction() as connection:
            for content_hash in hashes:
                used = connection.execute(
                    "SELECT 1 FROM documents WHERE content_hash = ? AND state != 'failed'",
                    (content_hash,),
                ).fetchone()
                if not used and content_hash:
                    size = self.originals.remove(content_hash)
                    files, freed = files + (size is not None), freed + (size or 0)
        return Receipt(files=files, bytes=freed)


def _sealed_files(
    connection: sqlite3.Connection, collection: int, fingerprint: str = ""
) -> list[str]:
    """Names of a collection's index files: of one generation, or of all."""
    rows = connection.execute(
        "SELECT sealed_file FROM generations WHERE collection = ? AND ? IN ('', fingerprint)",
        (collection, fingerprint),
    )
    return [row["sealed_file"] for row in rows]


def _ready(document: NewDocument, pages: Sequence[Page], passages: int, revision: int) -> Document:
    """The record of a document that is being added."""
    return Document(
        id=document.id,
        collection=document.collection,
        path=document.path,
        title=document.title,
        content_hash=document.original.content_hash,
        size=document.original.size,
        kind=document.kind,
        revision=revision,
        current=True,
        state="partial" if any(page.problem for page in pages) else "ready",
        problem=document.problem,
        pages=len(pages),
        # A page that was left blank lacks nothing.
        pages_without_text=sum(bool(page.problem) and not page.text.strip() for page in pages),
        passages=passages,
        indexed_at=time.time(),
        hidden=tuple(found for page in pages for found in page.hidden)[:_HIDDEN_SHOWN],
        hidden_kept=document.hidden_kept,
    )


def _failed(collection: int, path: str, failure: Failure, revision: int) -> Document:
    """The record of a file that could not be indexed."""
    return Document(
        id=document_id(),
        collection=collection,
        path=path,
        title=Path(path).name,
        content_hash=failure.content_hash,
        size=failure.size,
        kind=Path(path).suffix.lstrip(".").lower(),
        revision=revision,
        current=True,
        state="failed",
        problem=failure.reason,
        pages=0,
        pages_without_text=0,
        passages=0,
        indexed_at=time.time(),
    )


def _sum(first: Receipt, second: Receipt) -> Receipt:
    """Both receipts in one."""
    return Receipt(
        documents=first.documents + second.documents,
        pages=first.pages + second.pages,
        passages=first.passages + second.passages,
        vectors=first.vectors + second.vectors,
        files=first.files + second.files,
        bytes=first.bytes + second.bytes,
        quotes=first.quotes + second.quotes,
    )
