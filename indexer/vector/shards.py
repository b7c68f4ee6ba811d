"""A generation's vectors in files: passage ids and float16, a stretch of ids each.

What embeds a generation by many machines writes shards; one process brings them into the
database, one transaction each. A shard is written aside and renamed, and stretches are always the
same ones, so a repeat skips what is there. Machines that share no Ray can each make a part of the
shards of a copy of the home (`make_part`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import writing
from embedder.errors import FootnoteError
from indexer.chunking import embedding_text
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    import numpy as np

    from indexer.encoders import Encoders
    from indexer.store.store import Store

# Ids of a shard: 4 MB of vectors at 512 dimensions, a transaction of a tenth of a second.
STRETCH = 4096
_SLICE = 128  # texts that an encoder gets at once
_END = ".safetensors"
_LOOK_SECONDS = 1.0


class ShardError(FootnoteError):
    """A shard is damaged, or of other passages or another embedder."""


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """Whose vectors a shard holds: of a collection, under a fingerprint, of this width."""

    collection: int
    fingerprint: str
    dimension: int


@dataclass(slots=True)
class _Shard:
    """A shard that is being made: its passages, and its slices on their way."""

    stretch: int
    ids: list[int]
    slices: list[Future[np.ndarray]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return all(one.done() for one in self.slices)

    def vectors(self, dimension: int) -> np.ndarray:
        import numpy as np

        rows = [one.result().astype(np.float16) for one in self.slices]
        return np.concatenate([np.empty((0, dimension), np.float16), *rows])


def fill(
    store: Store,
    encoders: Encoders,
    space: VectorSpace,
    progress: Callable[[int], None] = lambda embedded: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> bool:
    """Embed all passages that lack a vector; shards that an earlier call left are brought in first.

    `progress` is told how many have been embedded by this call. False where it was cancelled.
    """
    folder = store.home / "shards"
    bring_in(store, folder, space)
    todo = _missing(store, space)
    embedded = 0
    for shard in _made(store, encoders, todo, cancelled):
        write(folder, space, shard.stretch, shard.ids, shard.vectors(space.dimension))
        embedded += bring_in(store, folder, space)
        progress(embedded)
    return not cancelled()


def make_part(
    store: Store,
    encoders: Encoders,
    space: VectorSpace,
    folder: Path,
    part: tuple[int, int] = (1, 1),
    progress: Callable[[int], None] = lambda embedded: None,
) -> int:
    """Write one part of so many of a generation's shards into `folder`; how many were written.

    Nothing is written to the store, which may be a copy of the home. Shards that are there stay.
    """
    number, of = part
    todo = (
        (stretch, ids)
        for stretch, ids in _missing(store, space)
        if stretch % of == number - 1 and not (folder / _name(space, stretch)).exists()
    )
    made = embedded = 0
    for shard in _made(store, encoders, todo, lambda: False):
        write(folder, space, shard.stretch, shard.ids, shard.vectors(space.dimension))
        made, embedded = made + 1, embedded + len(shard.ids)
        progress(embedded)
    return made


def bring_in(store: Store, folder: Path, space: VectorSpace) -> int:
    """Put the shards of a space into the database, one transaction each, and remove their files.

    Returns how many vectors they held. Passages that are gone are passed over. Raises `ShardError`.
    """
    count = 0
    for path in sorted(folder.glob(f"{_prefix(space)}*{_END}")):
        ids, vectors = read(path, space)
        store.add_vectors(ids.tolist(), vectors, space.fingerprint)
        path.unlink(missing_ok=True)
        count += len(ids)
    return count


def write(
    folder: Path, space: VectorSpace, stretch: int, ids: Sequence[int], vectors: np.ndarray
) -> Path:
    """Write a shard, whole or not at all. Raises `StorageError`."""
    import numpy as np
    from safetensors.numpy import save

    arrays: dict[str, np.ndarray] = {
        "ids": np.array(ids, np.int64),
        "vectors": np.ascontiguousarray(vectors, np.float16),
    }
    metadata = {"collection": str(space.collection), "fingerprint": space.fingerprint}
    path = folder / _name(space, stretch)
    with writing(path) as left:
        left.write_bytes(save(arrays, metadata))
    return path


def read(path: Path, space: VectorSpace) -> tuple[np.ndarray, np.ndarray]:
    """Ids, int64 [n], and vectors, float16 [n, dimension], of a shard. Raises `ShardError`."""
    import numpy as np
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as shard:
            said = shard.metadata() or {}
            ids, vectors = shard.get_tensor("ids"), shard.get_tensor("vectors")
    except (SafetensorError, OSError) as error:
        raise ShardError(f"the shard {path} cannot be read ({error}); make it anew") from error
    wanted = {"collection": str(space.collection), "fingerprint": space.fingerprint}
    fits = (ids.dtype, vectors.dtype) == (np.int64, np.float16)
    if said != wanted or not fits or vectors.shape != (len(ids), space.dimension):
        raise ShardError(f"the shard {path} holds other vectors than its name says; make it anew")
    if not np.isfinite(vectors).all():
        raise ShardError(f"the shard {path} holds NaN or infinity; make it anew in float32")
    return ids, vectors


def texts_of(store: Store, ids: Sequence[int]) -> tuple[list[int], list[str]]:
    """Those of these passages that are there, by id, and the texts that they are embedded by."""
    passages = list(store.passages(ids).values())
    titles: dict[str, str] = {}
    for document in {passage.document for passage in passages}:
        with suppress(UnknownDocumentError):  # deleted a moment ago
            titles[document] = store.document(document).title
    passages = [passage for passage in passages if passage.document in titles]
    texts = [embedding_text(titles[passage.document], passage) for passage in passages]
    return [passage.id for passage in passages], texts


def _missing(store: Store, space: VectorSpace) -> Iterator[tuple[int, list[int]]]:
    """The passages without a vector, stretch by stretch, read as it gets on."""
    after = 0
    while ids := store.unembedded(space.collection, space.fingerprint, STRETCH, after):
        stretch = ids[0] // STRETCH
        ids = [number for number in ids if number // STRETCH == stretch]
        yield stretch, ids
        after = ids[-1]


def _made(
    store: Store,
    encoders: Encoders,
    todo: Iterable[tuple[int, list[int]]],
    cancelled: Callable[[], bool],
) -> Iterator[_Shard]:
    """Shards with all their vectors, in whatever order they are done."""
    waiting = iter(todo)
    running: list[_Shard] = []
    while not cancelled():
        while len(_open(running)) < encoders.at_once and not any(one.done for one in running):
            following = next(waiting, None)
            if following is None:
                break
            running.append(_begun(store, encoders, *following))
        if not running:
            return
        wait(_open(running), _LOOK_SECONDS, FIRST_COMPLETED)
        for shard in [one for one in running if one.done]:
            running.remove(shard)
            yield shard
    for future in _open(running):
        future.cancel()


def _begun(store: Store, encoders: Encoders, stretch: int, ids: list[int]) -> _Shard:
    there, texts = texts_of(store, ids)
    starts = range(0, len(texts), _SLICE)
    slices = [encoders.submit(texts[start : start + _SLICE]) for start in starts]
    return _Shard(stretch, there, slices)


def _open(running: Sequence[_Shard]) -> list[Future[np.ndarray]]:
    return [one for shard in running for one in shard.slices if not one.done()]


def _prefix(space: VectorSpace) -> str:
    return f"{space.collection}-{space.fingerprint}-"


def _name(space: VectorSpace, stretch: int) -> str:
    return f"{_prefix(space)}{stretch:010}{_END}"
