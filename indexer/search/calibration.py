"""How far the dense side may be trusted in one collection: fitted, never assumed.

A dense model may be better than keyword search in one collection and useless in the next (an
English one on Russian text), and nothing in its scores says which. So the collection examines
it: pseudo-queries are cut out of its own passages (`indexer.pseudo`), both sides look for the
passages they came from, and a conditional logit (McFadden 1974) tells how much each unit of
either side's evidence moves the odds of being the right passage:

    P(passage | query) ~ exp(keyword * keyword evidence + dense * dense evidence)

The fit runs on a sample: with negatives drawn at random, a conditional logit estimates the
same coefficients as with all of them. The dense coefficient follows that of real, judged
queries (correlation of the logarithms 0.68 over 60 pairs of a set and a dense ranker; at most 0.03
for random vectors on any set); the keyword coefficient does not, because the sentence that a real
question is about has been taken out. So the weight is made of the dense one alone.
What it cannot see: real questions that share fewer words with their answers than sentences of
one passage share with each other. There a strong dense side is trusted too little.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Protocol

from indexer.chunking import embedding_text
from indexer.keyword import bm25
from indexer.keyword.analysis import index_terms, query_words
from indexer.keyword.fts import KeywordRow
from indexer.search import fusion
from indexer.search.pseudo_queries import PseudoQuery, pseudo_queries

if TYPE_CHECKING:
    import numpy as np

    from indexer.records import Passage
    from indexer.store.store import Store

VERSION = 3
# Of this version the background was the first documents: search draws another.
_FIRST_PASSAGES = 2

# Passages that are looked through, and pseudo-queries that look.
POOL = 2000
_QUERIES = 200
# With fewer queries than this nothing can be fitted, and `PRIOR` holds.
_FEWEST_QUERIES = 20
# A fit is repeated when the collection has grown or shrunk by this factor.
_GROWTH = 1.3

# weight = SLOPE * dense coefficient ** POWER, chosen on 15 sets times five dense rankers from
# good to random (`docs/log.md`), to err towards the keywords: the median is half of the weight
# that labels would give. Half of the best weight loses 0.7 points of nDCG@10 on average, twice
# the best 1.2, four times 4.0.
SLOPE, POWER = 1.3, 2.0

# Passages whose vectors are the background of each query's cosines, at the most.
_BACKGROUND = 500

_ITERATIONS = 50
_PRECISION = 1e-5
# Holds the coefficients finite where the words alone find every passage.
_RIDGE = 1e-3


class EmbeddingModel(Protocol):
    """What the fit needs of an embedder."""

    @property
    def fingerprint(self) -> str:
        """Names the vector space."""
        ...

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Vectors, float32 [n, dimension], unit length."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors, float32 [n, dimension], unit length."""
        ...


