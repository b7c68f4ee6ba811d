"""DOCX, read from its XML: headings, lists, tables, notes, and the page breaks Word left.

Word stores where its last printout broke pages (`lastRenderedPageBreak`); where it did, page
numbers are Word's own. Where it did not, explicit page breaks count, else sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.container import Container
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup import attribute, local, read_xml
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_BREAK = "\f"
_SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText", "delText"})


def parse_docx(container: Container, name: str) -> ParsedFile:
    """A Word document; its first title or level-1 heading is its title."""
    part = "word/document.xml"
    if container.find(part) is None:
        part = next((n for n in container.names if re.fullmatch(r"word/document\d*\.xml", n)), part)
    root = read_xml(container.read(part))
    reader = _Reader(_heading_levels(container), _list_styles(container), root)
    body = next((child for child in root if local(child) == "body"), root)
    reader.blocks(body)
    for notes in _NOTES:
        if (data := container.find(notes)) is not None:
            for note in read_xml(data):
                if attribute(note, "type") not in ("separator", "continuationSeparator"):
                    reader.blocks(note)
    return ParsedFile(reader.title or name, reader.finish(), "docx")


class _Reader:
    """Writes a document's blocks, page by page."""

    def __init__(self, levels: dict[str, int], listed: frozenset[str], root: _Element) -> None:
        self.levels = levels
        self.listed = listed
        self.builder = PageBuilder()
        self.done: list[PageBuilder] = []
        self.title = ""
        tags = {local(element) for element in root.iter()}
        self.rendered = "lastRenderedPageBreak" in tags

    def blocks(self, parent: _Element) -> None:
        """Write the paragraphs and tables inside an element."""
        for child in parent:
            tag = local(child)
            if tag == "p":
                self.paragraph(child)
            elif tag == "tbl":
                self.table(child)
            elif tag in ("sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo"):
                self.blocks(child)

    def paragraph(self, element: _Element) -> None:
        """Write a paragraph; a page break inside it parts it."""
        style, level, listed, depth = self.properties(element)
        pieces = "".join(self.text(element)).split(_BREAK)
        for number, text in enumerate(map(one_line, pieces)):
            if number:
                self.done.append(self.builder)
                self.builder = PageBuilder()
            if level:
                self.builder.heading(text, level)
                if level == 1 and not self.title:
                    self.title = text
            elif listed:
                self.builder.item(text, depth)
            elif style.lower().startswith(("code", "htmlpreformatted")):
                self.builder.code(text)
            else:
                self.builder.paragraph(text)

    def properties(self, element: _Element) -> tuple[str, int, bool, int]:
        """Style, heading level (0 for none), whether it is a list item, and how deep."""
        style, level, listed, depth = "", 0, False, 0
        found = next((child for child in element if local(child) == "pPr"), None)
        for entry in found if found is not None else ():
            tag, value = local(entry), attribute(entry, "val")
            if tag == "pStyle":
                style = value
                level = level or self.levels.get(value, 0)
                listed = listed or value in self.listed
            elif tag == "outlineLvl" and value.isdigit() and int(value) < 6:
                level = int(value) + 1
            elif tag == "numPr":
                numbers = {local(n): attribute(n, "val") for n in entry}
                listed = numbers.get("numId") != "0"
                depth = int(numbers.get("ilvl") or 0)
        return style, level, listed and not level, depth

    def text(self, element: _Element) -> Iterator[str]:
        """The text of a paragraph in order, `_BREAK` where a page ends."""
        for child in element:
            tag = local(child)
            if tag == "t":
                yield child.text or ""
            elif tag in ("tab", "cr"):
                yield " "
            elif tag == "noBreakHyphen":
                yield "-"
            elif tag == "br":
                paged = attribute(child, "type") == "page" and not self.rendered
                yield _BREAK if paged else " "
            elif tag == "lastRenderedPageBreak":
                yield _BREAK
            elif tag == "p":  # of a text box
                yield from (" ", *self.text(child), " ")
            elif tag and tag not in _SKIPPED:
                yield from self.text(child)

    def table(self, element: _Element) -> None:
        """Write a table; one of a single cell frames text and is written as that."""
        rows = [child for child in _unwrapped(element) if local(child) == "tr"]
        cells = [[cell for cell in _unwrapped(row) if local(cell) == "tc"] for row in rows]
        if max((len(row) for row in cells), default=0) < 2:
            for row in cells:
                for cell in row:
                    self.blocks(cell)
            return
        self.builder.table([[self.cell(cell) for cell in row] for row in cells])

    def cell(self, cell: _Element) -> str:
        """The text of a cell; nested tables are read as text."""
        paragraphs = (node for node in cell.iter() if local(node) == "p")
        return " ".join("".join(self.text(p)).replace(_BREAK, " ") for p in paragraphs)

    def finish(self) -> tuple[Page, ...]:
        """All pages; without any page break, sections."""
        if not self.done:
            return self.builder.sections()
        builders = [*self.done, self.builder]
        return tuple(
            builder.page(number, f"page {number}", "" if builder.length else "no text")
            for number, builder in enumerate(builders, 1)
        )


def _unwrapped(element: _Element) -> Iterator[_Element]:
    """Children, with those inside content controls in their place."""
    for child in element:
        if local(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _unwrapped(child)
        else:
            yield child


def _styles(container: Container) -> list[_Element]:
    data = container.find("word/styles.xml")
    return [s for s in read_xml(data) if local(s) == "style"] if data is not None else []


def _heading_levels(container: Container) -> dict[str, int]:
    """Style id → heading level, of its own or of the style it is based on."""
    levels = {"Title": 1, **{f"Heading{level}": level for level in range(1, 7)}}
    based = {}
    for style in _styles(container):
        key = attribute(style, "styleId")
        entries = {local(entry): attribute(entry, "val") for entry in style.iter()}
        based[key] = entries.get("basedOn", "")
        named = re.fullmatch(r"heading ([1-6])|title", entries.get("name", "").lower())
        outline = entries.get("outlineLvl", "")
        if named:
            levels[key] = int(named.group(1) or 1)
        elif outline.isdigit() and int(outline) < 6:
            levels[key] = int(outline) + 1
    for key in based:
        ancestor, steps = key, 0
        while ancestor and ancestor not in levels and steps < 10:
            ancestor, steps = based.get(ancestor, ""), steps + 1
        if ancestor:
            levels.setdefault(key, levels.get(ancestor, 0))
    return levels


def _list_styles(container: Container) -> frozenset[str]:
    """Ids of the styles that number or bullet their paragraphs."""
    return frozenset(
        attribute(style, "styleId")
        for style in _styles(container)
        if any(local(entry) == "numPr" for entry in style.iter())
    )
