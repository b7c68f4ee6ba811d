"""Tables in plain text, and what only looks like one."""

from __future__ import annotations

import pytest

from indexer.parsers import parse

TABLES = {
    "a comment names the columns": (
        "# Birth stones\n# Month:Stone:Flower\nMay:Emerald:Lily\nJune:Pearl:Rose\n\n# Autumn\n"
        "October:Opal:Calendula\n",
        "Birth stones\n\nMonth | Stone | Flower\nMay | Emerald | Lily\nJune | Pearl | Rose\n\n"
        "Autumn\n\nMonth | Stone | Flower\nOctober | Opal | Calendula",
    ),
    "two columns under names": (
        "# Code : Country\n20:Egypt\n233:Ghana\n",
        "Code | Country\n20 | Egypt\n233 | Ghana",
    ),
    "tabs": (
        "name\tqty\tprice\nbolt\t4\t0.10\nnut\t5\t0.20\ngear\t1\t9\n",
        "name | qty | price\nbolt | 4 | 0.10\nnut | 5 | 0.20\ngear | 1 | 9",
    ),
    "a frame": (
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n| 4 | 5 | 6 |\n| 7 | 8 | 9 |\n",
        "a | b | c\n1 | 2 | 3\n4 | 5 | 6\n7 | 8 | 9",
    ),
    "a box": (
        "┌─────┬──────────┐\n│ Key │ Function │\n├─────┼──────────┤\n│ j   │ next     │\n"
        "├─────┼──────────┤\n│ z   │ next page│\n│     │ or last  │\n└─────┴──────────┘\n",
        "Key | Function\nj | next\nz | next page or last",
    ),
    "what databases print": (
        "+----+-------+\n| id | name  |\n+----+-------+\n|  1 | Ann   |\n|  2 | Ole   |\n"
        "+----+-------+\n",
        "id | name\n1 | Ann\n2 | Ole",
    ),
    "quoted cells": (
        'town,size,note\nBonn,3,"old, small"\nKiel,2,-\nUlm,1,-\n',
        "town | size | note\nBonn | 3 | old, small\nKiel | 2 | -\nUlm | 1 | -",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_lines_cut_by_one_delimiter_are_a_table(tmp_path, name):
    text, expected = TABLES[name]
    path = tmp_path / "a.txt"
    path.write_text(text)
    (page,) = parse(path).pages
    assert page.text == expected
    assert any(block.kind == "table" and block.header for block in page.blocks)


@pytest.mark.parametrize(
    "text",
    [
        "We came, we saw, we won.\nWe sang, we danced, we slept.\nOne, two, three.\nA, b, c.\n",
        "10:30:15 it began\n10:31:15 it went on\n10:32:15 it went on\n10:33:15 it ended\n",
        "# Remarks: some, of mine\nThe first is long: it has a colon.\nThe other has none.\n",
        "Name: Ann\nTown: Bonn\nAge: 40\nSize: 5\n",
    ],
)
def test_prose_times_and_labels_are_no_table(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert all(block.kind != "table" for page in parse(path).pages for block in page.blocks)
