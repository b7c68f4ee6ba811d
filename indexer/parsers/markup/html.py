"""HTML, in files, mails and books."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.encoding import declared_encoding, decode
from indexer.parsers.errors import CorruptedError, EmptyFileError
from indexer.parsers.grid import write_grid
from indexer.parsers.layout import PageBuilder, clean, one_line
from indexer.parsers.markup import css, lists
from indexer.parsers.markup.inline import (
    BLOCKS,
    HEADINGS,
    MAX_DEPTH,
    SKIPPED,
    cells_of,
    flat,
    is_unseen,
    join_fractions,
    rows_of,
    script,
    shown_by_itself,
    table_grid,
)
from indexer.parsers.raised import Line
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

# Of a table's letters, those in one cell where the others are there for its margins.
_PAGE_SHARE = 0.8


def parse_html(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """An HTML file; its <title> is its title."""
    text = decode(data, declared_encoding(data))
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    builder = reading.builder()
    title = add_html(builder, text)
    return ParsedFile(title or name, builder.sections(), "html")


def add_html(builder: PageBuilder, text: str, styles: str = "") -> str:
    """Add an HTML text to a page; return its title, or "".

    `styles` are style sheets that belong to it, beside those inside it.
    """
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    builder.look_through(text)
    try:
        # As bytes, since lxml refuses a str with an encoding declaration.
        data = clean(text).encode("utf-8")
        root = document_fromstring(
            data, parser=HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        if "empty" in str(error):
            return ""
        raise CorruptedError(f"its HTML is damaged ({error}); save it again") from error
    _take_out_hidden(builder, root, styles)
    join_fractions(root)
    writer = _Writer(builder)
    writer.element(root, 0)
    writer.flush()
    return one_line(root.findtext(".//title") or "")


def _take_out_hidden(builder: PageBuilder, root: _Element, sheets: str) -> None:
    """Tell the page of text that nobody sees, and empty it where that is to be left out."""
    style = css.styles(root, sheets)
    if not style:
        return
    stack = [(root, css.Look())]
    while stack:
        node, around = stack.pop()
        if node.tag in SKIPPED:
            continue
        look = around.inside(style[node]) if node in style else around
        if node.text and look.how and builder.hide(look.how, node.text):
            node.text = ""
        if look.how and node.get("alt") and builder.hide(look.how, node.get("alt", "")):
            node.set("alt", "")
        for child in node:
            if child.tail and look.how and builder.hide(look.how, child.tail):
                child.tail = ""
        stack += [(child, look) for child in reversed(node) if isinstance(child.tag, str)]


class _Writer:
    """Walks a tree and writes its blocks; inline text gathers until a block ends it."""

    def __init__(self, builder: PageBuilder) -> None:
        self.builder = builder
        self.line = Line()
        self.broken = False
        self.lists = 0
        self.marks: dict[_Element, str] = {}
        self.mark = ""
        self.in_item = False

    def flush(self) -> None:
        """Write the inline text gathered so far."""
        text = one_line(self.line.text())
        self.line, self.broken = Line(), False
        if text and self.in_item:
            self.builder.item(text, self.lists - 1, self.mark)
            self.mark = ""
        elif text:
            self.builder.paragraph(text)

    def element(self, node: _Element, depth: int) -> None:
        """Write an element and all it holds (not the text after it)."""
        if not isinstance(node.tag, str) or is_unseen(node):
            return
        shown = shown_by_itself(node)
        if shown is not None:
            self.inline(shown)
        elif depth > MAX_DEPTH:
            self.inline(" ".join(node.itertext()))
        elif how := script(node):
            self.broken = False
            self.line.add(flat(node, depth), how)
        elif node.tag in self._STRUCTURES:
            self._STRUCTURES[node.tag](self, node, depth)
        elif node.tag in BLOCKS:
            self.flush()
            self.children(node, depth)
            self.flush()
        else:
            self.children(node, depth)

    def inline(self, text: str | None) -> None:
        """Add to the line."""
        if text:
            self.broken = self.broken and not text.strip()
            self.line.add(text)

    def children(self, node: _Element, depth: int) -> None:
        """Write what is inside an element."""
        self.inline(node.text)
        for child in node:
            self.element(child, depth + 1)
            self.inline(child.tail)

    def heading(self, node: _Element, depth: int) -> None:
        """A heading."""
        self.flush()
        self.builder.heading(flat(node, depth), HEADINGS[node.tag])

    def line_break(self, node: _Element, depth: int) -> None:
        """A <br>: two in a row end the paragraph."""
        if self.broken:
            self.flush()
        else:
            self.line.add("\n")
            self.broken = True

    def listing(self, node: _Element, depth: int) -> None:
        """A list, with the marks that a browser gives its items."""
        self.flush()
        self.marks |= lists.marks(node)
        self.lists += 1
        self.children(node, depth)
        self.flush()
        self.lists -= 1

    def item(self, node: _Element, depth: int) -> None:
        """A list item."""
        self.flush()
        before = (self.in_item, self.mark)
        self.in_item, self.mark = True, self.marks.pop(node, "")
        self.children(node, depth)
        self.flush()
        self.in_item, self.mark = before

    def preformatted(self, node: _Element, depth: int) -> None:
        """A <pre>: code, unless its lines read like a wrapped text."""
        from indexer.parsers.text import add_plain

        self.flush()
        text = "".join(node.itertext())
        if node.find(".//code") is not None:
            self.builder.code(text)
        else:
            add_plain(self.builder, text)

    def table(self, node: _Element, depth: int) -> None:
        """A table of data as rows; one that holds tables, or one column, is layout."""
        self.flush()
        if _is_layout(node):
            self.children(node, depth)
            self.flush()
            return
        if beside := _beside_picture(node):
            for cell in beside:
                self.children(cell, depth)
                self.flush()
            return
        caption = node.find("caption")
        if caption is not None:
            self.builder.paragraph(flat(caption, depth))
        write_grid(self.builder, table_grid(node, depth))

    _STRUCTURES = MappingProxyType(
        {
            **dict.fromkeys(HEADINGS, heading),
            "br": line_break,
            "ul": listing,
            "ol": listing,
            "menu": listing,
            "li": item,
            "pre": preformatted,
            "table": table,
        }
    )


def _is_layout(node: _Element) -> bool:
    if node.get("role") in ("presentation", "none"):
        return True
    cells = [cells_of(row) for row in rows_of(node)]
    if max((len(row) for row in cells), default=0) < 2:
        return True
    if any(cell.tag == "th" for row in cells for cell in row):
        return False
    nested = node.find(".//table") is not None
    return nested or any(_is_page(cell, node) for row in cells for cell in row)


def _beside_picture(node: _Element) -> list[_Element]:
    """The cells beside a picture as high as the table: a tip or warning set as DocBook does."""
    rows = rows_of(node)
    first, *rest = [cell for row in rows for cell in cells_of(row)] or [None]
    if first is None or len(rows) < 2 or len(rest) != len(rows):
        return []
    high = first.get("rowspan") == str(len(rows))
    return rest if high and first.find(".//img") is not None and not _letters(first) else []


def _is_page(cell: _Element, table: _Element) -> bool:
    """Whether a cell holds headings or lists, and nearly all that the table says."""
    if next(cell.iter(*HEADINGS, "ul", "ol", "dl", "pre", "blockquote"), None) is None:
        return False
    return _letters(cell) >= _PAGE_SHARE * _letters(table)


def _letters(node: _Element) -> int:
    return sum(len(text.strip()) for text in node.itertext())
