"""What a proof asks: people, the writer, and what is cut out of held-out documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.search.pool import Pool
from indexer.search.pseudo_queries import PseudoQuery

if TYPE_CHECKING:
    from indexer.store.store import Store
    from training.data.split import Split

# Pseudo-queries of held-out documents, and of the others to fit the fusion weight.
QUERIES = 300
# With fewer questions than this nothing is promoted, whatever they say.
FEWEST_QUESTIONS = 30
# Origins of questions that Footnote makes by itself.
WRITER = "writer"
MADE = frozenset({"pseudo", WRITER})
# A question of the writer's counts where the words alone bring its passage back among so many: of
# those that they don't, one in eight is answered by it (docs/log/loop.md). No embedder has a say.
BY_WORDS = 10


@dataclass(frozen=True, slots=True)
class ProofQuestion:
    """A question to the held-out documents: its text, and the passage that answers it, by id.

    `origin` is `pseudo` (cut out of the passage, which is sought without it), `writer` (asked by
    Footnote's own question writer), `written` (by a language model), `reader` (a thumbs up), `log`
    (answered for sure) or `labelled` (a file of the person's own). `again` is one that was kept out
    of training while others about its document were not; it is asked wherever its passage is.
    """

    text: str
    passage: int
    origin: str = "labelled"
    again: bool = False


def asked_about(store: Store, split: Split, questions: Sequence[ProofQuestion]) -> list[int]:
    """The passages, by id, that the questions of the proof are about: held-out ones."""
    there = store.passages({question.passage for question in questions})
    again = {question.passage for question in questions if question.again}
    return [
        number for number, one in there.items() if number in again or split.part_of(one) == "proof"
    ]


def divided(
    pool: Pool, split: Split, questions: Sequence[ProofQuestion]
) -> tuple[list[PseudoQuery], list[PseudoQuery], list[str]]:
    """Queries to fit the fusion weight with, queries of the proof, and the latter's origins."""
    part_at = [split.part_of(passage) for passage in pool.passages]
    pseudo = pool.queries(len(pool.passages))
    fitting = [query for query in pseudo if part_at[query.source] != "proof"][: QUERIES // 2]
    held_out = [query for query in pseudo if part_at[query.source] == "proof"][:QUERIES]
    places = {passage.id: place for place, passage in enumerate(pool.passages)}
    there = [
        question
        for question in questions
        if question.passage in places
        and (question.again or part_at[places[question.passage]] == "proof")
    ]
    real = _coming_back(pool, there, places)
    if len(real) >= FEWEST_QUESTIONS:
        held_out = []  # what people ask says more than what is cut out of the passages
    # Whole sentences: nearer to what people ask than some of their words (`docs/log/loop.md`).
    asked = [replace(query, text=query.sentence) for query in held_out]
    origins = ["pseudo"] * len(asked)
    for question in real:
        place = places[question.passage]
        asked.append(PseudoQuery(place, question.text, pool.passages[place].text))
        origins.append(question.origin)
    return fitting, asked, origins


def _coming_back(
    pool: Pool, questions: Sequence[ProofQuestion], places: Mapping[int, int]
) -> list[ProofQuestion]:
    """People's questions, and the writer's whose passage the words alone bring back."""
    asked = [
        PseudoQuery(places[one.passage], one.text, pool.passages[places[one.passage]].text)
        for one in questions
    ]
    ids = np.array([passage.id for passage in pool.passages])
    right = np.array([query.source for query in asked], dtype=int)
    found = ranks(pool.keyword_evidence(asked), ids, right)
    return [
        one
        for one, rank in zip(questions, found, strict=True)
        if one.origin != WRITER or rank <= BY_WORDS
    ]


def ranks(scores: np.ndarray, ids: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rank from 1 of each row's right place, in search's order: by score, then by passage id."""
    own = scores[np.arange(len(right)), right][:, None]
    level = (scores == own) & (ids < ids[right][:, None])
    return 1 + ((scores > own) | level).sum(axis=1)
