"""HTML, in files, mails and books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.parsers.encoding import declared_encoding, decode
from indexer.parsers.errors import CorruptedError, EmptyFileError
from indexer.parsers.layout import PageBuilder, clean, one_line
from indexer.parsers.markup import css
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_SKIPPED = frozenset(
    {"script", "style", "template", "noscript", "svg", "head", "nav", "iframe", "object", "select"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html",
        "main", "ol", "p", "section", "summary", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
# What lies deeper is taken as bare text: no page is laid out so deep, and each level costs two
# of Python's 1,000 frames.
_MAX_DEPTH = 200


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
        if node.tag in _SKIPPED:
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
        self.inline: list[str] = []
        self.lists = 0
        self.mark = ""
        self.in_item = False

    def flush(self) -> None:
        """Write the inline text gathered so far."""
        text = one_line("".join(self.inline))
        self.inline.clear()
        if text and self.in_item:
            self.builder.item(self.mark + text, self.lists - 1)
            self.mark = ""
        elif text:
            self.builder.paragraph(text)

    def element(self, node: _Element, depth: int) -> None:
        """Write an element and all it holds (not the text after it)."""
        tag = node.tag.lower() if isinstance(node.tag, str) else ""
        if not tag or tag in _SKIPPED:
            return
        if depth > _MAX_DEPTH:
            self.inline.append(" ".join(node.itertext()))
        elif tag in _HEADINGS:
            self.flush()
            self.builder.heading("".join(node.itertext()), _HEADINGS[tag])
        elif tag == "pre":
            self.flush()
            self.preformatted(node)
        elif tag == "table":
            self.flush()
            self.table(node, depth)
        elif tag == "li":
            self.item(node, depth)
        elif tag == "br":
            self.line_break()
        elif tag == "img":
            self.inline.append(f" {node.get('alt', '')} ")
        elif tag in _BLOCKS:
            self.flush()
            self.lists += tag in ("ul", "ol")
            self.children(node, depth)
            self.flush()
            self.lists -= tag in ("ul", "ol")
        else:
            self.children(node, depth)

    def children(self, node: _Element, depth: int) -> None:
        """Write what is inside an element."""
        self.inline.append(node.text or "")
        for child in node:
            self.element(child, depth + 1)
            self.inline.append(child.tail or "")

    def line_break(self) -> None:
        """A <br>: two in a row, or one in a list, end the paragraph."""
        if not "".join(self.inline[-2:]).strip():
            self.flush()
        else:
            self.inline.append("\n")

    def item(self, node: _Element, depth: int) -> None:
        """A list item, with the number a numbered list gives it."""
        self.flush()
        parent, before = node.getparent(), (self.in_item, self.mark)
        numbered = parent is not None and parent.tag == "ol"
        place = parent.index(node) + 1 if parent is not None else 1
        self.in_item, self.mark = True, f"{place}. " if numbered else ""
        self.children(node, depth)
        self.flush()
        self.in_item, self.mark = before

    def preformatted(self, node: _Element) -> None:
        """A <pre>: code, unless its lines read like a wrapped text."""
        from indexer.parsers.text import add_plain

        text = "".join(node.itertext())
        if node.find(".//code") is not None:
            self.builder.code(text)
        else:
            add_plain(self.builder, text)

    def table(self, node: _Element, depth: int) -> None:
        """A table of data as rows; a table that holds blocks or one column is layout."""
        rows = [row for row in node.iter("tr") if _nearest_table(row) is node]
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        nested = node.find(".//table") is not None
        if nested or max((len(row) for row in cells), default=0) < 2:
            self.children(node, depth)
            self.flush()
            return
        caption = node.find("caption")
        if caption is not None:
            self.builder.paragraph("".join(caption.itertext()))
        self.builder.table([[_cell(cell) for cell in row] for row in cells])


def _nearest_table(row: _Element) -> _Element | None:
    return next(row.iterancestors("table"), None)


def _cell(cell: _Element) -> str:
    texts = []
    for node in cell.iter():
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag in _BLOCKS or tag == "br":
            texts.append(" ")
        if tag and tag not in _SKIPPED:
            texts.append(node.text or "")
        texts.append((node.tail or "") if node is not cell else "")
    return "".join(texts)
