"""What of a PDF page is a picture: drawn for text recognition, and told from print.

A scan often carries a few words of real text: a stamp of receipt, a page number, a header. Such
a page has a text layer, and yet what it says is in the picture. Pages of print may hold pictures
with text, too: a table that was pasted as one.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from indexer.parsers import ocr
from indexer.parsers.errors import CorruptedError, ParserTimeoutError
from indexer.parsers.pdf.drawn import Box, around
from indexer.parsers.pdf.lines import Line, PageLines, Table
from indexer.parsers.pdf.recognised import recognised_items

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfPage

NOT_READ = "a picture on it was not read"
_OCR_DPI = 300
# Differences of shade below this are none.
_EVEN = 24
_OCR_MAX_PIXELS = 40_000_000
_LOOK_DPI = 50
_PICTURE_DPI = 72
_INVISIBLE_MODES = (3, 7)

# Stamps, headers and page numbers together say less than this; a page of text says more.
_STAMP_CHARACTERS = 200
# A scan fills its page, but for a margin that the stamp may stand in.
_SCAN_SHARE = 0.6
# Writing is dark on light: shares of the picture. Photographs are darker, backgrounds emptier
# (full pages of print at 50 dpi are 2 to 10 % dark).
_DARK, _LIGHT = 128, 180
_LEAST_INK, _LEAST_PAPER = 0.001, 0.6
# Of a picture whose grounds were made white more would be dark if it were a photograph.
_MOST_PICTURE_INK = 0.2
_LEAST_SURE = 45.0
# Smaller pictures (share of the page; points) are logos and icons. More are not read of a page,
# nor of a document: one takes about a second.
_LEAST_PICTURE, _LEAST_SIDE = 0.015, 24.0
_MOST_PICTURES, _MOST_IN_ALL = 12, 300
# A picture with more characters over it is what they are printed on.
_MOST_OVER = 60
# Slices of one picture lie this near each other, in points.
_NEAR = 3.0


def is_stamped_scan(page: PdfPage, text: str) -> bool:
    """Whether a page that has this text is a scan all the same.

    Text in the invisible mode is what a scanner has recognised: then there is nothing to add.
    """
    from pypdfium2 import raw

    if len(text) > _STAMP_CHARACTERS or _pictured(page) < _SCAN_SHARE:
        return False
    texts = page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5)
    if any(raw.FPDFTextObj_GetTextRenderMode(one.raw) in _INVISIBLE_MODES for one in texts):
        return False
    return _shows_writing(_drawn(page, _LOOK_DPI, texts=False))


def _pictured(page: PdfPage) -> float:
    """The share of a page that its pictures take."""
    from pypdfium2 import PdfiumError, raw

    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=5):
        with contextlib.suppress(PdfiumError):
            left, bottom, right, top = picture.get_bounds()
            across = min(right, width) - max(left, 0.0)
            covered += max(0.0, across) * max(0.0, min(top, height) - max(bottom, 0.0))
    return covered / max(1.0, width * height)


def _shows_writing(picture: Image, most_ink: float = 1.0) -> bool:
    shades = picture.histogram()
    total = sum(shades)
    ink, paper = sum(shades[:_DARK]) / total, sum(shades[_LIGHT:]) / total
    return _LEAST_INK <= ink <= most_ink and paper >= _LEAST_PAPER


def is_blank(page: PdfPage) -> bool:
    """Whether nothing is to be seen on a page: the empty back of a sheet, scanned or printed."""
    picture = _drawn(page, _LOOK_DPI, texts=True)
    shades = picture.histogram()  # of one channel: the picture is grey
    shown = [shade for shade, dots in enumerate(shades) if dots]
    return shown[-1] - shown[0] < _EVEN or sum(shades[:_LIGHT]) == 0


def recognised(page: PdfPage, problem: str, *, texts: bool) -> PageLines:
    """What the picture of a page says; `problem` with the reason where there is nothing.

    `texts` says whether what the text layer shows is part of the picture.
    """
    width, height = page.get_size()
    empty = PageLines((), height)
    if not ocr.available():
        return replace(empty, problem=f"{problem}; {ocr.NOT_INSTALLED}")
    try:
        picture = _drawn(page, _OCR_DPI, texts=texts)
        words = ocr.recognise_words(picture) or ocr.recognise_words(ocr.evened(picture, _OCR_DPI))
    except ParserTimeoutError as error:
        return replace(empty, problem=f"{problem}; {error}")
    if not words and is_blank(page):
        return empty  # the empty back of a sheet
    if not words:
        return replace(empty, problem=f"{problem}; {ocr.NOTHING_FOUND}")
    items = recognised_items(words, picture.width / width, 0.0, height)
    if any(isinstance(item, Table) for item in items):
        return replace(empty, items=tuple(items))
    return replace(empty, plain=ocr.text_of(words))


class PictureReader:
    """Reads the pictures on the pages of one document; what comes again is read once."""

    def __init__(self) -> None:
        self._read: dict[bytes, list[ocr.RecognisedWord]] = {}
        self._left = _MOST_IN_ALL

    def add(self, page: PdfPage, content: PageLines) -> PageLines:
        """A page's lines with those in its pictures, or the problem that they were not read."""
        size = page.get_size()
        pictures = [
            box for box in _worth_reading(content.pictures, size) if not _is_ground(box, content)
        ]
        if not pictures:
            return content
        items, problem = list(content.items), ""
        for box in pictures[:_MOST_PICTURES]:
            look = ocr.evened(_part(page, box, _PICTURE_DPI), _PICTURE_DPI)
            if not _shows_writing(look, _MOST_PICTURE_INK):
                continue
            key = hashlib.sha256(look.tobytes()).digest()
            if key not in self._read and (not ocr.available() or self._left <= 0):
                problem = NOT_READ if self._left <= 0 else f"{NOT_READ}; {ocr.NOT_INSTALLED}"
                continue
            try:
                words = self._words(page, box, key)
            except (ParserTimeoutError, CorruptedError) as error:
                problem = f"{NOT_READ}; {error}"
                continue
            found = recognised_items(words, _OCR_DPI / 72, box[0], box[3])
            _insert(items, _as_printed(found, content), box)
        return replace(content, items=tuple(items), problem=problem)

    def _words(self, page: PdfPage, box: Box, key: bytes) -> list[ocr.RecognisedWord]:
        if key not in self._read:
            self._left -= 1
            picture = ocr.evened(_part(page, box, _OCR_DPI), _OCR_DPI)
            words = ocr.recognise_words(picture, scattered=True)
            sure = median(word.sure for word in words) if words else 0.0
            # Out of photographs Tesseract reads what is not there, and is not sure of it.
            self._read[key] = [word for word in words if word.sure >= _LEAST_SURE < sure]
        return self._read[key]


