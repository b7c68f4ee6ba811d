"""An inverted file on disk, out of parts that were filled one by one, wherever that was.

All parts begin as the same trained, empty index. They are joined list by list, so that memory
holds one list of one part at a time, into a file as FAISS itself writes it (`index_write.cpp`,
`write_InvertedLists`, "ilar"): what FAISS's own `merge_ondisk` leaves crashes when it is mapped.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import faiss
    import numpy as np

_LISTS, _SIZES = b"ilar", b"full"
_BATCH = 4096  # vectors made float32 at a time


def packed(index: faiss.Index) -> bytes:
    """An index as FAISS writes it to a file."""
    import faiss

    return faiss.serialize_index(index).tobytes()


def filled(trained: bytes, ids: np.ndarray, vectors: np.ndarray) -> bytes:
    """The empty index with float16 vectors [n, dimension] under these ids: one part."""
    import faiss
    import numpy as np

    index = faiss.deserialize_index(np.frombuffer(trained, np.uint8))
    for start in range(0, len(ids), _BATCH):
        batch = slice(start, start + _BATCH)
        index.add_with_ids(vectors[batch].astype(np.float32), ids[batch])
    return packed(index)


def join(trained: bytes, parts: Sequence[Path], file: Path) -> None:
    """Write the index that holds all parts into `file`."""
    import faiss
    import numpy as np

    opened = [faiss.read_index(str(part), faiss.IO_FLAG_MMAP) for part in parts]
    lists = [faiss.downcast_index(index.index).invlists for index in opened]
    empty = faiss.deserialize_index(np.frombuffer(trained, np.uint8))
    ivf = faiss.downcast_index(empty.index)
    sizes = np.zeros((len(lists), ivf.nlist), np.int64)
    for place, one in enumerate(lists):
        sizes[place] = [one.list_size(number) for number in range(ivf.nlist)]
    with file.open("wb") as out:
        out.write(_head(trained, int(sizes.sum()), 1))
        out.write(_LISTS + struct.pack("<qq", ivf.nlist, ivf.code_size))
        out.write(_SIZES + struct.pack("<q", ivf.nlist) + sizes.sum(axis=0).tobytes())
        for number in range(ivf.nlist):
            holding = [(one, sizes[place, number]) for place, one in enumerate(lists)]
            for one, size in holding:
                out.write(_bytes(one.get_codes(number), size * ivf.code_size))
            for one, size in holding:
                out.write(_bytes(one.get_ids(number), size))


def set_visits(trained: bytes, file: Path, count: int, visits: int) -> None:
    """Have searches of a joined file of `count` vectors visit so many lists."""
    with file.open("r+b") as out:
        out.write(_head(trained, count, visits))


def _head(trained: bytes, count: int, visits: int) -> bytes:
    """A file's beginning, up to its lists; of the same length whatever it says."""
    import faiss
    import numpy as np

    index = faiss.deserialize_index(np.frombuffer(trained, np.uint8))
    ivf = faiss.downcast_index(index.index)
    index.ntotal = ivf.ntotal = count
    ivf.nprobe = visits
    body = packed(index)
    return body[: body.rindex(_LISTS)]


def _bytes(pointer: Any, count: int) -> bytes:
    import faiss

    return faiss.rev_swig_ptr(pointer, int(count)).tobytes() if count else b""
