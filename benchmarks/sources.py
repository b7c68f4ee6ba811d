"""What each source of examples teaches: `python -m benchmarks.sources EVAL PAIRS --work DIR`.

From the same start (the bundled decoder before any training), with the same steps, batch and
loss: SimCSE's dropout pairs, E5's and BGE's weak pairs, labelled pairs (SciFact's training
queries, the one set here that has such), synthetic triples, synthetic and labelled together.
EVAL holds folders in BEIR layout, PAIRS is a file of weak pairs. Repeated with the same DIR, it
continues.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.quick import measured
from embedder.registry import UNTRAINED, Registry
from training.data.examples import Example
from training.data.synthetic_pairs import general_examples
from training.data.weak_pairs import DROPOUT
from training.evaluation.beir import read
from training.fit.config import Recipe
from training.fit.student import Student
from training.fit.trainer import StepProgress, Trainer

SETS = ("scifact", "anthropic-docs", "cisi")


def examples_of(source: str, evaluation: Path, pairs: Path, count: int) -> list[Example]:
    """Up to `count` examples of a source; 'a+b' mixes two."""
    if "+" in source:
        parts = [examples_of(part, evaluation, pairs, count) for part in source.split("+")]
        return [example for part in parts for example in part]
    if source == "synthetic":
        return general_examples(count)
    if source == "labelled":
        return labelled(evaluation / "scifact", count)
    weak = _weak(pairs, count)
    if source == "weak":
        return weak
    assert source == "simcse", source
    return [Example(one.positive, one.positive, source="dropout") for one in weak]


def _weak(pairs: Path, count: int) -> list[Example]:
    """The first `count` pairs of the file, which is shuffled."""
    with pairs.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    return [Example(row["query"], row["passage"], source=row["kind"]) for row in rows]


def labelled(folder: Path, count: int | None = None) -> list[Example]:
    """A set's training queries with the documents that its judgements name."""
    corpus = {entry.id: f"{entry.title}\n{entry.text}" for entry in read(folder).corpus}
    lines = (folder / "train" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    judged = (folder / "train" / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = [line.split("\t") for line in judged]
    made = [
        Example(texts[query], corpus[document], source="labelled")
        for query, document, grade in found
        if int(grade) > 0
    ]
    random.Random(0).shuffle(made)
    return made[:count]


def main() -> None:
    """Train and measure each source; print a line a source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sources", nargs="+", default=[
        "start", "simcse", "weak", "labelled", "synthetic", "synthetic+labelled",
    ])  # fmt: skip
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--start", default=UNTRAINED, help="Default: %(default)s.")
    parser.add_argument("--max-tokens", type=int, default=Recipe().max_tokens)
    parser.add_argument("--learning-rate", type=float, default=Recipe().rate)
    parser.add_argument("--projection-rate", type=float, default=Recipe().projection_rate)
    parser.add_argument("--temperature", type=float, default=Recipe().temperature)
    options = parser.parse_args()
    registry = Registry(options.work / "embedders", options.work / "models")
    start = registry.load(options.start)
    folders = [options.evaluation / name for name in options.sets]
    recipe = Recipe(
        steps=options.steps, batch=options.batch, learning_rate=options.learning_rate,
        projection_rate=options.projection_rate, temperature=options.temperature,
        max_tokens=options.max_tokens,
    )  # fmt: skip
    named = (
        f"{options.start} {recipe.steps}x{recipe.batch}x{recipe.max_tokens} {recipe.rate}"
        f" {recipe.projection_rate} "
    )
    for source in options.sources:
        folder = options.work / f"{named}{recipe.temperature} {source}"
        if not (folder / "row.json").exists():
            dropout = DROPOUT if source == "simcse" else 0.0
            student = Student(start, replace(recipe, dropout=dropout), torch.device("cpu"))
            row = {"source": source}
            if source != "start":
                count = recipe.steps * recipe.batch
                made = examples_of(source, options.evaluation, options.pairs, count)
                trainer = Trainer(student, made, recipe, folder)
                began = time.monotonic()
                trainer.run(lambda state: print(_line(state), end="", flush=True))
                row |= {"examples": len(made), "minutes": (time.monotonic() - began) / 60}
            folder.mkdir(parents=True, exist_ok=True)
            row |= measured(student, folders)
            (folder / "row.json").write_text(json.dumps(row), encoding="utf-8")
        print("\r" + (folder / "row.json").read_text(encoding="utf-8"), flush=True)


def _line(state: StepProgress) -> str:
    return (
        f"\r{state.step} loss {state.loss:.3f} accuracy {state.accuracy:.2f} {state.seconds:.0f} s "
    )


if __name__ == "__main__":
    main()
