"""Inline HTML as one line of text: raised and lowered figures, ruby, formulas, forms, tables.

Blanks stand where a browser begins a new line: at blocks, list items and <br>.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.parsers.grid import Cell, Grid, inner_text, laid_out
from indexer.parsers.layout import one_line
from indexer.parsers.markup.mathml import linear
from indexer.parsers.raised import Line

if TYPE_CHECKING:
    from lxml.etree import _Element

SKIPPED = frozenset(
    {"script", "style", "template", "noscript", "svg", "head", "nav", "iframe", "object"}
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header",
        "hgroup", "hr", "html", "legend", "main", "menu", "ol", "p", "section", "summary", "tbody",
        "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_APART = BLOCKS | HEADINGS.keys() | {"li", "br", "table", "pre", "caption", "option"}
# Readings of ruby stand over their word, not in it.
_OVER = frozenset({"rt", "rp", "rtc"})
# What lies deeper is taken as bare text: no page is laid out so deep, and each level costs some
# of Python's 1,000 frames.
MAX_DEPTH = 200

_ALIGNED = re.compile(r"vertical-align\s*:\s*(super|sub|text-top|text-bottom)\b", re.IGNORECASE)
_HIGH = ("super", "text-top")
# A longer text that is marked as raised was never closed, or is set small for its looks.
_LONGEST_RAISED = 60
_UNWRITTEN = frozenset({"hidden", "password", "file", "image", "range", "color"})


def flat(node: _Element, depth: int = 0) -> str:
    """All that an element shows, on one line."""
    line = Line()
    _gather(line, node, 0, depth)
    return one_line(line.text())


def _gather(line: Line, node: _Element, how: int, depth: int) -> None:
    line.add(node.text or "", how)
    for child in node:
        if isinstance(child.tag, str):
            _add(line, child, how, depth)
        line.add(child.tail or "", how)


_TO_ITSELF = frozenset("¶#§🔗⚓")


def _add(line: Line, node: _Element, how: int, depth: int) -> None:
    if is_unseen(node):
        return
    shown = shown_by_itself(node)
    if shown is not None:
        line.add(shown, how)
    elif depth > MAX_DEPTH:
        line.add(" ".join(node.itertext()), how)
    elif node.tag == "table":
        line.add(f" {inner_text(table_grid(node, depth + 1))} ")
    else:
        edge = " " if node.tag in _APART else ""
        line.add(edge, how)
        _gather(line, node, script(node) or how, depth + 1)
        line.add(edge, how)


def is_unseen(node: _Element) -> bool:
    """Whether an element is no text of the page: programs, readings, a formula's second copy.

    Nor is a heading's link to itself ("¶"), which shows when the pointer is over it.
    """
    if node.tag == "a" and node.get("href", "").startswith("#"):
        return "".join(node.itertext()).strip() in _TO_ITSELF
    return node.tag in SKIPPED or node.tag in _OVER or "katex-html" in node.get("class", "")


def script(node: _Element) -> int:
    """1 for what is raised above its line, -1 for what is lowered, else 0."""
    how = {"sup": 1, "sub": -1}.get(node.tag, 0)
    if not how and (aligned := _ALIGNED.search(node.get("style", ""))):
        how = 1 if aligned.group(1).lower() in _HIGH else -1
    if not how and node.tag == "a":
        kinds = f"{node.get('epub:type', '')} {node.get('role', '')}".split()
        how = int("noteref" in kinds or "doc-noteref" in kinds)
    return how if how and len("".join(node.itertext()).strip()) <= _LONGEST_RAISED else 0


def shown_by_itself(node: _Element) -> str | None:
    """What an element shows that is not its text; None where it shows its text."""
    tag = node.tag
    if tag == "img":
        return f" {node.get('alt', '')} "
    if tag.rpartition(":")[2] == "math":
        return f" {linear(node).strip() or node.get('alttext', '')} "
    if tag == "input":
        return f" {_field(node)} "
    if tag == "select":
        options = list(node.iter("option"))
        chosen = [one for one in options if one.get("selected") is not None] or options[:1]
        return f" {', '.join(one_line(''.join(one.itertext())) for one in chosen)} "
    return None


def _field(node: _Element) -> str:
    kind = node.get("type", "text").lower()
    if kind in ("checkbox", "radio"):
        return "☒" if node.get("checked") is not None else "☐"
    return "" if kind in _UNWRITTEN else node.get("value") or node.get("placeholder", "")


def join_fractions(root: _Element) -> None:
    """Write fractions that are set as <sup>3</sup>/<sub>4</sub> on the line."""
    for above in root.iter("sup"):
        below = above.getnext()
        if below is None or below.tag != "sub" or (above.tail or "").strip() not in ("/", "⁄"):
            continue
        text = f"{flat(above)}/{flat(below)}"
        if len(text) <= _LONGEST_RAISED:
            for child in list(above):
                above.remove(child)
            above.tag, above.text, above.tail = "span", f" {text}", below.tail
            below.getparent().remove(below)


def table_grid(node: _Element, depth: int = 0) -> Grid:
    """A table's cells in their rows and columns."""
    rows = sorted(rows_of(node), key=_section)
    cells = [
        [Cell(flat(cell, depth), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in row]
        for row in map(cells_of, rows)
    ]
    return laid_out(cells, _heads(rows))


def rows_of(node: _Element) -> list[_Element]:
    """The rows of a table, without those of tables in it."""
    return [row for row in node.iter("tr") if next(row.iterancestors("table"), None) is node]


def cells_of(row: _Element) -> list[_Element]:
    """The cells of a row."""
    return [cell for cell in row if cell.tag in ("td", "th")]


def _section(row: _Element) -> int:
    """Where a browser draws a row: those of <thead> first, those of <tfoot> last."""
    parent = row.getparent()
    return {"thead": 0, "tfoot": 2}.get(parent.tag if parent is not None else "", 1)


def _heads(rows: list[_Element]) -> int | None:
    """The number of header rows where the table says so, else None."""
    told = sum(_section(row) == 0 and bool(cells_of(row)) for row in rows)
    if told and told < len(rows):
        return told
    if _side_labels(rows):
        return 0
    leading = 0
    while leading < len(rows) and _all_names(rows[leading]):
        leading += 1
    return leading if 1 < leading < len(rows) else None


def _all_names(row: _Element) -> bool:
    cells = cells_of(row)
    return bool(cells) and all(cell.tag == "th" for cell in cells)


def _side_labels(rows: list[_Element]) -> bool:
    """Whether each row is a name and its value, so that no row names the columns."""
    tags = [[cell.tag for cell in cells_of(row)] for row in rows]
    return len(tags) > 1 and all(row == ["th", "td"] for row in tags)


def _span(cell: _Element, name: str) -> int:
    """How many columns or rows a cell covers; 0 rows are all that follow."""
    found = re.match(r"\s*(\d{1,6})", cell.get(name, ""))
    number = int(found.group(1)) if found else 1
    return number or (1 if name == "colspan" else 65_534)
