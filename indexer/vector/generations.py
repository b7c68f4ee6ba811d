"""Another embedder for a collection: its vectors are made beside the old ones, then switched to.

The old generation answers until the new one is complete; the switch is one row in one
transaction. Interrupted, the work goes on where it was. Earlier generations are kept, for
going back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from indexer.store import writes
from indexer.vector import shards
from indexer.vector.shards import VectorSpace

if TYPE_CHECKING:
    from indexer.encoders import Encoders
    from indexer.ingest.pipeline import PassageEmbedder
    from indexer.store.store import Store

# Passages embedded between two looks at whether to stop: some three seconds on two cores.
_BATCH = 128


def fill_generation(
    store: Store,
    embedder: PassageEmbedder,
    collection: int,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
    encoders: Encoders | None = None,
) -> bool:
    """Embed what has no vector under this embedder, whichever generation answers.

    By `encoders`, if there are any, shard by shard. `progress` is told how many passages have been
    embedded by this call. Returns false where it was cancelled before the end.
    """
    if encoders is not None:
        space = VectorSpace(collection, embedder.fingerprint, embedder.dimension)
        return shards.fill(store, encoders, space, progress, cancelled)
    embedded = last = 0
    while not cancelled():
        missing = store.unembedded(collection, embedder.fingerprint, _BATCH, last)
        if not missing:
            return True
        embed_passages(store, embedder, missing)
        embedded += len(missing)
        last = missing[-1]
        progress(embedded)
    return False


def embed_generation(
    store: Store,
    embedder: PassageEmbedder,
    collection: int,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
    encoders: Encoders | None = None,
) -> bool:
    """Fill this embedder's generation, then let it answer. False where it was cancelled before."""
    while fill_generation(store, embedder, collection, progress, cancelled, encoders):
        if _switched(store, collection, embedder.fingerprint):
            return True
    return False


def embed_passages(store: Store, embedder: PassageEmbedder, ids: Sequence[int]) -> None:
    """Put these passages' vectors into the embedder's generation."""
    there, texts = shards.texts_of(store, ids)
    if there:
        store.add_vectors(there, embedder.embed_passages(texts), embedder.fingerprint)


def _switched(store: Store, collection: int, fingerprint: str) -> bool:
    """Switch, unless a document has come in since that has no vector in this generation."""
    with store.transaction() as connection:
        if store.unembedded(collection, fingerprint, 1):
            return False
        writes.switch_generation(connection, collection, fingerprint)
    return True
