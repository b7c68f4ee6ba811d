"""A driver's view of its workers: parsers and encoders like those of one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from indexer.cluster import messages
from indexer.cluster.pool import DEPTH, Worker, WorkerLostError, WorkerPool
from indexer.cluster.workers import EmbedderParcel, limits_message
from indexer.parsers.errors import ParserMemoryError

if TYPE_CHECKING:
    import numpy as np

    from embedder.model import Embedder
    from indexer.parsers.reading import ReadingLimits
    from indexer.sandbox.pool import Cutting
    from indexer.sandbox.worker import CutFile, Progress

Result = TypeVar("Result")


class Machines(Protocol):
    """Where workers are started (`indexer.cluster.on_ray`)."""

    @property
    def readers(self) -> int:
        """How many files can be read at once."""
        ...

    @property
    def encoders(self) -> int:
        """How many encoders there is room for."""
        ...

    def reader(self, parcel: EmbedderParcel, limits: dict[str, object]) -> Worker:
        """Start a `workers.Reader`."""
        ...

    def encoder(self, parcel: EmbedderParcel) -> Worker:
        """Start a `workers.Encoder`."""
        ...

    def adder(self, trained: bytes) -> Worker:
        """Start a `workers.Adder`."""
        ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines that parse and embed for one embedder (`indexer.ingest.pipeline.Elsewhere`).

    `shared` is a folder that all of them see under the same path, or None: then files travel.
    """

    machines: Machines
    embedder: Embedder
    seconds: float
    memory_bytes: int
    shared: Path | None = None

    @contextmanager
    def parsers(self, reading: ReadingLimits) -> Iterator[ClusterParsers]:
        """Parsers for as long as the context lasts."""
        parcel = EmbedderParcel.of(self.embedder)
        limits = limits_message(reading, self.seconds, self.memory_bytes)
        count = max(1, self.machines.readers)
        with WorkerPool(lambda: self.machines.reader(parcel, limits), count) as pool:
            yield ClusterParsers(pool, self.shared)

    @contextmanager
    def encoders(self) -> Iterator[ClusterEncoders]:
        """Encoders for as long as the context lasts."""
        parcel = EmbedderParcel.of(self.embedder)
        count = max(1, self.machines.encoders)
        with WorkerPool(lambda: self.machines.encoder(parcel), count) as pool:
            yield ClusterEncoders(pool, self.embedder.dimension)

    @contextmanager
    def adders(self, trained: bytes) -> Iterator[ClusterAdders]:
        """Adders to a trained, empty index, for as long as the context lasts."""
        count = max(1, self.machines.readers)
        with WorkerPool(lambda: self.machines.adder(trained), count) as pool:
            yield ClusterAdders(pool)


class ClusterParsers:
    """As `indexer.sandbox.pool.ParserPool`, with the sandboxes on the workers."""

    def __init__(self, pool: WorkerPool, shared: Path | None) -> None:
        self._pool, self._shared = pool, shared.resolve() if shared else None

    @property
    def workers(self) -> int:
        """How many files are read at once."""
        return self._pool.count

    def parse_and_cut(
        self, path: Path, name: str, cutting: Cutting, on_progress: Progress | None = None
    ) -> Future[CutFile]:
        """As `ParserPool.parse_and_cut`; pages are not counted while they are read."""
        place = path.resolve()
        seen = self._shared is not None and place.is_relative_to(self._shared)
        size = place.stat().st_size
        wanted = {"name": name, "cut": asdict(cutting.limits), "size": size}
        wanted["path"] = str(place) if seen else ""
        content = b"" if seen else place.read_bytes()
        return _then(self._pool.submit("read", messages.packed(wanted), content), _file_of)


class ClusterEncoders:
    """Encoders on the workers (`indexer.encoders.Encoders`)."""

    def __init__(self, pool: WorkerPool, dimension: int) -> None:
        self._pool, self._dimension = pool, dimension

    @property
    def at_once(self) -> int:
        """Slices that keep all encoders busy."""
        return DEPTH * self._pool.count

    def submit(self, texts: Sequence[str]) -> Future[np.ndarray]:
        """Vectors, float16 [n, dimension]."""
        sent = self._pool.submit("embed", messages.packed(list(texts)))
        return _then(sent, lambda done: messages.vectors_of(done.result(), texts, self._dimension))


class ClusterAdders:
    """Adders on the workers (`indexer.vector.ivf.Adders`)."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    @property
    def at_once(self) -> int:
        """Parts that keep all adders busy; each is some 200 MB, so none waits with a worker."""
        return self._pool.count

    def submit(self, ids: np.ndarray, vectors: np.ndarray) -> Future[bytes]:
        """The part with these float16 vectors."""
        return self._pool.submit("add", ids.astype("<i8").tobytes(), messages.of_vectors(vectors))


def _then(before: Future[bytes], make: Callable[[Future[bytes]], Result]) -> Future[Result]:
    """What is made of a result, or of what came instead of it."""
    after: Future[Result] = Future()

    def settle(done: Future[bytes]) -> None:
        if done.cancelled():
            after.cancel()
            return
        try:
            after.set_result(make(done))
        except Exception as error:  # noqa: BLE001 - whoever waits for the future is told
            after.set_exception(error)

    before.add_done_callback(settle)
    return after


def _file_of(done: Future[bytes]) -> CutFile:
    try:
        return messages.file_of(done.result())
    except WorkerLostError as error:  # the file's fault: others were read meanwhile
        raise ParserMemoryError(f"{error}; split it, or save it again in another format") from error
