"""Footnote from Python, and the notebook that shows it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from footnote import Footnote
from footnote.home import UnknownCollectionError
from tests.homes import write_papers

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "examples" / "footnote.ipynb"


@pytest.fixture
def notes(home):
    return Footnote(home.path)


def test_from_a_folder_to_a_footnote(notes, tmp_path):
    write_papers(tmp_path / "papers", 4)
    report = notes.index([str(tmp_path / "papers")], "papers")
    assert (report.added, report.failed) == (4, ())
    assert [one.name for one in notes.collections()] == ["papers"]
    hits = notes.search("travel rights", "papers", k=2)
    assert len(hits) == 2
    assert "travel" in hits[0].passage.text
    answer = notes.ask("What is the right of every employee about travel?", "papers")
    for note in answer.footnotes:
        page = notes.home.store.page(note.document, note.span.page)
        assert page.text[note.span.start : note.span.end] == note.quote
    vectors = notes.embed(["travel", "leave"], collection="papers")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert notes.embed(["travel"], side="query").shape == (1, vectors.shape[1])
    with pytest.raises(UnknownCollectionError, match="papers"):
        notes.search("travel", "nothing")


def test_importing_it_is_quick_and_nothing_else_is_there():
    program = (
        "import sys, footnote; assert 'footnote.home' not in sys.modules;"
        " from footnote import Footnote; print({'torch', 'faiss', 'streamlit'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "set()"
    import footnote

    with pytest.raises(AttributeError, match="nothing"):
        footnote.nothing  # noqa: B018


def test_the_notebook_runs_from_top_to_bottom(monkeypatch):
    monkeypatch.delenv("FOOTNOTE_HOME", raising=False)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    code = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    assert all(not one.get("outputs") for one in notebook["cells"])
    namespace = {"__name__": "__main__"}
    for cell in code:
        exec(compile(cell, str(NOTEBOOK), "exec"), namespace)
    assert namespace["answer"].footnotes
