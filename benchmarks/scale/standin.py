"""Files of words at random, questions to them, and an embedder of no weights for both."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from functools import cache
from itertools import accumulate
from pathlib import Path

import numpy as np

DIMENSION = 512
_WORDS_A_PASSAGE = 110  # near the wanted size, so that each part is one passage
_OF_TOPIC = 0.3  # of a file's words
_TOPIC = 30  # words that a file speaks of


@cache
def vocabulary() -> Counter[str]:
    """The words of Footnote's own documentation, by how often each is said there."""
    pages = [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]
    return Counter(
        word for page in pages for word in re.findall(r"\b[a-z]{3,}\b", page.read_text())
    )


class StandIn:
    """An embedder of no weights: each word has a direction, a text the mean of its words'."""

    fingerprint, dimension = "stand-in", DIMENSION

    def __init__(self) -> None:
        self._words = {  # what is said everywhere says little
            word: (_direction(word) / np.sqrt(count)).astype(np.float32)
            for word, count in vocabulary().items()
        }

    def embed_passages(self, texts: list[str]) -> np.ndarray:
        """Unit vectors [n, 512]."""
        rows = np.stack([self._mean(text) for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed_queries(self, texts: list[str], task: str | None = None) -> np.ndarray:
        """The same."""
        return self.embed_passages(texts)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Words."""
        return [len(text.split()) for text in texts]

    def _mean(self, text: str) -> np.ndarray:
        words = re.findall(r"\w+", text.casefold())
        # Names, of which each passage has its own, would fill the memory.
        return np.sum([self._words.get(word, _NAME) for word in words], axis=0)


def _direction(word: str) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(DIMENSION)


_NAME = _direction("name").astype(np.float32) / 100


def write_files(folder: Path, count: int, passages: int, seed: int = 0) -> None:
    """Markdown files of so many passages each, each file with words that it says more often."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    words = [*vocabulary()]
    often = [*accumulate(vocabulary().values())]
    of_topic = round(_OF_TOPIC * _WORDS_A_PASSAGE)
    for number in range(count):
        topic = draw.sample(words, _TOPIC)
        parts = [f"# Report {number}"]
        for place in range(passages):
            own = f"item{seed}x{number}x{place}"
            said = draw.choices(words, cum_weights=often, k=_WORDS_A_PASSAGE - of_topic)
            said += draw.choices(topic, k=of_topic)
            draw.shuffle(said)
            parts.append(f"## Part {place}\n\nThe {own} says: {' '.join(said)}. So {own}.")
        (folder / f"{number:06}.md").write_text("\n\n".join(parts) + "\n")


def questions(files: list[Path], count: int, passages: int) -> list[str]:
    """Words of passages at random, with the passage's own name in every second one."""
    draw, asked = random.Random(1), []
    for number in range(count):
        parts = draw.choice(files).read_text().split("## Part")
        text = parts[draw.randrange(1, passages + 1)].split()
        words = draw.sample(text[4:-2], 5)
        asked.append(" ".join(words + ([text[2]] if number % 2 else [])))
    return asked
