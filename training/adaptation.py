"""An embedder fitted to a collection by what its own vectors say; nothing is learnt.

All passages of a collection share its subject, and so do their vectors: a few directions hold
most of what they have in common, and little of what tells one passage from another. Whitening
takes the weight off those directions (Su et al., arXiv 2103.15316, for sentence vectors at
large); on the collection's own vectors it is worth 2 to 6 points of nDCG@10, on those of another
collection nothing (docs/log.md, The loop). It is a matrix behind the embedder's own, so the new
vectors are a product of the old ones: no text goes through the decoder.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from embedder.aside import write_tensors, writing_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embedder.model import Embedder, EmbedderFiles
    from embedder.spec import EmbedderSpec
    from indexer.store import Store

# Half-way to white, the smaller variances lifted by a quarter of their mean. Whole whitening
# with four times the mean is as good; without the lift noise is blown up.
_POWER, _LIFT = 0.25, 0.25
# Of fewer passages the covariance of hundreds of dimensions is mostly chance.
FEWEST = 50
_AT_ONCE = 4096


def half_whitening(vectors: np.ndarray) -> np.ndarray:
    """The symmetric map [dimension, dimension] that half-way whitens `vectors` [n, dimension].

    (C + lift)^-1/4 of their covariance C, scaled so that on the whole lengths stay.
    """
    variances, axes = np.linalg.eigh(np.cov(vectors.astype(np.float64), rowvar=False))
    scales = (np.maximum(variances, 0.0) + _LIFT * variances.mean()) ** -_POWER
    return (axes * (scales / scales.mean()) @ axes.T).astype(np.float32)


def adapt(start: Embedder, vectors: np.ndarray, folder: Path, name: str) -> None:
    """Write `start` with the map of these passages' vectors behind its own, as `folder`."""
    with writing_folder(folder) as left:
        _write(replace(start.spec, name=name), start.files, half_whitening(vectors), left)


def _write(spec: EmbedderSpec, start: EmbedderFiles, whitening: np.ndarray, folder: Path) -> None:
    import torch

    from embedder.encoder import Projection
    from embedder.model import EmbedderFiles

    path = folder / "projection.safetensors"
    held = Projection.read(start.projection) if spec.tensors else Projection()
    behind = torch.from_numpy(whitening)
    replace(held, matrix=behind if held.matrix is None else held.matrix @ behind).write(path)
    if spec.adapter:
        shutil.copytree(start.adapter, folder / "adapter")
    write_tensors(EmbedderFiles(folder, start.cache).whitening, {"whitening": behind})
    spec = replace(spec, tensors=hashlib.sha256(path.read_bytes()).hexdigest())
    (folder / "spec.json").write_text(spec.to_json(), encoding="utf-8")


def map_vectors(store: Store, ids: Sequence[int], start: str, to: Embedder) -> None:
    """Give passages vectors of `to`, made of those that they have under the fingerprint `start`.

    `to` is `start` adapted and not trained; for any other embedder this does nothing. Passages
    without a vector to begin with get none.
    """
    from safetensors.numpy import load_file

    if not to.files.whitening.exists():
        return
    whitening = load_file(to.files.whitening)["whitening"]
    for place in range(0, len(ids), _AT_ONCE):
        there = store.passage_vectors(ids[place : place + _AT_ONCE], start)
        if there:
            mapped = np.stack(list(there.values())).astype(np.float32) @ whitening
            mapped /= np.linalg.norm(mapped, axis=1, keepdims=True)
            store.add_vectors(list(there), mapped, to.fingerprint)
