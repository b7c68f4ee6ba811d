"""Keyword search: one FTS5 table a collection, over the terms of `indexer.analysis`.

`keywords_<collection id>` has a row for each passage (rowid = passage id) with the terms of
its title, headings and text. One table a collection makes the BM25 statistics the collection's
own, and makes it impossible for a search to see a collection that it was not asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexer.analysis import query_terms

_TITLE_WEIGHT, _HEADINGS_WEIGHT, _TEXT_WEIGHT = 1.0, 1.0, 1.0

# Beyond this many words, the rarest are searched: more change the order little and cost time.
_MOST_WORDS = 32


@dataclass(frozen=True, slots=True)
class KeywordRow:
    """A passage as it is indexed: terms joined by blanks."""

    passage: int
    title: str
    headings: str
    text: str


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """How common words are: of `passages` passages, `holding[word]` hold the word.

    A word is given as its index terms (`indexer.analysis.query_terms`).
    """

    passages: int
    holding: dict[tuple[str, ...], int]


def create(connection: sqlite3.Connection, collection: int) -> None:
    """Make a collection's table, and the view of its vocabulary."""
    table = _table(collection)
    connection.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5"
        "(title, headings, text, tokenize = \"ascii tokenchars './:-'\")"
    )
    connection.execute(f"CREATE VIRTUAL TABLE {table}_terms USING fts5vocab({table}, row)")


def drop(connection: sqlite3.Connection, collection: int) -> None:
    """Remove a collection's table."""
    connection.execute(f"DROP TABLE {_table(collection)}_terms")
    connection.execute(f"DROP TABLE {_table(collection)}")


def insert(connection: sqlite3.Connection, collection: int, rows: Iterable[KeywordRow]) -> None:
    """Add passages."""
    connection.executemany(
        f"INSERT INTO {_table(collection)} (rowid, title, headings, text) VALUES (?, ?, ?, ?)",
        ((row.passage, row.title, row.headings, row.text) for row in rows),
    )


def delete(connection: sqlite3.Connection, collection: int, passages: Iterable[int]) -> None:
    """Remove passages."""
    connection.executemany(
        f"DELETE FROM {_table(collection)} WHERE rowid = ?", ((passage,) for passage in passages)
    )


def search(
    connection: sqlite3.Connection,
    collection: int,
    query: str,
    k: int,
    languages: Iterable[str],
) -> list[tuple[int, float]]:
    """Passage ids with BM25 (higher is better), best first; [] where the query has no word."""
    words = query_terms(query, languages)
    if len(words) > _MOST_WORDS:
        words = _rarest(connection, collection, words)
    if not words:
        return []
    table = _table(collection)
    rows = connection.execute(
        f"SELECT rowid, bm25({table}, ?, ?, ?) AS cost FROM {table} WHERE {table} MATCH ?"
        " ORDER BY cost, rowid LIMIT ?",
        (_TITLE_WEIGHT, _HEADINGS_WEIGHT, _TEXT_WEIGHT, _expression(words), k),
    )
    return [(row[0], -row[1]) for row in rows]


def term_statistics(
    connection: sqlite3.Connection, collections: Iterable[int], words: Sequence[tuple[str, ...]]
) -> TermStatistics:
    """In how many passages of the collections each word stands (at most: terms may share one)."""
    holding = dict.fromkeys(words, 0)
    passages = 0
    for collection in collections:
        for word in holding:
            holding[word] += _frequency(connection, collection, word)
        counted = "SELECT count(*) FROM passages WHERE collection = ?"
        passages += connection.execute(counted, (collection,)).fetchone()[0]
    return TermStatistics(passages, {word: min(n, passages) for word, n in holding.items()})


def _rarest(
    connection: sqlite3.Connection, collection: int, words: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    frequency = {word: _frequency(connection, collection, word) for word in words}
    present = [word for word in words if frequency[word]]
    return sorted(present, key=frequency.__getitem__)[:_MOST_WORDS]


def _frequency(connection: sqlite3.Connection, collection: int, word: Sequence[str]) -> int:
    """Sum over the word's terms of the number of passages that hold the term."""
    lookup = f"SELECT coalesce(sum(doc), 0) FROM {_table(collection)}_terms WHERE term = ?"
    return sum(connection.execute(lookup, (term,)).fetchone()[0] for term in word)


def _expression(words: Iterable[Sequence[str]]) -> str:
    """An FTS5 query for any of the words. Each term is quoted, so none can be an operator."""
    terms = dict.fromkeys(term for word in words for term in word)
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def _table(collection: int) -> str:
    return f"keywords_{int(collection)}"
