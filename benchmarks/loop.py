"""The loop, measured on what it never saw: `python -m benchmarks.loop EVAL SET... --home DIR`.

Each SET is a folder in BEIR layout below EVAL, or `northwind`. Its corpus alone becomes a
collection of files; `footnote train` learns from it, one command, no language model; the set's own
human questions are asked of the collection before and after, as people ask it: by words, by
meaning, by both. What was not promoted changes nothing. Repeated with the same home, nothing is
indexed twice, and what was promoted answers from the beginning.
With --labelled, the questions that a set has for training (SciFact's) are given as `--data`, as
somebody would who has a file of questions and answers; with --people N, so many of the set's own
are, and the others are asked.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from benchmarks import pages
from benchmarks.sources import labelled
from footnote.home import Home
from indexer.search.searcher import Mode
from training.data.examples import Example, write_examples
from training.evaluation.beir import Dataset, Query, read
from training.evaluation.evaluate import subsample
from training.evaluation.metrics import bootstrap, ndcg

_LIMIT = 500
_PASSAGES = 50  # that are looked through for ten documents
_NORTHWIND = "northwind"

# Of each way to search what every question scores.
Scores = dict[str, list[float]]


def collection_of(home: Path, evaluation: Path, name: str) -> float:
    """Index a set's corpus as files, one a document, through the command line; seconds."""
    if name == _NORTHWIND:
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


def measured(home: Path, evaluation: Path, name: str, handed_in: int = 0) -> Scores:
    """nDCG@10 of the set's own questions, for Northwind the right page's reciprocal rank.

    The first questions, `handed_in` of them (as `own_questions` has them), are left out.
    """
    opened = Home.open(home)
    scope, modes = opened.scope([name]), get_args(Mode)
    if name == _NORTHWIND:
        wanted = pages.read(evaluation / name / "questions.jsonl")
        ranks = {mode: pages.ranks(opened, wanted, scope, mode) for mode in modes}
        return {mode: [1 / one if one else 0.0 for one in ranks[mode]] for mode in modes}
    data = read(evaluation / name)
    names = {f"{number:06}.md": entry.id for number, entry in enumerate(data.corpus)}
    scores: Scores = {mode: [] for mode in modes}
    for query in own_questions(data, handed_in)[1]:
        for mode in modes:
            hits = opened.searcher.search(query.text, scope, _PASSAGES, mode)
            ranking = list(dict.fromkeys(names[Path(hit.document.path).name] for hit in hits))
            scores[mode].append(ndcg(ranking, query.judgements))
    return scores


def own_questions(data: Dataset, count: int) -> tuple[Sequence[Query], Sequence[Query]]:
    """So many of a set's own questions to hand in, and those that are asked."""
    handed_in = subsample(data.queries, count)
    there = {one.id for one in handed_in} if count else set()
    return handed_in, subsample([one for one in data.queries if one.id not in there], _LIMIT)


def _data(options: argparse.Namespace, name: str) -> list[str]:
    """The option that hands in questions."""
    if options.labelled:
        made = labelled(options.evaluation / name)
    elif options.people:
        data = read(options.evaluation / name)
        texts = {entry.id: f"{entry.title}\n{entry.text}" for entry in data.corpus}
        made = [
            Example(query.text, texts[document], source="labelled")
            for query in own_questions(data, options.people)[0]
            for document, grade in query.judgements.items()
            if grade > 0
        ]
    else:
        return []
    path = options.home / "labelled" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    write_examples(path, made)
    return ["--data", str(path)]


def _footnote(home: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "footnote", "--home", str(home), *arguments, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def main() -> None:
    """Index, measure, train, measure again, print a line a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--train", default="", help='Options of footnote train, as "--steps 0".')
    parser.add_argument("--labelled", action="store_true")
    parser.add_argument("--people", type=int, default=0, metavar="N")
    options = parser.parse_args()
    options.home = home = options.home.absolute()
    for name in options.sets:
        indexing = collection_of(home, options.evaluation, name)
        given = _data(options, name)
        before = measured(home, options.evaluation, name, options.people)
        began = time.monotonic()
        learnt = _footnote(home, "train", "-c", name, *given, *shlex.split(options.train))
        minutes = (time.monotonic() - began) / 60
        after = measured(home, options.evaluation, name, options.people)
        gains = {
            mode: asdict(
                bootstrap([now - was for was, now in zip(before[mode], after[mode], strict=True)])
            )
            for mode in before
        }
        print(json.dumps({
            "set": name, "index_seconds": round(indexing), "train_minutes": round(minutes, 1),
            "questions": len(before["fused"]), "examples": learnt["examples"],
            "proof": learnt["proof"], "promoted": learnt["promoted"],
            "balanced": learnt["balanced"],
            "before": {mode: _mean(values) for mode, values in before.items()},
            "after": {mode: _mean(values) for mode, values in after.items()},
            "gain": {mode: {key: round(value, 4) for key, value in gain.items()}
                     for mode, gain in gains.items()},
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
