"""The same on a real Ray, where it is installed: two actors, one killed in the middle."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from indexer.cluster.on_ray import NoRayError, machines
from indexer.doctor.repair import examine
from tests.indexer.cluster.test_indexing import content, folder, indexed, same  # noqa: F401

pytest.importorskip("ray", reason="needs `pip install footnote[ray]`")


def encoders():
    """The processes of encoders on this machine, that are this process's grandchildren."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name = (place / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if name.startswith(b"ray::Encoder"):
            found.append(int(place.name))
    return found


def test_killed_encoders_lose_and_double_nothing(tmp_path, folder, tiny_embedder):  # noqa: F811
    from indexer.cluster.driver import Cluster

    here, number, _ = indexed(tmp_path, "here", folder, tiny_embedder)
    before, killed, ended = set(encoders()), [], threading.Event()

    def kill():
        while not ended.is_set() and len(killed) < 2:
            for process in set(encoders()) - before - set(killed):
                time.sleep(1)
                os.kill(process, signal.SIGKILL)
                killed.append(process)
                break
            time.sleep(0.1)

    killer = threading.Thread(target=kill)
    with machines("local", 2) as there:
        cluster = Cluster(there, tiny_embedder, 60, 1536 << 20)
        killer.start()
        store, other, report = indexed(tmp_path, "there", folder, tiny_embedder, cluster)
    ended.set()
    killer.join()
    fingerprint = tiny_embedder.fingerprint
    same(content(here, number, fingerprint), content(store, other, fingerprint))
    assert report.added == 32
    assert killed
    assert examine(store, tmp_path / "there" / "index") == []


def test_a_cluster_that_is_not_there_is_named():
    with pytest.raises(NoRayError, match="Ray's client"), machines("ray://localhost:10001"):
        pass
