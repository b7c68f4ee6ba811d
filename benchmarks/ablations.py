"""What parts of the last stage give: `python -m benchmarks.ablations PAIRS TEACHER --work DIR`.

From the same start (DIR's `projection`, the second stage of `bundled.train`), for the same few
steps, with one thing changed: no teacher or a part of one, another rate, whole weights, batches of
mixed topics, LoRA of another rank, another share of synthetic examples. `development` is the mean
reciprocal rank of `training.bundled.train`'s held-out queries; `groups` are those of the held-out
synthetic groups that find their passage first. Repeated with the same DIR, it continues.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.quick import measured
from training.bundled.train import (
    LAYERS,
    TAUGHT,
    Bundling,
    SentenceTransformersTeacher,
    by_topic,
    mixed,
    weak_pairs,
)
from training.fit.config import Recipe
from training.fit.student import Student
from training.fit.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Variant:
    """The stage with one thing changed."""

    taught: Mapping[str, float] = field(default_factory=lambda: TAUGHT)
    topics: bool = True
    synthetic: float = 0.25
    recipe: dict[str, Any] = field(default_factory=dict)


VARIANTS = {
    "as shipped": Variant(),
    "no teacher": Variant(taught={}),
    "ranking only": Variant(taught={"distillation": 1.0}),
    "vectors only": Variant(taught={"vector_distillation": TAUGHT["vector_distillation"]}),
    "a fifth of the rate": Variant(recipe={"learning_rate": LAYERS.rate / 5}),
    "whole weights": Variant(recipe={"whole": True, "learning_rate": 1e-3}),
    "mixed topics": Variant(topics=False),
    "rank 16": Variant(recipe={"rank": 16, "alpha": 16}),
    "pairs only": Variant(synthetic=0.0),
    "half synthetic": Variant(synthetic=0.5),
}


def main() -> None:
    """Train and measure each variant; print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    bundling = Bundling(weak_pairs(options.pairs), options.work)
    for name in ["start", *options.variants]:
        folder = options.work / f"{name} {options.steps}x{options.batch}"
        row = folder / "row.json"
        if not row.exists():
            one = VARIANTS.get(name, Variant())
            recipe = replace(LAYERS, steps=options.steps, batch=options.batch, **one.recipe)
            student = Student(bundling.projection(), recipe, torch.device("cpu"))
            began = time.monotonic()
            if name != "start":
                _train(student, recipe, one, bundling, options.teacher, folder)
            minutes = (time.monotonic() - began) / 60
            student.encoder.eval()
            found = {
                "variant": name,
                "minutes": round(minutes, 1),
                "development": float(np.mean(bundling.look.reciprocal_ranks(student))),
                **measured(student, []),
            }
            folder.mkdir(parents=True, exist_ok=True)
            row.write_text(json.dumps(found), encoding="utf-8")
        print("\r" + row.read_text(encoding="utf-8"), flush=True)


def _train(
    student: Student, recipe: Recipe, one: Variant, bundling: Bundling, folder: Path, to: Path
) -> None:
    count = round(recipe.steps * recipe.batch * (1 - one.synthetic))
    examples = mixed(bundling.pairs, count, recipe.seed, one.synthetic)
    if one.topics:
        examples = by_topic(examples, bundling.words())
    teacher = None
    if one.taught:
        recipe = replace(recipe, **one.taught)
        teacher = SentenceTransformersTeacher(
            folder, recipe.max_tokens, student.embedder.compute.dtype
        )
    Trainer(student, examples, recipe, to, teacher=teacher).run(
        lambda state: print(
            f"\r{state.step} right first {state.accuracy:.2f} {state.seconds:.0f} s ",
            end="", flush=True,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
