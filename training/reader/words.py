"""Word vectors for the reader, from the bundled decoder: one vector an index term.

Texts say which words there are and how often; the bundled embedder reads each term's commonest
forms by themselves; what comes out is whitened half-way and cut, so that all words' share is
gone. Measured on 1,179 labelled queries of `reader.jsonl` (the labelled sentence first when
scored by IDF-weighted nearness of words): words alone 66.0 %, raw token embeddings 68 %,
pooled last layer at 64 to 192 dimensions 68.4 to 69.4 %, the embedder's own space at 96: 69.5 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedder.atomic import writing
from indexer.keyword.analysis import index_terms, surface_words
from rag.reader.words import WordVectors

if TYPE_CHECKING:
    from embedder.model import Embedder

DIMENSION = 96
TERMS = 32_000
_LEAST_OCCURRENCES = 3
# A term's commonest forms that are read.
_FORMS = 2


def vocabulary(texts: Iterable[str]) -> dict[str, Counter[str]]:
    """The commonest terms of English texts, each with its forms and how often they come."""
    forms: Counter[str] = Counter()
    for text in texts:
        forms.update(surface_words(text))
    terms: dict[str, Counter[str]] = defaultdict(Counter)
    for form, count in forms.items():
        pieces = index_terms(form, "en").split()
        for term in pieces:
            if term.isalpha() and len(term) > 1:
                terms[term][form if len(pieces) == 1 else term] += count
    often = [term for term in terms if terms[term].total() >= _LEAST_OCCURRENCES]
    often.sort(key=lambda term: (-terms[term].total(), term))
    return {term: terms[term] for term in often[:TERMS]}


def word_vectors(embedder: Embedder, terms: dict[str, Counter[str]]) -> WordVectors:
    """The terms' vectors."""
    texts, owners, counts = [], [], []
    for place, forms in enumerate(terms.values()):
        for form, count in forms.most_common(_FORMS):
            texts.append(f" {form if form.isupper() else form.lower()}")
            owners.append(place)
            counts.append(count)
    read = embedder.embed_passages(texts) * np.array(counts)[:, None]
    summed = np.zeros((len(terms), read.shape[1]))
    np.add.at(summed, owners, read)
    whitened = _whitened(summed / np.bincount(owners, counts)[:, None])
    units = whitened / np.maximum(np.linalg.norm(whitened, axis=1, keepdims=True), 1e-9)
    rows = {term: place for place, term in enumerate(terms)}
    shares = np.array([forms.total() for forms in terms.values()]) / sum(
        forms.total() for forms in terms.values()
    )
    return WordVectors(rows, np.round(127 * units).astype(np.int8), -np.log(shares))


def _whitened(vectors: np.ndarray) -> np.ndarray:
    """Without their mean, the first `DIMENSION` components, each by the root of its deviation."""
    centred = vectors - vectors.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = slice(None, -1 - min(DIMENSION, len(values)), -1)
    return centred @ directions[:, kept] / np.maximum(values[kept], 1e-9) ** 0.25


def write(vectors: WordVectors, path: Path) -> None:
    """Keep word vectors: terms as text, a byte a number."""
    from safetensors.numpy import save_file

    with writing(path) as aside:
        save_file(
            {
                "terms": np.frombuffer("\n".join(vectors.rows).encode(), np.uint8).copy(),
                "vectors": np.ascontiguousarray(vectors.vectors),
                "rarity": vectors.rarity.astype(np.float16),
            },
            aside,
        )
