"""Markdown, read with markdown-it (CommonMark with tables)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from markdown_it.token import Token


def parse_markdown(data: bytes, name: str) -> ParsedFile:
    """A Markdown file; its first top heading is its title."""
    text = clean(decode(data))
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    builder = PageBuilder()
    title = add_markdown(builder, text)
    return ParsedFile(title or name, builder.sections(), "md")


def add_markdown(builder: PageBuilder, text: str) -> str:
    """Add Markdown to a page; return its first level-1 heading, or ""."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    writer = _Writer(builder)
    tokens = reader.parse(_front_matter(text))
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

    def write(self, tokens: Sequence[Token], at: int, token: Token) -> None:
        """Write token number `at`."""
        kind = token.type
        if kind.endswith("_list_open"):
            self.depth += 1
        elif kind.endswith("_list_close"):
            self.depth -= 1
        elif kind in ("fence", "code_block", "html_block"):
            self.builder.code(token.content)
        elif kind == "inline":
            self.inline(tokens, at, _inline(token))
        elif kind == "tr_open":
            self.rows.append([])
        elif kind == "table_close":
            self.builder.table(self.rows)
            self.rows = []

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


def _inline(token: Token) -> str:
    """The text of inline content: emphasis and links lose their marks, images keep their alt."""
    parts = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image" or child.type != "html_inline":
            parts.append(child.content)
    return "".join(parts)
