"""Builds a page: text that a person can read, and the blocks of its structure.

Every parser writes through here, so that page texts look alike whatever file they come from:
a paragraph, list item or table row is one line, blocks are parted by an empty line, cells by
" | ". The rest of the program relies on it (a line break ends a sentence, a table row is a
line).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from indexer.parsers.errors import TooLargeError
from indexer.parsers.hidden import EXCERPT_CHARACTERS, hidden_characters
from indexer.records import Block, BlockKind, HiddenText, Page

# No book comes near: War and Peace has 3.2 million characters.
MAX_CHARACTERS = 50_000_000

# A file without pages of its own is shown in parts of about this many characters, so that a
# footnote leads to something that fits on a screen or five. A page of a novel has 2,000.
_SECTION_CHARACTERS = 6_000

# More places where something is hidden are not told apart.
_MOST_HIDDEN = 1_000

CELL = " | "
_UNPRINTABLE = re.compile(
    # Joiners and marks belong to scripts and emoji, but in rows, or among ASCII, to none.
    "[\u200b-\u200f\u2060-\u2064\ufeff]{2,}|(?<=[!-~])[\u200c\u200d](?=[!-~])|[\ufe00-\ufe0f]{2,}"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufeff\ufffe\uffff\ud800-\udfff"
    # What orders, annotates or tags text without being seen: nothing that is searched or quoted.
    "\u180e\u202a-\u202e\u2060-\u206f\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_WORD = re.compile(r"\w+")
_EAST_ASIAN = re.compile(r"[\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef]")
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)


def clean(text: str) -> str:
    """Characters as they are searched for: composed (NFC), no ligatures, none that nobody sees.

    Not NFKC, which would turn 10² into 102 and ½ into 1⁄2.
    """
    if text.isascii() and text.isprintable():  # most cells of most tables
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = _UNPRINTABLE.sub("", text.replace("\u2029", "\n"))
    return unicodedata.normalize("NFC", text.translate(_LIGATURES))


def one_line(text: str) -> str:
    """`clean` text with every run of white space turned into one blank."""
    return " ".join(clean(text).split())


def vocabulary(lines: Iterable[str]) -> frozenset[str]:
    """The words of lines in small letters, without those that a line's end may have broken."""
    found: set[str] = set()
    broken = False
    for line in lines:
        words = _WORD.findall(line.lower())
        ends_broken = line.endswith("-")
        found.update(words[broken : len(words) - ends_broken])
        broken = ends_broken
    return frozenset(found)


def join_lines(lines: Iterable[str], words: frozenset[str]) -> str:
    """Lines as one text; a word that is broken at a line's end is mended.

    The hyphen goes unless both halves are among `words` ("out-of-pocket" stays,
    "inter-national" does not). East Asian lines are joined without a blank.
    """
    text = ""
    for line in map(str.strip, lines):
        if not text or not line:
            text += line
        elif text.endswith("-") and line[0].islower() and text[-2:-1].isalpha():
            head, tail = _WORD.findall(text)[-1].lower(), _WORD.findall(line)[0].lower()
            keep = head in words and tail in words and head + tail not in words
            text = (text if keep else text[:-1]) + line
        elif _EAST_ASIAN.match(text[-1]) and _EAST_ASIAN.match(line[0]):
            text += line
        else:
            text = f"{text} {line}"
    return text


