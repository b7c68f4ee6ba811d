"""The trained reader, measured beside fused search and rules: `python -m benchmarks.reader`.

- `--order FOLDER ...` (BEIR layout): nDCG@10 and MRR@10 of fused search, alone and with the first
  hits in the reader's order, over `--limit` queries; the corpus is kept in `--home`;
- `--far-off COLLECTION ...` of `--home`: how many of 100 questions about other things
  (`far_off.txt`) are refused;
- both: the processor time of a question with and without the reader.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from footnote.home import Home
from indexer.search.searcher import Scope
from rag.answer import Answerer
from rag.reader.reader import shipped
from rag.reader.search import ReadingSearcher
from training.evaluation.beir import read
from training.evaluation.evaluate import indexed, per_query, subsample

FAR_OFF = Path(__file__).with_name("far_off.txt")


def order(home: Home, folder: Path, limit: int) -> None:
    """Print both orders of one set."""
    dataset = read(folder)
    collection = indexed(home.store, dataset, home.embedder, lambda stage, done, total: None)
    home.searcher.maintain(collection)
    scope = Scope(frozenset([collection]))
    queries = subsample(dataset.queries, limit)
    searchers: dict[str, Any] = {
        "fused": home.searcher,
        "read": ReadingSearcher(home.searcher, home.store, shipped()),
    }
    for name, searcher in searchers.items():
        began = time.process_time()
        values = per_query(searcher, scope, queries, "fused")
        means = {key: sum(each) / len(each) for key, each in values.items()}
        cost = (time.process_time() - began) / len(queries)
        print(f"{dataset.name} {name}: {len(queries)} queries, nDCG@10 {means['ndcg@10']:.4f}, "
              f"MRR@10 {means['mrr@10']:.4f}, {cost:.3f} s of processor")  # fmt: skip


def far_off(home: Home, collection: str) -> None:
    """Print how many questions about other things are refused."""
    questions = FAR_OFF.read_text(encoding="utf-8").splitlines()
    scope = home.scope([collection])
    for name, reader in (("rules", None), ("read", shipped())):
        began = time.process_time()
        answerer = Answerer(home.searcher, home.store, None, reader)
        answered = [q for q in questions if not answerer.read(q, scope).doubtful]
        cost = (time.process_time() - began) / len(questions)
        print(f"{collection} {name}: {len(questions) - len(answered)} of {len(questions)} refused, "
              f"{cost:.3f} s of processor; answered: {answered[:5]}")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--order", type=Path, nargs="+", default=[])
    parser.add_argument("--far-off", nargs="+", default=[])
    parser.add_argument("--limit", type=int, default=200)
    given = parser.parse_args(arguments)
    home = Home.open(given.home)
    for folder in given.order:
        order(home, folder, given.limit)
    for collection in given.far_off:
        far_off(home, collection)


if __name__ == "__main__":
    main()
