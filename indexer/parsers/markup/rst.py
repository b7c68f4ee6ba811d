"""reStructuredText, through docutils, with file access and raw markup switched off.

What docutils cannot carry out without the project around it (Sphinx's own directives and
roles) stays in the text as it is written: dropping it would lose text. A file that docutils cannot
take, or would take minutes over, is read as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.markup import lists
from indexer.parsers.raised import Line
from indexer.parsers.text import parse_plain
from indexer.parsers.time_limit import TooSlowError, processor_seconds
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from docutils.nodes import Node, document

_TEXT = frozenset(
    {"paragraph", "term", "field_name", "rubric", "caption", "attribution", "option_group"}
)
_CODE = frozenset({"literal_block", "doctest_block", "line_block"})
_LISTS = frozenset({"bullet_list", "enumerated_list"})
_UNSEEN = frozenset(
    {"comment", "target", "substitution_definition", "title", "subtitle", "label", "#text"}
)
_TITLED = frozenset({"topic", "admonition", "sidebar", "table"})
_ENUMERATED = {
    "arabic": "decimal", "loweralpha": "lower-alpha", "upperalpha": "upper-alpha",
    "lowerroman": "lower-roman", "upperroman": "upper-roman",
}  # fmt: skip
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
# ... and for targets, references and marks that are not closed with the square of their number:
# 60 KB took 24 s. A manual of 400 KB takes 4 s.
_SECONDS, _SECONDS_A_MEGABYTE = 3.0, 20.0


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
    _count_items(tree)
    _write(builder, tree, 1 if title else 0, -1)
    return ParsedFile(title or name, builder.sections(), "rst")


def _tree(text: str) -> tuple[document | None, str]:
    """The document's tree, or None and why there is none."""
    from docutils.core import publish_doctree
    from docutils.utils import SystemMessage

    if _LONGEST_WORD.search(text):
        return None, "has a word of 5,000 characters and was read as plain text"
    try:
        with processor_seconds(_SECONDS + _SECONDS_A_MEGABYTE * len(text) / 1e6):
            return publish_doctree(text, settings_overrides=_SETTINGS), ""
    except TooSlowError:
        return None, "takes too long as reStructuredText and was read as plain text"
    except (SystemMessage, RecursionError, ValueError) as error:
        return None, f"is not valid reStructuredText ({str(error)[:120]}), was read as plain text"


def _write(builder: PageBuilder, parent: Node, level: int, depth: int) -> None:
    """Write what is inside a node, at a heading level and a list depth (-1 outside lists)."""
    for node in parent.children:
        kind = node.tagname
        if kind == "title" and parent.tagname == "section":
            builder.heading(_text(node), level)
        elif kind == "title" and parent.tagname in _TITLED:
            builder.paragraph(_text(node))
        elif kind in _CODE:
            builder.code(node.astext())
        elif kind == "tgroup":
            _write_table(builder, node)
        elif kind in _TEXT:
            _write_text(builder, node, depth)
        elif kind == "system_message":  # of an unknown directive: its source is inside
            for source in node.findall(lambda n: n.tagname == "literal_block"):
                builder.code(source.astext())
        elif kind not in _UNSEEN:
            deeper = level + (kind == "section")
            _write(builder, node, deeper, depth + (kind in _LISTS))


def _write_text(builder: PageBuilder, node: Node, depth: int) -> None:
    """A paragraph, with the mark of the item or note that it begins."""
    parent = node.parent
    first = next((n for n in parent.children if n.tagname == "paragraph"), None) is node
    if parent.tagname in ("footnote", "citation") and first:
        builder.paragraph(f"[{parent.children[0].astext()}] {_text(node)}")
    elif depth < 0:
        builder.paragraph(_text(node))
    else:
        mark = _mark(parent) if first and parent.tagname == "list_item" else ""
        builder.item(_text(node), depth, mark)


def _count_items(tree: Node) -> None:
    """Note at each item of a numbered list which it is: looking for it there takes long."""
    for items in tree.findall(lambda n: n.tagname == "enumerated_list"):
        for place, item in enumerate(items.children):
            item["place"] = place


def _mark(item: Node) -> str:
    """The number of an item of a numbered list; "" for a bullet."""
    items = item.parent
    if items.tagname != "enumerated_list":
        return ""
    number = int(items.get("start", 1)) + item["place"]
    mark = lists.mark(number, _ENUMERATED.get(items.get("enumtype", ""), "decimal"))
    return f"{items.get('prefix', '')}{mark[:-2]}{items.get('suffix', '.')} "


def _write_table(builder: PageBuilder, group: Node) -> None:
    rows = list(group.findall(lambda n: n.tagname == "row"))
    heads = sum(row.parent.tagname == "thead" for row in rows)
    cells = [
        [
            Cell(_text(entry), entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1)
            for entry in row.children
        ]
        for row in rows
    ]
    write_grid(builder, laid_out(cells, heads))


def _text(node: Node) -> str:
    """The text of a node on one line; raised and lowered text and marks of notes set apart."""
    line = Line()
    for leaf in node.findall(lambda n: n.tagname == "#text"):
        kinds = {one.tagname for one in _around(leaf, node)}
        if kinds & {"footnote_reference", "citation_reference"}:
            line.add(f" [{leaf.astext()}]")
        else:
            line.add(leaf.astext(), ("superscript" in kinds) - ("subscript" in kinds))
        if leaf.parent.tagname == "paragraph" and leaf.parent is not node:
            line.add(" ")
    return line.text()


def _around(leaf: Node, top: Node) -> Iterator[Node]:
    node = leaf.parent
    while node is not None and node is not top:
        yield node
        node = node.parent
