"""Characters of a PDF page → pieces of lines, with their places on the page as it is shown.

pdfium gives the characters in the order of the file, broken into lines. A line is parted where
white space is wide or a rule stands between two words, so that cells of a table are told apart;
what is not in a table is put together again by `layout.py`.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from indexer.parsers.layout import clean
from indexer.parsers.pdf.drawn import Box, Drawing, around
from indexer.parsers.pdf.layout import Line
from indexer.parsers.scripts import with_script

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

# pdfium's mark for a hyphen that breaks a word at the end of a line.
BROKEN = "\ufffe"
_BOLD_WEIGHT = 600
_PIECES = re.compile(f"(\r\n|\n|{BROKEN})")
_WORDS = re.compile(r"\S+")

# White space that parts cells, in sizes of the type: cells of Word stand 0.98 apart at the least,
# words of justified text seldom more than 0.7.
_GAP = 0.75
# What is raised or lowered is smaller than this beside its line and off its middle by this much
# of the line's height.
_SCRIPT_SIZE = 0.86
_SCRIPT_SHIFT = 0.1
# Letters drawn apart: so many of them, no further from each other than this.
_SPACED_LETTERS = 5
_SPACED_GAP = 1.2

Word = tuple[str, int, int, Box]  # text, first and last character, place


class Characters:
    """The characters of a page: text, and where each stands as the page is shown.

    `turn` is how the page is turned: quarters to the right.
    """

    def __init__(self, text_page: PdfTextPage, turn: int = 0, size: tuple[float, float] = (0, 0)):
        from pypdfium2 import raw

        self.text = text_page.get_text_range() if text_page.count_chars() else ""
        self._raw = raw
        self._page = text_page.raw
        self._rectangle = raw.FS_RECTF()
        self._turn = turn
        self._size = size

    def box(self, index: int) -> Box:
        """Where a character stands, with the room that its type keeps above and below."""
        found = self._rectangle
        self._raw.FPDFText_GetLooseCharBox(self._page, index, found)
        box = (found.left, found.bottom, found.right, found.top)
        return turned(box, self._turn, self._size) if self._turn else box

    def size(self, index: int, box: Box) -> float:
        """The size of the type; the font's own is 1 in files that scale it by a matrix."""
        size = self._raw.FPDFText_GetFontSize(self._page, index)
        return max(1.0, size if size > 2 else abs(box[3] - box[1]))

    def bold(self, first: int, last: int) -> bool:
        """Whether both characters are bold."""
        weight = self._raw.FPDFText_GetFontWeight
        return all(weight(self._page, at) >= _BOLD_WEIGHT for at in (first, last))


def turned(box: Box, turn: int, size: tuple[float, float]) -> Box:
    """A box of a page's own space as it is shown; `size` is that of the page as shown."""
    left, bottom, right, top = box
    width, height = size
    if turn == 1:
        return bottom, height - right, top, height - left
    if turn == 2:
        return width - right, height - top, width - left, height - bottom
    return width - top, left, width - bottom, right


def read_lines(
    characters: Characters, hidden: Mapping[int, str], drawing: Drawing
) -> list[list[Line]]:
    """The lines of a page in the order of the file, each in pieces, without hidden characters.

    Characters pdfium makes up (line breaks, blanks between words far apart) count as
    characters, so a place in the text is an index into the page's characters.
    """
    scripts = _may_hold_scripts(drawing)
    lines: list[list[Line]] = []
    for words, broken, glued in _joined(characters, _lines_of_words(characters, hidden)):
        pieces = [
            _piece(characters, part, scripts=scripts) for part in _parted(words, drawing.down)
        ]
        pieces = [piece for piece in pieces if piece is not None]
        if pieces and broken:
            pieces[-1].text += "-"
        if pieces:
            lines.append(pieces)
        del glued
    return lines


