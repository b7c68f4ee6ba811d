"""Terms made anew in a home of before: of the passages whose terms the analysis changed, no others.

That is a matter of seconds in most homes, where all terms anew would be minutes, during which the
home could not be searched.
"""

from __future__ import annotations

import json
import re
import sqlite3

from indexer.keyword import fts
from indexer.keyword.analysis import index_terms, stemmer_version
from indexer.keyword.fts import KeywordRow

# What `indexer.keyword.variants` brings to one form: only texts with some of it have other terms.
CHANGED = re.compile(
    r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"  # Arabic
    r"|[\u3400-\u9fff\uf900-\ufaff]"  # Han
    r"|(?![0-9])\d|[⁰¹²³⁴-⁹₀-₉½¼¾⅐-⅞⁄]"  # digits of other scripts, raised ones, fractions
    r"|\d[\s'’.,]\d{2,3}(?!\d)|(?:\b[^\W\d_]\s){3}"  # grouped figures, spaced letters
)
_BATCH = 500


def stale(connection: sqlite3.Connection) -> list[int]:
    """The collections with the terms of the analysis before this one, of the same stemmer."""
    before = stemmer_version().partition(";")[0]
    rows = connection.execute("SELECT id FROM collections WHERE stemmer = ?", (before,))
    return [row[0] for row in rows]


def renew(connection: sqlite3.Connection, collection: int) -> None:
    """Renew a collection's terms, inside the caller's transaction."""
    if collection not in stale(connection):
        return
    _renew(connection, collection)
    connection.execute(
        "UPDATE collections SET stemmer = ? WHERE id = ?", (stemmer_version(), collection)
    )


def _renew(connection: sqlite3.Connection, collection: int) -> None:
    last = 0
    while True:
        rows = connection.execute(
            "SELECT passages.id, title, headings, text, language FROM passages"
            " JOIN documents ON documents.id = document"
            " WHERE passages.collection = ? AND passages.id > ? ORDER BY passages.id LIMIT ?",
            (collection, last, _BATCH),
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        changed = [row for row in rows if any(map(CHANGED.search, row[1:4]))]
        fts.delete(connection, collection, [row[0] for row in changed])
        fts.insert(connection, collection, map(_row, changed))


def _row(row: tuple[int, str, str, str, str]) -> KeywordRow:
    passage, title, headings, text, language = row
    path = "\n".join(json.loads(headings))
    return KeywordRow(passage, *(index_terms(one, language) for one in (title, path, text)))
