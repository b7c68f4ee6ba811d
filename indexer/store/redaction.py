"""Redaction of stored answers: what they quote of a document goes when it is deleted.

The table `turn_documents` says which turns hold text of which documents. Its foreign key has no
cascade: a deletion that leaves a quote behind fails. Of `rag.records.Answer` this module knows
the JSON keys of sentences, footnotes and hits, and nothing else.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Set
from typing import Any

# What the reader sees in the place of one or several sentences, and their verdict.
NOTICE = "This part of the answer quoted a document that has been deleted."
DELETED = "deleted"

Answer = dict[str, Any]


def note(connection: sqlite3.Connection, turn: int) -> None:
    """Keep in mind whose text a turn just written holds; take out what was deleted meanwhile."""
    answer = _answer(connection, turn)
    held = _held(answer)
    rows = connection.execute(
        "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(held)),),
    )
    there = {row[0] for row in rows}
    connection.executemany(
        "INSERT OR IGNORE INTO turn_documents (document, turn) VALUES (?, ?)",
        ((document, turn) for document in there),
    )
    if held - there:
        _write(connection, turn, without(answer, held - there))
        _forget_names(connection, turn)


def note_all(connection: sqlite3.Connection) -> None:
    """`note` every turn of a home: those of an earlier version are not noted yet."""
    for row in connection.execute("SELECT id FROM turns ORDER BY id").fetchall():
        note(connection, row[0])


def redact(connection: sqlite3.Connection, documents: Iterable[str]) -> int:
    """Take these documents out of all stored answers; return how many quotes went."""
    quotes = 0
    for document in documents:
        turns = connection.execute(
            "SELECT turn FROM turn_documents WHERE document = ? ORDER BY turn", (document,)
        ).fetchall()
        for (turn,) in turns:
            answer = _answer(connection, turn)
            left = without(answer, {document})
            quotes += len(answer.get("footnotes", ())) - len(left.get("footnotes", ()))
            _write(connection, turn, left)
            _forget_names(connection, turn)
        connection.execute("DELETE FROM turn_documents WHERE document = ?", (document,))
    return quotes


def shown(
    connection: sqlite3.Connection, turns: Iterable[sqlite3.Row], readable: Set[int]
) -> list[dict[str, Any]]:
    """The turns of one talk, in order, as they are shown to somebody who may read these only.

    What comes of other collections is left out as if it had been deleted, and what the search
    for a later question took over from there.
    """
    rows: list[dict[str, Any]] = []
    asked: set[str] = set()
    hidden = False
    for turn in turns:
        row = dict(turn)
        held = connection.execute(
            "SELECT document, collection FROM turn_documents JOIN documents"
            " ON documents.id = document WHERE turn = ?",
            (row["id"],),
        )
        foreign = {one["document"] for one in held if one["collection"] not in readable}
        answer = _answer(connection, row["id"])
        asked |= _words(row["question"])
        if hidden and not _words(row["standalone"]) <= asked:
            row["standalone"] = row["question"]
            answer = answer | {"standalone": row["question"]}
        if foreign:
            hidden = True
            answer = without(answer, foreign)
        row["answer"] = json.dumps(answer, ensure_ascii=False)
        rows.append(row)
    return rows


def without(answer: Answer, gone: Set[str]) -> Answer:
    """An answer without what came from these documents. Pure.

    Sentences that cite them go, and those that cite nothing, for they may have been written
    from any passage that was read. The footnotes that stay are numbered anew.
    """
    if not _held(answer) & gone:
        return answer
    kept = [one for one in answer["footnotes"] if one["document"] not in gone]
    numbers = {one["n"]: n for n, one in enumerate(kept, start=1)}
    sentences: list[dict[str, Any]] = []
    for sentence in answer["sentences"]:
        cited = sentence["footnotes"]
        if cited and all(n in numbers for n in cited):
            sentences.append(sentence | {"footnotes": [numbers[n] for n in cited]})
        elif not sentences or sentences[-1]["verdict"] != DELETED:
            sentences.append({"text": NOTICE, "verdict": DELETED, "footnotes": []})
    return answer | {
        "lead": "",  # a count or a yes may have come of what is gone
        "sentences": sentences,
        "footnotes": [one | {"n": numbers[one["n"]]} for one in kept],
        "hits": [hit for hit in answer["hits"] if hit["document"]["id"] not in gone],
    }


def _held(answer: Answer) -> set[str]:
    """The documents that an answer holds text of; none where it is damaged."""
    return {one["document"] for one in answer.get("footnotes", ())} | {
        hit["document"]["id"] for hit in answer.get("hits", ())
    }


def _answer(connection: sqlite3.Connection, turn: int) -> Answer:
    row = connection.execute("SELECT answer FROM turns WHERE id = ?", (turn,)).fetchone()
    try:
        found = json.loads(row[0])
        without(found, _held(found))
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}  # damaged; the history says so
    return found


def _write(connection: sqlite3.Connection, turn: int, answer: Answer) -> None:
    text = json.dumps(answer, ensure_ascii=False)
    connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (text, turn))


def _forget_names(connection: sqlite3.Connection, turn: int) -> None:
    """Search later questions of the talk as they were asked, where an answer's words came in.

    "Where was she born?" was made to stand alone with a name out of the answer before.
    """
    rows = connection.execute(
        "SELECT id, question, standalone FROM turns WHERE conversation ="
        " (SELECT conversation FROM turns WHERE id = ?) ORDER BY id",
        (turn,),
    ).fetchall()
    asked: set[str] = set()
    for number, question, standalone in rows:
        asked |= _words(question)
        if number > turn and not _words(standalone) <= asked:
            connection.execute("UPDATE turns SET standalone = question WHERE id = ?", (number,))
            answer = _answer(connection, number)
            _write(connection, number, answer | {"standalone": question})


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