@dataclass
class PageBuilder:
    """Collects blocks of one page. Empty pieces are dropped.

    `keep_hidden` decides what becomes of text that a person does not see (`hide`).
    """

    keep_hidden: bool = False
    _parts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0
    _hidden: list[_Hidden] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks so far."""
        return self._blocks

    def text_of(self, block: Block) -> str:
        """The text of the last block."""
        return self._parts[-1][block.start - block.end :]

    def hide(self, how: str, text: str) -> bool:
        """Note text that a person does not see on the page; whether to leave it out."""
        if line := one_line(text):
            self._note(how, line)
        return not self.keep_hidden

    def look_through(self, text: str) -> None:
        """Note what characters that nobody sees say in raw text that is cleaned elsewhere."""
        if text.isascii():
            return
        for how, said in hidden_characters(text):
            self._note(how, one_line(said))

    def heading(self, text: str, level: int) -> None:
        """Add a heading; levels outside 1 to 6 are brought inside."""
        self._add("heading", self._line(text), level=min(6, max(1, level)))

    def paragraph(self, text: str) -> None:
        """Add a paragraph, put on one line."""
        self._add("text", self._line(text))

    def item(self, text: str, depth: int = 0, mark: str = "") -> None:
        """Add a list item; it joins the list before it. Without a `mark` it gets a dash."""
        line = self._line(text)
        if line and mark.strip():
            line = f"{one_line(mark)} {line}"
        elif line and not re.match(r"([-*•·◦▪‣–—]|\(?\w{1,3}[.)])\s", line):
            line = f"- {line}"
        self._add("list", "  " * min(depth, 8) + line if line else "")

    def code(self, text: str) -> None:
        """Add text whose line breaks and indents matter."""
        self.look_through(text)
        lines = (line.rstrip() for line in clean(text).expandtabs(4).split("\n"))
        self._add("code", "\n".join(lines).strip("\n"))

    def table(self, rows: Iterable[Sequence[str]], header: bool = True) -> None:
        """Add a table, one row a line. Empty rows go; with `header` the first row is one."""
        lines = [self._row(row) for row in rows]
        lines = [line for line in lines if line]
        length = len(lines[0]) if header and len(lines) > 1 else 0
        self._add("table", "\n".join(lines), header=length)

    def aside(self, text: str) -> None:
        """Add text that is on the page but in no block: running headers and footers."""
        if line := self._line(text):
            self._write(line, "\n")

    def _line(self, text: str) -> str:
        self.look_through(text)
        return one_line(text)

    def _row(self, cells: Sequence[str]) -> str:
        """Cells as a line; the trailing empty ones go, those between stay, so columns line up.

        A border inside a cell loses its blanks: it is none between columns.
        """
        texts = [self._line(cell).replace(CELL, "|") for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        return CELL.join(texts)

    def _note(self, how: str, text: str) -> None:
        last = self._hidden[-1] if self._hidden else None
        if last and last.how == how and last.place == self._length:
            last.characters += len(text)
            last.excerpt = f"{last.excerpt} {text}"[:EXCERPT_CHARACTERS]
        elif len(self._hidden) < _MOST_HIDDEN:
            self._hidden.append(_Hidden(self._length, how, len(text), text[:EXCERPT_CHARACTERS]))

    def _add(self, kind: BlockKind, text: str, level: int = 0, header: int = 0) -> None:
        if not text.strip():
            return
        listed = kind == "list" and bool(self._blocks) and self._blocks[-1].kind == "list"
        start = self._write(text, "\n" if listed else "\n\n")
        self._blocks.append(Block(kind, start, self._length, level, header))

    def _write(self, text: str, gap: str) -> int:
        gap = gap if self._length else ""
        self._parts += [gap, text]
        start = self._length + len(gap)
        self._length = start + len(text)
        if self._length > MAX_CHARACTERS:
            raise TooLargeError(
                f"holds more than {MAX_CHARACTERS // 1_000_000} million characters of text; "
                "split it into smaller files"
            )
        return start

    def page(self, number: int, label: str = "", problem: str = "") -> Page:
        """The finished page."""
        text = "".join(self._parts)
        hidden = _joined(self._hidden, number)
        return Page(number, text, label, tuple(self._blocks), problem, hidden)

    def sections(self) -> tuple[Page, ...]:
        """The finished text of a file that has no pages of its own, as one page or several.

        A long text is parted at its headings, or else between blocks.
        """
        text = "".join(self._parts)
        groups: list[list[Block]] = [[]]
        for block in self._blocks:
            size = block.start - groups[-1][0].start if groups[-1] else 0
            if size > _SECTION_CHARACTERS or (
                block.kind == "heading" and size > _SECTION_CHARACTERS // 3
            ):
                groups.append([])
            groups[-1].append(block)
        if len(groups) > 1 and all(block.kind == "heading" for block in groups[-1]):
            groups[-2].extend(groups.pop())
        label = "section {}" if len(groups) > 1 else ""
        pages, waiting = [], list(self._hidden)
        for number, group in enumerate(groups, 1):
            following = groups[number][0].start if number < len(groups) else self._length + 1
            here = [one for one in waiting if one.place < following]
            waiting = waiting[len(here) :]
            page = _part(text, group, number, label.format(number))
            pages.append(replace(page, hidden=_joined(here, number)))
        return tuple(pages)


@dataclass
class _Hidden:
    """Something hidden, after so many characters of the page's text."""

    place: int
    how: str
    characters: int
    excerpt: str


def _joined(found: Iterable[_Hidden], page: int) -> tuple[HiddenText, ...]:
    """What is hidden on a page, each way of hiding once."""
    joined: dict[str, HiddenText] = {}
    for one in found:
        had = joined.get(one.how, HiddenText(one.how, 0, "", page))
        excerpt = f"{had.excerpt} {one.excerpt}".strip()[:EXCERPT_CHARACTERS]
        joined[one.how] = HiddenText(one.how, had.characters + one.characters, excerpt, page)
    return tuple(joined.values())


def _part(text: str, blocks: Sequence[Block], number: int, label: str) -> Page:
    """The page that `blocks` of a longer `text` make, their places counted from its start."""
    if not blocks:
        return Page(number, text.strip(), label, problem="" if text.strip() else "no text")
    base = blocks[0].start
    moved = tuple(Block(b.kind, b.start - base, b.end - base, b.level, b.header) for b in blocks)
    return Page(number, text[base : blocks[-1].end], label, moved)
