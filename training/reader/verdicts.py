"""Claims → features: what the reader learns of supported and unsupported claims.

Beside the written claims of `reader.jsonl` (where the unfounded ones hold more of a passage's own
words than the supported ones do, so that a reader of words alone learns nothing from them): the
claims of the nearest other passage of the same source, sentences as they stand and with a figure,
a name or a "not" changed, and supported claims with an unfounded one behind. Every other source
is made long with passages beside it, as real references are.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.evidence.cite import Source
from rag.languages import ENGLISH
from rag.reader.claims import hold
from rag.reader.words import WordVectors

_BESIDE = 5
_NUMBER = re.compile(r"\b\d+\b")
_NAME = re.compile(r"(?<=\w )[A-Z][a-z]{2,}\b")
_VERB = re.compile(r"\b(?:is|are|was|were|can|may|must|will|should)\b(?! not|n't)")
_DENIED = re.compile(r"\b(?:not|no|never|none|nor|without)\b|n't")


@dataclass(frozen=True, slots=True)
class Held:
    """A claim held against a source: how it was made, whether it is supported, what it counts."""

    text: str
    kind: str
    supported: bool
    sentences: tuple[str, ...]
    part: int
    weight: float = 1.0


def held_claims(labelled: Sequence[dict[str, Any]], seed: int = 0) -> Iterator[Held]:
    """Every claim that is learnt from, and those that are held out."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    by_source = defaultdict(list)
    for row in labelled:
        by_source[row["source"]].append(row)
    words = {row["id"]: set(" ".join(row["sentences"]).casefold().split()) for row in labelled}
    for row in labelled:
        others = [other for other in by_source[row["source"]] if other is not row]
        own = tuple(row["sentences"])
        for text, kind, supported, weight in _of_row(row, draw):
            yield Held(text, kind, supported, _beside(own, others, draw), row["id"], weight)
        if not others:
            continue
        nearest = max(others, key=lambda other: len(words[other["id"]] & words[row["id"]]))
        foreign = [other for other in others if other is not nearest]
        yield Held(
            nearest["supported"], "other passage", False, _beside(own, foreign, draw), row["id"]
        )


def _of_row(row: dict[str, Any], draw: random.Random) -> Iterator[tuple[str, str, bool, float]]:
    yield row["supported"], "supported", True, 1.5
    yield row["contradicted"], "contradicted", False, 0.7
    yield row["unfounded"], "unfounded", False, 0.7
    tail = row["unfounded"][:1].lower() + row["unfounded"][1:]
    yield f"{row['supported'].rstrip('.')}, and {tail}", "half", False, 0.5
    sentence = draw.choice(row["sentences"])
    if len(sentence.split()) < 6:
        return
    yield sentence, "sentence", True, 0.5
    tail = sentence[:1].lower() + sentence[1:]
    yield f"{row['supported'].rstrip('.')}, and {tail}", "both", True, 0.5
    others = [n for n in _NUMBER.findall(" ".join(row["sentences"])) if n not in sentence]
    if (found := _NUMBER.search(sentence)) and others:
        spoilt = sentence[: found.start()] + draw.choice(others) + sentence[found.end() :]
        yield spoilt, "figure", False, 0.5
    if found := _NAME.search(sentence):
        yield sentence.replace(found.group(), "Winterbourne"), "name", False, 0.2
    if (found := _VERB.search(sentence)) and not _DENIED.search(sentence):
        yield f"{sentence[: found.end()]} not{sentence[found.end() :]}", "denied", False, 0.5


def _beside(
    sentences: tuple[str, ...], others: Sequence[dict[str, Any]], draw: random.Random
) -> tuple[str, ...]:
    """Half the time with sentences of other passages before and behind."""
    if draw.random() < 0.5:
        return sentences
    chosen = draw.sample(list(others), min(len(others), draw.randrange(1, _BESIDE)))
    texts = [tuple(other["sentences"]) for other in chosen]
    texts.insert(draw.randrange(len(texts) + 1), sentences)
    return tuple(sentence for text in texts for sentence in text)


def claim_rows(claims: Sequence[Held], vectors: WordVectors) -> np.ndarray:
    """Floats [claims, CLAIM]."""
    return np.array([row(claim.text, claim.sentences, vectors) for claim in claims])


def row(text: str, sentences: Sequence[str], vectors: WordVectors) -> np.ndarray:
    """The features of one claim over plain sentences."""
    sources = [Source(0, sentence) for sentence in sentences]
    return hold(text, sources, ENGLISH, vectors).row
