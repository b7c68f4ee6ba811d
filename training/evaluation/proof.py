"""The proof: a trained embedder beside the one in use, on questions about held-out documents.

Both look for the same passages among the same pool: dense alone, and fused with keywords under
a weight that is fitted for each on the documents that are not held out. Differences are taken
question by question, and an interval (bootstrap) says what they can bear. Beside the trained
embedder stands the one in use with another weight: often that is what is amiss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from embedder.errors import FootnoteError
from indexer.search import fusion
from indexer.search.calibration import PRIOR, FusionWeight, coefficients
from indexer.search.pool import EmbeddingModel, Pool
from indexer.search.pseudo_queries import PseudoQuery
from training.evaluation import asking
from training.evaluation.asking import FEWEST_QUESTIONS, MADE, WRITER, ProofQuestion
from training.evaluation.metrics import Interval, bootstrap
from training.evaluation.trusts import Trusts

if TYPE_CHECKING:
    from indexer.store.store import Store
    from training.data.split import Split

# What fused search may lose in the mean where the writer asks: it says less of it than people do,
# by some half a point of a hundred in the mean of five collections (docs/log/loop.md).
_ALLOWED = 0.005
# So many of people's own are worth asking for.
WORTH_HANDING_IN = 50


class CollectionChangedError(FootnoteError):
    """The two embedders could not be asked about the same passages."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question: where its passage stands, before and after, dense and fused. From 1.

    `…_first_…` are the ids of the passages that come first; 0 in proofs from before they were kept.
    `again` says that other questions about its document were learnt from.
    """

    question: str
    origin: str
    passage: int
    keyword: int
    dense_before: int
    dense_after: int
    fused_before: int
    fused_after: int
    dense_first_before: int = 0
    dense_first_after: int = 0
    fused_first_before: int = 0
    fused_first_after: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A run's evaluation. Means are nDCG@10 between 0 and 1, by way of searching.

    `against` is the fingerprint of the embedder that it was compared with. Of `offered` real
    questions those about held-out documents were asked; where the collection has too few
    documents to hold `whole_documents` out, passages are. `trusts` are how far each is trusted
    beside the keywords, as questions say; `balance_gain` is what fused search gains by that alone,
    with the embedder in use.
    """

    queries: int
    before: dict[str, float]
    after: dict[str, float]
    keyword: dict[str, float]
    dense_gain: Interval
    fused_gain: Interval
    comparisons: tuple[Comparison, ...]
    against: str = ""
    offered: int = 0
    whole_documents: bool = True
    trusts: Trusts = field(default_factory=Trusts)
    balance_gain: Interval | None = None

    @property
    def real(self) -> int:
        """How many of the questions are people's or a language model's, not made here."""
        return sum(one.origin not in MADE for one in self.comparisons)

    @property
    def holds(self) -> bool:
        """Whether the trained embedder may be promoted.

        Dense search is better for certain, and fused search, which people use, is better or at
        least not worse in the mean, where the writer asks by no more than what its questions do
        not see; and what people ask of documents that nobody asked about before is not worse for
        certain.
        """
        enough = self.queries >= FEWEST_QUESTIONS
        writer = any(one.origin == WRITER for one in self.comparisons)
        least = -_ALLOWED if writer and self.fused_gain.high >= 0 else 0.0
        better = self.dense_gain.low > 0 and self.fused_gain.mean >= least
        new = [one for one in self.comparisons if not one.again]
        return enough and better and (not new or _gain(new, "fused").high >= 0)

    @property
    def again(self) -> int:
        """How many questions are about documents that other questions taught."""
        return sum(one.again for one in self.comparisons)

    @property
    def balances(self) -> bool:
        """Whether the embedder in use stays, and is to be trusted as the questions say."""
        gain = self.balance_gain
        if self.holds or gain is None or self.queries < FEWEST_QUESTIONS:
            return False
        return gain.low > 0

    def first(self, side: str) -> tuple[int, int, Interval]:
        """Of a hundred questions those whose passage comes first: before, after, and the gain."""
        ranks = [
            (getattr(one, f"{side}_before"), getattr(one, f"{side}_after"))
            for one in self.comparisons
        ]
        before = _mean([float(was == 1) for was, _ in ranks])
        after = _mean([float(now == 1) for _, now in ranks])
        gains = [float(now == 1) - float(was == 1) for was, now in ranks]
        gain = bootstrap(gains) if gains else Interval(0.0, 0.0, 0.0)
        return round(100 * before), round(100 * after), gain

    @property
    def in_words(self) -> str:
        """What people notice: how many of a hundred questions find their passage at once."""
        before, after, gain = self.first("fused")
        alone = self.first("dense")
        return (
            f"Of a hundred questions {after} find their passage first, {before} before:"
            f" {points(gain)}; by meaning alone {alone[1]}, {alone[0]} before"
        )

    @property
    def advice(self) -> str:
        """What to do where nothing was gained, '' where something was."""
        if self.holds:
            return ""
        if self.balances and self.balance_gain:
            return (
                "The vectors stay; to weigh meaning beside the words as the questions say is"
                f" worth {points(self.balance_gain)} to search as people use it"
            )
        if self.real < WORTH_HANDING_IN:
            return (
                f"What helps most is {WORTH_HANDING_IN} questions that people really ask, each with"
                " the passage that answers it: hand them in as a table with the columns question"
                " and passage, and train again"
            )
        return "Nothing was switched; the search stays as good as it was"

    @property
    def verdict(self) -> str:
        """Why it may be promoted or not, in a sentence."""
        if self.queries < FEWEST_QUESTIONS:
            return f"only {self.queries} questions could be asked, {FEWEST_QUESTIONS} are needed"
        gain = f"{points(self.dense_gain)} dense, {points(self.fused_gain)} fused"
        unseen = f"{'documents' if self.whole_documents else 'passages'} that it was not trained on"
        if self.again:
            unseen = "questions that it did not learn from"
        if self.holds and self.fused_gain.mean < 0:
            return (
                f"better by meaning on {unseen}, beside keywords no difference for certain: {gain}"
            )
        if self.holds:
            return f"better on {unseen}: {gain}"
        if self.dense_gain.low <= 0:
            return f"not better for certain on {unseen}: {gain}"
        return f"better by meaning alone, but worse beside the keywords: {gain}"

    def to_json(self) -> dict[str, Any]:
        """As `proof.json` holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Proof:
        """What `to_json` gave."""
        comparisons = tuple(Comparison(**row) for row in values["comparisons"])
        gains: dict[str, Any] = {
            name: Interval(**values[name])
            for name in ("dense_gain", "fused_gain", "balance_gain")
            if values.get(name)
        }
        trusts = Trusts(**values.get("trusts", {}))
        return cls(**{**values, **gains, "trusts": trusts, "comparisons": comparisons})


def prove(
    store: Store,
    collection: int,
    split: Split,
    before: EmbeddingModel,
    after: EmbeddingModel,
    questions: Sequence[ProofQuestion] = (),
    trusts: Trusts | None = None,
) -> Proof:
    """Ask held-out documents under both embedders.

    Passages of the pool and of the questions must have vectors under both. `questions` count as
    far as their passage is held out; where they are few, pseudo-queries are asked beside.
    `trusts` are what is known of either embedder; the rest is fitted. Raises
    `CollectionChangedError`.
    """
    trusts = trusts or Trusts()
    held_out = asking.asked_about(store, split, questions)
    pools = [Pool.of(store, collection, one.fingerprint, held_out) for one in (before, after)]
    ids = [[passage.id for passage in pool.passages] for pool in pools]
    if ids[0] != ids[1]:
        raise CollectionChangedError(
            "documents came or went while the embedders were compared; repeat the comparison"
        )
    fitting, asked, origins = asking.divided(pools[0], split, questions)
    again = {(one.text, one.passage) for one in questions if one.again}
    keyword = pools[0].keyword_evidence(asked)
    ranks: dict[str, list[_Found]] = {}
    balanced: list[_Found] = []
    for name, pool, embedder in zip(("before", "after"), pools, (before, after), strict=True):
        fitted = getattr(trusts, name)
        if fitted is None:
            fitted = coefficients(pool, fitting, embedder)[1] if fitting else PRIOR.dense
        dense = pool.dense_evidence(asked, embedder)
        at = np.array(ids[0])
        ranks[name] = _found(asked, at, keyword, dense, FusionWeight(fitted).weight)
        if name == "before" and trusts.balanced is not None:
            balanced = _found(asked, at, keyword, dense, FusionWeight(trusts.balanced).weight)
    proof = _proof(asked, origins, np.array(ids[0]), ranks)
    return replace(
        proof,
        comparisons=tuple(
            replace(one, again=(one.question, one.passage) in again) for one in proof.comparisons
        ),
        trusts=trusts,
        balance_gain=_balance_gain(ranks["before"], balanced) if balanced else None,
        against=before.fingerprint,
        offered=sum(one.origin not in MADE for one in questions),
        whole_documents=split.whole_documents,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Ranks of a question's passage, and places in the pool of what comes first."""

    keyword: int
    dense: int
    fused: int
    dense_first: int
    fused_first: int


