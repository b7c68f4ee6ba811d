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
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from markdown_it.token import Token


# A tag of raw HTML: whether it closes, its name, its attributes.
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^'\"<>])*)>")
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_HIDDEN = re.compile(r"\shidden(?=[\s=/]|$)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)


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
    tokens = reader.parse(_front_matter(clean(text)))
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

    def write(self, tokens: Sequence[Token], at: int, token: Token) -> None:
        """Write token number `at`."""
        kind = token.type
        if kind.endswith("_list_open"):
            self.depth += 1
        elif kind.endswith("_list_close"):
            self.depth -= 1
        elif kind == "html_block":
            self.builder.code(self.raw(token.content))
        elif kind in ("fence", "code_block"):
            self.builder.code(self.seen(token.content))
        elif kind == "inline":
            self.inline(tokens, at, self.text(token))
        elif kind == "tr_open":
            self.rows.append([])
        elif kind == "table_close":
            self.builder.table(self.rows)
            self.rows = []

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
        parts = []
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                parts.append(" ")
            elif child.type == "html_inline":
                _COMMENT.sub(self.comment, child.content)
                for tag in _TAG.finditer(child.content):
                    self.curtain.pass_tag(tag)
            else:
                parts.append(self.seen(child.content))
        return "".join(parts)

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
