"""Linear layers that a sentence-transformers folder puts behind the pooling, as one matrix.

EmbeddingGemma has two of them (Vera et al., "EmbeddingGemma", arXiv 2509.20354, section 2.1),
without bias and without anything between, so that their product says the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.decoder.load import BaseNotFoundError
from embedder.encoder import Projection
from embedder.tensors import read_tensors

if TYPE_CHECKING:
    from torch import Tensor

    from embedder.spec import EmbedderSpec

_DENSE, _IDENTITY = ".Dense", ".Identity"
_KERNEL = {"linear.weight"}


def dense_matrix(spec: EmbedderSpec) -> Tensor | None:
    """The product [width, dimension] of the dense layers of the spec's base; None without any.

    Raises `BaseNotFoundError` where they cannot be had, or are no plain matrices.
    """
    product = None
    for module in json.loads(_file(spec, "modules.json").read_text(encoding="utf-8")):
        if not module["type"].endswith(_DENSE):
            continue
        folder = module["path"]
        shape = json.loads(_file(spec, f"{folder}/config.json").read_text(encoding="utf-8"))
        tensors = read_tensors(_file(spec, f"{folder}/model.safetensors"))
        if tensors.keys() != _KERNEL or not shape["activation_function"].endswith(_IDENTITY):
            raise BaseNotFoundError(f"{folder} of {spec.base} is more than a matrix")
        weight = tensors["linear.weight"].float().T
        product = weight if product is None else product @ weight
    return product


def with_matrix(spec: EmbedderSpec, folder: Path) -> EmbedderSpec:
    """`spec` with that matrix as its projection, written into `folder` beside it."""
    path = folder / "projection.safetensors"
    Projection(matrix=dense_matrix(spec)).write(path)
    return replace(spec, tensors=hashlib.sha256(path.read_bytes()).hexdigest())


def _file(spec: EmbedderSpec, name: str) -> Path:
    from transformers.utils.hub import cached_file

    where: dict[str, Any] = {"revision": spec.revision} if spec.revision else {}
    try:
        found = cached_file(spec.base, name, **where)
    except OSError as error:
        raise BaseNotFoundError(f"{name} of {spec.base} cannot be had: {error}") from error
    return Path(str(found))
