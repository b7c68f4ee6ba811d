"""The loop: documents → examples → negatives → adapter → proof → promotion.

Each stage leaves its result in the run's folder or in the database before the next begins, so
a run that was killed or cancelled continues where it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.search.calibration import FusionWeight
from indexer.search.pool import POOL
from indexer.vector.generations import embed_passages
from training.data.split import Split, SplitChangedError, split_collection
from training.evaluation.asking import ProofQuestion, asked_about
from training.evaluation.evaluate import subsample
from training.evaluation.proof import Proof, prove
from training.evaluation.trusts import Trusts, trust_by
from training.fit import whitening
from training.pipeline.learning import Learning
from training.pipeline.material import Material
from training.pipeline.watch import Progress
from training.promote import promote, trust

if TYPE_CHECKING:
    from embedder.model import Embedder
    from training.data.examples import Example
    from training.pipeline.material import Workshop
    from training.pipeline.watch import Watch
    from training.runs import Outcome, Run

_EMBED_AT_ONCE = 128
# Questions that say how far meaning is trusted: fewer say little, more say the same.
_TOLD_BY, _FEWEST_TOLD_BY = 400, 100


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run came to. `proof` is None where it was cancelled before.

    `kept` is the step whose weights were kept, 0 where nothing was; None while there is none.
    `embedder` answers for the collection now; `balanced` says that it is the one before, with
    another weight beside the words.
    """

    run: str
    examples: int
    steps: int
    kept: int | None
    proof: Proof | None
    promoted: bool
    embedder: str
    seconds: float
    balanced: bool = False


