"""Markdown, read with markdown-it (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.hidden import COMMENT, MARKED
from indexer.parsers.layout import PageBuilder, clean
from indexer.parsers.markup.css import hiding
from indexer.parsers.markup.html import add_html
from indexer.parsers.raised import Line
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from markdown_it.token import Token


# A tag of raw HTML: whether it closes, its name, its attributes.
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^'\"<>])*)>")
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_HIDDEN = re.compile(r"\shidden(?=[\s=/]|$)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
# Converters write tables with empty lines, at which Markdown would end them.
_TABLE = re.compile(r"^ {0,3}<table\b.*?</table\s*>", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")
# A footnote of one word would be taken for the address of a link.
_NOTE = re.compile(r"^( {0,3})\[(\^[^\]\s]+\]:)", re.MULTILINE)
_SCRIPTS = {"sup": 1, "sub": -1}
_NEWER_TAGS = frozenset({"picture", "dialog", "menu", "search", "slot", "template", "math", "svg"})
_READINGS = frozenset({"rt", "rp"})


def parse_markdown(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A Markdown file; its first top heading is its title."""
    text = decode(data)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    builder = reading.builder()
    title = add_markdown(builder, text)
    return ParsedFile(title or name, builder.sections(), "md")


def add_markdown(builder: PageBuilder, text: str) -> str:
    """Add Markdown to a page; return its first level-1 heading, or ""."""
    from markdown_it import MarkdownIt

    builder.look_through(text)
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    writer = _Writer(builder)
    source = _TABLE.sub(lambda found: _EMPTY_LINES.sub("\n", found.group()), clean(text))
    tokens = reader.parse(_NOTE.sub(r"\n\1\\[\2", _front_matter(source)))
    for at, token in enumerate(tokens):
        writer.write(tokens, at, token)
    return writer.title


class _Writer:
    """Writes the blocks of a token stream."""

    def __init__(self, builder: PageBuilder) -> None:
        self.builder = builder
        self.title = ""
        self.depth = 0
        self.rows: list[list[str]] = []
        self.curtain = _Curtain()
        self.raised = 0  # inside <sup> 1, inside <sub> -1
        self.over = ""  # inside the reading of a ruby

    def write(self, tokens: Sequence[Token], at: int, token: Token) -> None:
        """Write token number `at`."""
        kind = token.type
        if kind.endswith("_list_open"):
            self.depth += 1
        elif kind.endswith("_list_close"):
            self.depth -= 1
        elif kind == "html_block":
            self.html(self.raw(token.content))
        elif kind in ("fence", "code_block"):
            self.builder.code(self.seen(token.content))
        elif kind == "inline":
            self.inline(tokens, at, self.text(token))
        elif kind == "tr_open":
            self.rows.append([])
        elif kind == "table_close":
            self.builder.table(self.rows)
            self.rows = []

    def html(self, source: str) -> None:
        """A block of HTML; one with tags that no browser knows (MDX) stays as it is written."""
        from lxml.html.defs import tags

        names = {tag.group(2).lower() for tag in _TAG.finditer(source)}
        kept = _COMMENT.search(source)  # a comment is still there where hidden text is kept
        if names <= tags | _NEWER_TAGS and not kept:
            add_html(self.builder, source)
        else:
            self.builder.code(source)

    def seen(self, text: str) -> str:
        """The text; "" where a raw tag before it hides it."""
        how = self.curtain.how
        return "" if how and self.builder.hide(how, text) else text

    def raw(self, html: str) -> str:
        """Raw HTML without what nobody sees of it."""
        html = _COMMENT.sub(self.comment, html)
        parts, at = [], 0
        for tag in _TAG.finditer(html):
            parts.append(self.seen(html[at : tag.start()]))
            self.curtain.pass_tag(tag)
            parts.append(tag.group())
            at = tag.end()
        parts.append(self.seen(html[at:]))
        return "".join(parts)

    def comment(self, found: re.Match[str]) -> str:
        """A comment: gone, or kept as it is written."""
        return "" if self.builder.hide(COMMENT, found.group(1)) else found.group()

    def text(self, token: Token) -> str:
        """Inline content: emphasis and links lose their marks, images keep their alt."""
        line = Line()
        self.over, self.raised = "", 0
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                line.add(" ")
            elif child.type == "html_inline":
                _COMMENT.sub(self.comment, child.content)
                for tag in _TAG.finditer(child.content):
                    self.curtain.pass_tag(tag)
                    line.add(self.pass_inline(tag))
            elif not self.over:
                line.add(self.seen(child.content), self.raised)
        return line.text()

    def pass_inline(self, tag: re.Match[str]) -> str:
        """Take note of an inline tag that raises, lowers or annotates; the blank it stands for."""
        name, closes = tag.group(2).lower(), bool(tag.group(1))
        if name in _SCRIPTS:
            self.raised = 0 if closes else _SCRIPTS[name]
        elif name in _READINGS:
            self.over = "" if closes else name
        return " " if name == "br" else ""

    def inline(self, tokens: Sequence[Token], at: int, text: str) -> None:
        """Write the text of a heading, cell, list item or paragraph."""
        before = tokens[at - 1]
        if before.type in ("th_open", "td_open"):
            self.rows[-1].append(text)
        elif before.type == "heading_open":
            level = int(before.tag[1])
            self.builder.heading(text, level)
            self.title = self.title or (text if level == 1 else "")
        elif self.depth:
            self.builder.item(_marked(tokens, at) + text, self.depth - 1)
        else:
            self.builder.paragraph(text)


def _front_matter(text: str) -> str:
    """Turn a YAML front matter into a code block, which Markdown would read as a heading."""
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    return f"```\n{text[4:end]}\n```\n{text[end + 5 :]}" if end > 0 else text


def _marked(tokens: Sequence[Token], at: int) -> str:
    """The mark of an ordered item ("3. "), at its first paragraph."""
    before = tokens[at - 2] if at > 1 else None
    if before is None or before.type != "list_item_open":
        return ""
    return f"{before.info}{before.markup} " if before.info else ""


class _Curtain:
    """Raw tags hide what comes between them: which one does, and how."""

    def __init__(self) -> None:
        self.how = ""
        self._tag = ""
        self._open = 0

    def pass_tag(self, tag: re.Match[str]) -> None:
        """Take note of an opening or closing tag."""
        name, attributes = tag.group(2).lower(), tag.group(3)
        if self.how:
            if name == self._tag and not attributes.endswith("/"):
                self._open += -1 if tag.group(1) else 1
            if not self._open:
                self.how = ""
            return
        style = _STYLE.search(attributes)
        how = hiding(style.group(1) or style.group(2) or "") if style else ""
        if _HIDDEN.search(attributes):
            how = MARKED
        if how and not tag.group(1) and not attributes.endswith("/"):
            self.how, self._tag, self._open = how, name, 1
