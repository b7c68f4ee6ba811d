"""Decoders outside the Llama family, run by transformers behind the same call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TransformersDecoder(nn.Module):
    """Any transformers base model as an `embedder.encoder.Decoder`."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor | None, features: Sequence[int]) -> list[Tensor]:
        """Hidden states [batch, length, width] for each of `features`."""
        states = self.model(
            input_ids=ids,
            attention_mask=None if mask is None else self._mask(ids, mask),
            output_hidden_states=True,
            use_cache=False,
        ).hidden_states
        return [states[feature] for feature in features]

    def _mask(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Whose own layers look both ways is told what is padding; it knows its windows itself."""
        if getattr(self.model.config, "use_bidirectional_attention", False):
            return mask[:, 0, 0].long()
        return self._additive(ids, mask)

    def _additive(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The four-dimensional mask that transformers passes on as it is: 0, or minus a lot."""
        batch, length = ids.shape
        dtype = self.model.dtype
        hidden = torch.zeros(batch, 1, length, length, dtype=dtype, device=ids.device)
        return hidden.masked_fill(~mask, torch.finfo(dtype).min)
