"""Parts joined on disk are the file that FAISS would have written of all at once."""

from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from homes import clustered, unit

from indexer.cluster.driver import Cluster
from indexer.vector import ivf, ivf_file
from tests.indexer.cluster.machines import Machines

VECTORS = clustered(4000, 32, centres=30).astype(np.float16)
IDS = np.arange(len(VECTORS), dtype=np.int64) * 3 + 1


@pytest.fixture(scope="module", params=[2, 4])
def trained(request):
    return ivf_file.packed(ivf._train(VECTORS[:2000], 16, request.param))


def whole(trained):
    return ivf_file.filled(trained, IDS, VECTORS)


def test_the_joined_file_is_what_faiss_writes(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(ivf_file, "_BATCH", 800)  # products of other sizes are rounded otherwise
    parts = []
    for number, place in enumerate(np.array_split(np.arange(len(IDS)), 5)):
        parts.append(tmp_path / str(number))
        parts[-1].write_bytes(ivf_file.filled(trained, IDS[place], VECTORS[place]))
    ivf_file.join(trained, parts, tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == whole(trained)


def test_how_many_lists_are_visited_can_be_set_afterwards(trained, tmp_path):
    file = tmp_path / "joined"
    (tmp_path / "part").write_bytes(whole(trained))
    ivf_file.join(trained, [tmp_path / "part"], file)
    ivf_file.set_visits(trained, file, len(IDS), 7)
    for flags in (0, faiss.IO_FLAG_MMAP):
        index = faiss.read_index(str(file), flags)
        assert (index.ntotal, faiss.downcast_index(index.index).nprobe) == (len(IDS), 7)
    queries = unit(np.random.default_rng(1).standard_normal((20, 32)))
    mine = ivf.search(index, queries, 10, None)
    theirs = faiss.deserialize_index(np.frombuffer(whole(trained), np.uint8))
    faiss.downcast_index(theirs.index).nprobe = 7
    assert np.array_equal(mine.ids, ivf.search(theirs, queries, 10, None).ids)


@pytest.mark.parametrize("mortal", [0, 3])
def test_parts_filled_on_other_machines_make_the_same_file(tmp_path, monkeypatch, mortal):
    monkeypatch.setattr("indexer.vector.ivf._PART", 700)

    def read():
        for start in range(0, len(IDS), 100):
            place = slice(start, start + 100)
            yield SimpleNamespace(ids=IDS[place], vectors=VECTORS[place])

    machines = Machines(tmp_path, mortal)
    cluster = Cluster(machines, None, 60, 0)
    here, there = tmp_path / "here", tmp_path / "there"
    assert ivf.build(read, len(IDS), 32, here) == ivf.build(
        read, len(IDS), 32, there, cluster.adders
    )
    assert here.read_bytes() == there.read_bytes()
    assert bool(machines.killed) == bool(mortal)
