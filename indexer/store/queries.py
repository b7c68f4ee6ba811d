"""The reading half of the store: what a home knows of its documents. Nothing here writes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.keyword import fts
from indexer.keyword.analysis import Word, query_words
from indexer.keyword.bm25 import TermStatistics
from indexer.keyword.fts import KeywordRow
from indexer.records import Collection, Document, Page, Passage
from indexer.store.database import Database
from indexer.store.errors import (
    DamagedVectorError,
    DatabaseLostError,
    UnknownDocumentError,
    UnknownOriginalError,
)
from indexer.store.lock import HomeLock
from indexer.store.originals import Originals
from indexer.store.rows import (
    DOCUMENT_COLUMNS,
    PAGE_COLUMNS,
    PASSAGE_COLUMNS,
    strings_json,
    to_document,
    to_page,
    to_passage,
)

if TYPE_CHECKING:
    import numpy as np

# Vectors are read this many at a time, so that no read holds the WAL for long.
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One page of a listing, and how many documents the whole listing has."""

    rows: tuple[Document, ...]
    total: int


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Passage ids, int64 [n], ascending, with their vectors, float16 [n, dimension]."""

    ids: np.ndarray
    vectors: np.ndarray


class Catalogue:
    """Documents, pages, passages and vectors of one home. Safe to use from several threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "footnote.db"
        self.originals = Originals(home / "files")
        if not self.path.exists() and any(self.originals.hashes()):
            raise DatabaseLostError(
                f"the database {self.path} is gone, though there are originals beside it; put it "
                "back, restore a backup, or run `footnote doctor --repair`, which indexes them anew"
            )
        # First of all: whoever has the home alone may be putting another database in its place.
        self._presence = HomeLock(home)
        try:
            self._database = Database(self.path)
        except BaseException:
            self._presence.leave()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading. Rows are `sqlite3.Row`."""
        return self._database.connection

    def collections(self) -> list[Collection]:
        """All collections, by name."""
        rows = self.connection.execute("SELECT id, name FROM collections ORDER BY name")
        return [Collection(row["id"], row["name"]) for row in rows]

    def collection(self, name: str) -> Collection | None:
        """The collection of this name, whatever its case; one of just this case comes first."""
        name = name.encode(errors="replace").decode()  # from a command line in another encoding
        found = self.connection.execute(
            "SELECT id, name FROM collections WHERE casefold(name) = ? ORDER BY name != ?, id",
            (name.casefold(), name),
        )
        row = found.fetchone()
        return Collection(row["id"], row["name"]) if row else None

    def generation(self, collection: int) -> str:
        """Fingerprint of the generation that answers for a collection; '' before the first."""
        row = self.connection.execute(
            "SELECT fingerprint FROM collections WHERE id = ?", (collection,)
        ).fetchone()
        return row["fingerprint"] if row else ""

    def previous_generations(self, collection: int) -> list[str]:
        """Fingerprints of those that answered before, the one to go back to first."""
        rows = self.connection.execute(
            "SELECT before FROM switches WHERE collection = ? ORDER BY id DESC", (collection,)
        )
        return [row["before"] for row in rows]

    def documents(
        self,
        collections: Iterable[int],
        *,
        text: str = "",
        state: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> DocumentList:
        """Current documents by title, those whose title or path holds `text`, in `state`.

        Those whose file cannot be read any more are among the failed, whatever text is left.
        """
        where = "current = 1 AND collection IN (SELECT value FROM json_each(?))"
        values: list[object] = [strings_json(map(int, collections))]
        if text:
            where += " AND instr(sought, ?)"
            values.append(text.casefold())
        if state:
            unread = " OR rowid IN (SELECT rowid FROM documents WHERE unread != '')"
            where += f" AND (state = ?{unread if state == 'failed' else ''})"
            values.append(state)
        total = self.connection.execute(f"SELECT count(*) FROM documents WHERE {where}", values)
        # The inner query runs over its index alone, in the index's own order: 100,000 documents
        # take 0.1 s at any page. SQLite would by itself choose another index, and sort for 1.5 s.
        order = "ORDER BY sought, collection, state, rowid"
        rows = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE rowid IN"
            " (SELECT rowid FROM documents INDEXED BY documents_listing"
            f"  WHERE {where} {order} LIMIT ? OFFSET ?) {order}",
            [*values, limit, offset],
        )
        return DocumentList(tuple(map(to_document, rows)), total.fetchone()[0])

    def document(self, document: str) -> Document:
        """A document by id, current or superseded. Raises `UnknownDocumentError`."""
        row = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?", (document,)
        ).fetchone()
        if row is None:
            raise UnknownDocumentError(
                f"there is no document {document!r}; it may have been deleted"
            )
        return to_document(row)

    def document_at(self, collection: int, path: str) -> Document | None:
        """The current document stored under a path."""
        return self._one_document("collection = ? AND path = ? AND current = 1", (collection, path))

    def document_with(self, collection: int, content_hash: str) -> Document | None:
        """The current document with this content, if it was not a failure."""
        # The + keeps SQLite from going through the whole collection in search of the hash.
        return self._one_document(
            "content_hash = ? AND +collection = ? AND current = 1 AND state != 'failed'",
            (content_hash, collection),
        )

    def documents_under(self, collection: int, places: Iterable[str]) -> list[Document]:
        """The current documents at these paths, or in these folders."""
        # '0' is the character after '/'. Both halves go by the index on paths, which SQLite would
        # not choose by itself: with 100,000 documents each place would take 50 ms.
        there = (
            "SELECT found.rowid FROM json_each(:places) AS place"
            " CROSS JOIN documents AS found INDEXED BY documents_path"
            " ON found.collection = :collection AND found.current = 1 AND"
        )
        rows = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE rowid IN"
            f" ({there} found.path = place.value UNION {there} found.path > place.value || '/'"
            "  AND found.path < place.value || '0') ORDER BY path",
            {"places": strings_json(places), "collection": collection},
        )
        return list(map(to_document, rows))

    def revisions(self, document: str) -> list[Document]:
        """All revisions of the file that a document is one of, newest first."""
        here = self.document(document)
        rows = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE collection = ? AND path = ?"
            " ORDER BY revision DESC",
            (here.collection, here.path),
        )
        return list(map(to_document, rows))

    def _one_document(self, where: str, values: Sequence[object]) -> Document | None:
        row = self.connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {where}", values
        ).fetchone()
        return to_document(row) if row else None

    def page(self, document: str, number: int) -> Page:
        """One page, counted from one. Raises `UnknownDocumentError`."""
        row = self.connection.execute(
            f"SELECT {PAGE_COLUMNS} FROM pages WHERE document = ? AND number = ?",
            (document, number),
        ).fetchone()
        if row is None:
            raise UnknownDocumentError(f"document {document!r} has no page {number} here")
        return to_page(row)

    def pages(self, document: str, first: int = 1, count: int = -1) -> list[Page]:
        """A document's pages in order: all, or so many from this number on."""
        rows = self.connection.execute(
            f"SELECT {PAGE_COLUMNS} FROM pages WHERE document = ? AND number >= ?"
            " ORDER BY number LIMIT ?",
            (document, first, count),
        )
        return list(map(to_page, rows))

    def problem_pages(self, document: str) -> list[int]:
        """The numbers of the pages that have a problem, in order."""
        rows = self.connection.execute(
            "SELECT number FROM pages WHERE document = ? AND problem != '' ORDER BY number",
            (document,),
        )
        return [row[0] for row in rows]

    def passages_of(self, document: str) -> list[Passage]:
        """All passages of a document, in order; none of a superseded one."""
        rows = self.connection.execute(
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document = ? ORDER BY ordinal",
            (document,),
        )
        return list(map(to_passage, rows))

    def passages_on(self, document: str, page: int) -> list[Passage]:
        """The passages that have a part on a page, in order; none of a superseded document."""
        # A span is `[page, start, end]` in `rows.spans_json`. Looking for its beginning takes 70 ms
        # among the 60,000 passages of 20,000 pages; parsing the JSON there takes 250.
        rows = self.connection.execute(
            f"SELECT {PASSAGE_COLUMNS} FROM passages"
            " WHERE document = ? AND instr(spans, ?) ORDER BY ordinal",
            (document, f"[{page},"),
        )
        return list(map(to_passage, rows))

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """Passages by id; those that are gone are left out."""
        rows = self.connection.execute(
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE id IN (SELECT value FROM json_each(?))",
            (strings_json(map(int, ids)),),
        )
        return {row["id"]: to_passage(row) for row in rows}

    def original(self, content_hash: str) -> Path:
        """The original with this content. Raises `UnknownOriginalError`."""
        path = self.originals.path(content_hash)
        if not path.exists():
            raise UnknownOriginalError(
                f"the original {content_hash} is missing from {self.originals.folder}; "
                "index the file again"
            )
        return path

    def keyword(self, collection: int, query: str, k: int) -> list[tuple[int, float]]:
        """Passage ids with BM25 (higher is better), best first. Any text is a query."""
        return self.keyword_candidates(collection, self.term_statistics([collection], query), k)

    def keyword_candidates(
        self, collection: int, statistics: TermStatistics, k: int
    ) -> list[tuple[int, float]]:
        """As `keyword`, for the words of `statistics` (`term_statistics`).

        Scores from several collections compare only under common statistics.
        """
        return fts.search(self.connection, collection, statistics, k)

    def keyword_scores(
        self, collection: int, ids: Iterable[int], statistics: TermStatistics
    ) -> dict[int, float]:
        """BM25 of these passages, 0 where one holds no word of the query."""
        return fts.scores(self.connection, collection, ids, statistics)

    def keyword_rows(self, collection: int, ids: Iterable[int]) -> dict[int, KeywordRow]:
        """Passages as the keyword index has them: the terms of their fields."""
        rows = fts.rows(self.connection, collection, ids)
        return {row.passage: row for row in rows}

    def term_statistics(self, collections: Iterable[int], text: str) -> TermStatistics:
        """The words of a query, and how common they are in these collections together."""
        collections = list(collections)
        languages = {code for collection in collections for code in self.languages(collection)}
        return self.word_statistics(collections, query_words(text, languages))

    def word_statistics(self, collections: Iterable[int], words: Sequence[Word]) -> TermStatistics:
        """How common words are in these collections together."""
        return fts.statistics(self.connection, collections, words)

    def holds_together(self, collection: int, words: Sequence[Word]) -> bool:
        """Whether one passage of a collection holds all these words."""
        return fts.holds_together(self.connection, collection, words)

    def document_languages(self, ids: Iterable[str]) -> dict[str, str]:
        """The language of each document (ISO 639-1), '' where it is unknown."""
        rows = self.connection.execute(
            "SELECT id, language FROM documents WHERE id IN (SELECT value FROM json_each(?))",
            (strings_json(ids),),
        )
        return {row["id"]: row["language"] for row in rows}

    def languages(self, collection: int) -> list[str]:
        """The languages of a collection's current documents; '' where one is unknown."""
        # Steps through the index from language to language, whatever the number of documents.
        rows = self.connection.execute(
            "WITH RECURSIVE seen(code) AS ("
            " SELECT min(language) FROM documents WHERE current = 1 AND collection = :c"
            " UNION ALL"
            " SELECT (SELECT min(language) FROM documents"
            "  WHERE current = 1 AND collection = :c AND language > seen.code)"
            " FROM seen WHERE seen.code IS NOT NULL"
            ") SELECT code FROM seen WHERE code IS NOT NULL",
            {"c": collection},
        )
        return [row["code"] for row in rows]

    def count_languages(self, collection: int) -> dict[str, int]:
        """How many of a collection's current documents are in each language, '' where unknown."""
        rows = self.connection.execute(
            "SELECT language, count(*) FROM documents WHERE current = 1 AND collection = ?"
            " AND state != 'failed' GROUP BY language",
            (collection,),
        )
        return dict(map(tuple, rows))

    def vectors(self, collection: int, fingerprint: str, after: int = 0) -> Iterator[VectorBatch]:
        """A generation's vectors in order of passage id, from the first above `after`."""
        import numpy as np

        while True:
            rows = self.connection.execute(
                "SELECT passages.id, vector FROM passages JOIN vectors"
                " ON vectors.passage = passages.id AND vectors.fingerprint = ?"
                " WHERE passages.collection = ? AND passages.id > ?"
                " ORDER BY passages.id LIMIT ?",
                (fingerprint, collection, after, _BATCH),
            ).fetchall()
            if not rows:
                return
            ids = np.array([row[0] for row in rows], dtype=np.int64)
            joined = b"".join(_same_length(rows))
            yield VectorBatch(ids, np.frombuffer(joined, np.float16).reshape(len(rows), -1))
            after = int(ids[-1])

    def cached_vectors(self, text_hashes: Iterable[str], fingerprint: str) -> dict[str, np.ndarray]:
        """Vectors, float16 [dimension], of texts that were embedded before, by text hash."""
        import numpy as np

        rows = self.connection.execute(
            "SELECT text_hash, vector FROM passages JOIN vectors"
            " ON vectors.passage = passages.id AND vectors.fingerprint = ?"
            " WHERE text_hash IN (SELECT value FROM json_each(?)) GROUP BY text_hash",
            (fingerprint, strings_json(set(text_hashes))),
        )
        return {row[0]: np.frombuffer(row[1], np.float16) for row in rows}

    def unembedded(
        self, collection: int, fingerprint: str, limit: int, after: int = 0
    ) -> list[int]:
        """Ids above `after` of passages that the generation has no vector for, lowest first."""
        rows = self.connection.execute(
            "SELECT id FROM passages WHERE collection = ? AND id > ? AND NOT EXISTS (SELECT 1"
            " FROM vectors WHERE passage = passages.id AND fingerprint = ?) ORDER BY id LIMIT ?",
            (collection, after, fingerprint, limit),
        )
        return [row["id"] for row in rows]

    def passage_vectors(self, ids: Iterable[int], fingerprint: str) -> dict[int, np.ndarray]:
        """Vectors, float16 [dimension], of passages; those that have none are left out."""
        import numpy as np

        rows = self.connection.execute(
            "SELECT passage, vector FROM vectors"
            " WHERE fingerprint = ? AND passage IN (SELECT value FROM json_each(?))",
            (fingerprint, strings_json(map(int, ids))),
        )
        found = rows.fetchall()
        blobs = _same_length(found)
        return {
            row[0]: np.frombuffer(blob, np.float16) for row, blob in zip(found, blobs, strict=True)
        }

    def passages_within(
        self, documents: Iterable[str], collections: Iterable[int]
    ) -> dict[int, list[int]] | None:
        """Ids of the passages of documents, by collection; None where no document is named."""
        chosen = list(documents)
        if not chosen:
            return None
        found: dict[int, list[int]] = {number: [] for number in collections}
        rows = self.connection.execute(
            "SELECT id, collection FROM passages"
            " WHERE document IN (SELECT value FROM json_each(?)) ORDER BY id",
            (strings_json(chosen),),
        )
        for row in rows:
            if row["collection"] in found:
                found[row["collection"]].append(row["id"])
        return found

    def count_passages(self, collection: int) -> int:
        """How many passages a collection has. Superseded documents have none."""
        row = self.connection.execute(
            "SELECT count(*) FROM passages WHERE collection = ?", (collection,)
        ).fetchone()
        return int(row[0])

    def sample_passages(self, collection: int, count: int, seed: int = 0) -> list[Passage]:
        """At most `count` passages from all over a collection, the same for the same seed."""
        total = self.count_passages(collection)
        places = random.Random(seed).sample(range(total), min(count, total))  # noqa: S311
        rows = self.connection.execute(
            "SELECT id FROM passages WHERE collection = ? ORDER BY id", (collection,)
        )
        # One by one: the ids of a hundred million passages would take gigabytes.
        wanted = set(places)
        drawn = [row["id"] for place, row in enumerate(rows) if place in wanted]
        return list(self.passages(drawn).values())

    def passages_by_content(self, collection: int, count: int) -> list[Passage]:
        """At most `count` passages from all over a collection, the same ones in every home.

        In the order of what the documents hold: ids come in the order of indexing, which is
        another where several processes read.
        """
        rows = self.connection.execute(
            "SELECT passages.id FROM passages JOIN documents ON documents.id = document"
            " WHERE passages.collection = ? ORDER BY content_hash, title, ordinal",
            (collection,),
        )
        ids = [row["id"] for row in rows]
        places = random.Random(0).sample(range(len(ids)), min(count, len(ids)))  # noqa: S311
        drawn = [ids[place] for place in sorted(places)]
        found = self.passages(drawn)
        return [found[number] for number in drawn if number in found]

    def fusion_weight(self, collection: int, fingerprint: str) -> str:
        """The fitted fusion of a generation, as its fitter wrote it; '' before the first fit."""
        row = self.connection.execute(
            "SELECT trust FROM generations WHERE collection = ? AND fingerprint = ?",
            (collection, fingerprint),
        ).fetchone()
        return row["trust"] if row else ""


def _same_length(rows: Sequence[sqlite3.Row]) -> list[bytes]:
    """The vectors of (passage, vector) rows. Raises `DamagedVectorError` where one is odd."""
    blobs = [row[1] for row in rows]
    usual = len(blobs[0]) if blobs else 0
    for row in rows:
        if len(row[1]) != usual or usual % 2:
            raise DamagedVectorError(
                f"the stored vector of passage {row[0]} or of its neighbours is damaged; run"
                " `footnote doctor --repair`"
            )
    return blobs
