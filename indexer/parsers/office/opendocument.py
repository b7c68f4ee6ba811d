"""ODT and ODP, read from their XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from indexer.parsers.container import Container
from indexer.parsers.errors import EncryptedError
from indexer.parsers.hidden import BACKGROUND, MARKED, TINY, TINY_POINTS
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.css import alike
from indexer.parsers.markup.markup import attribute, local, read_xml
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTAINERS = frozenset(
    {"section", "text-box", "frame", "index-body", "notes", "g", "custom-shape"}
)
_MAX_REPEAT = 100


def parse_opendocument(container: Container, name: str, reading: Reading) -> ParsedFile:
    """A text document as sections, a presentation as one page a slide."""
    manifest = container.find("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise EncryptedError("is protected with a password; save it without one")
    root = read_xml(container.read("content.xml"))
    body = next(
        (
            e
            for e in root.iter()
            if local(e) in ("text", "presentation", "drawing") and local(e.getparent()) == "body"
        ),
        root,
    )
    hidden = _hidden_styles(root) | _hidden_styles(_styles(container))
    if local(body) != "text":
        pages = tuple(_slides(body, hidden, reading))
        reading.check_pages(len(pages), "slides")
        return ParsedFile(name, pages, "odp")
    builder = reading.builder()
    _take_out_hidden(builder, body, hidden)
    _blocks(builder, body, -1)
    first = builder.blocks[0] if builder.blocks else None
    pages = builder.sections()
    title = name
    if first is not None and first.kind == "heading" and first.level == 1:
        title = pages[0].text[: first.end]
    return ParsedFile(title, pages, "odt")


def _styles(container: Container) -> _Element | None:
    data = container.find("styles.xml")
    return read_xml(data, "styles.xml") if data else None


def _hidden_styles(root: _Element | None) -> dict[str, str]:
    """The named text styles that hide what they are used for, each with how."""
    found: dict[str, str] = {}
    for style in () if root is None else root.iter():
        if local(style) != "style":
            continue
        for properties in style:
            if local(properties) == "text-properties" and (how := _how(properties)):
                found[attribute(style, "name")] = how
    return found


def _how(properties: _Element) -> str:
    if attribute(properties, "display") == "none":
        return MARKED
    size = attribute(properties, "font-size").removesuffix("pt")
    if size.replace(".", "", 1).isdecimal() and float(size) < TINY_POINTS:
        return TINY
    colour = attribute(properties, "color").lstrip("#")
    behind = attribute(properties, "background-color").lstrip("#")
    paper = "ffffff" if behind in ("", "transparent") else behind
    return BACKGROUND if colour and alike(colour, paper) else ""


def _take_out_hidden(builder: PageBuilder, parent: _Element, styles: Mapping[str, str]) -> None:
    """Empty what has a hiding style, and tell the page of it. Cells may have a fill: not looked."""
    if not styles:
        return
    for node in list(parent.iter()):
        how = styles.get(attribute(node, "style-name"), "") if isinstance(node.tag, str) else ""
        filled = any(local(around) in ("table-cell", "frame") for around in node.iterancestors())
        if local(node) not in ("p", "h", "span") or not how or (how == BACKGROUND and filled):
            continue
        if builder.hide(how, "".join(node.itertext())):
            for child in list(node):
                node.remove(child)
            node.text = ""


def _slides(body: _Element, hidden: Mapping[str, str], reading: Reading) -> Iterator[Page]:
    slides = [child for child in body if local(child) == "page"]
    for number, slide in enumerate(slides, 1):
        builder = reading.builder()
        _take_out_hidden(builder, slide, hidden)
        titles = [e for e in slide if attribute(e, "class") == "title"]
        title = one_line(" ".join("".join(_text(e)) for e in titles))
        if any(one_line("".join(_text(e))) for e in slide):
            builder.heading(title or f"Slide {number}", 1)
        for shape in slide:
            if shape not in titles:
                _blocks(builder, shape, -1)
        yield builder.page(number, f"slide {number}", "" if builder.length else "no text")


def _blocks(builder: PageBuilder, parent: _Element, depth: int) -> None:
    """Write what is inside an element; `depth` is that of the list it is in, or -1."""
    for child in parent:
        tag = local(child)
        if tag == "h":
            level = attribute(child, "outline-level")
            builder.heading("".join(_text(child)), int(level) if level.isdigit() else 1)
        elif tag == "p":
            text = "".join(_text(child))
            if depth < 0:
                builder.paragraph(text)
            else:
                builder.item(text, depth)
        elif tag == "list":
            _blocks(builder, child, depth + 1)
        elif tag == "table":
            builder.table(_rows(child))
        elif (
            tag in _CONTAINERS or tag.startswith("list-") or tag.endswith(("-of-content", "-index"))
        ):
            _blocks(builder, child, depth)


def _rows(table: _Element) -> list[list[str]]:
    rows = []
    for row in table.iter():
        if local(row) == "table-row":
            cells: list[str] = []
            for cell in row:
                if local(cell) in ("table-cell", "covered-table-cell"):
                    repeat = attribute(cell, "number-columns-repeated")
                    times = min(_MAX_REPEAT, int(repeat)) if repeat.isdigit() else 1
                    cells += [
                        " ".join("".join(_text(p)) for p in cell.iter() if local(p) in ("p", "h"))
                    ] * times
            rows.append(cells)
    return rows


def _text(element: _Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        tag = local(child)
        if tag in ("s", "tab", "line-break"):
            yield " "
        elif tag in ("p", "h"):
            yield from (" ", *_text(child), " ")
        elif tag not in ("annotation", "tracked-changes", "note-citation", ""):
            yield from _text(child)
        yield child.tail or ""
