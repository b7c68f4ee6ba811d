"""Near-duplicates among texts, found by MinHash.

MinHash over shingles (Broder 1997): the share of equal minima estimates the Jaccard similarity
of two sets of shingles, and banding finds candidates without comparing all pairs.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Verdict = Literal["", "duplicate", "near-duplicate"]

# Sixteen bands of four minima: a pair of Jaccard similarity 0.75 meets in at least one band with
# probability 0.998, one of 0.3 in one case of eight, and is then seen to be far apart.
_BANDS, _ROWS = 16, 4
# Shingles are words of long texts and characters of short ones: two questions of five words
# that differ in an article share no three words in a row.
_SHINGLE_WORDS, _SHINGLE_CHARACTERS = 3, 4
_LONG = 200
_PRIME = (1 << 31) - 1
_WORD = re.compile(r"\w+")
# Runs of text longer than this are not parted by blanks (Chinese, Thai): characters as well.
_LONGEST_WORD = 20


class Seen:
    """The texts seen so far; some 4 kB are kept of each."""

    def __init__(self, threshold: float = 0.75) -> None:
        import numpy as np

        self._threshold = threshold
        draw = np.random.default_rng(0)
        count = _BANDS * _ROWS
        self._factors = draw.integers(1, _PRIME, count, dtype=np.uint64)
        self._terms = draw.integers(0, _PRIME, count, dtype=np.uint64)
        self._exact: set[bytes] = set()
        self._signatures: list[np.ndarray] = []
        self._bands: dict[int, list[int]] = {}

    def add(self, text: str) -> Verdict:
        """Keep `text` and return '', or say that it repeats one that was kept."""
        words = _WORD.findall(text.casefold())
        plain = " ".join(words) or text
        digest = hashlib.blake2b(plain.encode(errors="replace"), digest_size=12).digest()
        if digest in self._exact:
            return "duplicate"
        signature = self._signature(_shingles(words or [text]))
        rows, numbers = signature.reshape(_BANDS, _ROWS), _numbers(words)
        keys = [hash((band, rows[band].tobytes(), numbers)) for band in range(_BANDS)]
        candidates = {known for key in keys for known in self._bands.get(key, ())}
        for known in candidates:
            if (self._signatures[known] == signature).mean() >= self._threshold:
                return "near-duplicate"
        self._exact.add(digest)
        for key in keys:
            self._bands.setdefault(key, []).append(len(self._signatures))
        self._signatures.append(signature)
        return ""

    def _signature(self, shingles: set[str]) -> np.ndarray:
        import numpy as np

        hashes = np.array([zlib.crc32(s.encode(errors="replace")) for s in shingles], np.uint64)
        # Factor and hash are below 2^31 and 2^32, so the product fits into 64 bits.
        mixed = (hashes[:, None] * self._factors + self._terms) % np.uint64(_PRIME)
        return mixed.min(axis=0).astype(np.uint32)


def _numbers(words: list[str]) -> str:
    """The numbers of a short text: "article 12" and "article 13" are not the same question."""
    if sum(map(len, words)) > _LONG:
        return ""
    return " ".join(word for word in words if any(char.isdigit() for char in word))


def _shingles(words: list[str]) -> set[str]:
    text = " ".join(words)
    if len(text) < _LONG or max(map(len, words)) > _LONGEST_WORD:
        size = _SHINGLE_CHARACTERS
        return {text[at : at + size] for at in range(max(1, len(text) - size + 1))}
    size = _SHINGLE_WORDS
    return {" ".join(words[at : at + size]) for at in range(len(words) - size + 1)}
