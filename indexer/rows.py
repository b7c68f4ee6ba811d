"""Rows of the database ↔ records. Pure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from indexer.records import Block, Document, Page, Passage, Span

DOCUMENT_COLUMNS = (
    "id, collection, path, title, content_hash, size, kind, revision, current, state, problem,"
    " pages, pages_without_text, passages, indexed_at"
)
PAGE_COLUMNS = "number, label, text, blocks, problem"
PASSAGE_COLUMNS = "id, document, ordinal, text, headings, spans"


def to_document(row: sqlite3.Row) -> Document:
    """A row of `DOCUMENT_COLUMNS`."""
    return Document(**{**dict(row), "current": bool(row["current"])})


def to_page(row: sqlite3.Row) -> Page:
    """A row of `PAGE_COLUMNS`."""
    blocks = tuple(
        Block(kind, start, end, level, header)
        for kind, start, end, level, header in json.loads(row["blocks"])
    )
    return Page(row["number"], row["text"], row["label"], blocks, row["problem"])


def to_passage(row: sqlite3.Row) -> Passage:
    """A row of `PASSAGE_COLUMNS`."""
    return Passage(
        text=row["text"],
        headings=tuple(json.loads(row["headings"])),
        spans=tuple(Span(*span) for span in json.loads(row["spans"])),
        ordinal=row["ordinal"],
        id=row["id"],
        document=row["document"],
    )


def blocks_json(blocks: Iterable[Block]) -> str:
    """`[[kind, start, end, level, header], ...]`."""
    return json.dumps([[b.kind, b.start, b.end, b.level, b.header] for b in blocks])


def spans_json(spans: Iterable[Span]) -> str:
    """`[[page, start, end], ...]`."""
    return json.dumps([[span.page, span.start, span.end] for span in spans])


def strings_json(strings: Iterable[str]) -> str:
    """`[string, ...]`."""
    return json.dumps(list(strings), ensure_ascii=False)
