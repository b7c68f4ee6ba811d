"""Lines of a PDF → headings, paragraphs, list items, running headers. Pure.

A PDF knows lines at places, not paragraphs. Two lines are one paragraph when the upper one is
full: the first word of the lower one would not have fitted behind it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from indexer.parsers.grid import VALUE, Grid, table_rows, write_grid
from indexer.parsers.layout import CELL, PageBuilder, join_lines, vocabulary
from indexer.parsers.office.sheets import has_header
from indexer.parsers.pdf.lines import Line, PageLines, Table
from indexer.parsers.text import add_plain

_ITEM = re.compile(r"(?:[•●○▪■◦‣·–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+\S")
# A number that a sentence counts by.
_COUNTED = re.compile(r"(\(?)(\d{1,2}|[b-z])\)\s")
_BULLET = re.compile(r"[•●○▪■◦‣·*-]\s")
# A bullet or number that stands before an item with white space after it.
ITEM_MARK = re.compile(
    r"[•●○▪■◦‣·–—*o➢✓❖§\uf0b7\uf0a7-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|\.\d{1,2}|\d{1,2}(?:\.\d{1,2}){2,3}\.?|\d{1,2}\.\d{1,2}\."
)
_SENTENCE_END = (".", "!", "?", ";", "。", "！", "？")

# A line that ends on such a word goes on in the next one, set in another type or not.
_OPEN_END = re.compile(
    r"\b(?:an?|the|of|in|to|for|with|and|or|by|from|at|is|are|der|die|das|dem|den|und|oder|mit|von|zu"
    r"|im|für|el|los|las|del|con|le|les|des|et|dans|pour)$",
    re.IGNORECASE,
)
_OTHER_TYPE = 0.25
_TWO_SENTENCES = re.compile(r"[a-z]{2}[.!?] [A-Z]")
_SIZE_TOLERANCE = 0.08
_HEADING_SIZE = 1.12
# Levels told by size; the next is that of bold lines in the body's size.
_SIZED_LEVELS = 5
_HEADING_CHARACTERS = 120
_PLAIN_HEADING_CHARACTERS = 60
# Running headers and footers stand at the edge on at least three pages: on this share of all (odd
# and even pages may differ), or within so many, where a chapter has its own.
_FURNITURE_SHARE = 0.4
_FURNITURE_PAGES = 3
_FURNITURE_WINDOW = 6


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
    for line in (line for page in pages for line in page.all_lines()):
        sizes[_rounded(line.size)] += len(line.text)
        bold, plain = bold + len(line.text) * line.bold, plain + len(line.text) * (not line.bold)
    texts = (line.text for page in pages for line in page.all_lines())
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    titles = {_rounded(line.size) for page in pages for line in page.lines if _may_head(line.text)}
    larger = sorted((s for s in titles if s > body * _HEADING_SIZE), reverse=True)
    # The largest sizes share a level where there are many: drawings and title pages have one each.
    spare = max(0, len(larger) - _SIZED_LEVELS)
    levels = {size: max(1, level - spare) for level, size in enumerate(larger, 1)}
    return Typography(body, bold > plain, levels, vocabulary(texts), _furniture(pages))


def write_page(
    builder: PageBuilder, page: PageLines, document: Typography, names: Sequence[str] = ()
) -> list[str]:
    """Write a page as blocks; running headers and footers as text without a block.

    `names` is the header of the table that the page before ended with. Returns that of the table
    that this one ends with, empty where it ends otherwise.
    """
    lines = page.lines
    edges = _right_edges(lines)
    leading = _leading(lines)
    marginal = {id(line) for line in _marginal(page) if _pattern(line) in document.furniture}
    groups: list[list[Line] | Table] = []
    for item in page.items:
        if isinstance(item, Table):
            groups.append(item)
            continue
        group = groups[-1] if groups else None
        if (
            not isinstance(group, list)
            or id(item) in marginal
            or id(group[-1]) in marginal
            or not _continues(group, item, edges[id(group[-1])], leading)
        ):
            group = []
            groups.append(group)
        group.append(item)
    for at, group in enumerate(groups):
        if isinstance(group, Table):
            write_table(builder, group, document, names if group is page.first_table() else ())
            continue
        before, after = (groups[n] if 0 <= n < len(groups) else [] for n in (at - 1, at + 1))
        under = isinstance(before, list) and len(before) > 1
        text = join_lines([line.text for line in group], document.words)
        level = _heading_level(group, text, document)
        if not level and under and isinstance(after, list) and _introduces(group, after, edges):
            level = 6
        if id(group[0]) in marginal:
            builder.aside(text)
        else:
            _write_block(builder, text, level)
    header = _last_header(builder) if page.last_table() is not None else []
    add_plain(builder, page.plain)
    for note in page.notes:
        builder.paragraph(note)
    return header


def _last_header(builder: PageBuilder) -> list[str]:
    """The names of the columns of the last block, a table."""
    block = builder.blocks[-1] if builder.blocks else None
    if block is None or block.kind != "table" or not block.header:
        return []
    return builder.text_of(block)[: block.header].split(CELL)


def _write_block(builder: PageBuilder, text: str, level: int) -> None:
    if level and not _BULLET.match(text):
        builder.heading(text, level)
    elif _ITEM.match(text):
        builder.item(text)
    else:
        builder.paragraph(text)


def write_table(
    builder: PageBuilder, table: Table, document: Typography, names: Sequence[str]
) -> None:
    """Write a table, under `names` where it goes on with that of the page before."""
    rows = [
        [join_lines([line.text for line in cell], document.words) for cell in row]
        for row in table.cells
    ]
    header = _has_header(table, rows)
    if table.follows and len(names) == len(rows[0]) and not _repeats(table, rows, names):
        areas = [area.moved(-1) for area in table.areas]
        write_grid(builder, Grid([list(names), *rows], areas, heads=1))
    else:
        write_grid(builder, Grid(rows, list(table.areas), table.heads), header=header)


def _repeats(table: Table, rows: Sequence[Sequence[str]], names: Sequence[str]) -> bool:
    """Whether a table begins with a header of its own, the one of the page before or another."""
    grid = Grid([list(row) for row in rows], list(table.areas), table.heads)
    _, written, _ = table_rows(grid)
    return (bool(written) and written[0] == list(names)) or _stands_out(table)


def _has_header(table: Table, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it stands out, or is text over figures."""
    if _stands_out(table) or table.headed:
        return True
    # Two columns of words without a mark may well be a list of things and what they are.
    values = [cell for row in rows[1:] for cell in row if VALUE.fullmatch(cell)]
    return has_header(rows) and (table.ruled or len(rows[0]) > 2 or bool(values))


