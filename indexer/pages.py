"""Pictures of PDF pages, and where on them a piece of a page's text stands.

The text layer of the PDF is matched with the page's text letter by letter, white space and
hyphens aside; where it has another order (tables), piece by piece of the lines that the page is
read in. Where they do not agree, nothing is highlighted rather than the wrong thing.

pdfium may be used by one thread at a time; everything here takes one lock.
"""

from __future__ import annotations

import ctypes
import io
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.layout import clean
from indexer.parsers.pdf.bitmap_fonts import with_ligatures
from indexer.parsers.pdf.content import read_content
from indexer.parsers.pdf.drawn import around
from indexer.parsers.pdf.places import PlacedPiece, places_of

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_LOCK = threading.Lock()
_MAX_PIXELS = 25_000_000
# Marks that parsing may have mended away at the end of a line, or added.
_IGNORED = frozenset("-\u00ad\u2010\u2011\ufffe\ufffd|^_")
# What parts words and cells.
_PARTING = re.compile(r"[\s|]")
# So many of a quote's letters must have a place on the page: a table's header may be on another.
_PLACED = 0.8


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as fractions of its width and height from the upper left."""

    left: float
    top: float
    right: float
    bottom: float


def render(path: Path, page_number: int, dpi: int = 110) -> bytes:
    """A page (counted from one) as a PNG.

    A huge page is drawn with fewer dots. Raises `CorruptedError` where it cannot be drawn,
    `IndexError` where there is no such page.
    """
    with _LOCK, _Opened(path, page_number) as opened:
        width, height = opened.page.get_size()
        scale = min(dpi / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        image = opened.page.render(scale=scale).to_pil()
        stream = io.BytesIO()
        image.convert("RGB").save(stream, "PNG", optimize=False)
        return stream.getvalue()


def boxes(path: Path, page_number: int, text: str, start: int, end: int) -> tuple[Box, ...]:
    """Boxes around characters `start` to `end` of `text`, our text of that page.

    One box a line. Empty where the place cannot be told for certain: the page was read by
    text recognition, or another text layer says something else, or says it twice.
    """
    with _LOCK, _Opened(path, page_number) as opened:
        text_page = opened.page.get_textpage()
        try:
            layer, places = _letters(_layer(text_page))
            own, own_places = _letters(enumerate(text))
            wanted = [at for at, place in enumerate(own_places) if start <= place < end]
            if not wanted:
                return ()
            if own != layer:
                found = _read_places(opened.page, text_page, text, own, own_places)
                characters = [one for at in wanted if (one := found[at]) is not None]
                if len(characters) >= _PLACED * len(wanted):
                    return _boxes(opened.page, text_page, characters)
            first = _match(own, layer, wanted[0], wanted[-1] + 1)
            if first is None:
                return ()
            return _boxes(opened.page, text_page, places[first : first + len(wanted)])
        finally:
            text_page.close()


def _read_places(
    page: PdfPage, text_page: PdfTextPage, text: str, own: str, own_places: Sequence[int]
) -> list[object | None]:
    """The place of each letter of our text, from reading the page again."""
    starts = [
        not at or _PARTING.search(text, own_places[at - 1] + 1, place) is not None
        for at, place in enumerate(own_places)
    ]
    characters = dict(_layer(text_page))
    pieces = []
    content = read_content(page, text_page, keep=False)
    lines = (part for whole in content.all_lines() for part in whole.parts or (whole,))
    for line in lines:
        if line.area is not None:
            letters, _ = _letters(enumerate(line.text))
            pieces.append(PlacedPiece(letters, (line.area,) * len(letters)))
            continue
        indices = (at for first, last in line.runs for at in range(first, last + 1))
        letters, places = _letters((at, characters.get(at, "")) for at in indices)
        pieces.append(PlacedPiece(letters, tuple(places), line.text.endswith("-")))
    return places_of(own, starts, pieces)


def _match(own: str, layer: str, start: int, end: int) -> int | None:
    """Where `own[start:end]` begins in `layer`: at the same place, or the only one."""
    wanted = own[start:end]
    if own == layer:
        return start
    found = layer.find(wanted)
    if found < 0 or layer.find(wanted, found + 1) >= 0:
        return None
    return found


def _letters(characters: Iterator[tuple[int, str]]) -> tuple[str, list[int]]:
    """The letters that count for matching, and the place of each."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in characters:
        for letter in unicodedata.normalize("NFKD", clean(character)):
            if not letter.isspace() and letter not in _IGNORED:
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


def _layer(text_page: PdfTextPage) -> Iterator[tuple[int, str]]:
    """The characters of the text layer, by their index."""
    from pypdfium2 import raw

    codes = (
        raw.FPDFText_GetUnicode(text_page.raw, index) for index in range(text_page.count_chars())
    )
    text = "".join(chr(code) if code < 0x110000 else " " for code in codes)
    yield from enumerate(with_ligatures(text, text_page))


def _boxes(page: PdfPage, text_page: PdfTextPage, places: Iterable[object]) -> tuple[Box, ...]:
    """The rectangles of places, those of a line joined to one: characters, or boxes in points."""
    from pypdfium2 import raw

    lines: list[tuple[float, float, float, float]] = []
    for place in dict.fromkeys(places):
        if isinstance(place, tuple):
            lines.append(place)
            continue
        rectangle = raw.FS_RECTF()
        if not raw.FPDFText_GetLooseCharBox(text_page.raw, place, ctypes.byref(rectangle)):
            continue
        box = (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        if lines and _same_line(lines[-1], box):
            lines[-1] = around((lines[-1], box))
        else:
            lines.append(box)
    return tuple(_on_picture(page, line) for line in lines)


def _same_line(line: Sequence[float], box: Sequence[float]) -> bool:
    """Whether a character's box goes on with a line's: they overlap in height by half."""
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    return overlap > 0.5 * min(line[3] - line[1], box[3] - box[1])


def _on_picture(page: PdfPage, box: Sequence[float]) -> Box:
    """From points on the page to fractions of its picture: cropped and rotated alike."""
    from pypdfium2 import raw

    size = 10_000
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(
            page.raw, 0, 0, size, size, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        corners.append((min(size, max(0, across.value)), min(size, max(0, down.value))))
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1) / size, min(y0, y1) / size, max(x0, x1) / size, max(y0, y1) / size)


class _Opened:
    """An open PDF and one of its pages; closes both."""

    def __init__(self, path: Path, page_number: int) -> None:
        self._path = path
        self._number = page_number

    def __enter__(self) -> _Opened:
        from pypdfium2 import PdfDocument, PdfiumError

        try:
            self._document: PdfDocument = PdfDocument(self._path)
            self._document.init_forms()
        except PdfiumError as error:
            raise CorruptedError(f"{self._path.name} cannot be drawn ({error})") from error
        if not 1 <= self._number <= len(self._document):
            count = len(self._document)
            self._document.close()
            raise IndexError(f"{self._path.name} has {count} pages, no page {self._number}")
        try:
            self.page: PdfPage = self._document[self._number - 1]
        except PdfiumError as error:
            self._document.close()
            raise CorruptedError(
                f"page {self._number} of {self._path.name} is damaged and cannot be drawn"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.page.close()
        self._document.close()
