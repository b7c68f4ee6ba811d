"""A run's learning: from the embedder that it starts from to the one that it is to prove."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedder.atomic import writing_folder
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from training.data.split import TooLittleToLearnError
from training.data.synthetic_pairs import general_examples
from training.evaluation.evaluate import subsample
from training.fit import whitening
from training.fit.log import history
from training.pipeline.material import DEVELOPMENT_POOL

if TYPE_CHECKING:
    from accelerate import Accelerator

    from training.data.examples import Example
    from training.data.split import Split
    from training.pipeline.material import Material
    from training.pipeline.watch import Progress
    from training.runs import Run

_GENERAL_BESIDE_PEOPLE = 0.25


class Learning:
    """One run's; what comes of it lies in the run's folder."""

    def __init__(self, run: Run, start: Embedder, material: Material, progress: Progress) -> None:
        self._run, self._order, self._start = run, run.request, start
        self._material, self._progress = material, progress

    def train(self, split: Split, examples: Sequence[Example] | None = None) -> tuple[int, bool]:
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
        if recipe.queries_alone:
            return self._train_queries(split, examples), not self._progress.cancelled()
        device = torch.device(self._start.compute.device)
        team = team_on(device)
        start = self._adapted(split, team) if recipe.adapt else self._start
        if not recipe.learns:
            if team.is_main_process:
                self._keep(start)
            return 0, True
        looked_at = self._material.looked_at(split)
        seen = [one.text for one in split.sources if split.parts[one.unit] != "proof"]
        pool = subsample(seen, DEVELOPMENT_POOL)
        own = list(self._material.examples(split) if examples is None else examples)
        share = self._order.general
        if self._material.people_suffice(split):
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
            lambda state: self._progress.tell(
                "training", state.step, state.steps, state.seconds_left, training=state
            ),
            self._progress.cancelled,
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

        own = self._material.examples(split) if examples is None else examples
        start = self.mapped_start(split)
        around = self._material.around_parts(split, ("train", "development"))
        places = {number: place for place, number in enumerate(around.ids)}
        looked_at = self._material.people(split)["development"]
        kept = [one for one in (*own, *looked_at) if one.passage in places]
        found = self._material.teachings(kept, places)
        if found is None:
            return 0
        asked = query_side.Asked(
            start.embed_queries([one.query for one in kept]),
            np.array([places[one.passage] for one in kept], dtype=int),
            [one.document for one in kept],
            query_side.Lessons.of(found) if found else None,
        )
        learnt = query_side.learn(
            asked,
            whitening.mapped(around.vectors, start),
            self._progress.paced("training", len(query_side.STRENGTHS)),
            by_people=self._material.people_suffice(split),
        )
        self._run.write_kept(1 if learnt else 0)
        if learnt is None:
            self._keep(start)
        else:
            query_side.with_map(start, learnt, self._run.embedder, self._run.id)
        return 1

    def mapped_start(self, split: Split) -> Embedder:
        """The start, adapted where that was ordered and can be, with the map of its vectors."""
        recipe, folder = self._order.recipe, self._run.folder / "adapted"
        if not folder.exists():
            if recipe.adapt and len(split.part("train")) >= whitening.FEWEST:
                vectors = self._material.neighbourhood(split).vectors
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
        if team.is_local_main_process and not folder.exists():  # each machine has its own disk
            whitening.adapt(
                self._start, self._material.neighbourhood(split).vectors, folder, self._run.id
            )
        team.wait_for_everyone()
        return self._opened(folder)
