"""The fusion weight: how much dense evidence counts in one collection, fitted on itself.

A dense model may be better than keyword search in one collection and useless in the next (an
English one on Russian text), and nothing in its scores says which. So the collection examines
it: pseudo-queries are cut out of its own passages (`pseudo_queries`), both sides look for the
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

Where there are questions (people's, or those of the question writer's, which a training run asks),
both coefficients can be had, and the weight is their ratio: `of_questions`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from indexer.search.pool import EmbeddingModel, Pool
    from indexer.search.pseudo_queries import PseudoQuery
    from indexer.store.store import Store

VERSION = 3
# Of this version the background was the first documents: search draws another.
_FIRST_PASSAGES = 2

# With fewer queries than this nothing can be fitted, and `PRIOR` holds.
_FEWEST_QUERIES = 20
# A fit is repeated when the collection has grown or shrunk by this factor.
_GROWTH = 1.3

# weight = SLOPE * dense coefficient ** POWER, chosen on 15 sets times five dense rankers from
# good to random (`docs/log/search.md`), to err towards the keywords: the median is half of the
# weight that labels would give. Half of the best weight loses 0.7 points of nDCG@10 on average,
# twice the best 1.2, four times 4.0.
SLOPE, POWER = 1.3, 2.0

# Passages whose vectors are the background of each query's cosines, at the most.
_BACKGROUND = 500

# Of what questions say for the dense side so much is believed: of the weights that people's
# questions like best on five sets, half of it to all of it (docs/log/loop.md). At most `_MOST`.
_BELIEVED, _MOST = 2 / 3, 5.0

_ITERATIONS = 50
_PRECISION = 1e-5
# Holds the coefficients finite where the words alone find every passage.
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class FusionWeight:
    """The fitted fusion of one generation.

    `keyword` and `dense` are the fitted coefficients, `queries` the number of pseudo-queries,
    `passages` the size of the collection then. `background` are ids of passages drawn at
    random, with whose vectors a query's cosines are compared. `asked` is the number of questions
    that `dense` comes of, 0 where it comes of pseudo-queries.
    """

    dense: float
    keyword: float = 0.0
    queries: int = 0
    passages: int = 0
    background: tuple[int, ...] = ()
    version: int = VERSION
    asked: int = 0

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


def fit(store: Store, collection: int, model: EmbeddingModel) -> FusionWeight:
    """Examine a collection's generation under `model`. The same result for the same content.

    Takes two embeddings a pseudo-query: some 20 s of one core with the bundled embedder. What
    questions have said of the generation stays; the background alone is drawn anew.
    """
    from indexer.search.pool import Pool

    pool = Pool.of(store, collection, model.fingerprint)
    queries = pool.queries()
    size = store.count_passages(collection)
    # Every so many: they stand in reading order.
    step = -(-len(pool.passages) // _BACKGROUND) or 1
    background = tuple(passage.id for passage in pool.passages[::step])
    known = FusionWeight.from_json(store.fusion_weight(collection, model.fingerprint))
    if known.asked:
        return replace(known, passages=size, background=background)
    if len(queries) < _FEWEST_QUERIES:
        return replace(PRIOR, passages=size, queries=len(queries), background=background)
    keyword, dense = coefficients(pool, queries, model)
    return FusionWeight(
        dense=dense,
        keyword=keyword,
        queries=len(queries),
        passages=size,
        background=background,
    )


def coefficients(
    pool: Pool, queries: Sequence[PseudoQuery], model: EmbeddingModel
) -> tuple[float, float]:
    """Keyword and dense coefficient of pseudo-queries, of which there must be some.

    An embedder that was adapted to the collection is examined as it was before. Adapting takes
    away what passages of one document share, and by that, pseudo-queries know their passages:
    on anthropic-docs they lose faith in the dense side (0.84 → 0.19) where people's questions
    gain by it, and have the same best weight as before (`docs/log/loop.md`). So with a map of
    queries, which learns what people ask and not what is cut out of passages.
    """
    inverse_whitening = getattr(model, "inverse_whitening", None)
    if inverse_whitening is not None:
        of_queries = getattr(model, "inverse_query_map", None)
        if of_queries is None:
            of_queries = inverse_whitening
        model = _Unadapted(model, inverse_whitening, of_queries)
        pool = replace(pool, vectors=_turned(pool.vectors, inverse_whitening))
    keyword, dense = pool.evidence(queries, model)
    return conditional_logit(keyword, dense, [query.source for query in queries])


def of_questions(keyword: np.ndarray, dense: np.ndarray, right: Sequence[int]) -> float:
    """The `dense` of a `FusionWeight` by which questions find their passages best.

    Both evidences [questions, passages] are of whole passages, `right` is the one that each
    question is about. The weight is the ratio of the logit's coefficients, less caution.
    """
    words, meaning = conditional_logit(keyword, dense, right)
    weight = min(_BELIEVED * meaning / words, _MOST) if words else _MOST
    return float((weight / SLOPE) ** (1 / POWER))


@dataclass(frozen=True)
class _Unadapted:
    """An adapted embedder as it was before."""

    adapted: EmbeddingModel
    inverse_whitening: np.ndarray
    inverse_query_map: np.ndarray

    @property
    def fingerprint(self) -> str:
        return self.adapted.fingerprint

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        return _turned(self.adapted.embed_queries(texts, task), self.inverse_query_map)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return _turned(self.adapted.embed_passages(texts), self.inverse_whitening)


def _turned(vectors: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Unit vectors [n, dimension] of `vectors` times `by`."""
    import numpy as np

    turned = vectors @ by
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True), dtype=np.float32)


def conditional_logit(
    keyword: np.ndarray, dense: np.ndarray, right: Sequence[int]
) -> tuple[float, float]:
    """Coefficients, at least zero, of both evidences [queries, passages].

    `right` is the right passage of each query. By Newton's method: the likelihood is concave.
    A coefficient that would be negative is zero, and the other is fitted alone.
    """
    import numpy as np

    used = [0, 1]
    evidence = np.stack([keyword, dense], axis=-1).astype(np.float64)
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
