"""Collection whitening: an embedder fitted to a collection by its own vectors, untrained.

All passages of a collection share its subject, and so do their vectors: a few directions hold
most of what they have in common, and little of what tells one passage from another. Whitening
takes the weight off those directions (Su et al., arXiv 2103.15316, for sentence vectors at
large); on the collection's own vectors it is worth 2 to 6 points of nDCG@10, on those of another
collection nothing (docs/log/loop.md). It is a matrix behind the embedder's own, so the new
vectors are a product of the old ones: no text goes through the decoder.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from embedder.atomic import write_tensors, writing_folder
from embedder.model import EmbedderFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embedder.model import Embedder
    from indexer.store.store import Store

# A quarter of the way to white (whole would be a half), all variances lifted by a quarter of their
# mean. Half-way is as good in the mean of five collections, and costs one of them 2 points
# (docs/log/loop.md).
_POWER, _LIFT = 0.125, 0.25
# Of fewer passages the covariance of hundreds of dimensions is mostly chance.
FEWEST = 50
_AT_ONCE = 4096


def part_whitening(vectors: np.ndarray) -> np.ndarray:
    """The symmetric map [dimension, dimension] that whitens `vectors` [n, dimension] in part.

    (C + lift)^-1/8 of their covariance C, scaled so that on the whole lengths stay.
    """
    variances, axes = np.linalg.eigh(np.cov(vectors.astype(np.float64), rowvar=False))
    scales = (np.maximum(variances, 0.0) + _LIFT * variances.mean()) ** -_POWER
    return (axes * (scales / scales.mean()) @ axes.T).astype(np.float32)


def adapt(start: Embedder, vectors: np.ndarray, folder: Path, name: str) -> None:
    """Write `start` with the map of these passages' vectors behind its own, as `folder`."""
    with writing_folder(folder) as left:
        _write(start, part_whitening(vectors), EmbedderFiles(left, start.files.cache), name)


def unadapted(start: Embedder, folder: Path, name: str) -> None:
    """Write `start` with a map that leaves all vectors as they are, as `folder`."""
    with writing_folder(folder) as left:
        nothing = np.eye(start.dimension, dtype=np.float32)
        _write(start, nothing, EmbedderFiles(left, start.files.cache), name)


def _write(start: Embedder, whitening: np.ndarray, files: EmbedderFiles, name: str) -> None:
    import torch

    inverse_whitening = np.linalg.inv(whitening)
    if start.inverse_whitening is not None:  # adapted before: undone to its very beginning
        inverse_whitening = inverse_whitening @ start.inverse_whitening
    behind, held = torch.from_numpy(whitening), start.load_projection()
    whole = behind if held.matrix is None else held.matrix @ behind
    queries = None if held.query_matrix is None else held.query_matrix @ behind
    replace(held, matrix=whole, query_matrix=queries).write(files.projection)
    if start.spec.adapter:
        shutil.copytree(start.files.adapter, files.adapter)
    maps = {"whitening": behind, "undo": torch.from_numpy(inverse_whitening)}
    if start.inverse_query_map is not None:
        undone = np.linalg.inv(whitening) @ start.inverse_query_map
        maps["undo queries"] = torch.from_numpy(undone)
    write_tensors(files.whitening, maps)
    digest = hashlib.sha256(files.projection.read_bytes()).hexdigest()
    spec = replace(start.spec, name=name, tensors=digest)
    (files.folder / "spec.json").write_text(spec.to_json(), encoding="utf-8")


def note_query_map(files: EmbedderFiles, matrix: np.ndarray) -> None:
    """Have a map of queries undone, too, where an adapted embedder is examined as it began."""
    import torch
    from safetensors.numpy import load_file

    held = load_file(files.whitening)
    undo = np.linalg.pinv(matrix) @ held.get("undo queries", held["undo"])
    maps = held | {"undo queries": undo.astype(np.float32)}
    write_tensors(files.whitening, {name: torch.from_numpy(one) for name, one in maps.items()})


def mapped(vectors: np.ndarray, to: Embedder) -> np.ndarray:
    """Unit vectors under `to`, an adapted embedder, of vectors under what it was made of."""
    from safetensors.numpy import load_file

    found = vectors @ load_file(to.files.whitening)["whitening"]
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def map_vectors(store: Store, ids: Sequence[int], start: str, to: Embedder) -> None:
    """Give passages vectors of `to`, made of those that they have under the fingerprint `start`.

    `to` is `start` adapted and not trained; for any other embedder this does nothing. Passages
    without a vector to begin with get none.
    """
    if not to.files.whitening.exists():
        return
    for place in range(0, len(ids), _AT_ONCE):
        there = store.passage_vectors(ids[place : place + _AT_ONCE], start)
        if there:
            vectors = mapped(np.stack(list(there.values())).astype(np.float32), to)
            store.add_vectors(list(there), vectors, to.fingerprint)
