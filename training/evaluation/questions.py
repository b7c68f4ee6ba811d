"""People's questions: what readers thanked for or were answered, and a person's own file.

They teach more than anything that is made (docs/log/loop.md), so they are in all parts: learnt
from, looked at while learning, asked in the proof; each where its passage's document belongs.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.chunking import embedding_text
from indexer.search.searcher import Scope
from rag.explain import find_passage
from rag.records import UnreadableAnswerError, from_json
from training.data.examples import WRITTEN, Example
from training.evaluation.asking import ProofQuestion

if TYPE_CHECKING:
    from indexer.records import Passage
    from indexer.store.store import Store
    from rag.records import Answer, Footnote
    from training.data.split import Part, Split

# Words by which the beginning of a passage is known, and passages that are known so.
_BEGINNING = 8
_PASSAGES = 20_000
# Of examples about nothing in the collection every so many-th is looked at, not trained on.
_LOOKED_AT_EVERY = 10


def reader_questions(store: Store, collection: int) -> list[ProofQuestion]:
    """Questions whose answer got a thumbs up, with the passages of this collection it cited.

    Those of people who were removed are left out, and answers that cannot be read.
    """
    return _asked(store, collection, 1, "reader", lambda answer: answer.footnotes)


def logged_questions(store: Store, collection: int) -> list[ProofQuestion]:
    """Questions that nobody judged and that were answered for sure, with what was cited first."""

    def cited(answer: Answer) -> tuple[Footnote, ...]:
        sure = not answer.abstained and answer.certainty == "sure"
        return answer.footnotes[:1] if sure else ()

    return _asked(store, collection, 0, "log", cited)


def _asked(
    store: Store,
    collection: int,
    feedback: int,
    origin: str,
    cited: Callable[[Answer], tuple[Footnote, ...]],
) -> list[ProofQuestion]:
    rows = store.connection.execute(
        "SELECT standalone, answer FROM turns JOIN conversations"
        " ON conversations.id = conversation LEFT JOIN people ON people.id = owner"
        " WHERE feedback = ? AND removed_at IS NULL ORDER BY turns.id",
        (feedback,),
    ).fetchall()
    wanted: list[tuple[str, int]] = []
    for row in rows:
        with suppress(UnreadableAnswerError):  # whoever opens the conversation is told
            answer = from_json(row["answer"])
            wanted += [(row["standalone"], footnote.passage) for footnote in cited(answer)]
    there = {
        number: store.document(passage.document).collection
        for number, passage in store.passages([number for _, number in wanted]).items()
    }
    return [
        ProofQuestion(text, passage, origin)
        for text, passage in dict.fromkeys(wanted)
        if there.get(passage) == collection
    ]


def as_examples(store: Store, questions: Sequence[ProofQuestion]) -> list[Example]:
    """The questions with the passages that they are about, as they are embedded."""
    there = store.passages({question.passage for question in questions})
    titles = {one.document: store.document(one.document).title for one in there.values()}
    return [
        Example(
            question.text,
            embedding_text(titles[passage.document], passage),
            source=question.origin,
            document=passage.document,
            passage=passage.id,
        )
        for question in questions
        if (passage := there.get(question.passage)) is not None
    ]


def placed(store: Store, collection: int, examples: Sequence[Example]) -> list[Example]:
    """The examples, each with the passage and document of the collection that it is about.

    Where none is found the passage is 0 and the document the one that the example names.
    """
    scope = Scope(frozenset({collection}))
    whole = _Whole(store.passages_by_content(collection, _PASSAGES)) if examples else None
    held: dict[str, Passage | None] = {}
    found: list[Example] = []
    for one in examples:
        passage = whole.within(one) if whole else None
        if passage is None:
            if one.positive not in held:
                held[one.positive] = find_passage(one.positive, store, scope)
            passage = held[one.positive]
        about = (passage.id, passage.document) if passage else (0, one.document)
        found.append(replace(one, passage=about[0], document=about[1]))
    return found


class _Whole:
    """Passages by how they begin, to find those that stand whole in a text.

    What people hand in is often a whole document, and many of them at once: asking the keyword
    index for each took a minute for 700.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._begin: dict[tuple[str, ...], list[tuple[str, Passage]]] = defaultdict(list)
        for passage in passages:
            words = _words(passage.text)
            if len(words) >= _BEGINNING:
                self._begin[tuple(words[:_BEGINNING])].append((" ".join(words), passage))

    def within(self, example: Example) -> Passage | None:
        """Of the passages within the example's text the one with most words of its query."""
        words = _words(example.positive)
        said = " ".join(words)
        begun = (words[at : at + _BEGINNING] for at in range(len(words) - _BEGINNING + 1))
        found = [
            (text, passage)
            for start in begun
            for text, passage in self._begin.get(tuple(start), ())
            if text in said
        ]
        asked = set(_words(example.query))
        best = max(found, key=lambda one: len(asked & set(one[0].split())), default=None)
        return best[1] if best else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


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


def by_part(
    store: Store, collection: int, split: Split, examples: Sequence[Example]
) -> dict[Part, list[Example]]:
    """The examples by the part that the passage which each is about belongs to.

    Where none is found the document that an example names decides; what is about nothing that
    the collection holds is trained on, but for every tenth text, which is looked at. Negatives
    are never of what is kept out of training.
    """
    kept_out = [one for one in split.sources if split.parts[one.unit] != "train"]
    texts = {text for one in kept_out for text in (one.text, one.passage.text)}
    documents = {one.passage.document: split.parts[one.unit] for one in split.sources}
    found = placed(store, collection, examples)
    there = store.passages({one.passage for one in found})
    parts: dict[Part, list[Example]] = {"train": [], "development": [], "proof": []}
    for one in found:
        passage = there.get(one.passage)
        part = split.part_of(passage) if passage else documents.get(one.document)
        negatives = tuple(text for text in one.negatives if text not in texts)
        parts[part or _drawn(one.positive)].append(replace(one, negatives=negatives))
    return parts


def _drawn(text: str) -> Part:
    digest = hashlib.sha256(text.encode()).digest()
    return "development" if digest[0] % _LOOKED_AT_EVERY == 0 else "train"
