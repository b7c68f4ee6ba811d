"""Keyword search: one FTS5 table a collection, over the terms of `indexer.keyword.analysis`.

`keywords_<collection id>` has a row for each passage (rowid = passage id) with the terms of
its title, headings and text. One table a collection makes the BM25 statistics the collection's
own, and makes it impossible for a search to see a collection that it was not asked for.

FTS5 finds candidates by its own `bm25()`, and `indexer.keyword.bm25` puts them in order. FTS5 alone
would do nearly as well in large collections, but it weighs a word that stands in half of the
passages with nothing at all, and each stem that a word may have as if it were another word;
and it takes 3 µs to score a row, where to match one takes 0.1 µs, so long queries are slow
unless their common words are kept out of the scoring (all measured with 100,000 passages).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.keyword import bm25
from indexer.keyword.analysis import Word
from indexer.keyword.bm25 import TermStatistics

# FTS5 scores at most about so many rows for a query, 15 ms of work. Words that would pass it,
# the most common ones, only count for passages that hold all of them or a rarer one.
_SCORED_ROWS = 5_000

# So many candidates, or twice what is asked for, are put in order by `indexer.keyword.bm25`.
_LEAST_CANDIDATES = 100

# Beyond this many words, the rarest are searched: more change the order little and cost time.
_MOST_WORDS = 64

# Candidates are scored by all words, up to this many of the rarest: with 64 cisi's long queries
# lose 0.7 points of nDCG@10, and 5,710 words take 2 s.
_MOST_SCORED = 500

_TOKENIZER = "ascii tokenchars './:-'"  # FTS5 splits on blanks and changes nothing


@dataclass(frozen=True, slots=True)
class KeywordRow:
    """A passage as it is indexed: terms joined by blanks."""

    passage: int
    title: str
    headings: str
    text: str


def create(connection: sqlite3.Connection, collection: int) -> None:
    """Make a collection's table, and the view of its vocabulary."""
    table = _table(collection)
    connection.execute(
        f'CREATE VIRTUAL TABLE {table} USING fts5(title, headings, text, tokenize = "{_TOKENIZER}")'
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
    connection: sqlite3.Connection, collection: int, statistics: TermStatistics, k: int
) -> list[tuple[int, float]]:
    """Passage ids with BM25 (higher is better), best first; [] where no passage holds a word."""
    present = [word for word in statistics.words if statistics.holding[word.terms]]
    present.sort(key=lambda word: statistics.holding[word.terms])
    if not present:
        return []
    wanted = max(2 * k, _LEAST_CANDIDATES)
    candidates: dict[int, None] = {}
    for expression in _expressions(present[:_MOST_WORDS], statistics.holding):
        candidates |= dict.fromkeys(_match(connection, collection, expression, wanted))
        if len(candidates) >= k:
            break
    scored = scores(connection, collection, candidates, statistics)
    return sorted(scored.items(), key=lambda found: (-found[1], found[0]))[:k]


def holds_together(connection: sqlite3.Connection, collection: int, words: Sequence[Word]) -> bool:
    """Whether one passage holds all these words."""
    table = _table(collection)
    found = connection.execute(
        f"SELECT 1 FROM {table} WHERE {table} MATCH ? LIMIT 1",
        (" AND ".join(map(_either, words[:_MOST_WORDS])),),
    )
    return found.fetchone() is not None


def scores(
    connection: sqlite3.Connection,
    collection: int,
    passages: Iterable[int],
    statistics: TermStatistics,
) -> dict[int, float]:
    """BM25 of these passages, 0 where one holds no word; those that are gone are left out."""
    weights = bm25.weights(statistics)
    return {
        row.passage: bm25.score(row, statistics, weights)
        for row in rows(connection, collection, passages)
    }


def statistics(
    connection: sqlite3.Connection, collections: Iterable[int], words: Sequence[Word]
) -> TermStatistics:
    """How common words are in collections that are searched as one."""
    holding = {word.terms: 0 for word in words}
    passages = terms = 0
    for collection in collections:
        for alternatives in holding:
            holding[alternatives] += _frequency(connection, collection, alternatives)
        totals = _totals(connection, collection)
        passages, terms = passages + totals[0], terms + sum(totals[1:])
    if len(words) > _MOST_SCORED:
        rarest = sorted(filter(None, holding.values()))[:_MOST_SCORED]
        words = [word for word in words if 0 < holding[word.terms] <= max(rarest, default=0)]
    return TermStatistics(tuple(words), passages, terms, holding)


def rows(
    connection: sqlite3.Connection, collection: int, passages: Iterable[int]
) -> list[KeywordRow]:
    """Passages as they are indexed; those that are gone are left out."""
    found = connection.execute(
        f"SELECT rowid, title, headings, text FROM {_table(collection)}"
        " WHERE rowid IN (SELECT value FROM json_each(?))",
        (json.dumps([int(passage) for passage in passages]),),
    )
    return [KeywordRow(*row) for row in found]


def _expressions(words: Sequence[Word], frequency: Mapping[tuple[str, ...], int]) -> list[str]:
    """FTS5 queries for words sorted rarest first; the second is for when the first finds little."""
    rows = 0
    rare: list[Word] = []
    for word in words:
        rows += frequency[word.terms]
        if rows > _SCORED_ROWS:
            break
        rare.append(word)
    common = words[len(rare) :]
    if not common:
        return [" OR ".join(map(_either, rare))]
    together = " AND ".join(map(_either, common))
    return [
        " OR ".join([*map(_either, rare), f"({together})"]),
        " OR ".join(map(_either, [*rare, common[0]])),
    ]


def _either(word: Word) -> str:
    """A word as FTS5 text. Every term is quoted, so that none can be an operator."""
    return "(" + " OR ".join('"' + term.replace('"', '""') + '"' for term in word.terms) + ")"


def _match(
    connection: sqlite3.Connection, collection: int, expression: str, limit: int
) -> list[int]:
    table = _table(collection)
    rows = connection.execute(
        f"SELECT rowid FROM {table} WHERE {table} MATCH ?"
        f" ORDER BY bm25({table}, {bm25.TITLE}, {bm25.HEADINGS}, 1.0), rowid LIMIT ?",
        (expression, limit),
    )
    return [row[0] for row in rows]


def _frequency(connection: sqlite3.Connection, collection: int, terms: Sequence[str]) -> int:
    """The number of passages that hold one of the terms; one that holds two counts twice."""
    lookup = f"SELECT coalesce(sum(doc), 0) FROM {_table(collection)}_terms WHERE term = ?"
    return sum(connection.execute(lookup, (term,)).fetchone()[0] for term in terms)


def _totals(connection: sqlite3.Connection, collection: int) -> list[int]:
    """Number of rows, and of terms in each column, as FTS5 counts them.

    They are the averages record of FTS5 (`fts5_index.c`, FTS5_AVERAGES_ROWID), which its own
    bm25() reads; counting the rows would read the whole table.
    """
    row = connection.execute(f"SELECT block FROM {_table(collection)}_data WHERE id = 1").fetchone()
    return (_varints(row[0]) if row else []) or [0]


def _varints(block: bytes) -> list[int]:
    """SQLite's variable-length integers: 7 bits a byte, the high bit says that more follow."""
    numbers, number = [], 0
    for byte in block:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return numbers


def _table(collection: int) -> str:
    return f"keywords_{int(collection)}"
