"""Open complaints about systems of this kind that come in by their doors, each held off here."""

import subprocess
import sys
from pathlib import Path

import pytest

from embedder.errors import FootnoteError
from embedder.model import Embedder
from indexer.ingest import pipeline
from indexer.ingest.sources import find
from tests.api_server import client
from tests.homes import write_papers

ROOT = Path(__file__).parents[2]

# A keyword search as a program of its own: what it has loaded, and how many threads it has.
KEYWORD = """
import sys, threading
from pathlib import Path
from footnote import Footnote
hits = Footnote(sys.argv[1]).search("premium", mode="keyword")
threads = len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").exists() else 1
print(len(hits), sorted({"torch", "faiss", "transformers"} & set(sys.modules)), threads)
"""


def test_a_keyword_search_loads_no_weights_and_starts_no_threads(papers_home):
    done = subprocess.run(
        [sys.executable, "-c", KEYWORD, str(papers_home.path)],
        cwd=ROOT,
        env={"PATH": "", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        check=True,
        capture_output=True,
        text=True,
    )
    hits, loaded, threads = done.stdout.split()
    assert int(hits) > 0
    assert loaded == "[]"
    assert int(threads) <= 2  # numpy's own pool obeys the cap


def test_where_embedding_fails_midway_words_answer_and_a_repeat_goes_on(
    home, tmp_path, monkeypatch
):
    write_papers(tmp_path / "papers", 8)
    whole, done = Embedder.embed_passages, []

    def failing(self, texts, *more, **named):
        done.append(len(texts))
        if len(done) > 4:
            raise FootnoteError("the embedder has failed")
        return whole(self, texts, *more, **named)

    monkeypatch.setattr(pipeline, "_SLICE", 1)  # texts that are embedded at once
    monkeypatch.setattr(Embedder, "embed_passages", failing)
    with pytest.raises(FootnoteError, match="failed"):
        home.index(find([tmp_path / "papers"]), "papers", workers=1)
    monkeypatch.setattr(Embedder, "embed_queries", failing)
    call = client()
    found = call.post("/api/v1/search", json={"query": "every employee"}).json()
    assert found["hits"]
    assert "by words alone" in found["notice"]
    answer = call.post("/api/v1/ask", json={"question": "What is the right of every employee?"})
    assert answer.status_code == 200
    assert "by words alone" in answer.json()["notice"]
    monkeypatch.undo()
    monkeypatch.setenv("FOOTNOTE_HOME", str(home.path))
    report = home.index(find([tmp_path / "papers"]), "papers")
    assert report.added + report.unchanged == 8
    assert 0 < report.added < 8
    found = call.post("/api/v1/search", json={"query": "every employee", "mode": "dense"}).json()
    assert len(found["hits"]) == 10
