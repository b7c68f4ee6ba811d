"""Lines of a PDF → headings, paragraphs, list items, running headers. Pure.

A PDF knows lines at places, not paragraphs. Two lines are one paragraph when the upper one is
full: the first word of the lower one would not have fitted behind it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from indexer.parsers.layout import PageBuilder, join_lines, vocabulary

_ITEM = re.compile(r"(?:[•●○▪■◦‣·–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+\S")
_BULLET = re.compile(r"[•●○▪■◦‣·*-]\s")
_SENTENCE_END = (".", "!", "?", ";", ",", "。", "！", "？")

_SIZE_TOLERANCE = 0.08
_HEADING_SIZE = 1.12
_HEADING_CHARACTERS = 120
_PLAIN_HEADING_CHARACTERS = 60
# Running headers and footers stand in the outer twelfth of the page (66 points of US letter:
# text itself mostly keeps an inch, 72 points), on this share of pages (odd and even pages may
# differ), and on at least three.
_MARGIN = 1 / 12
_FURNITURE_SHARE = 0.4
_FURNITURE_PAGES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page; places and size in points, from the lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class PageLines:
    """The lines of one page in reading order, and the page's height in points.

    `hidden` is the text that nobody sees, each with how it is hidden.
    """

    lines: tuple[Line, ...]
    height: float
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Typography:
    """What a document's lines have in common: what is body text, what are its words.

    `levels` maps the rounded size of larger lines to heading levels.
    """

    body: float
    body_bold: bool
    levels: dict[float, int]
    words: frozenset[str]
    furniture: frozenset[str]


def survey(pages: Sequence[PageLines]) -> Typography:
    """Find out body size, heading sizes, vocabulary and running headers of a document."""
    sizes: Counter[float] = Counter()
    bold = plain = 0
    for line in (line for page in pages for line in page.lines):
        sizes[_rounded(line.size)] += len(line.text)
        bold, plain = bold + len(line.text) * line.bold, plain + len(line.text) * (not line.bold)
    texts = (line.text for page in pages for line in page.lines)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    larger = sorted((s for s in sizes if s > body * _HEADING_SIZE), reverse=True)
    levels = {size: min(5, level) for level, size in enumerate(larger, 1)}
    return Typography(body, bold > plain, levels, vocabulary(texts), _furniture(pages))


def write_page(builder: PageBuilder, page: PageLines, document: Typography) -> None:
    """Write a page's lines as blocks; running headers and footers as text without a block."""
    edges = _right_edges(page.lines)
    leading = _leading(page.lines)
    marginal = {id(line) for line in _marginal(page) if _pattern(line) in document.furniture}
    groups: list[list[Line]] = []
    for line in page.lines:
        previous = groups[-1][-1] if groups else None
        if (
            previous is None
            or id(line) in marginal
            or id(previous) in marginal
            or not _continues(previous, line, edges[id(previous)], leading)
        ):
            groups.append([])
        groups[-1].append(line)
    for at, group in enumerate(groups):
        text = join_lines([line.text for line in group], document.words)
        following = groups[at + 1] if at + 1 < len(groups) else []
        level = _heading_level(group, text, document)
        if not level and _introduces(group, following, edges) and at and len(groups[at - 1]) > 1:
            level = 6
        if id(group[0]) in marginal:
            builder.aside(text)
        elif level and not _BULLET.match(text):
            builder.heading(text, level)
        elif _ITEM.match(text):
            builder.item(text)
        else:
            builder.paragraph(text)


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _pattern(line: Line) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.lower().split()))


def _marginal(page: PageLines) -> Iterator[Line]:
    for line in page.lines:
        if line.top > page.height * (1 - _MARGIN) or line.bottom < page.height * _MARGIN:
            yield line


def _furniture(pages: Sequence[PageLines]) -> frozenset[str]:
    """Patterns of the lines that stand at the edge of many pages, numbers apart."""
    counts = Counter(key for page in pages for key in {_pattern(line) for line in _marginal(page)})
    needed = max(_FURNITURE_PAGES, _FURNITURE_SHARE * len(pages))
    return frozenset(key for key, count in counts.items() if count >= needed)


def _right_edges(lines: Sequence[Line]) -> dict[int, float]:
    """How far right the lines of each line's column reach, by the line's identity."""
    columns: dict[tuple[float, int], float] = {}
    edges: dict[int, float] = {}
    for line in lines:
        column = (_rounded(line.size), round(line.left))
        if column not in columns:
            columns[column] = max(
                other.right
                for other in lines
                if abs(other.left - line.left) < 4 * line.size and _same_size(other, line)
            )
        edges[id(line)] = columns[column]
    return edges


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance of two base lines on the page, as a multiple of the size."""
    steps = [
        (above.bottom - below.bottom) / above.size
        for above, below in pairwise(lines)
        if _same_size(above, below)
        and 0.8 * above.size < above.bottom - below.bottom
        and above.bottom - below.bottom < 2.5 * above.size
    ]
    return median(steps) if steps else 1.3


def _same_size(one: Line, other: Line) -> bool:
    return abs(one.size - other.size) <= _SIZE_TOLERANCE * max(one.size, other.size)


def _continues(above: Line, line: Line, edge: float, leading: float) -> bool:
    """Whether `line` goes on with the paragraph (or heading, or item) that `above` is in."""
    if _ITEM.match(line.text) or not _same_size(above, line) or above.bold != line.bold:
        return False
    step = above.bottom - line.bottom
    if abs(step) < 0.3 * line.size:  # side by side
        return line.left >= above.left
    if step > 1.25 * leading * above.size:
        return False
    width = (line.right - line.left) / max(1, len(line.text))
    first_word = len(line.text.split(maxsplit=1)[0]) + 1
    if step < 0:  # the next column
        return line.text[:1].islower() and not above.text.endswith(_SENTENCE_END)
    half_full = above.right - above.left > 0.5 * (edge - above.left)
    goes_on = above.text.endswith("-") or (half_full and not above.text.endswith(_SENTENCE_END))
    if goes_on and line.text[:1].islower():
        return True  # a broken word, or a forced break in the middle of a sentence
    return above.right + first_word * width > edge


def _heading_level(group: Sequence[Line], text: str, document: Typography) -> int:
    """The level of a heading that is larger or bolder than the body; 0 for other text."""
    if len(text) > _HEADING_CHARACTERS or not any(char.isalpha() for char in text):
        return 0
    if text.endswith(_SENTENCE_END):
        return 0
    level = document.levels.get(_rounded(group[0].size), 0)
    if not level and not document.body_bold and group[0].bold:
        smaller = group[0].size < document.body * (1 - _SIZE_TOLERANCE)
        level = 0 if smaller else min(5, len(document.levels) + 1)
    return level


def _introduces(group: Sequence[Line], following: Sequence[Line], edges: dict[int, float]) -> bool:
    """Whether a short line of body type stands above a paragraph as its heading."""
    line = group[0]
    return (
        len(group) == 1
        and len(following) > 1
        and len(line.text) <= _PLAIN_HEADING_CHARACTERS
        and line.text[:1].isupper()
        and not line.text.endswith((*_SENTENCE_END, ":"))
        and line.right < 0.8 * edges[id(line)]
        and abs(line.left - following[0].left) < line.size
        and not _ITEM.match(line.text)
    )
