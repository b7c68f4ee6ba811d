"""Imports point one way, from package to package and from room to room.

A room is a folder; where a package has rooms, each file beside them is one too. `ROOMS` is the
whole plan: a room may import from the lines above its own, and from nothing else.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.house import STAGES, arrows, circles, modules, room

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "faiss", "streamlit", "peft", "openai", "sentence_transformers"}
HEAVY |= {"fastapi", "mcp", "ray"}
ROOMS = """
embedder.errors embedder.batches embedder.cache embedder.pooling embedder.tokens
embedder.atomic embedder.spec embedder.tensors
embedder.decoder embedder.encoder embedder.presets
embedder.dense embedder.model
embedder.registry
indexer.records indexer.sentences
indexer.chunking indexer.encoders indexer.parsers
indexer.keyword indexer.pages
indexer.sandbox indexer.store
indexer.ingest indexer.vector
indexer.cluster
indexer.doctor indexer.search
rag.records rag.languages rag.unanswered
rag.history rag.llm
rag.question
rag.evidence
rag.reader
rag.judges
rag.reading
rag.written
rag.answer
rag.explain
training.data training.export training.promote
training.synthesis training.evaluation
training.fit training.writer
training.runs
training.bundled training.pipeline
training.reader
footnote.samples footnote.settings footnote.rendering
footnote.cluster
footnote.accounts footnote.backup footnote.federation footnote.judging
footnote.arranging footnote.deletion footnote.jobs
footnote.doctor footnote.home
footnote.additions footnote.answering
footnote.languages
footnote.status
footnote.access footnote.library footnote.runs
footnote.web.language
footnote.worker footnote.web.components footnote.web.paging
footnote.web.page_find footnote.web.server
footnote.mcp
footnote.api
footnote.cli footnote.web.page_view footnote.web.progress
footnote.web.ask footnote.web.library footnote.web.training
footnote.web.admin
footnote.web.frame
footnote footnote.__main__
"""
LEVELS = {
    room: level for level, line in enumerate(ROOMS.strip().splitlines()) for room in line.split()
}
FOUND = modules(ROOT)
GRAPH = arrows(FOUND)


@pytest.mark.parametrize("module", FOUND)
def test_a_room_imports_from_the_lines_above_its_own(module):
    if FOUND[module].name == "__init__.py" and not GRAPH[module]:
        return  # a door plate
    mine = room(module, FOUND)
    assert mine in LEVELS, f"{mine} is a new room: give it a place in ROOMS"
    others = {room(target, FOUND) for target in GRAPH[module]} - {mine}
    assert not {other for other in others if LEVELS[other] >= LEVELS[mine]}


def test_packages_stand_in_their_order():
    stages = [room.split(".")[0] for room in LEVELS]
    assert list(dict.fromkeys(stages)) == list(STAGES)
    assert sorted(stages, key=STAGES.index) == stages


def test_there_are_no_circles():
    assert circles(GRAPH) == []


def test_the_product_imports_neither_tests_nor_benchmarks():
    for path in FOUND.values():
        text = path.read_text(encoding="utf-8")
        assert not any(f"from {name}" in text for name in ("benchmarks", "tests"))


def test_the_command_line_loads_nothing_heavy():
    program = "import sys, footnote.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not set(loaded) & HEAVY