@dataclass(frozen=True, slots=True)
class FusionWeight:
    """The fitted fusion of one generation.

    `keyword` and `dense` are the fitted coefficients, `queries` the number of pseudo-queries,
    `passages` the size of the collection then. `background` are ids of passages drawn at
    random, with whose vectors a query's cosines are compared.
    """

    dense: float
    keyword: float = 0.0
    queries: int = 0
    passages: int = 0
    background: tuple[int, ...] = ()
    version: int = VERSION

    @property
    def weight(self) -> float:
        """What a deviation of dense evidence counts in units of keyword evidence."""
        return float(SLOPE * self.dense**POWER)

    def to_json(self) -> str:
        """As it is kept in the database."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> FusionWeight:
        """What `to_json` wrote; `PRIOR` for '' and for what another version wrote."""
        values = json.loads(text) if text else {}
        if values.get("version") == _FIRST_PASSAGES:
            values |= {"version": VERSION, "background": ()}
        if values.get("version") != VERSION:
            return PRIOR
        return cls(**{**values, "background": tuple(values["background"])})


# For collections too small to examine: what the bundled embedder earns in most that are not.
PRIOR = FusionWeight(dense=0.5)


def is_due(store: Store, collection: int, fingerprint: str) -> bool:
    """Whether a fit is missing, or was made when the collection was another.

    That is, of another size, or most of the passages in its background are gone: documents that
    are read again have new ones.
    """
    known = FusionWeight.from_json(store.fusion_weight(collection, fingerprint))
    now = max(store.count_passages(collection), 1)
    if not known.passages or not 1 / _GROWTH <= now / known.passages <= _GROWTH:
        return True
    there = store.passage_vectors(known.background, fingerprint)
    return 2 * len(there) < len(known.background)


def fit(store: Store, collection: int, encoder: EmbeddingModel) -> FusionWeight:
    """Examine a collection's generation under `encoder`. The same result for the same content.

    Takes two embeddings a pseudo-query: some 20 s of one core with the bundled embedder.
    """
    pool = Pool.of(store, collection, encoder.fingerprint)
    queries = pool.queries()
    size = store.count_passages(collection)
    # Every so many: they stand in reading order.
    step = -(-len(pool.passages) // _BACKGROUND) or 1
    background = tuple(passage.id for passage in pool.passages[::step])
    if len(queries) < _FEWEST_QUERIES:
        return replace(PRIOR, passages=size, queries=len(queries), background=background)
    keyword, dense = coefficients(pool, queries, encoder)
    return FusionWeight(
        dense=dense,
        keyword=keyword,
        queries=len(queries),
        passages=size,
        background=background,
    )


def coefficients(
    pool: Pool, queries: Sequence[PseudoQuery], encoder: EmbeddingModel
) -> tuple[float, float]:
    """Keyword and dense coefficient of pseudo-queries, of which there must be some.

    An embedder that was adapted to the collection is examined as it was before. Adapting takes
    away what passages of one document share, and by that, pseudo-queries know their passages:
    on anthropic-docs they lose faith in the dense side (0.84 → 0.19) where people's questions
    gain by it, and have the same best weight as before (docs/log.md, The loop).
    """
    inverse_whitening = getattr(encoder, "before_adaptation", None)
    if inverse_whitening is not None:
        encoder = _Unadapted(encoder, inverse_whitening)
        pool = replace(pool, vectors=_turned(pool.vectors, inverse_whitening))
    words, meaning = pool.evidence(queries, encoder)
    return conditional_logit(words, meaning, [query.source for query in queries])


@dataclass(frozen=True)
class _Unadapted:
    """An adapted embedder as it was before."""

    adapted: EmbeddingModel
    inverse_whitening: np.ndarray

    @property
    def fingerprint(self) -> str:
        return self.adapted.fingerprint

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        return _turned(self.adapted.embed_queries(texts, task), self.inverse_whitening)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return _turned(self.adapted.embed_passages(texts), self.inverse_whitening)


def _turned(vectors: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Unit vectors [n, dimension] of `vectors` times `by`."""
    import numpy as np

    turned = vectors @ by
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True), dtype=np.float32)


def conditional_logit(
    words: np.ndarray, meaning: np.ndarray, right: Sequence[int]
) -> tuple[float, float]:
    """Coefficients, at least zero, of both evidences [queries, passages].

    `right` is the right passage of each query. By Newton's method: the likelihood is concave.
    A coefficient that would be negative is zero, and the other is fitted alone.
    """
    import numpy as np

    used = [0, 1]
    evidence = np.stack([words, meaning], axis=-1).astype(np.float64)
    found = np.zeros(2)
    while used:
        found[:] = 0
        found[used] = _newton(evidence[:, :, used], np.asarray(right))
        worst = min(used, key=lambda side: found[side])
        if found[worst] >= 0:
            break
        used.remove(worst)
        found[worst] = 0
    return float(found[0]), float(found[1])


