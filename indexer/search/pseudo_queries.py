"""Pseudo-queries: questions whose answer is known, cut out of the passages themselves. Pure.

One sentence is taken out of a passage, and some of its words, drawn at random, are the query;
the passage without the sentence is what is to be found. Taking the sentence out is what makes
it a test: with it inside, keyword search finds its own words again and nothing else matters
(the inverse cloze task of Lee et al. 2019, with the sentence always masked).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.sentences import sentences

# Words of a query: what people type.
_FEWEST_WORDS, _MOST_WORDS = 4, 9
# A sentence is usable if it is neither a heading nor a whole paragraph, and leaves something.
_SENTENCE_WORDS = range(5, 46)
_SENTENCE_CHARACTERS = range(12, 400)
_LEAST_REST = 60
# Below so many characters a word, a run of text is not parted by blanks (Chinese, Thai).
_LONGEST_WORD = 20


@dataclass(frozen=True, slots=True)
class PseudoQuery:
    """A query, and the passage it belongs to as it is without the query's sentence.

    `source` is the place of the passage in the list that was given; `sentence` is what the
    query's words were drawn from.
    """

    source: int
    text: str
    rest: str
    sentence: str = ""


def pseudo_queries(
    passages: Sequence[str], languages: Sequence[str], count: int, seed: int = 0
) -> list[PseudoQuery]:
    """At most `count` queries, one a passage, the same for the same seed.

    `languages` are the ISO 639-1 codes of the passages ('' where unknown). Passages without a
    usable sentence are passed over.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    order = list(range(len(passages)))
    draw.shuffle(order)
    found: list[PseudoQuery] = []
    for source in order:
        if len(found) == count:
            break
        query = _from_passage(source, passages[source], languages[source] or "en", draw)
        if query:
            found.append(query)
    return found


def _from_passage(source: int, text: str, language: str, draw: random.Random) -> PseudoQuery | None:
    usable = [
        (start, end)
        for start, end in sentences(text, language)
        if _is_usable(text[start:end]) and len(text) - (end - start) >= _LEAST_REST
    ]
    if not usable:
        return None
    start, end = draw.choice(usable)
    sentence = text[start:end]
    rest = text[:start] + text[end:]
    return PseudoQuery(source, _shortened(sentence, draw), rest, sentence.strip())


def _is_usable(sentence: str) -> bool:
    if _is_spaced(sentence):
        return len(sentence.split()) in _SENTENCE_WORDS
    return len(sentence) in _SENTENCE_CHARACTERS


def _shortened(sentence: str, draw: random.Random) -> str:
    """Some of the words, in their order; of unspaced text, a stretch from its inside."""
    size = draw.randint(_FEWEST_WORDS, _MOST_WORDS)
    if not _is_spaced(sentence):
        start = draw.randint(0, max(len(sentence) - 2 * size, 0))
        return sentence[start : start + 2 * size]
    words = sentence.split()
    kept = sorted(draw.sample(range(len(words)), min(size, len(words))))
    return " ".join(words[place] for place in kept)


def _is_spaced(sentence: str) -> bool:
    return len(sentence) <= _LONGEST_WORD * len(sentence.split())
