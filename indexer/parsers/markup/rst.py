"""reStructuredText, through docutils, with file access and raw markup switched off.

What docutils cannot carry out without the project around it (Sphinx's own directives and
roles) stays in the text as it is written: dropping it would lose text. A file that docutils cannot
take, or would take minutes over, is read as plain text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.text import parse_plain
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from docutils.nodes import Node, document

_TEXT = frozenset({"paragraph", "term", "field_name", "rubric", "caption", "attribution"})
_CODE = frozenset({"literal_block", "doctest_block", "line_block"})
_LISTS = frozenset({"bullet_list", "enumerated_list"})
_UNSEEN = frozenset({"comment", "target", "substitution_definition", "title", "subtitle", "#text"})
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "halt_level": 5,
    "report_level": 5,
    "warning_stream": "",
    "smart_quotes": False,
    "line_length_limit": 1_000_000,
}
# docutils looks for addresses in time that grows with the square of a word's length: of some a
# second for 5,000 characters, a minute for 40,000 ("-" or "a-" repeated).
_LONGEST_WORD = re.compile(r"\S{5000}")


def parse_rst(data: bytes, name: str) -> ParsedFile:
    """A reStructuredText file; its lone top heading is its title."""
    raw = decode(data)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    tree, problem = _tree(text)
    if tree is None:
        plain = parse_plain(data, name)
        return ParsedFile(name, plain.pages, "rst", (problem,))
    builder = PageBuilder()
    builder.look_through(raw)
    title = str(tree.get("title", ""))
    if title:
        builder.heading(title, 1)
    _write(builder, tree, 1 if title else 0, -1)
    return ParsedFile(title or name, builder.sections(), "rst")


def _tree(text: str) -> tuple[document | None, str]:
    """The document's tree, or None and why there is none."""
    from docutils.core import publish_doctree
    from docutils.utils import SystemMessage

    if _LONGEST_WORD.search(text):
        return None, "has a word of 5,000 characters and was read as plain text"
    try:
        return publish_doctree(text, settings_overrides=_SETTINGS), ""
    except (SystemMessage, RecursionError, ValueError) as error:
        return None, f"is not valid reStructuredText ({str(error)[:120]}), was read as plain text"


def _write(builder: PageBuilder, parent: Node, level: int, depth: int) -> None:
    """Write what is inside a node, at a heading level and a list depth (-1 outside lists)."""
    for node in parent.children:
        kind = node.tagname
        if kind == "title" and parent.tagname == "section":
            builder.heading(node.astext(), level)
        elif kind in _CODE:
            builder.code(node.astext())
        elif kind == "table":
            rows = node.findall(lambda n: n.tagname == "row")
            builder.table([[entry.astext() for entry in row.children] for row in rows])
        elif kind in _TEXT and depth < 0:
            builder.paragraph(node.astext())
        elif kind in _TEXT:
            builder.item(node.astext(), depth)
        elif kind == "system_message":  # of an unknown directive: its source is inside
            for source in node.findall(lambda n: n.tagname == "literal_block"):
                builder.code(source.astext())
        elif kind not in _UNSEEN:
            deeper = level + (kind == "section")
            _write(builder, node, deeper, depth + (kind in _LISTS))
