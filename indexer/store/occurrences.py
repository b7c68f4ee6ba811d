"""Where words stand in one document: what a reader types into the search of an opened page."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import islice

from indexer.records import Span

MOST = 500  # places that are told; who types "e" wants the next letter


def occurrences(
    connection: sqlite3.Connection, document: str, sought: str, most: int = MOST
) -> tuple[Span, ...]:
    """The places where a document's text has these words one after the other, in any case."""
    words = sought.split()
    if not words:
        return ()
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    return tuple(islice(_places(connection, document, pattern), most))


def _places(
    connection: sqlite3.Connection, document: str, pattern: re.Pattern[str]
) -> Iterator[Span]:
    pages = connection.execute(
        "SELECT number, text FROM pages WHERE document = ? ORDER BY number", (document,)
    )
    for number, text in pages:
        for found in pattern.finditer(text):
            yield Span(number, found.start(), found.end())
