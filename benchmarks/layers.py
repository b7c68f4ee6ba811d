"""How many layers, and which pooling: `python -m benchmarks.layers EVAL --work DIR`.

One pass through all layers of the bundled base keeps the pooled states behind each number of
layers; each is then whitened beside the token embeddings as the training-free start is
(`training.whitening`), and searched with. Rows: layers and pooling. Columns: dense nDCG@10 of each
set of EVAL cut down (`benchmarks.quick`), the share of the held-out synthetic groups' questions
that find their passage first, and the time that a text takes in parts of that of all layers, by
the products it needs. Repeated with the same DIR, it passes through the decoder only once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.quick import ndcg, reduced
from embedder.batches import batches
from embedder.decoder.load import converted, load_decoder
from embedder.encoder import right_padded
from embedder.pooling import last_token, own_tokens, weighted_mean
from embedder.tokens import limits_of, load_tokenizer, token_ids
from training.bundled.statistics import (
    SPEC,
    feature_scales,
    inverse_document_frequency,
    within_pair_whitening,
)
from training.data.synthetic_pairs import groups, held_out
from training.evaluation.beir import read

LAYERS = (0, 4, 8, 12, 16, 30)
POOLINGS = ("weighted", "mean", "last")
_CUT = 256
_TOKENS_A_BATCH = 4096


class Tower:
    """The base with all its layers, which keeps what it has said of a list of texts."""

    def __init__(self, work: Path) -> None:
        spec = replace(SPEC, layers=max(LAYERS), max_tokens=_CUT)
        base = converted(spec, work / "models")
        self._work, self._decoder = work, load_decoder(base, _CUT, torch.float32)
        self._tokenizer = load_tokenizer(base.tokenizer)
        self._limits = limits_of(spec, base.config)
        passages = [text for group in groups() for text in group.passages]
        rarity = inverse_document_frequency(self._ids(passages), base.config["vocab_size"])
        self._rarity = torch.from_numpy(rarity)

    def states(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """Pooled states [layers, poolings, texts, width]; kept as `name`."""
        path = self._work / f"{name}.npy"
        if not path.exists():
            np.save(path, self._passed(name, texts))
        return np.load(path)

    def _passed(self, name: str, texts: Sequence[str]) -> np.ndarray:
        ids = self._ids(texts)
        found: list[np.ndarray] = [np.empty(0)] * len(ids)
        done = 0
        for members in batches([len(text) for text in ids], _TOKENS_A_BATCH):
            with torch.inference_mode():
                pooled = self._pooled(*right_padded([ids[member] for member in members])).numpy()
            for place, member in enumerate(members):
                found[member] = pooled[:, :, place]
            done += len(members)
            print(f"\r{name} {done}/{len(ids)} ", end="", flush=True)
        return np.stack(found, axis=2)

    def _pooled(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """As `EncoderModule.pooled`, for all numbers of layers and poolings at once."""
        states = self._decoder(ids, None, LAYERS)
        present = own_tokens(lengths, ids.shape[1])
        present[:, 0] = 0  # the begin token, as `sink` has it
        made = []
        for number, state in zip(LAYERS, states, strict=True):
            # What a decoder of so many layers would say: its last one is behind the final norm.
            last = state if number in (0, max(LAYERS)) else self._decoder.norm(state)
            weighted = weighted_mean(last, present * self._rarity[ids])
            made.append(
                torch.stack((weighted, weighted_mean(last, present), last_token(last, lengths)))
            )
        return torch.stack(made)

    def _ids(self, texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        return token_ids(self._tokenizer, texts, self._limits).ids


class Whitened:
    """Vectors of one number of layers and one pooling, beside the token embeddings."""

    def __init__(self, place: tuple[int, int], queries: np.ndarray, passages: np.ndarray) -> None:
        """`queries` and `passages` are states, row by row one pair."""
        self._place = place
        asked, answers = self._beside(queries), self._beside(passages)
        self._means = asked.mean(axis=0), answers.mean(axis=0)
        scales = feature_scales(answers - self._means[1], [1.0] * (2 if place[0] else 1))
        self._matrix = scales[:, None] * within_pair_whitening(
            (asked - self._means[0]) * scales,
            (answers - self._means[1]) * scales,
            SPEC.dimension,
            1.0,
        )

    def _beside(self, states: np.ndarray) -> np.ndarray:
        layer, pooling = self._place
        own = states[layer, pooling]
        if not layer:
            return own.astype(np.float64)
        return np.concatenate((states[0, 0], own), axis=1).astype(np.float64)

    def scores(self, queries: np.ndarray, passages: np.ndarray) -> np.ndarray:
        """Cosines [queries, passages] of states."""
        sides = []
        for states, mean in zip((queries, passages), self._means, strict=True):
            vectors = (self._beside(states) - mean) @ self._matrix
            sides.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        return np.asarray(sides[0] @ sides[1].T)


def main() -> None:
    """Print a row for each number of layers and pooling."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=["scifact", "anthropic-docs", "cisi"])
    parser.add_argument("--groups", type=int, default=300, help="Synthetic groups counted.")
    parser.add_argument("--others", type=int, default=300, help="Documents beside the judged.")
    options = parser.parse_args()
    tower = Tower(options.work)
    learnt = [group for n, group in enumerate(groups()) if not held_out(n)][: options.groups]
    kept = [group for n, group in enumerate(groups()) if held_out(n)]

    def both(name: str, some: Sequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        queries = [text for group in some for each in group.queries for text in each]
        passages = [text for group in some for text in group.passages]
        sizes = [len(each) for group in some for each in group.queries]
        states = (
            tower.states(f"{name}-queries", queries),
            tower.states(f"{name}-passages", passages),
        )
        return *states, np.repeat(np.arange(len(passages)), sizes)

    asked, passages, answers = both(f"learnt{options.groups}", learnt)
    held, among, right = both("held-out", kept)
    sets = []
    for name in options.sets:
        data = reduced(read(options.evaluation / name), options.others)
        texts = [f"{entry.title}\n{entry.text}".strip() for entry in data.corpus]
        sets.append((
            data,
            tower.states(f"{name}-queries", [query.text for query in data.queries]),
            tower.states(f"{name}{options.others}-passages", texts),
        ))  # fmt: skip
    print(f"\n{'layers':>6} {'pooling':9}" + "".join(f"{one.name:>16}" for one, *_ in sets)
          + f"{'groups':>9}{'time':>7}")  # fmt: skip
    for (place, number), (pooling, word) in product(enumerate(LAYERS), enumerate(POOLINGS)):
        if not number and word == "last":
            continue  # the last token's embedding says nothing of the text
        made = Whitened((place, pooling), asked, passages[:, :, answers])
        row = f"{number:>6} {word:9}"
        for data, queries, documents in sets:
            row += f"{ndcg(data, made.scores(queries, documents)):>16.3f}"
        first = float((made.scores(held, among).argmax(axis=1) == right).mean())
        print(f"{row}{first:>9.3f}{number / max(LAYERS):>7.2f}", flush=True)


if __name__ == "__main__":
    main()
