"""From the vectors of a text's tokens to one vector: pure tensor functions."""

from __future__ import annotations

import torch
from torch import Tensor


def last_token(states: Tensor, lengths: Tensor) -> Tensor:
    """The state of each text's last token: [batch, length, width] → [batch, width].

    `lengths` [batch] counts each text's own tokens; padding stands at the right.
    """
    return states[torch.arange(len(lengths), device=states.device), lengths - 1]


def weighted_mean(states: Tensor, weights: Tensor) -> Tensor:
    """Mean of the states by weight: [batch, length, width], [batch, length] → [batch, width].

    Padding has weight zero. A text whose weights are all zero gets the zero vector.
    """
    total = weights.sum(dim=1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
    return torch.einsum("bl,blw->bw", weights / total, states)


def own_tokens(lengths: Tensor, longest: int) -> Tensor:
    """1.0 where a text has a token, 0.0 where it is padded: [batch] → [batch, longest]."""
    return (torch.arange(longest, device=lengths.device) < lengths[:, None]).float()
