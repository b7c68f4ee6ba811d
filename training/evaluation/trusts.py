"""How far meaning is trusted beside words in a collection, as its questions say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.search.calibration import of_questions
from indexer.search.pool import EmbeddingModel, Pool
from indexer.search.pseudo_queries import PseudoQuery

if TYPE_CHECKING:
    from indexer.store.store import Store
    from training.data.examples import Example


@dataclass(frozen=True, slots=True)
class Trusts:
    """How far the dense side is trusted (`FusionWeight.dense`); None: as pseudo-queries say.

    `before` is the embedder in use as it stands, `balanced` the same as questions say, `after` the
    trained one; `asked` is how many questions said it.
    """

    before: float | None = None
    balanced: float | None = None
    after: float | None = None
    asked: int = 0


def trust_by(
    store: Store,
    collection: int,
    asked: Sequence[Example],
    asking: EmbeddingModel,
    fingerprint: str,
) -> float:
    """What questions to known passages say (`FusionWeight.dense`).

    `asking` embeds them; they look for their passages among vectors of `fingerprint`.
    """
    pool = Pool.of(store, collection, fingerprint, [one.passage for one in asked])
    places = {one.id: place for place, one in enumerate(pool.passages)}
    right = [(one.query, places[one.passage]) for one in asked if one.passage in places]
    queries = [PseudoQuery(at, text, pool.passages[at].text) for text, at in right]
    return of_questions(*pool.evidence(queries, asking), [one.source for one in queries])
