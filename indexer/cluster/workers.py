"""What a worker on another machine does: read a file in a sandbox, or embed texts.

Bytes come and bytes go (`indexer.cluster.messages`). A worker knows no store.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.atomic import StorageError, writing_folder
from embedder.errors import FootnoteError
from embedder.model import Embedder, EmbedderFiles
from embedder.registry import SHIPPED
from embedder.spec import EmbedderSpec
from indexer.chunking import PassageLimits
from indexer.cluster import messages
from indexer.parsers.errors import ParseError
from indexer.parsers.reading import ReadingLimits
from indexer.sandbox.pool import Cutting, ParserPool

if TYPE_CHECKING:
    from embedder.decoder.precision import Precision

# Where a machine keeps what it was sent of embedders, and their converted bases.
CACHE = Path("~/.cache/footnote")
_SPEC = "spec.json"


class OtherEmbedderError(FootnoteError):
    """A worker's embedder is not the driver's."""


class NotSharedError(FootnoteError):
    """A worker does not see a file where the driver does."""


@dataclass(frozen=True, slots=True)
class EmbedderParcel:
    """An embedder on its way to the workers: its files by name, and how to compute."""

    fingerprint: str
    files: Mapping[str, bytes]
    precision: Precision | None = None

    @classmethod
    def of(cls, embedder: Embedder) -> EmbedderParcel:
        """What another machine needs; of one that comes with the program, nothing but its name."""
        folder = embedder.files.folder
        shipped = {path.resolve() for path in SHIPPED.values()}
        files = {} if folder.resolve() in shipped else _files(folder)
        return cls(embedder.fingerprint, files, embedder.precision)

    def opened(self, cache: Path) -> Embedder:
        """The embedder, its files having been put under `cache`. Raises `OtherEmbedderError`."""
        place = cache / "embedders" / self.fingerprint
        if not self.files:
            place = _shipped(self.fingerprint)
        elif not (place / _SPEC).exists():
            with suppress(StorageError), writing_folder(place) as left:  # another may be faster
                for name, content in self.files.items():
                    (left / name).parent.mkdir(parents=True, exist_ok=True)
                    (left / name).write_bytes(content)
        spec = EmbedderSpec.read(place / _SPEC)
        if spec.fingerprint != self.fingerprint:
            raise _other(self.fingerprint)
        return Embedder(spec, EmbedderFiles(place, cache / "models"), self.precision)


class Reader:
    """Reads files and cuts them, in one sandboxed process."""

    def __init__(self, parcel: EmbedderParcel, limits: Mapping[str, Any], cache: str = "") -> None:
        self._parcel, self._limits, self._cache = parcel, limits, Path(cache or CACHE).expanduser()

    def ready(self) -> bytes:
        """Have the tokenizer loaded. The first call; raises `OtherEmbedderError`."""
        self._embedder = self._parcel.opened(self._cache)
        self._embedder.count_tokens(["ready"])
        reading = ReadingLimits(**self._limits["reading"])
        self._pool = ParserPool(1, self._limits["seconds"], self._limits["memory_bytes"], reading)
        return b""

    def read(self, request: bytes, content: bytes) -> bytes:
        """Parse and cut a file, from its bytes or from a path that this machine sees as well.

        Raises `NotSharedError` where it does not.
        """
        wanted = messages.unpacked(request)
        if wanted["path"]:
            place = Path(wanted["path"])
            if not place.exists() or place.stat().st_size != wanted["size"]:
                raise NotSharedError(
                    f"a worker does not see {place} as it is; name a folder with --shared-root that"
                    " all machines have under the same path, or leave it out"
                )
            return self._read(place, wanted)
        with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
            place = Path(folder, "file")
            place.write_bytes(content)
            return self._read(place, wanted)

    def _read(self, place: Path, wanted: Mapping[str, Any]) -> bytes:
        cutting = Cutting(self._embedder.count_tokens, PassageLimits(**wanted["cut"]))
        try:
            found = self._pool.parse_and_cut(place, wanted["name"], cutting)
            return messages.of_file(found.result())
        except ParseError as error:
            return messages.of_error(error)

    def close(self) -> None:
        """End the sandboxed process."""
        self._pool.close()


class Encoder:
    """Embeds texts, with so many threads; 0 leaves that to torch."""

    def __init__(self, parcel: EmbedderParcel, threads: int = 0, cache: str = "") -> None:
        self._parcel, self._threads = parcel, threads
        self._cache = Path(cache or CACHE).expanduser()

    def ready(self) -> bytes:
        """Have the weights loaded. The first call; raises `OtherEmbedderError`."""
        if self._threads:
            import torch

            torch.set_num_threads(self._threads)
        self._embedder = self._parcel.opened(self._cache)
        self._embedder.embed_passages(["ready"])
        return b""

    def embed(self, texts: bytes) -> bytes:
        """Vectors of passages."""
        return messages.of_vectors(self._embedder.embed_passages(messages.unpacked(texts)))


class Adder:
    """Fills parts of an inverted file (`indexer.vector.ivf_file`)."""

    def __init__(self, trained: bytes) -> None:
        self._trained = trained

    def ready(self) -> bytes:
        """Have FAISS loaded. The first call."""
        import faiss  # noqa: F401

        return b""

    def add(self, ids: bytes, vectors: bytes) -> bytes:
        """The part that holds these int64 ids and their float16 vectors."""
        import numpy as np

        from indexer.vector.ivf_file import filled

        numbers = np.frombuffer(ids, np.int64)
        return filled(
            self._trained, numbers, np.frombuffer(vectors, "<f2").reshape(len(numbers), -1)
        )


def limits_message(reading: ReadingLimits, seconds: float, memory_bytes: int) -> dict[str, Any]:
    """What a `Reader` is told of the limits of a run."""
    return {"reading": asdict(reading), "seconds": seconds, "memory_bytes": memory_bytes}


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _shipped(fingerprint: str) -> Path:
    for place in SHIPPED.values():
        if EmbedderSpec.read(place / _SPEC).fingerprint == fingerprint:
            return place
    raise _other(fingerprint)


def _other(fingerprint: str) -> OtherEmbedderError:
    return OtherEmbedderError(
        f"a worker's Footnote does not have the embedder {fingerprint}; install the same version of"
        " Footnote on all machines"
    )