def _newton(evidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Maximum of the mean log-likelihood less a ridge, over evidence [queries, passages, f].

    A step that would lead downhill is halved: far from the maximum the likelihood of evidence
    this strong is nearly flat, and plain Newton steps overshoot.
    """
    import numpy as np

    count, _, features = evidence.shape
    chosen = evidence[np.arange(count), right]
    coefficients = np.zeros(features)
    value, odds = _likelihood(evidence, chosen, coefficients)
    for _ in range(_ITERATIONS):
        mean = np.einsum("qp,qpf->qf", odds, evidence)
        covariance = np.einsum("qp,qpf,qpg->fg", odds, evidence, evidence) - mean.T @ mean
        gradient = (chosen - mean).mean(axis=0) - _RIDGE * coefficients
        step = np.linalg.solve(covariance / count + _RIDGE * np.eye(features), gradient)
        reached, odds = _likelihood(evidence, chosen, coefficients + step)
        while reached < value and np.abs(step).max() > _PRECISION:
            step /= 2
            reached, odds = _likelihood(evidence, chosen, coefficients + step)
        coefficients, value = coefficients + step, reached
        if np.abs(step).max() < _PRECISION:
            break
    return coefficients


def _likelihood(
    evidence: np.ndarray, chosen: np.ndarray, coefficients: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean log-likelihood less the ridge, and the odds [queries, passages]."""
    import numpy as np

    logits = evidence @ coefficients
    top = logits.max(axis=1, keepdims=True)
    odds = np.exp(logits - top)
    total = odds.sum(axis=1, keepdims=True)
    mean = float((chosen @ coefficients - top[:, 0] - np.log(total[:, 0])).mean())
    return mean - _RIDGE / 2 * float(coefficients @ coefficients), odds / total


@dataclass(frozen=True)
class Pool:
    """Passages at random with all that a fit needs of them, in the same order.

    Vectors are float32 [passages, dimension], of one generation.
    """

    passages: Sequence[Passage]
    titles: Sequence[str]
    languages: Sequence[str]
    rows: Sequence[KeywordRow]
    vectors: np.ndarray

    @classmethod
    def of(
        cls, store: Store, collection: int, fingerprint: str, beside: Sequence[int] = ()
    ) -> Pool:
        """At most `POOL` passages of a generation, always the same ones, and those `beside`."""
        import numpy as np

        drawn = {passage.id: passage for passage in store.sample_passages(collection, POOL)}
        drawn |= store.passages(beside)
        vectors = store.passage_vectors(drawn, fingerprint)
        rows = store.keyword_rows(collection, drawn)
        ids = [number for number in drawn if number in vectors and number in rows]
        passages = [drawn[number] for number in ids]
        languages = store.document_languages({passage.document for passage in passages})
        titles = {name: store.document(name).title for name in languages}
        stacked = np.stack([vectors[number] for number in ids]) if ids else np.empty((0, 0))
        return cls(
            passages,
            [titles[passage.document] for passage in passages],
            [languages[passage.document] for passage in passages],
            [rows[number] for number in ids],
            stacked.astype(np.float32),
        )

    def queries(self, count: int = _QUERIES) -> list[PseudoQuery]:
        """At most so many pseudo-queries, one a passage."""
        return pseudo_queries([one.text for one in self.passages], self.languages, count)

    def evidence(
        self, queries: Sequence[PseudoQuery], encoder: EmbeddingModel
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keyword and dense evidence [queries, passages]; right ones without their sentence."""
        import numpy as np

        asked = encoder.embed_queries([query.text for query in queries])
        rests = encoder.embed_passages([self._embedding_text(query) for query in queries])
        places, right = np.arange(len(queries)), np.array([query.source for query in queries])
        cosines = asked @ self.vectors.T
        mean, deviation = cosines.mean(axis=1), cosines.std(axis=1)
        cosines[places, right] = (asked * rests).sum(axis=1)
        meaning = (cosines - mean[:, None]) / np.maximum(deviation, 1e-6)[:, None]
        postings = _Postings(self.rows, frozenset(self.languages))
        words = np.stack([self._keyword_evidence(query, postings) for query in queries])
        return words, meaning

    def _embedding_text(self, query: PseudoQuery) -> str:
        passage = replace(self.passages[query.source], text=query.rest)
        return embedding_text(self.titles[query.source], passage)

    def _keyword_evidence(self, query: PseudoQuery, postings: _Postings) -> np.ndarray:
        import numpy as np

        statistics = postings.statistics(query.text)
        weights = bm25.weights(statistics)
        scores = postings.scores(statistics, weights)
        text = index_terms(query.rest, self.languages[query.source])
        rest = replace(self.rows[query.source], text=text)
        scores[query.source] = bm25.score(rest, statistics, weights)
        unit = fusion.keyword_unit(float(scores.max()), fusion.mass(statistics))
        return np.asarray(scores / unit)


class _Postings:
    """BM25 of all rows at once: `indexer.bm25`, term by term instead of row by row."""

    def __init__(self, rows: Sequence[KeywordRow], languages: frozenset[str]) -> None:
        import numpy as np

        self._languages = languages
        self._found: dict[str, dict[int, float]] = {}
        lengths = np.zeros(len(rows))
        for place, row in enumerate(rows):
            fields = (row.title, bm25.TITLE), (row.headings, bm25.HEADINGS), (row.text, 1.0)
            for text, weight in fields:
                terms = text.split()
                lengths[place] += len(terms)
                for term in terms:
                    there = self._found.setdefault(term, {})
                    there[place] = there.get(place, 0.0) + weight
        self._lengths = lengths

    def statistics(self, query: str) -> bm25.TermStatistics:
        words = tuple(query_words(query, self._languages))
        holding = {
            word.terms: len(set().union(*(self._found.get(term, ()) for term in word.terms)))
            for word in words
        }
        return bm25.TermStatistics(words, len(self._lengths), int(self._lengths.sum()), holding)

    def scores(self, statistics: bm25.TermStatistics, weights: Sequence[float]) -> np.ndarray:
        import numpy as np

        scores = np.zeros(len(self._lengths))
        damping = bm25.K1 * (1 - bm25.B + bm25.B * self._lengths / statistics.mean_length)
        for word, weight in zip(statistics.words, weights, strict=True):
            occurrences = np.zeros(len(scores))
            for term in word.terms:
                for place, count in self._found.get(term, {}).items():
                    occurrences[place] += count
            scores += weight * occurrences * (bm25.K1 + 1) / (occurrences + damping)
        return scores