def _found(
    asked: Sequence[PseudoQuery],
    ids: np.ndarray,
    keyword: np.ndarray,
    dense: np.ndarray,
    weight: float,
) -> list[_Found]:
    places = np.array([query.source for query in asked], dtype=int)
    sides = (keyword, dense, fusion.fuse(keyword, dense, weight))
    ranks = [asking.ranks(scores, ids, places) for scores in sides]
    firsts = [_firsts(scores, ids) for scores in sides[1:]]
    return [_Found(*map(int, row)) for row in zip(*ranks, *firsts, strict=True)]


def _firsts(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The place of what comes first in each row, in search's order."""
    best = scores == scores.max(axis=1, keepdims=True)
    return np.where(best, ids, ids.max(initial=0) + 1).argmin(axis=1)


def _proof(
    asked: Sequence[PseudoQuery],
    origins: Sequence[str],
    ids: np.ndarray,
    found: dict[str, list[_Found]],
) -> Proof:
    rows = zip(asked, origins, found["before"], found["after"], strict=True)
    comparisons = tuple(
        Comparison(
            query.text, origin, int(ids[query.source]),
            b.keyword, b.dense, a.dense, b.fused, a.fused,
            dense_first_before=int(ids[b.dense_first]), dense_first_after=int(ids[a.dense_first]),
            fused_first_before=int(ids[b.fused_first]), fused_first_after=int(ids[a.fused_first]),
        )
        for query, origin, b, a in rows
    )  # fmt: skip
    gains = {side: _gain(comparisons, side) for side in ("dense", "fused")}
    return Proof(
        queries=len(comparisons),
        before=_means(comparisons, "before"),
        after=_means(comparisons, "after"),
        keyword={"ndcg@10": _mean([gain_at(one.keyword) for one in comparisons])},
        dense_gain=gains["dense"],
        fused_gain=gains["fused"],
        comparisons=comparisons,
    )


def gain_at(rank: int, k: int = 10) -> float:
    """nDCG@k of a query with a single relevant passage at this rank."""
    return 1 / float(np.log2(rank + 1)) if rank <= k else 0.0


def _means(comparisons: Sequence[Comparison], when: str) -> dict[str, float]:
    return {
        side: _mean([gain_at(getattr(one, f"{side}_{when}")) for one in comparisons])
        for side in ("dense", "fused")
    }


def _gain(comparisons: Sequence[Comparison], side: str) -> Interval:
    differences = [
        gain_at(getattr(one, f"{side}_after")) - gain_at(getattr(one, f"{side}_before"))
        for one in comparisons
    ]
    return bootstrap(differences) if differences else Interval(0.0, 0.0, 0.0)


def _balance_gain(before: Sequence[_Found], balanced: Sequence[_Found]) -> Interval:
    pairs = zip(before, balanced, strict=True)
    return bootstrap([gain_at(now.fused) - gain_at(was.fused) for was, now in pairs])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def points(gain: Interval) -> str:
    """`+4.2 (+1.0 to +7.3)`: a gain with its interval, in points of a hundred."""
    return f"{100 * gain.mean:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
