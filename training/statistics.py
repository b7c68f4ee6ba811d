"""What a collection's own texts say about weights and means, counted before anything is learnt.

The bundled embedder weighs tokens by how rare they are in general texts, and takes off what
general texts have in common. In one's own documents other words are common ("Claude" in
Claude's handbook), and what all of them share is their subject. Counting both anew, on the
documents that are trained on, costs one pass over a sample of passages; figures are in
`docs/log.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from embedder.batches import batches
from embedder.encoder import Projection, right_padded

if TYPE_CHECKING:
    from training.student import Student

# The general counts weigh as much as this many passages of the collection.
_PRIOR = 300
# Passages whose pooled states are averaged: the mean of so many is known to 5 %.
MEAN_OF = 400


def adapted(student: Student, texts: Sequence[str], few: Sequence[str]) -> Projection:
    """The student's projection with token weights and means of these passages.

    `texts` are counted, the `few` (`MEAN_OF`) go through the decoder. Queries, of which a
    collection holds none, are taken to be off by as much as passages are.
    """
    encoder = student.encoder
    held = encoder.projection()
    if held.token_weights is not None:
        weights = blended(held.token_weights.numpy(), student.passage_ids(texts))
        held = replace(held, token_weights=torch.from_numpy(weights))
        student.take(held)
    if held.passage_mean is not None and held.query_mean is not None:
        mean = _mean(student, few)
        held = replace(held, query_mean=held.query_mean + mean - held.passage_mean)
        held = replace(held, passage_mean=mean)
        student.take(held)
    return held


def blended(general: np.ndarray, texts: Sequence[Sequence[int]]) -> np.ndarray:
    """Token weights [vocabulary]: -log of the share of passages that hold the token.

    `general` are such weights of other texts, which count as `_PRIOR` passages more.
    """
    holding = np.zeros(len(general))
    for text in texts:
        holding[np.unique(text)] += 1
    share = (holding + _PRIOR * np.exp(-general.astype(np.float64))) / (len(texts) + _PRIOR)
    return np.maximum(-np.log(np.minimum(share, 1.0)), 0.0).astype(np.float32)


def _mean(student: Student, texts: Sequence[str]) -> torch.Tensor:
    """Mean of the pooled states, before any projection: float32 [width]."""
    ids = student.passage_ids(texts)
    total, budget = 0.0, student.embedder.compute.tokens_a_batch
    for members in batches([len(text) for text in ids], budget):
        padded, lengths = right_padded([ids[member] for member in members])
        with torch.inference_mode():
            pooled = student.encoder.pooled(padded.to(student.device), lengths.to(student.device))
        total = total + pooled.double().sum(dim=0).cpu()
    assert isinstance(total, torch.Tensor)
    return (total / len(ids)).float()
