"""Questions that found nothing, out of the history: refused, or marked as bad by who asked.

Those of the same wording are one. Where the words of a question stand says what may be behind
it: nowhere in the documents, or together in a passage that the answer did not come from.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.store.store import Store

RECENT = 1000  # questions of the history that are looked at
SHOWN = 20  # groups

# "absent": a word of the question stands in no passage. "missed": one passage holds all of them.
# Of 1,000 questions of SQuAD whose paragraph is in the collection 7 % are "absent" and 24 %
# "missed", of 1,000 whose paragraph is not 33 % and 4 %: a hint that is right four times in five,
# where it says anything.
Where = Literal["absent", "missed", "unclear"]
Readable = Callable[[str], Set[int]]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question, in its newest wording, and how often it came.

    `refused` times it got no answer, `disliked` times a bad one. `where` is of the newest time.
    `asked_at` is that time, in seconds since the epoch; `reasons` are what its readers say was
    wrong.
    """

    question: str
    count: int
    refused: int
    disliked: int
    asked_at: float
    where: Where
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str
    standalone: str
    refused: bool
    disliked: bool
    asked_at: float
    collections: frozenset[int]
    reason: str


def unanswered(store: Store, readable: Readable, limit: int = SHOWN) -> list[Unanswered]:
    """The questions of everybody, newest first.

    `readable` gives the collections that an owner of conversations may read at the moment:
    nothing else is looked at for their questions, and questions of owners who may read none of
    what they asked are left out.
    """
    groups: dict[str, list[_Asked]] = {}
    for asked in _asked(store, readable):
        groups.setdefault(_normalised(asked.question), []).append(asked)
    return [_group(store, same) for same in list(groups.values())[:limit]]


def where(store: Store, collections: Iterable[int], question: str) -> Where:
    """Where the words of a question stand in these collections, stop words left out."""
    collections = sorted(collections)
    statistics = store.term_statistics(collections, question)
    if not statistics.words:
        return "unclear"
    if not all(statistics.holding[word.terms] for word in statistics.words):
        return "absent"
    together = any(store.holds_together(one, statistics.words) for one in collections)
    return "missed" if together else "unclear"


def _group(store: Store, same: Sequence[_Asked]) -> Unanswered:
    newest = same[0]
    return Unanswered(
        question=newest.question,
        count=len(same),
        refused=sum(one.refused for one in same),
        disliked=sum(one.disliked for one in same),
        asked_at=newest.asked_at,
        where=where(store, newest.collections, newest.standalone),
        reasons=tuple(dict.fromkeys(one.reason for one in same if one.reason)),
    )


def _asked(store: Store, readable: Readable) -> Iterable[_Asked]:
    rows = store.connection.execute(
        "SELECT * FROM (SELECT question, standalone, feedback, reason, asked_at, owner,"
        "  collections,"
        "  CASE WHEN json_valid(answer) THEN json_extract(answer, '$.abstained') END AS refused"
        "  FROM turns CROSS JOIN conversations ON conversations.id = conversation"  # newest first
        "  ORDER BY turns.id DESC LIMIT ?) WHERE refused OR feedback = -1",
        (RECENT,),
    )
    may_read: dict[str, Set[int]] = {}
    for row in rows:
        owner = row["owner"]
        if owner not in may_read:
            may_read[owner] = readable(owner)
        asked = frozenset(json.loads(row["collections"])) or may_read[owner]  # none means all
        collections = frozenset(asked & may_read[owner])
        if collections:
            yield _Asked(
                row["question"],
                row["standalone"],
                bool(row["refused"]),
                row["feedback"] == -1,
                row["asked_at"],
                collections,
                row["reason"],
            )


def _normalised(question: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", question).casefold()))
