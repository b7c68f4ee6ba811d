"""Headings of plain text, and what only looks like one."""

import pytest

from indexer.parsers import parse

BODY = "The pump is hot inside, so that it is opened with gloves and with care only."
TEXTS = {
    "underlined": (
        f"Manual\n======\n\nStart\n-----\n{BODY}\n\nStop\n-----\n{BODY}\n",
        [(1, "Manual"), (2, "Start"), (2, "Stop")],
    ),
    "between rules": (f"*****\nManual\n*****\n\n{BODY}\n", [(1, "Manual")]),
    "numbered": (
        f"1. Bodies\n\n   {BODY}\n\n  1.1. Powers\n\n   They may\n    1. open it;\n"
        f"    2. close it.\n\n2. Votes\n\n   {BODY}\n",
        [(1, "1. Bodies"), (2, "1.1. Powers"), (1, "2. Votes")],
    ),
    "articles": (
        f"Article 1\n\n{BODY}\n\nArticle 2\n\n{BODY}\n",
        [(1, "Article 1"), (1, "Article 2")],
    ),
    "capitals": (
        f"SAFETY NOTES\n\n{BODY}\n\nREPAIRS\n\n{BODY}\n",
        [(2, "SAFETY NOTES"), (2, "REPAIRS")],
    ),
}
NONE = {
    "a list": "1. Buy milk\n\n2. Buy eggs\n\n3. Buy bread\n",
    "a rule": f"{BODY}\n----------\n{BODY}\n",
    "a cell": "Item | Price\n------------\nPump | 40\n",
    "one shout": f"STOP IT\n\n{BODY}\n",
    "one number": f"3. Bodies\n\n{BODY}\n",
    "sentences": f"1. Open it.\n\n{BODY}\n\n2. Close it.\n\n{BODY}\n",
}


def headings_of(folder, text):
    path = folder / "a.txt"
    path.write_text(text)
    return [
        (block.level, page.text[block.start : block.end])
        for page in parse(path).pages
        for block in page.blocks
        if block.kind == "heading"
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_headings_of_plain_text_are_found(tmp_path, name):
    text, expected = TEXTS[name]
    assert headings_of(tmp_path, text) == expected


@pytest.mark.parametrize("name", NONE)
def test_lists_rules_and_single_lines_are_none(tmp_path, name):
    assert headings_of(tmp_path, NONE[name]) == []
