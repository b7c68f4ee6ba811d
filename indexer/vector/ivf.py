"""An inverted file of RaBitQ codes: search over more vectors than are scanned one by one.

RaBitQ (Gao and Long 2024, arXiv 2405.12497; with more bits, 2025, arXiv 2409.09913) keeps a bit
or two a dimension and estimates inner products without bias; the caller scores the best
candidates again from the database's own vectors. Two bits take 144 bytes for a vector of 512
dimensions where 8-bit scalar codes take 520. One bit takes 80, but needs 200 candidates where
two need 50, and those 150 lookups cost more than the whole scan (`_BITS`).

The codes assume that no direction is special, so vectors are first turned by a random
rotation: of the true nearest ten, 0.98 instead of 0.96 were among the best 50 candidates (one
bit, LSA vectors of 114,000 texts). How many lists a search visits is set when the index is
built, by measuring recall, and is stored in it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from embedder.atomic import LEFT
from indexer.store.queries import VectorBatch
from indexer.vector import exact_search, ivf_file
from indexer.vector.exact_search import VectorHits

if TYPE_CHECKING:
    import faiss
    import numpy as np

# Vectors a list on which the lists' centres are trained, and rounds of k-means. For a million
# vectors that is 2,048 lists in 20 s of one core; adding them takes another 80 s.
_TRAINED_PER_LIST = 40
_ROUNDS = 8
_FEWEST_LISTS = 8

# Bits a dimension: the second where the first would keep recall below `_COARSE_RECALL`. Of the
# true nearest ten of real questions among a million (512 dimensions, 64 lists visited), one bit
# has 0.81 among its best 50 and 0.96 among 200; two bits have 0.98 among 50, 0.99 among 100. A
# scan takes about as long with either; looking up 50 vectors takes 0.8 ms, 200 take 3.3 ms.
_BITS = (2, 4)
_COARSE_RECALL = 0.95

# Candidates scored again: so many, or so many for each hit that is wanted. On the same million
# vectors, 80 hold 0.997 of the true ten, and 200 hold 0.97 of the true hundred.
_LEAST_CANDIDATES = 80
_CANDIDATES_PER_HIT = 2

# At least so many lists are visited. Where many passages say nearly the same, probes drawn from
# the index find each other in a list or two, and real questions, which lie apart, do not: over
# 1,920 synthetic documents repeated with noise to 100,000, tuned visits gave questions recall
# 0.76, and to a million 0.88. Scanning 64 of a million's 2,048 lists takes about a millisecond.
_FEWEST_VISITS = 64

# Recall is measured on so many probes, for so many hits. Half of the probes are vectors of the
# index (none its own neighbour), half lie midway between two of them: a question is farther from
# its passage than passages are from each other. Visits that gave the index's own vectors recall
# 0.98 gave real questions 0.88 (first training-free embedder, squad-dev, cisi, anthropic-docs
# with noise, 200,000 vectors); visits for 0.99 over both halves gave 0.986, and 0.97 on LSA
# vectors of 114,000 texts.
_PROBES = 200
_HITS = 10
_WANTED_RECALL = 0.99
_NEAR_CEILING = 0.005

_SCORED = 4096  # vectors that probes are compared with at a time
_SEED = 20240101


# Vectors of one part, which is filled in one piece: 200 MB of them at 512 dimensions.
_PART = 200_000

Read = Callable[[], Iterable[VectorBatch]]


class Adders(Protocol):
    """What fills parts of an inverted file (`ivf_file.filled`), here or on other machines."""

    @property
    def at_once(self) -> int:
        """Parts that may be on their way at one time."""
        ...

    def submit(self, ids: np.ndarray, vectors: np.ndarray) -> Future[bytes]:
        """The part with these float16 vectors [n, dimension], when it is there."""
        ...


# Starts adders for a trained, empty index.
StartAdders = Callable[[bytes], AbstractContextManager[Adders]]


class _Here:
    """Fills parts in this process, one after the other."""

    at_once = 1

    def __init__(self, trained: bytes) -> None:
        self._trained = trained

    def submit(self, ids: np.ndarray, vectors: np.ndarray) -> Future[bytes]:
        done: Future[bytes] = Future()
        done.set_result(ivf_file.filled(self._trained, ids, vectors))
        return done


@contextmanager
def _here(trained: bytes) -> Iterator[Adders]:
    yield _Here(trained)


def build(
    read: Read, count: int, dimension: int, file: Path, adders: StartAdders | None = None
) -> float:
    """Index the vectors that `read` yields, about `count`, into `file`; return its recall@10.

    `read` is called twice: a sample is trained on and probed with, then all are added, part by
    part; once more where the codes are too coarse. Memory: the sample (82,000 vectors for a
    million) three times in float32, and the parts on their way; never all codes.
    """
    lists = list_count(count)
    sample = _sample(read, count, lists * _TRAINED_PER_LIST + _PROBES)
    own, probes = _probes(sample)
    for bits in _BITS:
        trained = ivf_file.packed(_train(sample.vectors, lists, bits))
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=LEFT) as folder:
            with (adders or _here)(trained) as filling:
                parts, truth = _add_all(read, filling, probes, Path(folder))
            ivf_file.join(trained, parts, file)
        recall = _set_visits(trained, file, probes, _without(truth, own))
        if recall >= _COARSE_RECALL:
            break
    return recall


def list_count(count: int) -> int:
    """How many lists for so many vectors: the power of two nearest to twice the square root."""
    return max(_FEWEST_LISTS, 2 ** round(math.log2(2 * math.sqrt(max(count, 1)))))


def candidates(k: int) -> int:
    """How many candidates are to be scored again for k hits."""
    return max(_LEAST_CANDIDATES, _CANDIDATES_PER_HIT * k)


def search(
    index: faiss.IndexPreTransform, queries: np.ndarray, k: int, keep: faiss.IDSelector | None
) -> VectorHits:
    """Candidates [q, `candidates(k)`] for the k nearest to float32 queries; scores estimated."""
    import faiss

    ivf = faiss.downcast_index(index.index)
    found = _visit(index, queries, k, keep, ivf.nprobe)
    # Where most passages of the visited lists are deleted, the others are elsewhere.
    short = (found.ids[:, k - 1] < 0).nonzero()[0]
    if len(short):
        wider = _visit(index, queries[short], k, keep, ivf.nlist)
        found.ids[short], found.scores[short] = wider.ids, wider.scores
    return found


def _visit(
    index: faiss.IndexPreTransform,
    queries: np.ndarray,
    k: int,
    keep: faiss.IDSelector | None,
    visits: int,
) -> VectorHits:
    """Candidates from the `visits` lists nearest to each query."""
    import faiss

    ivf = faiss.downcast_index(index.index)
    lists = faiss.IVFRaBitQSearchParameters(nprobe=visits, qb=ivf.qb, sel=keep)
    params = faiss.SearchParametersPreTransform(index_params=lists)
    scores, ids = index.search(queries, candidates(k), params=params)
    return VectorHits(ids, scores)


def ids(index: faiss.IndexPreTransform) -> np.ndarray:
    """All passage ids, int64 [n], in no order."""
    import faiss
    import numpy as np

    lists = faiss.downcast_index(index.index).invlists
    sizes = {number: lists.list_size(number) for number in range(lists.nlist)}
    parts = [
        faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
        for number, size in sizes.items()
        if size
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def _sample(read: Read, count: int, wanted: int) -> VectorBatch:
    """About `wanted` vectors from all over."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    ids, vectors = [], []
    for batch in read():
        drawn = random.random(len(batch.ids)) < wanted / count
        ids.append(batch.ids[drawn])
        vectors.append(batch.vectors[drawn])
    return VectorBatch(np.concatenate(ids), np.concatenate(vectors))


