"""Imports point one way: footnote → training → rag → indexer → embedder."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["embedder", "indexer", "rag", "training", "footnote"]
HEAVY = {
    "torch",
    "transformers",
    "faiss",
    "streamlit",
    "peft",
    "openai",
    "sentence_transformers",
    "fastapi",
    "mcp",
}


def sources():
    for stage in ORDER:
        for path in sorted((ROOT / stage).rglob("*.py")):
            yield pytest.param(stage, path, id=str(path.relative_to(ROOT)))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(("stage", "path"), list(sources()))
def test_no_arrow_points_upwards(stage, path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    forbidden = set(ORDER[ORDER.index(stage) + 1 :]) | {"benchmarks", "tests", "app"}
    assert not set(imported(tree)) & forbidden


def test_the_command_line_loads_nothing_heavy():
    program = "import sys, footnote.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not set(loaded) & HEAVY
