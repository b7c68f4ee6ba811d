"""The sealed file: most vectors of a generation, in one FAISS file that never changes.

Up to `EXACT_UP_TO` vectors it is an exact index, above it an inverted file (`indexer.ivf`).
It is written aside, made to last, renamed, and known by its checksum: what is damaged or
foreign is noticed when it is opened. This file knows neither the database nor what is deleted.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from embedder.atomic import LEFT, StorageError, writing
from embedder.errors import FootnoteError
from indexer.store.originals import hash_file
from indexer.vector import exact_search, ivf
from indexer.vector.exact_search import VectorHits

if TYPE_CHECKING:
    import faiss
    import numpy as np

Kind = Literal["exact", "ivf"]

# One exact query over 50,000 vectors of 512 dimensions takes 4 to 5 ms on one core; the
# inverted file with its re-scoring takes 3 ms, so below there is nothing to gain.
EXACT_UP_TO = 50_000


class IndexFileError(FootnoteError):
    """A sealed file is missing, damaged, or not the one that the database speaks of."""


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """What the database knows of a sealed file. `file` is '' where nothing is sealed.

    `through` is the largest `vectors.id` that the file was made from, `recall` the measured
    share of the true nearest ten that a search returns.
    """

    file: str = ""
    count: int = 0
    through: int = 0
    checksum: str = ""
    kind: str = ""
    recall: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index that is searched from any thread and changed by none.

    `recall` is the measured share of the true nearest ten that a search returns. `made` is where
    one that was built on disk lies, for `write` to move it.
    """

    index: faiss.Index
    kind: Kind
    recall: float
    made: Path | None = None

    @property
    def count(self) -> int:
        """Number of vectors."""
        return int(self.index.ntotal)

    def search(
        self, queries: np.ndarray, k: int, keep: faiss.IDSelector | None = None
    ) -> VectorHits:
        """Hits of float32 queries [q, dimension]: exact, the k nearest; ivf, candidates for them.

        Candidates are more than k, and their scores are estimates.
        """
        if self.kind == "exact":
            return exact_search.search_flat(self.index, queries, k, keep)
        return ivf.search(self.index, queries, k, keep)

    def ids(self) -> np.ndarray:
        """All passage ids, int64 [count], in no order."""
        import faiss

        if self.kind == "exact":
            return faiss.vector_to_array(self.index.id_map)
        return ivf.ids(self.index)


def build(
    read: ivf.Read,
    count: int,
    dimension: int,
    folder: Path,
    adders: ivf.StartAdders | None = None,
) -> IndexFile:
    """Index the vectors that `read` yields, about `count` of them.

    An inverted file is built on disk, in `folder`, by `adders`, if there are any; `read` is called
    twice for it. Raises `IndexFileError` where the folder cannot be written.
    """
    import faiss

    if count <= EXACT_UP_TO:
        index = exact_search.flat(dimension)
        for batch in read():
            exact_search.add(index, batch.ids, batch.vectors)
        return IndexFile(index, "exact", 1.0)
    made = folder / f"{LEFT}{secrets.token_hex(8)}.faiss"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        recall = ivf.build(read, count, dimension, made, adders)
        return IndexFile(faiss.read_index(str(made), faiss.IO_FLAG_MMAP), "ivf", recall, made)
    except BaseException as error:
        made.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(folder, error) from error
        raise


def write(sealed: IndexFile, folder: Path, collection: int) -> tuple[str, str]:
    """Write the file aside, make it last, give it its name; return name and SHA-256.

    Raises `IndexFileError` where the folder cannot be written.
    """
    import faiss

    name = f"{collection}-{secrets.token_hex(8)}.faiss"
    try:
        with writing(folder / name) as left:
            if sealed.made:
                sealed.made.replace(left)
            else:
                faiss.write_index(sealed.index, str(left))
            checksum = hash_file(left)
    except (StorageError, RuntimeError) as error:
        raise _not_written(folder, error) from error
    return name, checksum


def _not_written(folder: Path, error: Exception) -> IndexFileError:
    return IndexFileError(
        f"the index could not be written to {folder} ({error}); check that the disk has room "
        "and that the folder can be written. Searching goes on without it, more slowly"
    )


def open_file(folder: Path, seal: IndexVersion, dimension: int) -> IndexFile:
    """Open and map the file, if it is the very one that was sealed.

    Raises `IndexFileError` where it is missing, damaged or foreign.
    """
    import faiss

    path = folder / seal.file
    try:
        found = hash_file(path)
    except OSError as error:
        raise IndexFileError(f"the index file {path} cannot be read ({error})") from error
    if found != seal.checksum:
        raise IndexFileError(f"the index file {path} is damaged: its checksum is another")
    flags = faiss.IO_FLAG_MMAP_IFC if seal.kind == "exact" else faiss.IO_FLAG_MMAP
    try:
        index = faiss.read_index(str(path), flags)
    except RuntimeError as error:
        raise IndexFileError(f"FAISS does not understand the index file {path}") from error
    if (index.d, index.ntotal) != (dimension, seal.count):
        raise IndexFileError(
            f"the index file {path} holds {index.ntotal} vectors of {index.d} dimensions, "
            f"not {seal.count} of {dimension}"
        )
    return IndexFile(index, "exact" if seal.kind == "exact" else "ivf", seal.recall)
