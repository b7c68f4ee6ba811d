"""XML: the texts in document order, records and tables as such, raised figures set apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.parsers.errors import EmptyFileError
from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.inline import table_grid
from indexer.parsers.markup.markup import local, read_xml
from indexer.parsers.markup.mathml import linear
from indexer.parsers.raised import Line
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_SCRIPTS = {"sup": 1, "superscript": 1, "sub": -1, "subscript": -1}
_MAX_DEPTH = 100
# A record with more fields is no row that a person reads.
_MOST_FIELDS = 40


def parse_xml(data: bytes, name: str) -> ParsedFile:
    """An XML file. Of elements that are all of one kind and hold leaves only a table is made."""
    builder = PageBuilder()
    _write(builder, read_xml(data))
    if not builder.length:
        raise EmptyFileError("holds no text between its tags")
    return ParsedFile(name, builder.sections(), "xml")


def _write(builder: PageBuilder, root: _Element) -> None:
    """Write elements without recursion, so that depth costs nothing."""
    stack = [root]
    while stack:
        node = stack.pop()
        children = [child for child in node if local(child)]
        mixed = bool((node.text or "").strip()) or any((c.tail or "").strip() for c in children)
        if local(node) in ("table", "informaltable") and _write_table(builder, node):
            continue
        if not children or mixed or local(node) == "math":
            builder.paragraph(_text(node))
        elif records := _records(children):
            builder.table(records)
        elif len(children) > 1 and not any(len(child) for child in children):
            builder.paragraph(" | ".join(t for c in children if (t := _text(c).strip())))
        else:
            stack.extend(reversed(children))


def _write_table(builder: PageBuilder, node: _Element) -> bool:
    """Write a table as XHTML or CALS (DocBook) have it; whether it is one."""
    if next(node.iter("tr"), None) is not None:
        write_grid(builder, table_grid(node))
        return True
    rows = [row for row in node.iter() if local(row) == "row"]
    heads = sum(local(row.getparent()) == "thead" for row in rows)
    cells = [
        [Cell(_text(entry), rows=_more(entry)) for entry in row if local(entry) == "entry"]
        for row in rows
    ]
    if not any(cells):
        return False
    for title in node:
        if local(title) in ("title", "caption"):
            builder.paragraph(_text(title))
    write_grid(builder, laid_out(cells, heads or None))
    return True


def _more(entry: _Element) -> int:
    more = entry.get("morerows", "0")
    return 1 + int(more) if more.isdecimal() and len(more) < 6 else 1


def _records(children: Sequence[_Element]) -> list[list[str]]:
    """Rows of the children's fields under the fields' names, where that is what they are."""
    fields = [_fields(child) for child in children]
    names = list(dict.fromkeys(name for record in fields for name in record or ()))
    alike = len({local(child) for child in children}) == 1
    if len(children) < 2 or not alike or not 1 < len(names) <= _MOST_FIELDS:
        return []
    if any(record is None for record in fields):
        return []
    return [names, *([record.get(name, "") for name in names] for record in fields if record)]


def _fields(node: _Element) -> dict[str, str] | None:
    """A record's attributes and leaves by name; None where it holds more than that."""
    if (node.text or "").strip() or any(len(child) or (child.tail or "").strip() for child in node):
        return None
    found = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
    for child in node:
        name = local(child)
        if name in found:
            return None
        if name:
            found[name] = one_line(child.text or "")
    return found


def _text(node: _Element) -> str:
    """All text in an element, on one line; what is raised or lowered set apart."""
    line = Line()
    _gather(line, node, 0, 0)
    return line.text()


def _gather(line: Line, node: _Element, how: int, depth: int) -> None:
    if local(node) == "math":
        line.add(f" {linear(node).strip()} ")
        return
    line.add(node.text or "", how)
    for child in node:
        if depth > _MAX_DEPTH:
            line.add("".join(child.itertext()), how)
        elif local(child):
            _gather(line, child, _SCRIPTS.get(local(child), how), depth + 1)
        line.add(child.tail or "", how)