def _stands_out(table: Table) -> bool:
    """Whether the first row is bold and others are not."""
    first = [cell for cell in table.cells[0] if cell]
    rest = [line for row in table.cells[1:] for cell in row[1:] for line in cell]
    return (
        len(first) > 1
        and all(line.bold for cell in first for line in cell)
        and not all(line.bold for line in rest)
    )


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _pattern(line: Line) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.lower().split()))


def _marginal(page: PageLines) -> Iterator[Line]:
    return filter(page.at_edge, page.lines)


def _furniture(pages: Sequence[PageLines]) -> frozenset[str]:
    """Patterns of the lines that stand at the edge of many pages, numbers apart."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, page in enumerate(pages):
        for key in {_pattern(line) for line in _marginal(page)}:
            places[key].append(place)
    needed = max(_FURNITURE_PAGES, _FURNITURE_SHARE * len(pages))
    return frozenset(
        key for key, found in places.items() if len(found) >= needed or _comes_again(found)
    )


def _comes_again(places: Sequence[int]) -> bool:
    """Whether a line stands on several pages close to each other."""
    apart = zip(places, places[_FURNITURE_PAGES - 1 :], strict=False)
    return any(last - first < _FURNITURE_WINDOW for first, last in apart)


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


def _continues(group: Sequence[Line], line: Line, edge: float, leading: float) -> bool:
    """Whether `line` goes on with the paragraph (or heading, or item) that `group` is."""
    above = group[-1]
    if above.alone or line.alone or (_ITEM.match(line.text) and not _counts_on(group, line)):
        return False
    step = above.bottom - line.bottom
    if 0 < step < 1.8 * leading * above.size and _is_open(above, line):
        return True
    alike = _same_size(above, line) and above.bold == line.bold
    if not alike or step > 1.25 * leading * above.size:
        return False
    if abs(step) < 0.3 * line.size:  # side by side
        return line.left >= above.left
    width = (line.right - line.left) / max(1, len(line.text))
    first_word = len(line.text.split(maxsplit=1)[0]) + 1
    if step < 0:  # the next column
        return line.text[:1].islower() and not above.text.endswith(_SENTENCE_END)
    half_full = above.right - above.left > 0.5 * (edge - above.left)
    goes_on = above.text.endswith("-") or (half_full and not above.text.endswith(_SENTENCE_END))
    # a broken word, or a forced break in the middle of a sentence; else a full line
    return (goes_on and line.text[:1].islower()) or above.right + first_word * width > edge


def _counts_on(group: Sequence[Line], line: Line) -> bool:
    """Whether a line begins with the next number of a sentence that counts: "(1) a, (2) b"."""
    mark = _COUNTED.match(line.text)
    if mark is None:
        return False
    number = mark[2]
    before = str(int(number) - 1) if number.isdigit() else chr(ord(number) - 1)
    wanted = f" {mark[1]}{before}) "
    return any(wanted in above.text for above in group)


def _is_open(above: Line, line: Line) -> bool:
    """Whether a line breaks off behind a word that nothing ends on, and the next could go on."""
    alike = abs(above.size - line.size) <= _OTHER_TYPE * max(above.size, line.size)
    return alike and _OPEN_END.search(above.text) is not None and above.left <= line.right


def _may_head(text: str) -> bool:
    """Whether a text could be a heading, by its words alone."""
    letters = any(char.isalpha() for char in text)
    return letters and len(text) <= _HEADING_CHARACTERS and not text.endswith((*_SENTENCE_END, ","))


def _heading_level(group: Sequence[Line], text: str, document: Typography) -> int:
    """The level of a heading that is larger or bolder than the body; 0 for other text."""
    if not _may_head(text):
        return 0
    level = document.levels.get(_rounded(group[0].size), 0)
    if not level and not document.body_bold and group[0].bold:
        smaller = group[0].size < document.body * (1 - _SIZE_TOLERANCE)
        level = 0 if smaller else max(document.levels.values(), default=0) + 1
    return level


def _introduces(group: Sequence[Line], following: Sequence[Line], edges: dict[int, float]) -> bool:
    """Whether a short line of body type stands above a paragraph as its heading."""
    line = group[0]
    return (
        len(group) == 1
        and len(following) > 1
        and len(line.text) <= _PLAIN_HEADING_CHARACTERS
        and line.text[:1].isupper()
        and not line.text.endswith((*_SENTENCE_END, ",", ":"))
        and not _TWO_SENTENCES.search(line.text)
        and line.right < 0.8 * edges[id(line)]
        and abs(line.left - following[0].left) < line.size
        and not _ITEM.match(line.text)
    )