def _probes(sample: VectorBatch) -> tuple[np.ndarray, np.ndarray]:
    """Some passages' ids, and the probes, float32: their vectors, then those midway."""
    import numpy as np

    every = max(1, len(sample.ids) // (_PROBES // 2))
    vectors = sample.vectors[::every].astype(np.float32)
    between = vectors + np.roll(vectors, 1, axis=0)
    between /= np.maximum(np.linalg.norm(between, axis=1, keepdims=True), 1e-6)
    return sample.ids[::every], np.concatenate([vectors, between])


def _train(sample: np.ndarray, lists: int, bits: int) -> faiss.IndexPreTransform:
    """An empty index whose lists' centres are trained on float16 vectors [n, dimension]."""
    import faiss

    dimension = sample.shape[1]
    rotation = faiss.RandomRotationMatrix(dimension, dimension)
    rotation.init(_SEED)
    rotated = rotation.apply(sample.astype("float32"))
    means = faiss.Kmeans(
        dimension,
        lists,
        niter=_ROUNDS,
        spherical=True,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=_TRAINED_PER_LIST,
    )
    means.train(rotated)
    centres = faiss.IndexFlatIP(dimension)
    centres.add(means.centroids)
    ivf = faiss.IndexIVFRaBitQ(centres, dimension, lists, faiss.METRIC_INNER_PRODUCT, True, bits)
    ivf.train(rotated)
    return faiss.IndexPreTransform(rotation, ivf)


def _add_all(
    read: Read, adders: Adders, probes: np.ndarray, folder: Path
) -> tuple[list[Path], VectorHits]:
    """Write all vectors into parts; also the truly nearest to each probe, one more than wanted."""
    truth = exact_search.nothing(len(probes), _HITS + 1)
    running: dict[Future[bytes], Path] = {}
    parts: list[Path] = []
    for part in _in_parts(read()):
        while len(running) >= adders.at_once:
            _write_done(running)
        path = folder / f"{len(parts):06}"
        parts.append(path)
        running[adders.submit(part.ids, part.vectors)] = path
        for start in range(0, len(part.ids), _SCORED):
            batch = slice(start, start + _SCORED)
            best = exact_search.products(probes, part.vectors[batch], part.ids[batch], _HITS + 1)
            truth = exact_search.merge([truth, best], _HITS + 1)
    while running:
        _write_done(running)
    return parts, truth


def _write_done(running: dict[Future[bytes], Path]) -> None:
    """Write the parts that are there, of those on their way; wait for one."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        running.pop(future).write_bytes(future.result())


def _in_parts(batches: Iterable[VectorBatch]) -> Iterator[VectorBatch]:
    """The same vectors in larger batches."""
    held: list[VectorBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(len(one.ids) for one in held) >= _PART:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(batches: Sequence[VectorBatch]) -> VectorBatch:
    import numpy as np

    return VectorBatch(
        np.concatenate([one.ids for one in batches]),
        np.concatenate([one.vectors for one in batches]),
    )


def _without(truth: VectorHits, own: np.ndarray) -> list[set[int]]:
    """The true nearest passages of each probe; no passage is its own neighbour."""
    itself = [*own.tolist(), *[-1] * (len(truth.ids) - len(own))]
    return [
        set([found for found in row if found not in (number, -1)][:_HITS])
        for row, number in zip(truth.ids.tolist(), itself, strict=True)
    ]


def _set_visits(trained: bytes, file: Path, probes: np.ndarray, truth: list[set[int]]) -> float:
    """Let searches visit as few lists as reach the wanted recall; return the recall reached."""
    import faiss

    index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP)
    ivf = faiss.downcast_index(index.index)
    recall = _tuned(index, probes, truth)
    ivf_file.set_visits(trained, file, index.ntotal, ivf.nprobe)
    return recall


def _tuned(index: faiss.IndexPreTransform, probes: np.ndarray, truth: list[set[int]]) -> float:
    """Set how many lists an index in memory visits, as few as will do; the recall reached."""
    import faiss

    ivf = faiss.downcast_index(index.index)
    ivf.nprobe = ivf.nlist
    ceiling = _recall(index, probes, truth)
    wanted = min(_WANTED_RECALL, ceiling - _NEAR_CEILING)
    visits = _FEWEST_VISITS
    while visits < ivf.nlist:
        ivf.nprobe = visits
        recall = _recall(index, probes, truth)
        if recall >= wanted:
            return recall
        visits *= 2
    ivf.nprobe = ivf.nlist
    return ceiling


def _recall(index: faiss.IndexPreTransform, probes: np.ndarray, truth: list[set[int]]) -> float:
    """Scoring candidates again is exact, so a true neighbour among them is a hit."""
    import faiss

    visits = faiss.downcast_index(index.index).nprobe
    found = _visit(index, probes, _HITS, None, visits).ids.tolist()
    shares = [len(own & set(row)) / len(own) for own, row in zip(truth, found, strict=True) if own]
    return sum(shares) / max(1, len(shares))
