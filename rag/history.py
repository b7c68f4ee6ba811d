"""Conversations in the database: begun, continued, found again, renamed, rated, deleted.

Every call names the owner, and sees nothing of another's; and of documents that the owner may
read no more it sees nothing either, as if they had been deleted.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence, Set
from typing import Any

from embedder.errors import FootnoteError
from indexer.store import redaction
from indexer.store.store import Store
from rag.records import Answer, Conversation, Turn, UnreadableAnswerError, from_json, to_json

REASON_CHARACTERS = 300  # of what a reader found wrong
TITLE_CHARACTERS = 80  # of a conversation's title; what is longer is cut


class UnknownConversationError(FootnoteError):
    """There is no such conversation, or it is somebody else's."""


class NotRatedError(FootnoteError):
    """An answer was to be judged that rests on what its reader may read no more."""


class History:
    """The conversations of one owner. `owner` is '' where nobody signs in.

    `readable` gives the collections that the owner may read at the moment; None means all.
    """

    def __init__(
        self, store: Store, owner: str = "", readable: Callable[[], Set[int]] | None = None
    ) -> None:
        self._store, self._owner, self._readable = store, owner, readable

    def start(self, collections: Sequence[int], title: str) -> Conversation:
        """Begin a conversation about these collections, named after its first question."""
        now = time.time()
        short = " ".join(title.split())[:TITLE_CHARACTERS]
        made = Conversation(secrets.token_hex(8), short, tuple(collections), self._owner, now, now)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO conversations (id, title, collections, owner, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (made.id, short, json.dumps(list(collections)), self._owner, now, now),
            )
        return made

    def add(self, conversation: str, answer: Answer) -> Turn:
        """Append a question with its answer, without what was deleted since it was read.

        Raises `UnknownConversationError`.
        """
        now = time.time()
        with self._store.transaction() as connection:
            self._touch(connection, conversation, now)
            made = connection.execute(
                "INSERT INTO turns (conversation, question, standalone, answer, asked_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (conversation, answer.question, answer.standalone, to_json(answer), now),
            )
            redaction.note(connection, int(made.lastrowid or 0))
            row = connection.execute("SELECT * FROM turns WHERE id = ?", (made.lastrowid,))
            return _turn(row.fetchone())

    def turns(self, conversation: str) -> list[Turn]:
        """A conversation's turns, oldest first. Raises `UnknownConversationError`."""
        self.conversation(conversation)
        rows = self._store.connection.execute(
            "SELECT * FROM turns WHERE conversation = ? ORDER BY id", (conversation,)
        )
        if self._readable is None:
            return list(map(_turn, rows))
        shown = redaction.shown(self._store.connection, rows, self._readable())
        return [_turn(row) for row in shown]

    def conversation(self, conversation: str) -> Conversation:
        """One conversation by id. Raises `UnknownConversationError`."""
        row = self._store.connection.execute(
            "SELECT * FROM conversations WHERE id = ? AND owner = ?", (conversation, self._owner)
        ).fetchone()
        if row is None:
            raise _unknown(conversation)
        return _conversation(row)

    def conversations(self, text: str = "", limit: int = 100) -> list[Conversation]:
        """Conversations, latest first: all, or those with `text` in title, question or answer."""
        readable = None if self._readable is None else json.dumps(sorted(self._readable()))
        rows = self._store.connection.execute(
            "SELECT * FROM conversations WHERE owner = :owner AND (:text = ''"
            " OR instr(casefold(title), :text) OR EXISTS (SELECT 1 FROM turns"
            "  WHERE conversation = conversations.id AND (instr(casefold(question), :text)"
            "  OR (EXISTS (SELECT 1 FROM json_each("
            "   CASE WHEN json_valid(answer) THEN answer ELSE '{}' END, '$.sentences')"
            "   WHERE instr(casefold(json_extract(json_each.value, '$.text')), :text))"
            # What is not shown is not found either.
            "   AND (:readable IS NULL OR NOT EXISTS (SELECT 1 FROM turn_documents JOIN documents"
            "    ON documents.id = turn_documents.document WHERE turn = turns.id"
            "    AND collection NOT IN (SELECT value FROM json_each(:readable))))))))"
            # By the last turn, not by the clock, which may have been set back.
            " ORDER BY (SELECT max(id) FROM turns WHERE conversation = conversations.id) DESC,"
            " conversations.rowid DESC LIMIT :limit",
            {
                "owner": self._owner,
                "text": text.casefold(),
                "limit": limit,
                "readable": readable,
            },
        )
        return [_conversation(row) for row in rows]

    def rename(self, conversation: str, title: str) -> None:
        """Give a conversation another title. Raises `UnknownConversationError`."""
        with self._store.transaction() as connection:
            changed = connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?",
                (" ".join(title.split())[:TITLE_CHARACTERS], conversation, self._owner),
            )
            if not changed.rowcount:
                raise _unknown(conversation)

    def choose(self, conversation: str, collections: Sequence[int]) -> None:
        """Keep which collections a conversation asks. Raises `UnknownConversationError`."""
        with self._store.transaction() as connection:
            changed = connection.execute(
                "UPDATE conversations SET collections = ? WHERE id = ? AND owner = ?",
                (json.dumps(list(collections)), conversation, self._owner),
            )
            if not changed.rowcount:
                raise _unknown(conversation)

    def delete(self, conversation: str) -> None:
        """Remove a conversation with its turns. Raises `UnknownConversationError`."""
        with self._store.transaction() as connection:
            gone = connection.execute(
                "DELETE FROM conversations WHERE id = ? AND owner = ?", (conversation, self._owner)
            )
            if not gone.rowcount:
                raise _unknown(conversation)

    def rate(self, turn: int, feedback: int, reason: str = "") -> None:
        """Keep a reader's judgement of a turn: 1 up, -1 down, 0 none; and what was wrong.

        Raises `UnknownConversationError` where the turn is not in one of the owner's, and
        `NotRatedError` where it is not shown as it was.
        """
        if feedback not in (-1, 0, 1):
            raise ValueError(f"feedback is 1, 0 or -1, not {feedback}")
        with self._store.transaction() as connection:
            changed = connection.execute(
                "UPDATE turns SET feedback = ?, reason = ? WHERE id = ? AND conversation IN"
                " (SELECT id FROM conversations WHERE owner = ?)",
                (feedback, " ".join(reason.split())[:REASON_CHARACTERS], turn, self._owner),
            )
            if not changed.rowcount:
                raise _unknown(str(turn))
            if not self._is_shown_whole(connection, turn):
                raise NotRatedError(
                    "this answer quotes what is no longer there, so it cannot be rated; ask again"
                )

    def _is_shown_whole(self, connection: sqlite3.Connection, turn: int) -> bool:
        """Whether the owner may read all that an answer came of (as in `past_answers.shown`)."""
        rows = connection.execute(
            "SELECT DISTINCT collection FROM turn_documents JOIN documents"
            " ON documents.id = document WHERE turn = ?",
            (turn,),
        )
        return self._readable is None or {row[0] for row in rows} <= self._readable()

    def _touch(self, connection: sqlite3.Connection, conversation: str, now: float) -> None:
        changed = connection.execute(
            "UPDATE conversations SET updated_at = ? WHERE id = ? AND owner = ?",
            (now, conversation, self._owner),
        )
        if not changed.rowcount:
            raise _unknown(conversation)


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(
        row["id"],
        row["title"],
        tuple(json.loads(row["collections"])),
        row["owner"],
        row["created_at"],
        row["updated_at"],
    )


def _turn(row: sqlite3.Row | dict[str, Any]) -> Turn:
    try:
        answer = from_json(row["answer"])
    except UnreadableAnswerError:  # one of a conversation, whose other turns are to be read
        answer = _unreadable(row["question"], row["standalone"])
    return Turn(row["question"], answer, row["id"], row["feedback"], row["asked_at"], row["reason"])


def _unreadable(question: str, standalone: str) -> Answer:
    """What is shown in the place of an answer that is damaged, or a newer Footnote's."""
    return Answer(
        question=question,
        standalone=standalone,
        sentences=(),
        footnotes=(),
        abstained=False,
        confidence=0.0,
        mode="extractive",
        hits=(),
        seconds=0.0,
        notice="The stored answer cannot be read; ask the question again.",
    )


def _unknown(conversation: str) -> UnknownConversationError:
    return UnknownConversationError(
        f"the conversation {conversation!r} is not there; it may have been deleted"
    )
