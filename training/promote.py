"""The switch to a trained embedder, and the way back, one collection at a time.

The new generation is embedded, sealed and its trust fitted beside the old, which goes on
answering; the switch is one row in one transaction. An embedder is promoted for the
collection that it was proved on: what it is worth elsewhere nobody has measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from indexer.search.calibration import FusionWeight
from indexer.vector.generations import embed_generation, fill_generation

if TYPE_CHECKING:
    from embedder.model import Embedder
    from embedder.registry import Registry
    from indexer.encoders import Encoders
    from indexer.search.searcher import Searcher
    from indexer.store.store import Store


class NothingBeforeError(FootnoteError):
    """A collection has had one embedder only; there is nothing to go back to."""


def promote(
    store: Store,
    searcher: Searcher,
    embedder: Embedder,
    collection: int,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
    encoders: Encoders | None = None,
) -> bool:
    """Let `embedder` answer for a collection. False where it was cancelled before the switch.

    `progress` is told how many passages have been embedded, by `encoders`, if there are any.
    Killed or cancelled on the way, the old generation goes on answering, and a repeat continues.
    """
    if not fill_generation(store, embedder, collection, progress, cancelled, encoders):
        return False
    searcher.maintain(collection, embedder.fingerprint)
    return embed_generation(store, embedder, collection, cancelled=cancelled, encoders=encoders)


def trust(store: Store, collection: int, fingerprint: str, dense: float, asked: int) -> None:
    """Have a generation trusted as so many questions say (`calibration.of_questions`)."""
    known = FusionWeight.from_json(store.fusion_weight(collection, fingerprint))
    fitted = replace(known, dense=dense, keyword=0.0, queries=0, asked=asked)
    store.set_fusion_weight(collection, fingerprint, fitted.to_json())


def trust_as_before(store: Store, searcher: Searcher, collection: int) -> None:
    """Have the generation that answers trusted as sentences of its passages say, fitted anew."""
    store.set_fusion_weight(collection, store.generation(collection), "")
    searcher.maintain(collection)


def rollback(store: Store, registry: Registry, searcher: Searcher, collection: int) -> str:
    """Let the embedder before this one answer again; return its name.

    The switch is instant. Documents that came since are found by their words until they are
    embedded, which happens here, right after it. Raises `NothingBeforeError`.
    """
    fingerprint = store.return_to_previous_generation(collection)
    if not fingerprint:
        raise NothingBeforeError(
            "this collection has had no other embedder before; there is nothing to go back to"
        )
    embedder = registry.load_fingerprint(fingerprint)
    fill_generation(store, embedder, collection)
    searcher.maintain(collection)
    return embedder.spec.name
