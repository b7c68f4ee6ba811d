"""The machines that the setting `ray` names, and vectors that travel as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.home import Home
    from footnote.settings import Settings
    from indexer.cluster.driver import Cluster
    from indexer.encoders import Encoders
    from indexer.ingest.pipeline import Workers
    from indexer.vector.shards import VectorSpace


@contextmanager
def elsewhere(
    settings: Settings, embedder: Embedder, parsers: Workers, most: int = 0
) -> Iterator[Cluster | None]:
    """The machines that parse and embed, `most` workers of a kind; None where none are named."""
    address, shared = settings.text("ray"), settings.text("shared_root")
    if not address:
        yield None
        return
    from indexer.cluster.driver import Cluster
    from indexer.cluster.on_ray import machines

    folder = Path(shared).expanduser() if shared else None
    with machines(address, most or settings.number("workers")) as there:
        yield Cluster(there, embedder, parsers.seconds, parsers.memory_bytes, folder)


@contextmanager
def encoders(settings: Settings, embedder: Embedder, parsers: Workers) -> Iterator[Encoders | None]:
    """Those of the machines that embed; None where none are named."""
    with elsewhere(settings, embedder, parsers) as there:
        if there is None:
            yield None
            return
        with there.encoders() as embedding:
            yield embedding


def make_shards(
    home: Home,
    collection: str,
    name: str,
    folder: Path,
    part: tuple[int, int],
    progress: Callable[[int], None],
) -> int:
    """Write a part of a collection's vectors into files, by the embedder of this name.

    Nothing is written to the home. Returns how many files were written.
    """
    from indexer.encoders import Here
    from indexer.vector import shards

    embedder = home.registry.load(name)
    space = _space(home, collection, embedder)
    with home.encoders(embedder) as there:
        makers = there or Here(embedder.embed_passages)
        return shards.make_part(home.store, makers, space, folder, part, progress)


def bring_in_shards(home: Home, collection: str, name: str, folder: Path) -> int:
    """Put the vectors of files into a generation; the files go. Returns how many vectors."""
    from indexer.vector import shards

    space = _space(home, collection, home.registry.load(name))
    return shards.bring_in(home.store, folder, space)


def _space(home: Home, collection: str, embedder: Embedder) -> VectorSpace:
    from indexer.vector.shards import VectorSpace

    number = home.collection(collection).id
    return VectorSpace(number, embedder.fingerprint, embedder.dimension)
