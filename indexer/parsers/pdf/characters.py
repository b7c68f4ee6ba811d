"""Characters of a PDF page → pieces of lines, with their places on the page as it is shown.

pdfium gives the characters in the order of the file, broken into lines. A line is parted where
white space is wide or a rule stands between two words, so that cells of a table are told apart;
what is not in a table is put together again by `layout.py`.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from indexer.parsers.layout import clean
from indexer.parsers.pdf.bitmap_fonts import with_ligatures
from indexer.parsers.pdf.drawn import Box, Drawing, around, outside
from indexer.parsers.pdf.layout import ITEM_MARK
from indexer.parsers.pdf.lines import Line
from indexer.parsers.raised import Line as RaisedLine

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

# pdfium's mark for a hyphen that breaks a word at the end of a line.
BROKEN = "\ufffe"
_BOLD_WEIGHT = 600
_LARGEST = 10_000.0
_BOLD = re.compile(rb"bold|black|heavy|[-,](?:semi|demi)", re.IGNORECASE)
_PIECES = re.compile(f"(\r\n|\n|{BROKEN})")
_WORDS = re.compile(r"\S+")

# White space that parts cells, in sizes of the type: cells of Word stand 0.98 apart at the least,
# words of justified text seldom more than 0.7.
_GAP = 0.75
# What is raised or lowered is smaller than this beside its line and off its middle by this much
# of the line's height.
_SCRIPT_SIZE = 0.86
_SCRIPT_SHIFT = 0.1
# White space that a person sees as a blank, in heights of the line.
_BLANK = 0.08
# Letters drawn apart: so many of them, no further from each other than this.
_SPACED_LETTERS = 5
_SPACED_GAP = 1.2

Word = tuple[str, int, int, Box]  # text, first and last character, place


class Characters:
    """The characters of a page: text, and where each stands as the page is shown.

    `turn` is how the page is turned: quarters to the right.
    """

    def __init__(
        self, text_page: PdfTextPage, turn: int = 0, size: tuple[float, float] = (0, 0)
    ) -> None:
        from pypdfium2 import raw

        text = text_page.get_text_range() if text_page.count_chars() else ""
        self.text = with_ligatures(text, text_page)
        self._raw = raw
        self._page = text_page.raw
        # pdfium's rectangle as an array, which is read at once: left, top, right, bottom.
        self._place = (ctypes.c_float * 4)()
        self._where = ctypes.cast(self._place, ctypes.POINTER(raw.FS_RECTF))
        self._turn = turn
        self._size = size
        self._fonts: dict[int, bool] = {}

    def box(self, index: int) -> Box:
        """Where a character stands, with the room that its type keeps above and below."""
        self._raw.FPDFText_GetLooseCharBox(self._page, index, self._where)
        left, top, right, bottom = self._place[:]
        box = (left, bottom, right, top)
        return turned(box, self._turn, self._size) if self._turn else box

    def words(self, text: str, at: int) -> list[Word]:
        """The words of a piece of the page's text that begins with character `at`."""
        found, place, where = [], self._place, self._where
        locate, page = self._raw.FPDFText_GetLooseCharBox, self._page
        for word in _WORDS.finditer(text):
            start, end = word.span()
            first, last = at + start, at + end - 1
            locate(page, first, where)
            left, top, right, bottom = place[:]
            if last > first:
                locate(page, last, where)
                left_too, high, right_too, low = place[:]
                # Written from right to left; from above to below, or turned.
                if right_too > right:
                    right = right_too
                else:
                    left, right = min(left, left_too), max(right, right_too)
                if low < 2 * bottom - top:
                    bottom = low
                elif high > 2 * top - bottom:
                    top = high
            box = (left, bottom, right, top)
            if self._turn:
                box = turned(box, self._turn, self._size)
            found.append((word.group(), first, last, box))
        return found

    def size(self, index: int, box: Box) -> float:
        """The size of the type; the font's own is 1 in files that scale it by a matrix."""
        size = self._raw.FPDFText_GetFontSize(self._page, index)
        return min(_LARGEST, max(1.0, size if size > 2 else abs(box[3] - box[1])))

    def bold(self, first: int, last: int) -> bool:
        """Whether both characters are bold."""
        return self._is_bold(first) and (first == last or self._is_bold(last))

    def _is_bold(self, index: int) -> bool:
        """By weight or name: browsers leave out the weight of what they embed."""
        raw = self._raw
        text = raw.FPDFText_GetTextObject(self._page, index)
        if not text:
            return False
        font = raw.FPDFTextObj_GetFont(text)
        if not font:
            return False
        key = ctypes.addressof(font.contents)
        if key not in self._fonts:
            name = ctypes.create_string_buffer(128)
            raw.FPDFFont_GetBaseFontName(font, name, 128)
            weight = raw.FPDFText_GetFontWeight(self._page, index)
            self._fonts[key] = weight >= _BOLD_WEIGHT or _BOLD.search(name.value) is not None
        return self._fonts[key]


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
    scripts = _scripts(drawing)
    lines: list[list[Line]] = []
    for words, broken in _joined(characters, _lines_of_words(characters, hidden)):
        made = (_piece(characters, part, scripts) for part in _parted(words, drawing.down))
        pieces = [piece for piece in made if piece is not None]
        if pieces and broken:
            pieces[-1].text += "-"
        if pieces:
            lines.append(pieces)
    return lines