def _lines_of_words(
    characters: Characters, hidden: Mapping[int, str]
) -> Iterator[tuple[list[Word], bool, bool]]:
    """The words of each line, whether its last word is broken, and whether it began with a blank."""
    at = 0
    text, box = characters.text, characters.box
    for piece in _PIECES.split(text):
        if piece and piece != BROKEN and not piece.isspace():
            shown = piece
            if hidden:  # blanks in their place, so that places stay right
                shown = "".join(" " if n in hidden else c for n, c in enumerate(piece, at))
            words: list[Word] = []
            for word in _WORDS.finditer(shown):
                first, last = at + word.start(), at + word.end() - 1
                place = box(first)
                if last > first:
                    end = box(last)
                    place = (
                        min(place[0], end[0]), min(place[1], end[1]),
                        max(place[2], end[2]), max(place[3], end[3]),
                    )  # fmt: skip
                words.append((word.group(), first, last, place))
            if words:
                end_at = at + len(piece)
                yield words, text[end_at : end_at + 1] == BROKEN, shown[:1].isspace()
        at += len(piece)


def _joined(
    characters: Characters, lines: Iterator[tuple[list[Word], bool, bool]]
) -> Iterator[tuple[list[Word], bool, bool]]:
    """Lines, those put together that pdfium has broken behind or before something raised."""
    held: tuple[list[Word], bool, bool] | None = None
    for line in lines:
        if held is not None and not held[1] and _goes_on(held[0][-1], line[0][0]):
            held = ([*held[0], *line[0]], line[1], held[2])
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _goes_on(before: Word, after: Word) -> bool:
    """Whether a line's first word stands right behind another's last, at another height."""
    one, other = before[3], after[3]
    heights = one[3] - one[1], other[3] - other[1]
    small, large = min(heights), max(heights)
    return (
        0 < small < _SCRIPT_SIZE * large
        and -0.2 * large < other[0] - one[2] < 0.4 * large
        and min(one[3], other[3]) - max(one[1], other[1]) > 0.4 * small
    )


def _parted(words: list[Word], down: Sequence[Box]) -> Iterator[list[Word]]:
    """The words of a line between wide gaps and rules; letters drawn apart are one word first."""
    words = _without_spacing(words)
    part = [words[0]]
    for before, word in zip(words, words[1:], strict=False):
        one, other = before[3], word[3]
        gap = max(other[0] - one[2], one[0] - other[2])
        height = min(one[3] - one[1], other[3] - other[1])
        if gap > _GAP * height or (gap > 0 and down and _between(one, other, down)):
            yield part
            part = []
        part.append(word)
    yield part


def _between(one: Box, other: Box, down: Sequence[Box]) -> bool:
    """Whether a vertical rule stands between two words of a line."""
    left, right = min(one[2], other[2]) - 1, max(one[0], other[0]) + 1
    middle = (one[1] + one[3]) / 2
    return any(left < rule[0] and rule[2] < right and rule[1] < middle < rule[3] for rule in down)


def _without_spacing(words: list[Word]) -> list[Word]:
    """A line's words; a run of single letters that were drawn apart is the word that they spell."""
    if sum(len(word[0]) == 1 for word in words) < _SPACED_LETTERS:
        return words
    found: list[Word] = []
    run: list[Word] = []
    for word in [*words, None]:
        if word is not None and len(word[0]) == 1 and word[0].isalpha() and _near(run, word):
            run.append(word)
            continue
        found += _spelt(run)
        run = []
        if word is not None and len(word[0]) == 1 and word[0].isalpha():
            run = [word]
        elif word is not None:
            found.append(word)
    return found


def _near(run: Sequence[Word], word: Word) -> bool:
    if not run:
        return True
    one, other = run[-1][3], word[3]
    gap = max(other[0] - one[2], one[0] - other[2])
    return gap < _SPACED_GAP * (one[3] - one[1])


