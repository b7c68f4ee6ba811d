"""A dense model that knows synonyms, and paragraphs written in them."""

from __future__ import annotations

import hashlib

import numpy as np

from tests.homes import unit


class Synonyms:
    """A dense model that knows what means the same: `word7a` and `word7b` share a vector.

    `noise` is what is added to each vector; much of it makes the model useless.
    """

    fingerprint = "0123456789abcdef"
    dimension = 256

    def __init__(self, noise=0.0):
        self.noise = noise

    def embed_passages(self, texts, progress=None):
        return np.stack([self._vector(text) for text in texts])

    def embed_queries(self, texts, task=None):
        return self.embed_passages(texts)

    def _vector(self, text):
        words = [word.strip(".").rstrip("abcdefgh").lower() for word in text.split()]
        total = np.sum([self._random(word) for word in words], axis=0)
        spread = np.linalg.norm(total) / np.sqrt(self.dimension)
        return unit(total + self.noise * spread * self._random("noise of " + text))

    def _random(self, word):
        seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
        return np.random.default_rng(seed).standard_normal(self.dimension)


def paragraph(number):
    """Sentences on one subject, which say the same things in different words."""
    draw = np.random.default_rng(number)
    subject = [f"word{one}" for one in draw.choice(400, 5, replace=False)]
    common = [f"common{one}" for one in range(40)]
    sentences = []
    for _ in range(4):
        words = [one + draw.choice(list("abcdefgh")) for one in draw.choice(subject, 4)]
        words += list(draw.choice(common, 4))
        draw.shuffle(words)
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)