class TrainingRun:
    """One run on one collection. Make it anew over the same run to continue."""

    def __init__(
        self,
        run: Run,
        workshop: Workshop,
        questions: Sequence[ProofQuestion] = (),
        watch: Watch | None = None,
    ) -> None:
        self._run = run
        self._store, self._searcher = workshop.store, workshop.searcher
        self._registry, self._encoders = workshop.registry, workshop.encoders
        self._order = run.request
        found = self._store.collection(self._order.collection)
        assert found is not None  # the order was made for it
        self._collection = found.id
        self._start = self._registry.load(self._order.start)
        self._progress = Progress(watch)
        self.material = Material(run, workshop, found.id, self._start, questions, self._progress)
        self._learning = Learning(run, self._start, self.material, self._progress)

    def run(self) -> TrainingResult:
        """Go through all stages; cancelled, return what there is."""
        split = self._split()
        examples = self.examples(split) if self._order.recipe.learns else []
        self._refuse_other_split(examples, split)
        if not examples and self._progress.cancelled():
            return self._result(0, 0, None, promoted=False)
        steps, finished = self.train(split, examples)
        if not finished:
            return self._result(len(examples), steps, None, promoted=False)
        proved = self._run.proof
        failed = self._run.outcome and proved is not None and not proved.holds
        if failed or self._run.outcome == "rejected":
            return self._result(len(examples), steps, proved, promoted=False)
        trained = self._installed()
        if not self._embed_pool(split, trained):
            return self._result(len(examples), steps, None, promoted=False)
        proof = self._run.proof or self._proved(split, trained)
        promoted = self._concluded(trained, proof)
        return self._result(len(examples), steps, proof, promoted=promoted)

    def examples(self, split: Split | None = None) -> list[Example]:
        """The run's examples, made where they have not been: the first stage."""
        return self.material.examples(split or self._split())

    def train(
        self, split: Split | None = None, examples: Sequence[Example] | None = None
    ) -> tuple[int, bool]:
        """Train unless that has been done; steps taken, and whether it came to its end.

        Under `accelerate launch` every process calls it.
        """
        return self._learning.train(split or self._split(), examples)

    def _split(self) -> Split:
        return split_collection(self._store, self._collection, self._order.recipe.seed)

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

    def _installed(self) -> Embedder:
        """The trained embedder, installed under the run's name."""
        if self._run.id not in self._registry.names():
            self._registry.install(self._run.id, self._run.embedder)
        return self._registry.load(self._run.id)

    def _embed_pool(self, split: Split, trained: Embedder) -> bool:
        """Give the proof's passages vectors under the trained embedder; they are kept for it."""
        drawn = [one.id for one in self._store.sample_passages(self._collection, POOL)]
        wanted = asked_about(self._store, split, self.material.proof_questions(split))
        if self._progress.cancelled():  # perhaps before all was asked
            return False
        wanted += [one.passage for one in self._told_by(split)]
        drawn += set(wanted) - set(drawn)
        self._map(drawn, trained)
        for embedder in (self._in_use(), trained):
            there = self._store.passage_vectors(drawn, embedder.fingerprint)
            missing = [number for number in drawn if number not in there]
            on_progress = self._progress.paced("embedding", len(missing))
            for place in range(0, len(missing), _EMBED_AT_ONCE):
                if self._progress.cancelled():
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
        self._progress.tell("proof", 0, 1)
        questions = self.material.proof_questions(split)
        trusts = self._trusts(split, trained)
        in_use = self._in_use()
        proof = prove(self._store, self._collection, split, in_use, trained, questions, trusts)
        self._run.write_proof(proof)
        self._progress.tell("proof", 1, 1)
        return proof

    def _told_by(self, split: Split) -> list[Example]:
        """Questions outside the proof that say how far meaning is to be trusted beside words.

        There are none where layers have learnt from them: what those find is no measure.
        """
        if not (self._order.recipe.learns and self._order.recipe.queries_alone):
            return []
        asked = self.material.asked_outside_the_proof(split)
        return list(subsample(asked, _TOLD_BY)) if len(asked) >= _FEWEST_TOLD_BY else []

    def _trusts(self, split: Split, trained: Embedder) -> Trusts:
        """How far the embedder in use and the trained one are trusted, as far as that is known.

        A map of queries has learnt from the same questions, so the trained one is asked without.
        """
        in_use = self._in_use()
        known = FusionWeight.from_json(
            self._store.fusion_weight(self._collection, in_use.fingerprint)
        )
        before = known.dense if known.asked else None
        asked = self._told_by(split)
        if not asked:
            return Trusts(before)
        store, at = self._store, self._collection
        balanced = trust_by(store, at, asked, in_use, in_use.fingerprint)
        unmapped = self._learning.mapped_start(split)
        after = trust_by(store, at, asked, unmapped, trained.fingerprint)
        return Trusts(before, balanced, after, len(asked))

    def _in_use(self) -> Embedder:
        """What the run is to be better than: the embedder that answers for the collection."""
        return self._registry.load_fingerprint(self._store.generation(self._collection))

    def _concluded(self, trained: Embedder, proof: Proof) -> bool:
        """Promote where the proof holds and it was asked for; whether that was done."""
        if self._run.outcome:
            return self._run.outcome == "promoted"
        if not (proof.holds and self._order.promote):
            trusts, in_use = proof.trusts, self._store.generation(self._collection)
            outcome: Outcome = "kept" if proof.holds else "rejected"
            if proof.balances and self._order.promote and trusts.balanced is not None:
                trust(self._store, self._collection, in_use, trusts.balanced, trusts.asked)
                outcome = "balanced"
            self._run.write_outcome(outcome)
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
            self._progress.tell("switching", there + embedded, total, left)

        at, stop = self._collection, self._progress.cancelled
        if proof.trusts.after is not None:
            trust(self._store, at, trained.fingerprint, proof.trusts.after, proof.trusts.asked)
        with self._encoders(trained) as encoders:
            done = promote(self._store, self._searcher, trained, at, on_progress, stop, encoders)
        if done:
            self._run.write_outcome("promoted")
        return done

    def _result(
        self, examples: int, steps: int, proof: Proof | None, *, promoted: bool
    ) -> TrainingResult:
        return TrainingResult(
            run=self._run.id,
            examples=examples,
            steps=steps,
            kept=self._run.kept,
            proof=proof,
            promoted=promoted,
            embedder=self._in_use().spec.name,
            seconds=self._progress.seconds,
            balanced=self._run.outcome == "balanced",
        )
