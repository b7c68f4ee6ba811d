"""Do the documents hold an answer at all? A fitted probability, and the line below which we say no.

The features look at how well the question is covered and at how far the best passage stands out;
none depends on the scale of an embedder's cosines, so that the fit outlives a retraining. The
coefficients are fitted by `python -m training.bundled.abstention` and shipped beside this file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from indexer.records import Hit
from rag.evidence.extract import Scored
from rag.question.analysis import Question

CONSTANTS = Path(__file__).with_name("abstention.json")

# The best passages that are looked at for the question's words; where fewer are found than
# this, a collection is too small to have a background that the best could stand out from.
_DEPTH = 5
# The place that stands for the background.
_BACKGROUND = 10


@dataclass(frozen=True, slots=True)
class Features:
    """What the probability is computed from, larger for more hope.

    `sentence`: the largest share of the question that a sentence holds with its headings and
    neighbours; `passage`: that a passage holds; `main`: one minus the share of the weightiest
    word that the best passage lacks; `margin`: by how much of the question's information the
    best BM25 score stands above the tenth; `agreement`: one over the keyword rank of the
    passage that is best by meaning, nought where it has none.

    Left out, since the fit gave them nothing beside these (held-out synthetic AUROC 0.717):
    the best sentence's own share, the weightiest word missing everywhere, the best BM25 score
    itself. The margin over the fifth score instead of the tenth: 0.706, and 0.77 instead of
    0.83 on Northwind, where much is said twice.
    """

    sentence: float
    passage: float
    main: float
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


def hope(features: Features) -> tuple[float, float]:
    """The probability that the documents hold an answer, and the line below which we say no."""
    fit = shipped()
    return fit.probability(features), fit.threshold


def together(one: float, other: float) -> float:
    """Two probabilities of the same, as one: the mean of their logits.

    The rules see how much of a question stands together, the reader what answers look like; each
    errs on other questions (docs/log/reader.md: AUROC 0.87 and 0.88 alone, 0.90 together).
    """
    logits = [math.log(p / (1.0 - p)) for p in (min(max(x, 1e-4), 1 - 1e-4) for x in (one, other))]
    return 1.0 / (1.0 + math.exp(-sum(logits) / 2))


def features(question: Question, hits: Sequence[Hit], scored: Sequence[Scored]) -> Features:
    """Look at what was found for a question; all nought where nothing was."""
    if not hits or not scored:
        return Features(0.0, 0.0, 0.0, 0.0, 0.0)
    held = [_terms(question, hit) for hit in hits[:_DEPTH]]
    missing = [
        weight
        for word, weight in question.weights.items()
        if not any(term in held[0] for term in word)
    ]
    return Features(
        sentence=max(one.context for one in scored),
        passage=max(question.covered(terms) for terms in held),
        main=1.0 - max(missing, default=0.0),
        margin=margin(hits) / question.information,
        agreement=agreement(hits),
    )


def margin(hits: Sequence[Hit]) -> float:
    """How far the best BM25 score stands above the background."""
    scores = sorted((hit.keyword_score or 0.0 for hit in hits), reverse=True)
    background = scores[:_BACKGROUND][-1] if len(scores) >= _DEPTH else 0.0
    return scores[0] - background


def _terms(question: Question, hit: Hit) -> frozenset[str]:
    parts = (hit.document.title, *hit.passage.headings, hit.passage.text)
    return question.terms_of(" ".join(parts))


def agreement(hits: Sequence[Hit]) -> float:
    """One over the keyword rank of the passage that is best by meaning; nought without it."""
    dense = [hit for hit in hits if hit.dense_rank is not None]
    if not dense:
        return 0.0
    best = min(dense, key=lambda hit: hit.dense_rank or 0)
    return 1.0 / best.keyword_rank if best.keyword_rank else 0.0