def _spelt(run: Sequence[Word]) -> Iterator[Word]:
    """The words that single letters spell: a gap half as wide again as usual parts two."""
    if len(run) < _SPACED_LETTERS:
        yield from run
        return
    gaps = [
        max(after[3][0] - before[3][2], before[3][0] - after[3][2])
        for before, after in zip(run, run[1:], strict=False)
    ]
    usual = median(gaps)
    word = [run[0]]
    for gap, letter in zip(gaps, run[1:], strict=True):
        if gap > 1.5 * usual + 0.5:
            yield _one_word(word)
            word = []
        word.append(letter)
    yield _one_word(word)


def _one_word(letters: Sequence[Word]) -> Word:
    text = "".join(letter[0] for letter in letters)
    return text, letters[0][1], letters[-1][2], around([letter[3] for letter in letters])


def _piece(characters: Characters, words: Sequence[Word], *, scripts: bool) -> Line | None:
    """A piece of a line; None where nothing of it is text."""
    first, last = words[0][1], words[-1][2]
    if scripts and (text := _with_scripts(characters, words)):
        words_text = text
    else:
        words_text = " ".join([word[0] for word in words])
    text = " ".join(clean(words_text).split())
    if not text:
        return None
    boxes = [word[3] for word in words]
    large = max(boxes, key=lambda box: box[3] - box[1]) if scripts else boxes[0]
    at = words[boxes.index(large)][1] if scripts else first
    return Line(
        text, min(box[0] for box in boxes), max(box[2] for box in boxes),
        large[1], large[3], characters.size(at, large), characters.bold(first, last),
        [(word[1], word[2]) for word in words],
    )  # fmt: skip


def _may_hold_scripts(drawing: Drawing) -> bool:
    """Whether short text much smaller than the page's usual is drawn somewhere."""
    widths: dict[float, float] = {}
    for text in drawing.texts:
        size = round(text.size, 1)
        widths[size] = widths.get(size, 0.0) + max(0.0, text.box[2] - text.box[0])
    if len(widths) < 2:
        return False
    largest = max(widths)
    return any(
        text.size < _SCRIPT_SIZE * largest and text.box[2] - text.box[0] < 4 * text.size
        for text in drawing.texts
    )


def _with_scripts(characters: Characters, words: Sequence[Word]) -> str:
    """The text of words, what is raised or lowered set apart; "" where nothing is."""
    boxes = [[characters.box(at) for at in range(word[1], word[2] + 1)] for word in words]
    heights = sorted(box[3] - box[1] for row in boxes for box in row)
    usual = heights[-1]
    if not usual or heights[0] >= _SCRIPT_SIZE * usual:
        return ""
    whole = [box for row in boxes for box in row if box[3] - box[1] >= _SCRIPT_SIZE * usual]
    middle = median((box[1] + box[3]) / 2 for box in whole)
    text, found, end = "", False, None
    for (word, first, _, place), row in zip(words, boxes, strict=True):
        gap = "" if end is None or place[0] - end < 0.08 * usual else " "
        for script, part in _runs(word, row, usual, middle):
            if script:
                text, found = with_script(text + gap, part, raised=script > 0), True
            else:
                text += gap + part
            gap = ""
        end = place[2]
        del first
    return text if found else ""


def _runs(
    word: str, boxes: Sequence[Box], usual: float, middle: float
) -> Iterator[tuple[int, str]]:
    """Parts of a word: 1 and what is raised, -1 and what is lowered, 0 and the rest."""
    kinds = []
    for box in boxes:
        height, shift = box[3] - box[1], (box[1] + box[3]) / 2 - middle
        small = height < _SCRIPT_SIZE * usual and abs(shift) > _SCRIPT_SHIFT * usual
        kinds.append((1 if shift > 0 else -1) if small else 0)
    start = 0
    for at in range(1, len(word) + 1):
        if at == len(word) or kinds[at] != kinds[start]:
            yield kinds[start], word[start:at]
            start = at
