"""Files of tensors; what is damaged, of another kind, or no number is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


class UnusableWeightsError(FootnoteError):
    """A file of weights that is damaged, or that holds what are none."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file. Raises `UnusableWeightsError`.

    Weights that are no numbers would make vectors that are none, which nothing finds, and which
    nothing complains of.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise UnusableWeightsError(
            f"{path} cannot be read as safetensors ({str(error)[:100]}); put an intact copy there"
        ) from error
    check_numbers(path, tensors)
    return tensors


def read_array(path: Path, name: str) -> np.ndarray:
    """One tensor of a safetensors file, without torch. Raises `UnusableWeightsError`."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(path)[name]
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise UnusableWeightsError(
            f"{path} cannot be read as safetensors ({str(error)[:100]}); put an intact copy there"
        ) from error
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        raise UnusableWeightsError(
            f"{path}: {name} holds values that are no numbers; train or export it again"
        )
    return found


def check_numbers(path: Path, tensors: dict[str, Tensor]) -> None:
    """Raise `UnusableWeightsError` where a weight is no floating-point number, or not finite."""
    for name, tensor in tensors.items():
        if not tensor.dtype.is_floating_point:
            raise UnusableWeightsError(f"{path}: {name} holds {tensor.dtype}, which are no weights")
        if not tensor.isfinite().all():
            raise UnusableWeightsError(
                f"{path}: {name} holds values that are no numbers; train or export it again"
            )