def _worth_reading(pictures: Iterable[Box], size: tuple[float, float]) -> list[Box]:
    """The pictures that are large enough, slices put together, from above to below."""
    width, height = size
    whole: list[Box] = []
    for picture in sorted(pictures, key=lambda box: -box[3]):
        box = (
            max(0.0, picture[0]), max(0.0, picture[1]),
            min(width, picture[2]), min(height, picture[3]),
        )  # fmt: skip
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        for other in whole:
            if _touch(box, other):
                whole.remove(other)
                box = around((box, other))
                break
        whole.append(box)
    return [
        box
        for box in whole
        if min(box[2] - box[0], box[3] - box[1]) >= _LEAST_SIDE
        and (box[2] - box[0]) * (box[3] - box[1]) >= _LEAST_PICTURE * width * height
    ]


def _is_ground(picture: Box, content: PageLines) -> bool:
    """Whether text lies over a picture: paper, or a scan whose text was recognised before."""
    left, bottom, right, top = picture
    over = 0
    for line in content.all_lines():
        middle, height = (line.left + line.right) / 2, (line.bottom + line.top) / 2
        if left < middle < right and bottom < height < top:
            over += len(line.text)
    return over > _MOST_OVER


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + _NEAR
        and other[0] <= one[2] + _NEAR
        and one[1] <= other[3] + _NEAR
        and other[1] <= one[3] + _NEAR
    )


def _as_printed(found: Sequence[Line | Table], content: PageLines) -> list[Line | Table]:
    """Recognised lines in the size of those around them: their own is a guess."""
    sizes = sorted(line.size for line in content.all_lines())
    for item in found:
        for line in item.lines() if isinstance(item, Table) else (item,):
            line.size = sizes[len(sizes) // 2] if sizes else line.size
    return list(found)


def _insert(items: list[Line | Table], found: Sequence[Line | Table], box: Box) -> None:
    """Put what a picture says behind the last line that stands above it."""
    middle = (box[1] + box[3]) / 2
    above = [
        (item.bottom - middle, at)
        for at, item in enumerate(items)
        if isinstance(item, Line) and item.bottom >= middle
    ]
    at = min(above)[1] + 1 if above else 0
    items[at:at] = found


def _part(page: PdfPage, box: Box, dpi: int) -> Image:
    """A part of a page in shades of grey, without what its text layer shows."""
    width, height = page.get_size()
    left, bottom, right, top = box
    scale = min(dpi / 72, (_OCR_MAX_PIXELS / max(1.0, (right - left) * (top - bottom))) ** 0.5)

    def render() -> Image:
        crop = (left, bottom, width - right, height - top)
        return page.render(scale=scale, grayscale=True, crop=crop).to_pil()

    return _without_texts(page, render)


def _drawn(page: PdfPage, dpi: int, *, texts: bool) -> Image:
    """A page in shades of grey, with or without what its text layer shows."""
    width, height = page.get_size()
    scale = min(dpi / 72, (_OCR_MAX_PIXELS / max(1.0, width * height)) ** 0.5)

    def render() -> Image:
        return page.render(scale=scale, grayscale=True).to_pil()

    return render() if texts else _without_texts(page, render)


def _without_texts(page: PdfPage, render: Callable[[], Image]) -> Image:
    from pypdfium2 import raw

    found = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5))
    for one in found:
        raw.FPDFPageObj_SetIsActive(one.raw, False)
    try:
        return render()
    finally:
        for one in found:
            raw.FPDFPageObj_SetIsActive(one.raw, True)
