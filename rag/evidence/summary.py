"""The sentences that hold a document: what its sections say, in the document's order. Pure.

No language model: a sentence is central where its words are those that the document keeps
coming back to, and each section is heard before one is heard twice.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from indexer.records import Hit
from rag.evidence.extract import is_example, is_fragment
from rag.evidence.quotables import Quotable
from rag.languages import language_of
from rag.question.analysis import terms_of

LEAST, MOST = 3, 12
# Sentences of a summary for the square root of the number of passages: 4 for 4 passages, 12 for
# 36 and more.
_PER_ROOT = 2.0
_SHORT, _LONG = 40, 350
# A section's first sentence says what it is about.
_FIRST = 0.25
# What a sentence loses for sharing all its words with those that are chosen.
_REPEATS = 0.8
_SECTION_AGAIN = 0.5


def summary(
    hits: Sequence[Hit], quotables: Sequence[Quotable], languages: Sequence[str]
) -> list[Quotable]:
    """The sentences that hold a document of which `hits` are all passages, in order."""
    wanted = min(MOST, max(LEAST, round(_PER_ROOT * math.sqrt(len(hits)))))
    told = [one for one in quotables if _tells(one)]
    terms = {one: terms_of(one.text, languages) for one in told}
    weights = _weights(list(terms.values()))
    worth = {one: _centrality(terms[one], weights) + _FIRST * _opens(one) for one in told}
    chosen: list[Quotable] = []
    heard: Counter[tuple[str, ...]] = Counter()
    said: set[str] = set()
    while told and len(chosen) < wanted:
        best = max(told, key=lambda one: (
            worth[one] * (1.0 - _REPEATS * _share(terms[one], said))
            * _SECTION_AGAIN ** heard[_section(one, hits)],
            -one.hit, -one.order,
        ))  # fmt: skip
        told.remove(best)
        chosen.append(best)
        heard[_section(best, hits)] += 1
        said |= terms[best]
    return sorted(chosen, key=lambda one: (one.hit, one.order))


# What a document says of itself is not what it says.
_ITSELF = re.compile(
    r"\bthis (?:document|file|handbook|manual|report) (?:is|was|contains|has been)\b"
    r"|\b(?:in|of) this document\b|\ball rights reserved\b|representations or warranties",
    re.IGNORECASE,
)


def _tells(one: Quotable) -> bool:
    """Whether a sentence says something that can be read alone."""
    text = one.text
    language = language_of(text)
    return (
        not one.item
        and _SHORT <= len(text) <= _LONG
        and text.rstrip("\"'”’)»").endswith((".", "!", "。", "।"))
        and language.anaphor.match(text) is None
        and not is_fragment(text)
        and _ITSELF.search(text) is None
        and not is_example(text)
    )


def _weights(sentences: Sequence[frozenset[str]]) -> dict[str, float]:
    """What each term is worth: the more, the more sentences have it, those of nearly all less."""
    counts = Counter(term for terms in sentences for term in terms)
    total = max(len(sentences), 1)
    return {term: n * math.log(1.0 + total / n) for term, n in counts.items() if n > 1}


def _centrality(terms: frozenset[str], weights: dict[str, float]) -> float:
    """The mean worth of a sentence's terms, long sentences slightly favoured; 0 to about 1."""
    highest = max(weights.values(), default=1.0)
    held = sum(weights.get(term, 0.0) for term in terms) / highest
    return held / (len(terms) + 4.0) ** 0.75 if terms else 0.0


def _opens(one: Quotable) -> bool:
    return one.order == 0


def _share(terms: frozenset[str], said: set[str]) -> float:
    return len(terms & said) / len(terms) if terms else 1.0


def _section(one: Quotable, hits: Sequence[Hit]) -> tuple[str, ...]:
    return hits[one.hit].passage.headings or (str(one.hit),)
