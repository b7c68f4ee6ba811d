"""Real questions for the proof: what readers thanked for, and a person's own file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.search.searcher import Scope
from rag.explain import find_passage
from rag.records import UnreadableAnswerError, from_json
from training.data.examples import WRITTEN, Example
from training.evaluation.proof import ProofQuestion

if TYPE_CHECKING:
    from indexer.store.store import Store


def reader_questions(store: Store, collection: int) -> list[ProofQuestion]:
    """Questions whose answer got a thumbs up, with the passages of this collection it cited.

    Those of people who were removed are left out, and answers that cannot be read.
    """
    rows = store.connection.execute(
        "SELECT standalone, answer FROM turns JOIN conversations"
        " ON conversations.id = conversation LEFT JOIN people ON people.id = owner"
        " WHERE feedback = 1 AND removed_at IS NULL ORDER BY turns.id"
    ).fetchall()
    wanted: list[tuple[str, int]] = []
    for row in rows:
        with suppress(UnreadableAnswerError):  # whoever opens the conversation is told
            answer = from_json(row["answer"])
            wanted += [(row["standalone"], footnote.passage) for footnote in answer.footnotes]
    there = {
        number: store.document(passage.document).collection
        for number, passage in store.passages([number for _, number in wanted]).items()
    }
    return [
        ProofQuestion(text, passage, "reader")
        for text, passage in dict.fromkeys(wanted)
        if there.get(passage) == collection
    ]


def placed(store: Store, collection: int, examples: Sequence[Example]) -> list[Example]:
    """The examples, each with the passage and document of the collection that it is about.

    Where none is found the passage is 0 and the document the one that the example names.
    """
    scope = Scope(frozenset({collection}))
    found: list[Example] = []
    for one in examples:
        passage = find_passage(one.positive, store, scope)
        about = (passage.id, passage.document) if passage else (0, one.document)
        found.append(replace(one, passage=about[0], document=about[1]))
    return found


def labelled_questions(
    store: Store, collection: int, examples: Sequence[Example]
) -> list[ProofQuestion]:
    """Questions of a file, as far as the collection holds the passage that each names."""
    found = [
        ProofQuestion(one.query, one.passage, "written" if one.source == WRITTEN else "labelled")
        for one in placed(store, collection, examples)
        if one.passage
    ]
    return list(dict.fromkeys(found))
