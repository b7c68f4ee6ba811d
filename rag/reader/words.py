"""Word vectors: how near two words are in meaning, without a forward pass. Pure but for loading.

Each index term (an English stem) has the vector that the bundled decoder gives its commonest
forms by themselves, whitened and cut to a few dimensions, and how often it comes in general
text. `training/reader/words.py` makes them. A term outside the vocabulary, of another language
for instance, is near to itself alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Two words at random have a cosine of 0.0 ± 0.1; from here on nearness begins to mean something.
_NOTHING = 0.3


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Rows of unit vectors int8 [terms, dimension] (times 127), and where each term's stands.

    `rarity` float [terms] is minus the logarithm of a term's share of general text.
    """

    rows: Mapping[str, int]
    vectors: np.ndarray
    rarity: np.ndarray

    @classmethod
    def none(cls) -> WordVectors:
        """No vocabulary: words are near to themselves alone."""
        return cls({}, np.zeros((0, 1), np.int8), np.zeros(0))

    @classmethod
    def read(cls, path: Path) -> WordVectors:
        """Read what `training/reader/words.py` wrote."""
        from safetensors.numpy import load_file

        parts = load_file(path)
        terms = parts["terms"].tobytes().decode().split("\n")
        rows = {term: place for place, term in enumerate(terms)}
        return cls(rows, parts["vectors"], parts["rarity"].astype(np.float32))

    def weighed(self, words: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
        """Words with weights that sum to one, by how rare they are in general text."""
        rarest = float(self.rarity.max(initial=1.0))
        found = {
            word: max(
                (float(self.rarity[self.rows[term]]) for term in word if term in self.rows),
                default=rarest,
            )
            for word in words
        }
        total = sum(found.values()) or 1.0
        return {word: value / total for word, value in found.items()}

    def similarities(self, words: Sequence[tuple[str, ...]], terms: Sequence[str]) -> np.ndarray:
        """Cosines float32 [words, terms], 1 where a word may stand as that very term.

        `words` are words of a question, each as the terms it may have become.
        """
        found = np.zeros((len(words), len(terms)), np.float32)
        known = [(place, self.rows[term]) for place, term in enumerate(terms) if term in self.rows]
        asked = [
            (place, self.rows[term])
            for place, word in enumerate(words)
            for term in word
            if term in self.rows
        ]
        if known and asked:
            columns, right = map(np.asarray, zip(*known, strict=True))
            lines, left = map(np.asarray, zip(*asked, strict=True))
            cosines = self._units(left) @ self._units(right).T
            for line, row in zip(lines, cosines, strict=True):
                found[line, columns] = np.maximum(found[line, columns], row)
        places = {term: place for place, term in enumerate(terms)}
        for line, word in enumerate(words):
            for term in word:
                if term in places:
                    found[line, places[term]] = 1.0
        return found

    def _units(self, rows: np.ndarray) -> np.ndarray:
        return self.vectors[rows].astype(np.float32) / 127.0


@dataclass(frozen=True, slots=True)
class Matches:
    """The words of a question or claim against all terms of some texts.

    `weights` [words] sum to one; `cosines` [words, terms]; `columns` says where a term stands.
    """

    weights: np.ndarray
    cosines: np.ndarray
    columns: Mapping[str, int]

    @classmethod
    def of(
        cls,
        weights: Mapping[tuple[str, ...], float],
        texts: Iterable[Iterable[str]],
        vectors: WordVectors,
    ) -> Matches:
        """Hold weighted words against the terms of `texts`."""
        terms = sorted({term for text in texts for term in text})
        cosines = vectors.similarities(list(weights), terms)
        columns = {term: place for place, term in enumerate(terms)}
        return cls(np.fromiter(weights.values(), float, len(weights)), cosines, columns)

    def best(self, terms: Iterable[str]) -> np.ndarray:
        """How near the nearest of `terms` is to each word: float [words]."""
        places = [self.columns[term] for term in terms if term in self.columns]
        if not places or not len(self.weights):
            return np.zeros(len(self.weights))
        return self.cosines[:, places].max(axis=1)

    def exact(self, best: np.ndarray) -> float:
        """Weight of the words that stand there themselves, 0 to 1."""
        return float(self.weights @ (best >= 1.0))

    def soft(self, best: np.ndarray) -> float:
        """Weight of the words, each by how near the nearest one is, 0 to 1."""
        return float(self.weights @ nearness(best))

    def missing(self, best: np.ndarray) -> float:
        """The largest weight that a word has there without anything near it, 0 to 1."""
        return float((self.weights * (1.0 - nearness(best))).max(initial=0.0))


def nearness(cosines: np.ndarray) -> np.ndarray:
    """From cosines to 0 (chance) … 1 (the same word)."""
    return np.clip((cosines - _NOTHING) / (1.0 - _NOTHING), 0.0, 1.0)
