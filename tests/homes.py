"""Homes with documents in them, made through the store's own door."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from indexer.chunking import embedding_text
from indexer.records import Document, Page, Passage, Span
from indexer.store.store import NewDocument, Store

SUBJECTS = ["leave", "travel", "premium", "deductible", "policy", "document", "question", "paper"]


def unit(vectors) -> np.ndarray:
    """Rows scaled to length one."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def clustered(count: int, dimension: int, seed: int = 0, centres: int = 40) -> np.ndarray:
    """Unit vectors that lie around centres, as those of texts do."""
    rng = np.random.default_rng(seed)
    middle = np.random.default_rng(99).standard_normal((centres, dimension))
    noise = rng.standard_normal((count, dimension))
    return unit(middle[rng.integers(0, centres, count)] + 0.7 * noise)


def add_lines(
    store: Store,
    collection: int,
    source: Path,
    lines: list[str],
    vectors,
    fingerprint: str,
    **options,
) -> Document:
    """Add a file of one page whose every line is a passage with the vector given."""
    text = "\n".join(lines)
    source.write_text(text)
    spans, start = [], 0
    for line in lines:
        spans.append(Span(1, start, start + len(line)))
        start += len(line) + 1
    passages = [
        Passage(line, ("Part",), (span,), ordinal)
        for ordinal, (line, span) in enumerate(zip(lines, spans, strict=True))
    ]
    new = NewDocument(collection, str(source), source.stem, "text", store.originals.stage(source))
    return store.add(new, [Page(1, text)], passages, vectors, fingerprint, **options)


def embedded(embedder, title: str, lines: list[str]) -> np.ndarray:
    """The vectors of these passages, as indexing makes them."""
    passages = [Passage(line, ("Part",), (), 0) for line in lines]
    return embedder.embed_passages([embedding_text(title, passage) for passage in passages])


def write_papers(folder: Path, count: int = 24) -> None:
    """Short documents whose sentences share words within one document."""
    folder.mkdir()
    draw = random.Random(0)
    for number in range(count):
        subject = SUBJECTS[number % len(SUBJECTS)]
        own = [f"{subject}{number}{letter}" for letter in "abcdef"]
        sentences = [
            f"The {subject} {' '.join(draw.sample(own, 2))} is the right of every employee of us."
            for _ in range(6)
        ]
        text = f"# About {subject} {own[0]}\n\n## Rules of {own[1]}\n\n" + " ".join(sentences)
        (folder / f"paper{number}.md").write_text(text)
