"""The loop: documents → examples → negatives → adapter → proof → promotion.

Each stage leaves its result in the run's folder or in the database before the next begins, so
a run that was killed or cancelled continues where it was.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from embedder.atomic import writing_folder
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from indexer.search.pool import POOL
from indexer.vector.generations import embed_passages
from training.data.examples import Example, read_examples, write_examples
from training.data.hard_negatives import Neighbourhood, mine
from training.data.split import Split, SplitChangedError, TooLittleToLearnError, split_collection
from training.data.synthetic_pairs import general_examples
from training.data.weak_pairs import weak_examples
from training.evaluation.evaluate import subsample
from training.evaluation.proof import FEWEST_QUESTIONS, Proof, ProofQuestion, asked_about, prove
from training.evaluation.questions import as_examples, by_part
from training.fit import whitening
from training.fit.log import history
from training.promote import promote

if TYPE_CHECKING:
    from accelerate import Accelerator

    from embedder.registry import Registry
    from indexer.encoders import Encoders
    from indexer.search.searcher import Searcher
    from indexer.store.store import Store
    from training.data.split import Part
    from training.fit.trainer import StepProgress
    from training.runs import Run

Stage = Literal["examples", "training", "embedding", "proof", "switching"]
STAGES: tuple[Stage, ...] = ("examples", "training", "embedding", "proof", "switching")

# Examples of the development part, and passages that they are sought among.
DEVELOPMENT = 150
DEVELOPMENT_POOL = 300
# Beside them, questions of synthetic groups that no training sees: weak pairs are no questions.
_GENERAL_DEVELOPMENT = 60
_EMBED_AT_ONCE = 128
# With so many people's questions to learn from, nothing that is made stands in their way.
PEOPLE_ENOUGH = 100
_GENERAL_BESIDE_PEOPLE = 0.25
# Origins of questions that people asked here, beside those that they handed in.
ASKED = frozenset({"reader", "log"})
# A pair that is made counts where fewer passages than these are nearer to its query than its own.
COMES_BACK = 50
# Weak pairs that are looked through: more than the steps can use are made in vain.
WEAK = 3000
# A map of queries alone has learnt by then what they teach.
WEAK_OF_QUERIES = 1000


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run is: `done` of `total` in its stage. Times are in seconds."""

    stage: Stage
    done: int
    total: int
    seconds: float
    seconds_left: float | None = None
    training: StepProgress | None = None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run came to. `proof` is None where it was cancelled before.

    `kept` is the step whose weights were kept, 0 where nothing was; None while there is none.
    `embedder` answers for the collection now.
    """

    run: str
    examples: int
    steps: int
    kept: int | None
    proof: Proof | None
    promoted: bool
    embedder: str
    seconds: float


class Watch(Protocol):
    """Who looks on, and may stop it."""

    def progress(self, state: TrainingProgress) -> None:
        """Told of every step."""
        ...

    def cancelled(self) -> bool:
        """Whether to stop here; what is done stays."""
        ...


def _here(_: Embedder) -> AbstractContextManager[Encoders | None]:
    """Nobody else embeds."""
    return nullcontext()


@dataclass(frozen=True)
class Workshop:
    """What a run works with: the store, its search, the installed embedders.

    `encoders` are those of other machines, if any, for a new generation under an embedder.
    """

    store: Store
    searcher: Searcher
    registry: Registry
    encoders: Callable[[Embedder], AbstractContextManager[Encoders | None]] = _here


class TrainingRun:
    """One run on one collection. Make it anew over the same run to continue."""

    def __init__(
        self,
        run: Run,
        workshop: Workshop,
        questions: Sequence[ProofQuestion] = (),
        watch: Watch | None = None,
    ) -> None:
        self._run, self._questions, self._watch = run, questions, watch
        self._store, self._searcher = workshop.store, workshop.searcher
        self._registry, self._encoders = workshop.registry, workshop.encoders
        self._order = run.request
        found = self._store.collection(self._order.collection)
        assert found is not None  # the order was made for it
        self._collection = found.id
        self._start = self._registry.load(self._order.start)
        self._around: Neighbourhood | None = None
        self._people: dict[Part, list[Example]] | None = None
        self._began = time.monotonic()

    def run(self) -> TrainingResult:
        """Go through all stages; cancelled, return what there is."""
        split = split_collection(self._store, self._collection, self._order.recipe.seed)
        examples = self.examples(split) if self._order.recipe.learns else []
        self._refuse_other_split(examples, split)
        if not examples and self._cancelled():
            return self._result(0, 0, None, promoted=False)
        steps, finished = self.train(split, examples)
        if not finished:
            return self._result(len(examples), steps, None, promoted=False)
        if self._run.outcome == "rejected":
            return self._result(len(examples), steps, self._run.proof, promoted=False)
        trained = self._installed()
        if not self._embed_pool(split, trained):
            return self._result(len(examples), steps, None, promoted=False)
        proof = self._run.proof or self._proved(split, trained)
        promoted = self._concluded(trained, proof)
        return self._result(len(examples), steps, proof, promoted=promoted)

    def examples(self, split: Split | None = None) -> list[Example]:
        """The run's examples, made where they have not been: the first stage.

        People's questions, and where those are few weak pairs of the training part, less those
        whose passage does not come back; with hard negatives from the collection's vectors.
        Cancelled, there are none.
        """
        if self._run.examples.exists():
            return read_examples(self._run.examples)
        split = split or split_collection(self._store, self._collection, self._order.recipe.seed)
        self._tell("examples", 0, 1)
        people = self.people(split)["train"]
        found = self._weak(split) if len(people) < PEOPLE_ENOUGH else []
        mined = [
            *self._mined(split, people, within=len(split.sources)),
            *self._mined(split, found, within=COMES_BACK),
        ]
        if self._cancelled():
            return []
        if not mined:
            raise TooLittleToLearnError(
                f"no examples came of these sources ({', '.join(self._order.kinds) or 'none'}):"
                f" {len(found)} were found, and none came back; choose other sources, or give a"
                " file of questions and passages"
            )
        write_examples(self._run.examples, mined)
        self._tell("examples", 1, 1)
        return mined

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
            self._neighbourhood(split),
            count=self._order.recipe.negatives,
            within=within,
            seed=self._order.recipe.seed,
            progress=self._paced("examples", len(examples)),
            cancelled=self._cancelled,
        )
        return list(mined.examples)

    def _refuse_other_split(self, examples: Sequence[Example], split: Split) -> None:
        """Raise `SplitChangedError` where a run goes on that has learnt what it would ask about.

        Documents were added or deleted meanwhile, or an earlier Footnote split them otherwise.
        """
        if self._run.proof is not None:
            return
        there = self._store.passages({one.passage for one in examples if one.passage})
        if any(split.part_of(one) == "proof" for one in there.values()):
            raise SplitChangedError(
                f"the collection is not what it was when run {self._run.id} began: some of what it"
                " learns from would now be asked about in the proof; begin a new run"
            )

    def people(self, split: Split) -> dict[Part, list[Example]]:
        """People's questions by part: those of the order's files, of thumbs up, of the log."""
        if self._people is None:
            given = [one for path in self._order.data for one in read_examples(Path(path))]
            asked = [one for one in self._questions if one.origin in ASKED]
            given += as_examples(self._store, asked)
            self._people = by_part(self._store, self._collection, split, given)
        return self._people

    def _neighbourhood(self, split: Split) -> Neighbourhood:
        """Passages of the training part, embedded once, though examples and adapting need them."""
        if self._around is None:
            self._around = self._around_parts(split, ("train",))
        return self._around

    def _around_parts(self, split: Split, parts: Sequence[Part]) -> Neighbourhood:
        """Passages of these parts with the vectors that the index has of them.

        Where the run starts from another embedder than the one that answers, they are embedded.
        """
        chosen = [source for part in parts for source in split.part(part)]
        ids = [source.passage.id for source in chosen]
        texts = [source.text for source in chosen]
        stored = self._store.passage_vectors(ids, self._start.fingerprint)
        if len(stored) < len(ids):
            vectors = self._start.embed_passages(texts)
        else:
            vectors = np.stack([stored[number] for number in ids]).astype(np.float32)
        return Neighbourhood(texts, vectors, ids)

    def train(
        self, split: Split | None = None, examples: Sequence[Example] | None = None
    ) -> tuple[int, bool]:
        """Train unless that has been done; steps taken, and whether it came to its end.

        Under `accelerate launch` every process calls it.
        """
        import torch

        from training.fit.dev_set import Development
        from training.fit.student import Student
        from training.fit.trainer import Trainer, team_on

        if (self._run.embedder / "spec.json").exists():
            return len(history(self._run.folder)), True
        recipe = self._order.recipe
        split = split or split_collection(self._store, self._collection, recipe.seed)
        if recipe.queries_alone:
            return self._train_queries(split, examples), not self._cancelled()
        device = torch.device(self._start.compute.device)
        team = team_on(device)
        start = self._adapted(split, team) if recipe.adapt else self._start
        if not recipe.learns:
            if team.is_main_process:
                self._keep(start)
            return 0, True
        looked_at = self._looked_at(split)
        seen = [one.text for one in split.sources if split.parts[one.unit] != "proof"]
        pool = subsample(seen, DEVELOPMENT_POOL)
        own = list(self.examples(split) if examples is None else examples)
        share = self._order.general
        if len(self.people(split)["train"]) >= PEOPLE_ENOUGH:
            share = min(share, _GENERAL_BESIDE_PEOPLE)
        general = general_examples(round(len(own) * share / max(1 - share, 1e-9)), recipe.seed)
        student = Student(start, recipe, device)
        trainer = Trainer(
            student,
            own + (general if share else []),
            recipe,
            self._run.folder,
            development=Development(looked_at, pool),
        )
        result = trainer.run(
            lambda state: self._tell(
                "training", state.step, state.steps, state.seconds_left, training=state
            ),
            self._cancelled,
        )
        if result.finished and team.is_main_process:
            self._run.write_kept(result.best_step)
            if result.best_step == 0 and start is not self._start:
                self._keep(start)
            else:
                student.save(self._run.embedder, self._run.id)
        return result.steps, result.finished

    def _train_queries(self, split: Split, examples: Sequence[Example] | None) -> int:
        """Learn a map of queries' vectors: one step. What comes out is installed as usual.

        All that is not kept for the proof is learnt from: what a map is worth is found by leaving
        out documents in turn.
        """
        from training.fit import query_side

        own = self.examples(split) if examples is None else examples
        start = self._mapped_start(split)
        around = self._around_parts(split, ("train", "development"))
        places = {number: place for place, number in enumerate(around.ids)}
        looked_at = self.people(split)["development"]
        kept = [one for one in (*own, *looked_at) if one.passage in places]
        asked = query_side.Asked(
            start.embed_queries([one.query for one in kept]),
            np.array([places[one.passage] for one in kept], dtype=int),
            [one.document for one in kept],
        )
        found = query_side.learn(
            asked,
            whitening.mapped(around.vectors, start),
            self._paced("training", len(query_side.STRENGTHS)),
            by_people=len(self.people(split)["train"]) >= PEOPLE_ENOUGH,
        )
        self._run.write_kept(1 if found else 0)
        if found is None:
            self._keep(start)
        else:
            query_side.with_map(start, found, self._run.embedder, self._run.id)
        return 1

    def _looked_at(self, split: Split) -> list[Example]:
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

    def _mapped_start(self, split: Split) -> Embedder:
        """The start, adapted where that was ordered and can be, with the map of its vectors."""
        recipe, folder = self._order.recipe, self._run.folder / "adapted"
        if not folder.exists():
            if recipe.adapt and len(split.part("train")) >= whitening.FEWEST:
                vectors = self._neighbourhood(split).vectors
                whitening.adapt(self._start, vectors, folder, self._run.id)
            else:
                whitening.unadapted(self._start, folder, self._run.id)
        return self._opened(folder)

    def _opened(self, folder: Path) -> Embedder:
        files = EmbedderFiles(folder, self._start.files.cache)
        return Embedder(EmbedderSpec.read(folder / "spec.json"), files, self._start.precision)

    def _keep(self, adapted: Embedder) -> None:
        """Nothing was learnt: the adapted embedder is what came of the run."""
        with writing_folder(self._run.embedder) as left:
            shutil.copytree(adapted.files.folder, left, dirs_exist_ok=True)

    def _adapted(self, split: Split, team: Accelerator) -> Embedder:
        """The start, fitted to the training part's vectors where there are enough of them."""
        there = len(split.part("train"))
        if there < whitening.FEWEST:
            if not self._order.recipe.learns:
                raise TooLittleToLearnError(
                    f"of this collection {there} passages could be adapted to, and it takes"
                    f" {whitening.FEWEST}; add documents first"
                )
            return self._start
        folder = self._run.folder / "adapted"
        if team.is_main_process and not folder.exists():
            whitening.adapt(self._start, self._neighbourhood(split).vectors, folder, self._run.id)
        team.wait_for_everyone()
        return self._opened(folder)

    def _installed(self) -> Embedder:
        """The trained embedder, installed under the run's name."""
        if self._run.id not in self._registry.names():
            self._registry.install(self._run.id, self._run.embedder)
        return self._registry.load(self._run.id)

    def _embed_pool(self, split: Split, trained: Embedder) -> bool:
        """Give the proof's passages vectors under the trained embedder; they are kept for it."""
        drawn = [one.id for one in self._store.sample_passages(self._collection, POOL)]
        drawn += set(asked_about(self._store, split, self._questions)) - set(drawn)
        self._map(drawn, trained)
        for embedder in (self._in_use(), trained):
            there = self._store.passage_vectors(drawn, embedder.fingerprint)
            missing = [number for number in drawn if number not in there]
            on_progress = self._paced("embedding", len(missing))
            for place in range(0, len(missing), _EMBED_AT_ONCE):
                if self._cancelled():
                    return False
                on_progress(place)
                some = missing[place : place + _EMBED_AT_ONCE]
                embed_passages(self._store, embedder, some)
        return True

    def _map(self, ids: Sequence[int], trained: Embedder) -> None:
        """What needs no decoder: vectors of an embedder that was only adapted."""
        there = self._store.passage_vectors(ids, trained.fingerprint)
        missing = [number for number in ids if number not in there]
        whitening.map_vectors(self._store, missing, self._start.fingerprint, trained)

    def _proved(self, split: Split, trained: Embedder) -> Proof:
        self._tell("proof", 0, 1)
        proof = prove(
            self._store, self._collection, split, self._in_use(), trained, self._questions
        )
        self._run.write_proof(proof)
        self._tell("proof", 1, 1)
        return proof

    def _in_use(self) -> Embedder:
        """What the run is to be better than: the embedder that answers for the collection."""
        return self._registry.load_fingerprint(self._store.generation(self._collection))

    def _concluded(self, trained: Embedder, proof: Proof) -> bool:
        """Promote where the proof holds and it was asked for; whether that was done."""
        if self._run.outcome:
            return self._run.outcome == "promoted"
        if not (proof.holds and self._order.promote):
            self._run.write_outcome("kept" if proof.holds else "rejected")
            if not proof.holds:
                self._store.drop_generation(self._collection, trained.fingerprint)
                self._registry.remove(self._run.id)
            return False
        missing = self._store.unembedded(self._collection, trained.fingerprint, -1)
        whitening.map_vectors(self._store, missing, self._start.fingerprint, trained)
        total = self._store.count_passages(self._collection)
        there = total - len(self._store.unembedded(self._collection, trained.fingerprint, -1))
        began = time.monotonic()

        def on_progress(embedded: int) -> None:
            left = (time.monotonic() - began) / embedded * (total - there - embedded)
            self._tell("switching", there + embedded, total, left)

        at, stop = self._collection, self._cancelled
        with self._encoders(trained) as encoders:
            done = promote(self._store, self._searcher, trained, at, on_progress, stop, encoders)
        if done:
            self._run.write_outcome("promoted")
        return done

    def _paced(self, stage: Stage, total: int) -> Callable[[int], None]:
        """Tells how much of a stage is done, and by its pace so far how long the rest takes."""
        began = time.monotonic()

        def on_progress(done: int) -> None:
            left = (time.monotonic() - began) / done * (total - done) if done else None
            self._tell(stage, done, total, left)

        return on_progress

    def _cancelled(self) -> bool:
        return self._watch is not None and self._watch.cancelled()

    def _tell(
        self,
        stage: Stage,
        done: int,
        total: int,
        left: float | None = None,
        training: StepProgress | None = None,
    ) -> None:
        if self._watch is not None:
            seconds = time.monotonic() - self._began
            self._watch.progress(TrainingProgress(stage, done, total, seconds, left, training))

    def _result(
        self, examples: int, steps: int, proof: Proof | None, *, promoted: bool
    ) -> TrainingResult:
        seconds = time.monotonic() - self._began
        return TrainingResult(
            run=self._run.id,
            examples=examples,
            steps=steps,
            kept=self._run.kept,
            proof=proof,
            promoted=promoted,
            embedder=self._in_use().spec.name,
            seconds=seconds,
        )
