"""Indexing on other machines gives what indexing here gives, whoever dies on the way."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from file_writers import pdf

from indexer.chunking import DEFAULT
from indexer.cluster import messages
from indexer.cluster.driver import Cluster
from indexer.cluster.workers import EmbedderParcel, NotSharedError, OtherEmbedderError, Reader
from indexer.doctor.repair import examine
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.parsers.errors import CorruptedError
from indexer.parsers.reading import DEFAULT_LIMITS
from indexer.sandbox.pool import Cutting, ParserPool
from indexer.store.store import Store
from tests.indexer.cluster.machines import Machines


@pytest.fixture
def folder(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for number in range(30):
        lines = [f"Employee {number} has {line} days of paid leave a year." for line in range(40)]
        (files / f"{number:02}.md").write_text(f"# Leave {number}\n\n" + "\n\n".join(lines))
    (files / "copy.md").write_text((files / "03.md").read_text())
    (files / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (files / "paper.pdf").write_bytes(pdf(["The premium is paid by the employer."] * 3))
    (files / "surrogate.txt").write_bytes("Leave \udcff is paid.".encode("utf-8", "surrogatepass"))
    return files


def indexed(tmp_path, name, folder, embedder, elsewhere=None, **options):
    store = Store.open(tmp_path / name)
    collection = store.create_collection("Handbook").id
    ingest = Ingest(store, embedder, workers=2, elsewhere=elsewhere)
    report = ingest.run(find([folder]), collection, **options)
    return store, collection, report


def content(store, collection, fingerprint):
    """All that was written, by what it says: documents, passages, and their vectors."""
    found = {}
    for document in store.documents([collection], limit=1000).rows:
        passages = store.passages_of(document.id)
        vectors = store.passage_vectors([one.id for one in passages], fingerprint)
        found[document.content_hash, document.state] = (
            document.title,
            [page.text for page in store.pages(document.id)],
            [(one.text, one.headings, one.spans) for one in passages],
            np.array([vectors[one.id] for one in passages], np.float32),
        )
    return found


def same(one, other):
    assert one.keys() == other.keys()
    for key, (title, pages, passages, vectors) in one.items():
        assert (title, pages, passages) == other[key][:3]
        assert np.allclose(vectors, other[key][3], atol=2e-3)


@pytest.mark.parametrize("mortal", [0, 5])
def test_a_cluster_writes_what_one_machine_writes(tmp_path, folder, tiny_embedder, mortal):
    here, number, report = indexed(tmp_path, "here", folder, tiny_embedder)
    machines = Machines(tmp_path / "cache", mortal)
    cluster = Cluster(machines, tiny_embedder, 60, 1536 << 20)
    seen = []
    there, other, elsewhere = indexed(
        tmp_path, "there", folder, tiny_embedder, cluster, progress=seen.append
    )
    fingerprint = tiny_embedder.fingerprint
    same(content(here, number, fingerprint), content(there, other, fingerprint))
    assert (report.added, report.passages) == (elsewhere.added, elsewhere.passages)
    assert {one.error for one in report.failed} == {one.error for one in elsewhere.failed}
    assert examine(there, tmp_path / "there" / "index") == []
    assert bool(machines.killed) == bool(mortal)
    assert seen[-1].files_done == seen[-1].files_total
    assert seen[-1].seconds_left == 0


def test_a_cancelled_run_is_continued(tmp_path, folder, tiny_embedder):
    cluster = Cluster(Machines(tmp_path / "cache"), tiny_embedder, 60, 1536 << 20)
    seen = []
    store, collection, first = indexed(
        tmp_path, "home", folder, tiny_embedder, cluster,
        progress=seen.append, cancelled=lambda: len(seen) > 8,
    )  # fmt: skip
    assert not list((tmp_path / "home" / "files" / "incoming").iterdir())
    rest = Ingest(store, tiny_embedder, elsewhere=cluster).run(find([folder]), collection)
    assert first.added + rest.added == 32
    assert examine(store, tmp_path / "home" / "index") == []


def test_files_on_a_shared_disk_are_read_from_there(tmp_path, folder, tiny_embedder, monkeypatch):
    sent = []
    read = Reader.read
    monkeypatch.setattr(
        Reader, "read", lambda self, request, body: sent.append(body) or read(self, request, body)
    )
    cluster = Cluster(Machines(tmp_path / "cache"), tiny_embedder, 60, 1536 << 20, tmp_path)
    _, _, report = indexed(tmp_path, "home", folder, tiny_embedder, cluster)
    assert report.added == 32
    assert set(sent) == {b""}


def reader(embedder, cache):
    limits = {"reading": {**vars_of(DEFAULT_LIMITS)}, "seconds": 60, "memory_bytes": 1536 << 20}
    made = Reader(EmbedderParcel.of(embedder), limits, str(cache))
    made.ready()
    return made


def vars_of(limits):
    from dataclasses import asdict

    return asdict(limits)


def test_a_worker_that_does_not_see_the_shared_file_says_so(tmp_path, tiny_embedder):
    worker = reader(tiny_embedder, tmp_path)
    wanted = {"name": "a.md", "cut": vars_of(DEFAULT), "path": "/no/such/file", "size": 1}
    with pytest.raises(NotSharedError, match="--shared-root"):
        worker.read(messages.packed(wanted), b"")
    worker.close()


def test_what_a_reader_says_is_plain_json(tmp_path, tiny_embedder):
    worker = reader(tiny_embedder, tmp_path)
    wanted = {"name": "a.md", "cut": vars_of(DEFAULT), "path": "", "size": 0}
    said = worker.read(messages.packed(wanted), b"# Leave\n\nPaid leave lasts sixteen weeks.\n")
    assert json.loads(said)["parsed"]["title"] == "Leave"
    with ParserPool() as pool:
        file = tmp_path / "a.md"
        file.write_bytes(b"# Leave\n\nPaid leave lasts sixteen weeks.\n")
        cutting = Cutting(tiny_embedder.count_tokens, DEFAULT)
        assert messages.file_of(said) == pool.parse_and_cut(file, "a.md", cutting).result()
    broken = worker.read(messages.packed({**wanted, "name": "b.pdf"}), b"%PDF-1.7\nnothing")
    with pytest.raises(CorruptedError):
        messages.file_of(broken)
    worker.close()


def test_vectors_travel_as_the_database_keeps_them():
    rows = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    back = messages.vectors_of(messages.of_vectors(rows), ["x"] * 5, 8)
    assert (back == rows.astype(np.float16)).all()
    with pytest.raises(ValueError, match="reshape"):
        messages.vectors_of(messages.of_vectors(rows), ["x"] * 4, 8)


def test_an_embedder_is_put_together_elsewhere(tmp_path, tiny_embedder):
    parcel = EmbedderParcel.of(tiny_embedder)
    there = parcel.opened(tmp_path)
    texts = ["Paid leave lasts sixteen weeks."]
    assert there.fingerprint == tiny_embedder.fingerprint
    assert np.allclose(there.embed_passages(texts), tiny_embedder.embed_passages(texts), atol=1e-5)
    with pytest.raises(OtherEmbedderError, match="same version"):
        EmbedderParcel("0" * 12, {}).opened(tmp_path)


def test_the_driver_loads_no_ray():
    program = "import sys, indexer.cluster.driver, footnote.home; print('ray' in sys.modules)"
    root = Path(__file__).parents[3]
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "False"