def _lines_of_words(
    characters: Characters, hidden: Mapping[int, str]
) -> Iterator[tuple[list[Word], bool]]:
    """The words of each line, and whether the last of them is broken."""
    at = 0
    text = characters.text
    for piece in _PIECES.split(text):
        if piece and piece != BROKEN and not piece.isspace():
            shown = piece
            if hidden:  # blanks in their place, so that places stay right
                shown = "".join(" " if n in hidden else c for n, c in enumerate(piece, at))
            words = characters.words(shown, at)
            if words:
                end_at = at + len(piece)
                yield words, text[end_at : end_at + 1] == BROKEN
        at += len(piece)


def _joined(
    characters: Characters, lines: Iterator[tuple[list[Word], bool]]
) -> Iterator[tuple[list[Word], bool]]:
    """Lines, those put together that pdfium has broken in the middle.

    It does so at what is raised, and at every letter where it takes a page for one that is written
    from above to below (tables do look like that where each letter is drawn for itself).
    """
    held: list[Word] = []
    was_broken = False
    for words, broken in lines:
        if held and not was_broken and _goes_on(held[-1], words[0]):
            before, after = held[-1][3], words[0][3]
            if after[0] - before[2] < _BLANK * (before[3] - before[1]):
                held[-1] = _one_word((held[-1], words[0]))
                held += words[1:]
            else:
                held += words
        else:
            if held:
                yield held, was_broken
            held = words
        was_broken = broken
    if held:
        yield held, was_broken


def _goes_on(before: Word, after: Word) -> bool:
    """Whether a line's first word stands right behind another's last, raised or on its line."""
    one, other = before[3], after[3]
    if len(before[0]) > 1 and one[3] - one[1] > 1.5 * (one[2] - one[0]):
        return False  # written from above to below
    heights = one[3] - one[1], other[3] - other[1]
    small, large = min(heights), max(heights)
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return (
        small > 0
        and -0.2 * large < other[0] - one[2] < 0.4 * large
        and shared > (0.4 if small < _SCRIPT_SIZE * large else 0.9) * small
    )


def _parted(words: list[Word], down: Sequence[Box]) -> Iterator[list[Word]]:
    """The words of a line between wide gaps and rules; letters drawn apart are one word first."""
    words = _without_spacing(words)
    part = [words[0]]
    one = words[0][3]
    for word in words[1:]:
        other = word[3]
        gap = other[0] - one[2]
        if gap < 0:  # written from right to left
            gap = one[0] - other[2]
        height = other[3] - other[1]
        if (
            (gap > height or (gap > _GAP * height and gap > _letters_wide(word)))
            and not (word is words[1] and ITEM_MARK.fullmatch(words[0][0]))
        ) or (gap > 0 and down and _between(one, other, down)):
            yield part
            part = []
        part.append(word)
        one = other
    yield part


def _letters_wide(word: Word) -> float:
    """What a blank never is: wider than a letter and a half. In type of one width it is as one."""
    text, _, _, place = word
    return 1.6 * (place[2] - place[0]) / len(text) if len(text) > 2 else 0.0


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
        for before, after in pairwise(run)
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


def _piece(characters: Characters, words: Sequence[Word], scripts: Sequence[Box]) -> Line | None:
    """A piece of a line; None where nothing of it is text."""
    first, last = words[0][1], words[-1][2]
    said, begin, end = "", words[0][3], words[-1][3]
    left, right = min(begin[0], end[0]), max(begin[2], end[2])
    at, large = first, begin
    if scripts and any(not outside((left, begin[1], right, begin[3]), one) for one in scripts):
        said = _with_scripts(characters, words)
        place = max(range(len(words)), key=lambda n: words[n][3][3] - words[n][3][1])
        at, large = words[place][1], words[place][3]
    if not math.isfinite(left + right + large[1] + large[3]):
        left = right = 0.0  # damaged: text without a place
        large = (0.0, 0.0, 0.0, 1.0)
    text = " ".join(clean(said or " ".join([word[0] for word in words])).split())
    if not text:
        return None
    return Line(
        text, left, right, large[1], large[3],
        characters.size(at, large), characters.bold(first, last), [(first, last)],
    )  # fmt: skip


def _scripts(drawing: Drawing) -> list[Box]:
    """Where short text stands beside larger text that is drawn just before or after it."""
    found = []
    texts = [text for text in drawing.texts if text.box[2] > text.box[0]]
    for one, other in pairwise(texts):
        if one.size < _SCRIPT_SIZE * other.size:
            small, large = one, other
        elif other.size < _SCRIPT_SIZE * one.size:
            small, large = other, one
        else:
            continue
        if (
            (
                small.box[2] - small.box[0] < 8 * small.size
                and min(abs(small.box[0] - large.box[2]), abs(large.box[0] - small.box[2]))
                < large.size
            )
            and small.box[3] > large.box[1] - large.size
            and small.box[1] < large.box[3] + large.size
        ):
            found.append(small.box)
    return found


def _with_scripts(characters: Characters, words: Sequence[Word]) -> str:
    """The text of words, what is raised or lowered set apart; "" where nothing is."""
    boxes = [[characters.box(at) for at in range(word[1], word[2] + 1)] for word in words]
    heights = sorted(box[3] - box[1] for row in boxes for box in row)
    usual = heights[-1]
    if not usual or heights[0] >= _SCRIPT_SIZE * usual:
        return ""
    whole = [box for row in boxes for box in row if box[3] - box[1] >= _SCRIPT_SIZE * usual]
    if not whole:  # places that are no numbers
        return ""
    middle = median((box[1] + box[3]) / 2 for box in whole)
    line, end = RaisedLine(), None
    for (word, _, _, place), row in zip(words, boxes, strict=True):
        if end is not None and place[0] - end > _BLANK * usual:
            line.add(" ")
        for how, part in _runs(word, row, usual, middle):
            line.add(part, how)
        end = place[2]
    return line.text()


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
