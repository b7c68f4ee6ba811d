"""The loop, measured on what it never saw: `python -m benchmarks.loop EVAL SET... --home DIR`.

Each SET is a folder in BEIR layout below EVAL, or `northwind`. Its corpus alone becomes a
collection of files; `footnote train` learns from it, one command, no language model; then the
set's own human questions are asked before and after. Repeated with the same home, nothing
is indexed twice.
With --labelled, the questions that a set has for training (SciFact's) are given as `--data`, as
somebody would who has a file of questions and answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

from benchmarks import pages
from benchmarks.sources import labelled
from footnote.home import Home
from footnote.runs.service import runs
from indexer.ingest.sources import find
from indexer.search.searcher import Mode, Scope
from training.data.examples import write_examples
from training.evaluation.beir import read

_LIMIT = 1000


def collection_of(home: Path, evaluation: Path, name: str) -> float:
    """Index a set's corpus as files, one a document, through the command line; seconds."""
    if name == "northwind":
        folder = evaluation / name / "pdfs"
    else:
        folder = home / "corpora" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, entry in enumerate(read(evaluation / name).corpus):
            path = folder / f"{number:06}.md"
            if not path.exists():
                path.write_text(f"# {entry.title}\n\n{entry.text}\n", encoding="utf-8")
    began = time.monotonic()
    _footnote(home, "index", str(folder), "-c", name)
    return time.monotonic() - began


def measured(home: Path, evaluation: Path, name: str, embedder: str) -> dict[str, float]:
    """By mode: nDCG@10 of the set's own questions, for Northwind the pages' reciprocal rank."""
    if name == "northwind":
        opened = Home.open(home / "pages" / embedder)
        if embedder not in opened.registry.names():  # its converted base is made anew
            opened.registry.install(embedder, home / "embedders" / embedder)
        opened.registry.use(embedder)
        opened.index(find([evaluation / name / "pdfs"]), pages.COLLECTION)
        scope = opened.scope([pages.COLLECTION])
        wanted = pages.read(evaluation / name / "questions.jsonl")
        return {mode: _reciprocal(opened, wanted, scope, mode) for mode in get_args(Mode)}
    report = _footnote(
        home, "eval", str(evaluation / name), "--limit", str(_LIMIT), "--embedder", embedder
    )
    return {mode: values["ndcg@10"] for mode, values in report["modes"].items()}


def _labelled(home: Path, evaluation: Path, name: str) -> list[str]:
    """The option that hands in a set's training questions."""
    path = home / "labelled" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    write_examples(path, labelled(evaluation / name))
    return ["--data", str(path)]


def _reciprocal(home: Home, wanted: list[pages.Wanted], scope: Scope, mode: Mode) -> float:
    """Mean reciprocal rank of the right page among the first five hits."""
    found = pages.ranks(home, wanted, scope, mode)
    return sum(1 / rank for rank in found if rank is not None) / len(found)


def _footnote(home: Path, *arguments: str) -> dict:
    command = [sys.executable, "-m", "footnote", "--home", str(home), *arguments, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ)
    return json.loads(done.stdout)


def main() -> None:
    """Index, train, measure, print a line a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--train", default="", help='Options of footnote train, as "--steps 0".')
    parser.add_argument("--labelled", action="store_true")
    options = parser.parse_args()
    home = options.home.absolute()
    for name in options.sets:
        indexing = collection_of(home, options.evaluation, name)
        began = time.monotonic()
        given = _labelled(home, options.evaluation, name) if options.labelled else []
        learnt = _footnote(home, "train", "-c", name, *given, *shlex.split(options.train))
        minutes = (time.monotonic() - began) / 60
        start = runs(Home.open(home)).get(learnt["run"]).request.start
        registry = Home.open(home).registry
        if learnt["run"] not in registry.names():  # it was rejected
            registry.install(learnt["run"], home / "runs" / learnt["run"] / "embedder")
        before = measured(home, options.evaluation, name, start)
        after = measured(home, options.evaluation, name, learnt["run"])
        print(json.dumps({
            "set": name, "index_seconds": round(indexing), "train_minutes": round(minutes, 1),
            "examples": learnt["examples"], "steps": learnt["steps"], "proof": learnt["proof"],
            "promoted": learnt["promoted"], "before": before, "after": after,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
