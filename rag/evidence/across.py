"""A question in another language than the documents: the sentences nearest to it in meaning. Pure.

The words that a question and a sentence share tell nothing here, nor do the reader's features. What
an embedder of many languages says of a sentence does, and how high its passage was found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from rag.evidence.quotables import Quotable
from rag.question.analysis import Question, holds_kind

# Cosines [texts] of a question and texts, by an embedder that knows both languages.
Meaning = Callable[[str, Sequence[str]], np.ndarray]

# So many passages are looked through, and so many of their sentences embedded.
_PASSAGES, _SENTENCES = 5, 40
# What stands beside a sentence says what it is about: the mean of both cosines counts this much.
_AROUND = 0.15
# What the first passage found is ahead of one found late, and a figure where one is asked for.
_PASSAGE, _KIND = 0.1, 0.05
# A year or an amount of the question is written alike in most languages: the share that is held.
_FIGURES = 0.1
_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
# A second sentence is shown where it comes so near to the best one.
_NEAR = 0.95
# The probability of an answer, logistic in the best sentence's cosine. Over German text English
# questions have .49 in the median where it answers and .29 where nothing does
# (docs/log/answers.md). Flat, since of what is answered two in three hold what was asked: "likely",
# hardly ever "sure".
_MIDDLE, _SLOPE = 0.36, 8.0
# … and the least that is answered at.
LINE = 0.5


def nearest(
    question: Question, quotables: Sequence[Quotable], meaning: Meaning
) -> tuple[list[Quotable], float]:
    """The sentence or two that come nearest, and the probability that they answer."""
    looked = [one for one in quotables if one.hit < _PASSAGES][:_SENTENCES]
    if not looked:
        return [], 0.0
    cosines = meaning(question.text, [f"{one.topic} {one.text}".strip() for one in looked])
    beside = [_beside(looked, cosines, place) for place in range(len(looked))]
    figures = set(_FIGURE.findall(question.text))
    scores = [
        own + _AROUND * (around - own) + _PASSAGE / (1 + one.hit)
        + _KIND * holds_kind(question, one.text) + _FIGURES * _held(figures, one.text)
        for one, own, around in zip(looked, cosines.tolist(), beside, strict=True)
    ]  # fmt: skip
    order = sorted(range(len(looked)), key=lambda place: -scores[place])
    chosen = [looked[place] for place in order[:2] if scores[place] >= _NEAR * scores[order[0]]]
    hope = 1.0 / (1.0 + math.exp(-_SLOPE * (max(cosines[place] for place in order[:2]) - _MIDDLE)))
    return sorted(chosen, key=lambda one: (one.hit, one.order)), hope


def _held(figures: set[str], text: str) -> float:
    """The share of the figures that a text holds; none where there are none."""
    return len(figures.intersection(_FIGURE.findall(text))) / max(len(figures), 1)


def _beside(looked: Sequence[Quotable], cosines: np.ndarray, place: int) -> float:
    """The mean cosine of the sentences before and after in the same passage; its own without."""
    found = [
        float(cosines[other])
        for other in (place - 1, place + 1)
        if 0 <= other < len(looked) and looked[other].hit == looked[place].hit
    ]
    return sum(found) / len(found) if found else float(cosines[place])
