"""docs/field.md names tests and benchmarks that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "field.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| point |")
]


@cache
def defined(file: str) -> frozenset[str]:
    """The functions of a test file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0].strip("| ")[:40])
def test_every_point_names_tests_that_are_there(row):
    point, how, tests, result = (cell.strip() for cell in row.strip("|").split("|"))
    assert point
    assert how
    assert result
    for one in tests.split("<br>"):
        file, name = re.fullmatch(r"`(tests/[\w/]*test_\w+\.py)::(test_\w+)`", one).groups()
        assert name in defined(file), one


def test_no_point_is_left_out():
    first, asked_for, second = (part.count("\n| ") - 1 for part in PAGE.split("\n## ")[1:])
    assert (first, asked_for, second) == (12, 6, 9)


def test_the_benchmarks_are_there():
    named = re.findall(r"python -m (benchmarks\.\w+)", PAGE)
    assert named
    for one in named:
        assert (ROOT / (one.replace(".", "/") + ".py")).exists(), one
