"""An embedder continued in further layers of its decoder, with nearly the vectors that it had.

What was learnt in the first layers is kept: their adapter as it is, none yet in the further ones,
and a projection of the deeper states onto the vectors of the shallower embedder, by ridge
regression. Training then goes on from there instead of from the bare decoder.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from embedder.encoder import Projection
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from training.bundled.statistics import features, write

# Added to the covariance of the pooled states, in parts of its mean eigenvalue.
_RIDGE = 1e-3


def deepened(
    start: Embedder,
    spec: EmbedderSpec,
    queries: Sequence[str],
    passages: Sequence[str],
    folder: Path,
) -> Embedder:
    """Write into `folder` what goes on from `start` as `spec` has it, and open it.

    `spec` may name more layers than `start` has, another attention, other features; `start` has an
    adapter. The regression is over these queries and passages, some thousands of each.
    """
    adapter = _extended(start, spec, folder / "adapter")
    token_weights = start.load_projection().token_weights
    begun = write(
        Projection(token_weights=token_weights),
        replace(spec, name=folder.name, adapter=adapter),
        folder,
    )
    embedder = Embedder(begun, EmbedderFiles(folder, start.files.cache))
    projection = _regressed(start, embedder, queries, passages)
    write(replace(projection, token_weights=token_weights), begun, folder)
    return Embedder(
        EmbedderSpec.read(folder / "spec.json"), EmbedderFiles(folder, start.files.cache)
    )


def _regressed(
    start: Embedder, deeper: Embedder, queries: Sequence[str], passages: Sequence[str]
) -> Projection:
    """Means and matrix that bring the deeper states nearest to what `start` projects."""
    before, after = (one.load_encoder(one.compute.dtype) for one in (start, deeper))
    given: list[np.ndarray] = []
    wanted: list[np.ndarray] = []
    means: list[tuple[np.ndarray, np.ndarray]] = []
    old = before.projection()
    assert old.matrix is not None  # noqa: S101 - an embedder that was trained has one
    for texts, mean in ((queries, old.query_mean), (passages, old.passage_mean)):
        ids = start.tokenize([start.spec.passage(text) for text in texts])
        had = (features(before, ids) - _array(mean)) @ _array(old.matrix)
        states = features(after, ids)
        means.append((states.mean(axis=0), had.mean(axis=0)))
        given.append(states - means[-1][0])
        wanted.append(had - means[-1][1])
    x, y = np.concatenate(given), np.concatenate(wanted)
    square = x.T @ x
    square += _RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    matrix = np.linalg.solve(square, x.T @ y)
    # A mean of the projected vectors is said as one of the states.
    back = np.linalg.pinv(matrix)
    query_mean, passage_mean = (torch.from_numpy(s - p @ back) for s, p in means)
    return Projection(
        query_mean=query_mean, passage_mean=passage_mean, matrix=torch.from_numpy(matrix)
    )


def _array(tensor: torch.Tensor | None) -> np.ndarray:
    return np.zeros(1) if tensor is None else tensor.double().numpy()


def _extended(start: Embedder, spec: EmbedderSpec, folder: Path) -> str:
    """The adapter of `start` with further layers that change nothing yet; its digest."""
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(start.files.adapter / "adapter_config.json", folder)
    name = "adapter_model.safetensors"
    tensors = {k: v.float() for k, v in load_file(start.files.adapter / name).items()}
    draw = torch.Generator().manual_seed(0)
    first = {k: v for k, v in tensors.items() if ".layers.0." in k}
    for layer in range(start.spec.layers, spec.layers):
        for key, like in first.items():
            new = torch.zeros_like(like)
            if "lora_A" in key:  # as peft begins: A at random, B nothing
                bound = like.shape[1] ** -0.5
                new.uniform_(-bound, bound, generator=draw)
            tensors[key.replace(".layers.0.", f".layers.{layer}.")] = new
    save_file(tensors, folder / name)
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()
