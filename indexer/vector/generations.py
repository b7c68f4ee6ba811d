"""Another embedder for a collection: its vectors are made beside the old ones, then switched to.

The old generation answers until the new one is complete; the switch is one row in one
transaction. Interrupted, the work goes on where it was. Earlier generations are kept, for
going back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from indexer.chunking import embedding_text
from indexer.store import writes
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
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
) -> bool:
    """Embed what has no vector under this embedder, whichever generation answers.

    `progress` is told how many passages have been embedded by this call. Returns false where it
    was cancelled before the end.
    """
    embedded = 0
    while not cancelled():
        missing = store.unembedded(collection, embedder.fingerprint, _BATCH)
        if not missing:
            return True
        embed_passages(store, embedder, missing)
        embedded += len(missing)
        progress(embedded)
    return False


def embed_generation(
    store: Store,
    embedder: PassageEmbedder,
    collection: int,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> bool:
    """Fill this embedder's generation, then let it answer. False where it was cancelled before."""
    while fill_generation(store, embedder, collection, progress, cancelled):
        if _switched(store, collection, embedder.fingerprint):
            return True
    return False


def embed_passages(store: Store, embedder: PassageEmbedder, ids: Sequence[int]) -> None:
    """Put these passages' vectors into the embedder's generation."""
    passages = list(store.passages(ids).values())
    titles: dict[str, str] = {}
    for document in {passage.document for passage in passages}:
        with suppress(UnknownDocumentError):  # deleted a moment ago
            titles[document] = store.document(document).title
    passages = [passage for passage in passages if passage.document in titles]
    if not passages:
        return
    texts = [embedding_text(titles[passage.document], passage) for passage in passages]
    vectors = embedder.embed_passages(texts)
    store.add_vectors([passage.id for passage in passages], vectors, embedder.fingerprint)


def _switched(store: Store, collection: int, fingerprint: str) -> bool:
    """Switch, unless a document has come in since that has no vector in this generation."""
    with store.transaction() as connection:
        if store.unembedded(collection, fingerprint, 1):
            return False
        writes.switch_generation(connection, collection, fingerprint)
    return True
