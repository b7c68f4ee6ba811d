"""What a run learns from: people's questions and pairs that are made, among their passages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.encoders import Here, embedded
from indexer.search.searcher import Scope
from training.data.examples import Example, read_examples, write_examples
from training.data.hard_negatives import Neighbourhood, mine
from training.data.split import Split, TooLittleToLearnError
from training.data.synthetic_pairs import general_examples
from training.data.weak_pairs import weak_examples
from training.evaluation.asking import FEWEST_QUESTIONS, ProofQuestion
from training.evaluation.evaluate import subsample
from training.evaluation.questions import as_examples, by_part
from training.writer import questions as writer_questions

if TYPE_CHECKING:
    from embedder.model import Embedder
    from embedder.registry import Registry
    from indexer.encoders import Encoders
    from indexer.search.searcher import Searcher
    from indexer.store.store import Store
    from training.data.split import Part
    from training.pipeline.watch import Progress
    from training.runs import Run

# Examples of the development part, and passages that they are sought among.
DEVELOPMENT = 150
DEVELOPMENT_POOL = 300
# Beside them, questions of synthetic groups that no training sees: weak pairs are no questions.
_GENERAL_DEVELOPMENT = 60
# With so many people's questions to learn from, nothing that is made stands in their way; fewer
# taught less than the writer's do (docs/log/loop.md).
PEOPLE_ENOUGH = 300
# So many of people's questions are proof enough without the writer's.
PEOPLE_PROVE = 100
# Of people's questions about what is trained on every so many-th is asked in the proof: as large
# a share as the documents that are kept out.
_AGAIN_EVERY = 5
# Origins of questions that people asked here, beside those that they handed in.
ASKED = frozenset({"reader", "log"})
# A pair that is made counts where fewer passages than these are nearer to its query than its own.
COMES_BACK = 50
# Passages that the writer asks about, to learn from and to prove with: some minutes.
WRITTEN_TO, PROVED_BY = 300, 250
# Passages found for a question of the writer's whose order is learnt.
TAUGHT = 20
# What having been asked of a passage is worth, in evidence of fused search: more than a place or
# two, less than what answers better (docs/log/loop.md).
ASKED_OF = 4.0
# Weak pairs that are looked through: more than the steps can use are made in vain.
WEAK = 3000
# A map of queries alone has learnt by then what they teach.
WEAK_OF_QUERIES = 1000


def _asked_again(query: str) -> bool:
    """Whether a question is one that the proof asks, wherever what answers it is held."""
    digest = hashlib.sha256(query.casefold().encode()).digest()
    return digest[0] % _AGAIN_EVERY == 0


def _here(_: Embedder) -> AbstractContextManager[Encoders | None]:
    """Nobody else embeds."""
    return nullcontext()


@dataclass(frozen=True)
class Workshop:
    """What a run works with: the store, its search, the installed embedders.

    `encoders` are those of other machines, if any, for a new generation under an embedder.
    `writer` loads what asks questions about passages, None where there is nothing that can.
    """

    store: Store
    searcher: Searcher
    registry: Registry
    encoders: Callable[[Embedder], AbstractContextManager[Encoders | None]] = _here
    writer: Callable[[], writer_questions.Writing] | None = None


class Material:
    """The examples of one run and the passages that they are judged among, made when asked for."""

    def __init__(
        self,
        run: Run,
        workshop: Workshop,
        collection: int,
        start: Embedder,
        questions: Sequence[ProofQuestion],
        progress: Progress,
    ) -> None:
        self._run, self._order, self._start = run, run.request, start
        self._store, self._encoders = workshop.store, workshop.encoders
        self._searcher = workshop.searcher
        self._writer = workshop.writer
        self._collection = collection
        self._questions, self._progress = questions, progress
        self._around: Neighbourhood | None = None
        self._people: dict[Part, list[Example]] | None = None
        self._again: list[Example] = []

    def examples(self, split: Split) -> list[Example]:
        """The run's examples, made where they have not been: the first stage.

        People's questions, and where those are few weak pairs of the training part, less those
        whose passage does not come back; with hard negatives from the collection's vectors.
        Cancelled, there are none.
        """
        if self._run.examples.exists():
            return read_examples(self._run.examples)
        written = self._written(split)
        if written is None:
            return []
        self._progress.tell("examples", 0, 1)
        people = self.people(split)["train"]
        train = {one.unit for one in split.part("train")}
        found = [one for one in written if one.document in train]
        # Beside questions weak pairs have taught a map nothing (docs/log/loop.md).
        enough = self.people_suffice(split) or (found and self._order.recipe.queries_alone)
        found += [] if enough else self._weak(split)
        mined = [
            *self._mined(split, people, within=len(split.sources)),
            *self._mined(split, found, within=COMES_BACK),
        ]
        if self._progress.cancelled():
            return []
        if not mined:
            raise TooLittleToLearnError(
                f"no examples came of these sources ({', '.join(self._order.kinds) or 'none'}):"
                f" {len(found)} were found, and none came back; choose other sources, or give a"
                " file of questions and passages"
            )
        write_examples(self._run.examples, mined)
        self._progress.tell("examples", 1, 1)
        return mined

    def proof_questions(self, split: Split) -> list[ProofQuestion]:
        """People's questions, and the writer's where those about the proof part are few.

        Where people asked much, some questions about documents that others teach are kept out of
        training, and asked with the rest: people ask about the same documents again.
        """
        held_out = {one.unit for one in split.part("proof")}
        begun = read_examples(self._run.examples) if self._run.examples.exists() else ()
        again = {one.query for one in self.again(split)} - {one.query for one in begun}
        return [
            *(replace(one, again=one.text in again) for one in self._questions),
            *(
                ProofQuestion(one.query, one.passage, writer_questions.KIND)
                for one in self._written(split) or ()
                if one.document in held_out
            ),
        ]

    def asked_outside_the_proof(self, split: Split) -> list[Example]:
        """People's and the writer's questions to passages that the proof does not ask about."""
        people = self.people(split)
        asked = [one for one in (*people["train"], *people["development"]) if one.passage]
        return asked + [
            one for one in self._written(split) or () if split.parts.get(one.document) != "proof"
        ]

    def _written(self, split: Split) -> list[Example] | None:
        """The writer's questions to passages of the training and the proof part.

        There are none where people's questions suffice, where the order is without the writer and
        where it is switched off. Returns None where it was cancelled.
        """
        if self._writer is None or writer_questions.KIND not in self._order.kinds:
            return []
        seed, people = self._order.recipe.seed, self.people(split)
        about = writer_questions.asked_about
        learns = self._order.recipe.learns and not self.people_suffice(split)
        sources = about(split.part("train"), WRITTEN_TO, seed) if learns else []
        if len(people["proof"]) < PEOPLE_PROVE:
            sources += about(split.part("proof"), PROVED_BY, seed)
        return writer_questions.asked(
            self._run.written,
            sources,
            self._writer,
            self._progress.paced("writing", len(sources)),
            self._progress.cancelled,
        )

    def teachings(
        self, examples: Sequence[Example], places: Mapping[int, int]
    ) -> list[dict[int, float]] | None:
        """What each example teaches: evidence by the place of a passage; None where cancelled.

        A question of the writer's teaches what fused search finds for it among `places`, the
        passage that it was asked of before others; any other teaches its own passage.
        """
        scope, found = Scope(frozenset({self._collection})), []
        progress = self._progress.paced("training", len(examples))
        for number, one in enumerate(examples):
            if self._progress.cancelled():
                return None
            progress(number)
            own = places[one.passage]
            hits = (
                self._searcher.search(one.query, scope, COMES_BACK)
                if one.source == writer_questions.KIND
                else ()
            )
            there = {places[hit.passage.id]: hit.score for hit in hits if hit.passage.id in places}
            if own in there:
                there[own] += ASKED_OF
            best = sorted(there.items(), key=lambda one: (-one[1], one[0]))[:TAUGHT]
            found.append(dict(best) or {own: 0.0})
        return found

    def _weak(self, split: Split) -> list[Example]:
        seed = self._order.recipe.seed
        found = weak_examples(split.part("train"), self._order.kinds, seed)
        random.Random(seed).shuffle(found)  # noqa: S311 - no secret
        return found[: WEAK_OF_QUERIES if self._order.recipe.queries_alone else WEAK]

    def _mined(self, split: Split, examples: Sequence[Example], within: int) -> list[Example]:
        """Examples whose passage comes back, with hard negatives."""
        mined = mine(
            examples,
            self._start,
            self.neighbourhood(split),
            count=self._order.recipe.negatives,
            within=within,
            seed=self._order.recipe.seed,
            progress=self._progress.paced("examples", len(examples)),
            cancelled=self._progress.cancelled,
        )
        return list(mined.examples)

    def people(self, split: Split) -> dict[Part, list[Example]]:
        """People's questions by part: those of the order's files, of thumbs up, of the log."""
        if self._people is None:
            given = [one for path in self._order.data for one in read_examples(Path(path))]
            asked = [one for one in self._questions if one.origin in ASKED]
            given += as_examples(self._store, asked)
            people = by_part(self._store, self._collection, split, given)
            if len(people["train"]) >= PEOPLE_ENOUGH:
                self._again = [one for one in people["train"] if _asked_again(one.query)]
                people["train"] = [one for one in people["train"] if not _asked_again(one.query)]
            self._people = people
        return self._people

    def again(self, split: Split) -> list[Example]:
        """People's questions that are kept for the proof though others teach their documents."""
        self.people(split)
        return self._again

    def people_suffice(self, split: Split) -> bool:
        """Whether people's questions are enough to learn from, without what is made."""
        return len(self.people(split)["train"]) + len(self.again(split)) >= PEOPLE_ENOUGH

    def neighbourhood(self, split: Split) -> Neighbourhood:
        """Passages of the training part, embedded once, though examples and adapting need them."""
        if self._around is None:
            self._around = self.around_parts(split, ("train",))
        return self._around

    def around_parts(self, split: Split, parts: Sequence[Part]) -> Neighbourhood:
        """Passages of these parts with the vectors that the index has of them.

        Where the run starts from another embedder than the one that answers, they are embedded, by
        other machines where there are any.
        """
        chosen = [source for part in parts for source in split.part(part)]
        ids = [source.passage.id for source in chosen]
        texts = [source.text for source in chosen]
        stored = self._store.passage_vectors(ids, self._start.fingerprint)
        if len(stored) < len(ids):
            with self._encoders(self._start) as encoders:
                makers = encoders or Here(self._start.embed_passages)
                vectors = embedded(makers, texts, self._start.dimension)
        else:
            vectors = np.stack([stored[number] for number in ids]).astype(np.float32)
        return Neighbourhood(texts, vectors, ids)

    def looked_at(self, split: Split) -> list[Example]:
        """The development part: people's questions alone where there are enough of them.

        What is made looks at what is made: it was certain of nothing that people's questions
        taught (docs/log/loop.md).
        """
        seed = self._order.recipe.seed
        asked = list(subsample(self.people(split)["development"], 2 * DEVELOPMENT))
        if len(asked) >= FEWEST_QUESTIONS:
            return asked
        weak = weak_examples(split.part("development"), self._order.kinds, seed)
        return [
            *asked,
            *subsample(weak, DEVELOPMENT),
            *general_examples(_GENERAL_DEVELOPMENT, seed, from_held_out=True),
        ]
