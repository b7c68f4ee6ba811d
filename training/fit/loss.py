"""The one contrastive loss, and what a teacher may add to it. Pure tensor functions."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def info_nce(queries: Tensor, passages: Tensor, positive: Tensor, temperature: float) -> Tensor:
    """InfoNCE with in-batch and hard negatives (van den Oord et al., arXiv 1807.03748).

    `queries` [n, dimension] and `passages` [m, dimension] have unit length; `positive` [n]
    names each query's passage; all other passages of the batch are its negatives, the hard
    ones among them. The mean over queries of -log softmax(cosine / temperature).
    """
    return functional.cross_entropy(queries @ passages.T / temperature, positive)


def distillation(
    queries: Tensor, passages: Tensor, teacher_scores: Tensor, temperature: float
) -> Tensor:
    """How far the batch's ranking is from a teacher's: KL(teacher ‖ student), mean over queries.

    `teacher_scores` [n, m] are the teacher's cosines. Ranking against ranking, so that teacher
    and student may differ in dimension (Hinton et al., arXiv 1503.02531, over passages instead
    of classes, as in TAS-B, Hofstaetter et al. 2021).
    """
    student = functional.log_softmax(queries @ passages.T / temperature, dim=1)
    teacher = functional.log_softmax(teacher_scores / temperature, dim=1)
    return functional.kl_div(student, teacher, reduction="batchmean", log_target=True)


def accuracy(queries: Tensor, passages: Tensor, positive: Tensor) -> float:
    """Share of the queries whose own passage is the nearest of the batch."""
    return float(((queries @ passages.T).argmax(dim=1) == positive).float().mean())


def linear_schedule(step: int, steps: int, warmup: int) -> float:
    """Factor of the learning rate at `step` (from 0): linear up over `warmup`, then down to 0."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return max((steps - step) / max(steps - warmup, 1), 0.0)
