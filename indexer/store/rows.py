"""Rows of the database ↔ records. Pure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from indexer.records import Block, Document, HiddenText, Page, Passage, Span

DOCUMENT_COLUMNS = (
    "id, collection, path, title, content_hash, size, kind, revision, current, state, problem,"
    " pages, pages_without_text, passages, indexed_at, hidden, hidden_kept, unread,"
    " parser"
)
PAGE_COLUMNS = "number, label, text, blocks, problem"
PASSAGE_COLUMNS = "id, document, ordinal, text, headings, spans"


def to_document(row: sqlite3.Row) -> Document:
    """A row of `DOCUMENT_COLUMNS`."""
    hidden = row["hidden"]
    found = None if hidden is None else tuple(HiddenText(*one) for one in json.loads(hidden))
    flags = {"current": bool(row["current"]), "hidden_kept": bool(row["hidden_kept"])}
    return Document(**{**dict(row), **flags, "hidden": found})


def hidden_json(hidden: Iterable[HiddenText] | None) -> str | None:
    """`[[how, characters, excerpt, page], ...]`; None where nobody has looked."""
    if hidden is None:
        return None
    found = [[one.how, one.characters, one.excerpt, one.page] for one in hidden]
    return json.dumps(found, ensure_ascii=False)


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


def strings_json(strings: Iterable[str] | Iterable[int]) -> str:
    """`[string, ...]`, or numbers."""
    return json.dumps(list(strings), ensure_ascii=False)
