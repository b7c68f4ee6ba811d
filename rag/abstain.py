"""Do the documents hold an answer at all? A fitted probability, and the line below which we say no.

The features look at how well the question is covered and at how far the best passage stands out;
none depends on the scale of an embedder's cosines, so that the fit outlives a retraining. The
coefficients are fitted by `python -m training.abstention` and shipped beside this file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from indexer.records import Hit
from rag.extract import Scored
from rag.question import Question

CONSTANTS = Path(__file__).with_name("abstention.json")

_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Features:
    """What the probability is computed from, all roughly 0 to 1, larger for more hope.

    `sentence`: share of the question that the best sentence holds itself; `context`: with its
    headings and neighbours; `passage`: share that the best passage holds; `present`: one minus
    the share of the weightiest word missing from all passages; `strength`: best BM25 score by
    the question's information; `margin`: by how much of it the best stands above the fifth;
    `agreement`: whether dense and keyword search bring up the same best passage.
    """

    sentence: float
    context: float
    passage: float
    present: float
    strength: float
    margin: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic regression on standardised features, and the line that was drawn."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    threshold: float

    def probability(self, features: Features) -> float:
        """The probability that the documents hold the answer."""
        parts = zip(astuple(features), self.means, self.scales, self.coefficients, strict=True)
        logit = self.intercept + sum(c * (x - mean) / scale for x, mean, scale, c in parts)
        return 1.0 / (1.0 + math.exp(-logit))


@cache
def shipped() -> Fit:
    """The fit that is shipped."""
    values = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    return Fit(
        means=tuple(values["means"]),
        scales=tuple(values["scales"]),
        coefficients=tuple(values["coefficients"]),
        intercept=values["intercept"],
        threshold=values["threshold"],
    )


def features(question: Question, hits: Sequence[Hit], scored: Sequence[Scored]) -> Features:
    """Look at what was found for a question; all nought where nothing was."""
    if not hits or not scored:
        return Features(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    held = [_terms(question, hit) for hit in hits[:_DEPTH]]
    anywhere = frozenset[str]().union(*held)
    missing = [
        weight
        for word, weight in question.weights.items()
        if not any(term in anywhere for term in word)
    ]
    strengths = sorted((hit.keyword_score or 0.0 for hit in hits), reverse=True)
    information = question.information
    fifth = strengths[_DEPTH - 1] if len(strengths) >= _DEPTH else 0.0
    return Features(
        sentence=max(one.coverage for one in scored),
        context=max(one.context for one in scored),
        passage=max(question.covered(terms) for terms in held),
        present=1.0 - max(missing, default=0.0),
        strength=strengths[0] / information,
        margin=(strengths[0] - fifth) / information,
        agreement=_agreement(hits),
    )


def _terms(question: Question, hit: Hit) -> frozenset[str]:
    parts = (hit.document.title, *hit.passage.headings, hit.passage.text)
    return question.terms_of(" ".join(parts))


def _agreement(hits: Sequence[Hit]) -> float:
    """One over the keyword rank of the best dense passage (nought where it has none)."""
    dense = [hit for hit in hits if hit.dense_rank is not None]
    if not dense:
        return 0.0
    best = min(dense, key=lambda hit: hit.dense_rank or 0)
    return 1.0 / best.keyword_rank if best.keyword_rank else 0.0
