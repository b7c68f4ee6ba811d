"""Text of a PDF page that nobody sees: found by drawing the page with it and without it.

Text is hidden when it leaves no mark: it has the colour of what is under it, lies under a picture
or a bar, is clipped away, transparent, in the invisible render mode, smaller than two points, or
off the page. Colours alone would not tell (white words on a dark bar are read well), so text
that might be hidden is switched off and the page is drawn a second time. On most pages nothing
might be, and nothing is drawn.

The invisible mode is also how scanners lay recognised text over a page's picture. There it counts
as seen where the picture has ink in the same place.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, OFF_PAGE, TINY, TINY_POINTS, UNSEEN
from indexer.parsers.pdf.drawn import Box, Drawing, Drawn, around, outside

if TYPE_CHECKING:
    import numpy as np
    from pypdfium2 import PdfPage, PdfTextPage

# Levels of 255: what a drawn word must change of the page to be seen, how light a colour may be
# beside white paper without suspicion, and what is ink in a scan.
_SEEN = 16
_LIGHT = 170
_INK = 40
_FAINT = 60  # opacity, of 255
_INVISIBLE_MODES = (3, 7)
_LIKE = 60  # colours this near each other may vanish on one another
# The page is drawn at a point a pixel; a huge one smaller.
_MAX_PIXELS = 4_000_000
_SCAN_MARGIN = 3.0


def hidden_characters(page: PdfPage, text_page: PdfTextPage, drawing: Drawing) -> dict[int, str]:
    """Of the page's characters those that nobody sees: index → how they are hidden."""
    from pypdfium2 import raw

    visible = page.get_bbox()
    doubtful = _doubtful(drawing.texts, drawing.shapes, visible)
    if not doubtful:
        return {}
    found: dict[int, str] = {}
    groups: dict[bool, list[tuple[Drawn, list[int], Box]]] = {True: [], False: []}
    for one, characters, box in _words(text_page, doubtful):
        if outside(box, visible):
            found |= dict.fromkeys(characters, OFF_PAGE)
        elif 0 < box[3] - box[1] < TINY_POINTS:
            found |= dict.fromkeys(characters, TINY)
        else:
            groups[_light(one) or one.mode in _INVISIBLE_MODES].append((one, characters, box))
    pictures = [one.box for one in drawing.shapes if one.kind == raw.FPDF_PAGEOBJ_IMAGE]
    whole: np.ndarray | None = None
    for words in filter(None, groups.values()):
        whole = _drawing(page) if whole is None else whole
        found |= _without_a_mark(page, whole, words, pictures)
    return found


def _doubtful(texts: Sequence[Drawn], covers: Sequence[Drawn], visible: Box) -> dict[int, Drawn]:
    """The texts that might be hidden, by address."""
    found = {}
    for text in texts:
        if (
            _light(text)
            or text.mode in _INVISIBLE_MODES
            or 0 < text.size < TINY_POINTS
            or outside(text.box, visible)
            or (text.clip is not None and outside(text.box, text.clip))
            or any(_may_cover(cover, text) for cover in covers)
        ):
            found[text.address] = text
    return found


def in_plain_sight(texts: Sequence[Drawn]) -> bool:
    """Whether there is text, all of it dark, large enough and drawn to be seen."""
    return bool(texts) and not any(
        _light(text) or text.mode in _INVISIBLE_MODES or 0 < text.size < TINY_POINTS
        for text in texts
    )


def is_recognised(picture: Box, texts: Sequence[Drawn]) -> bool:
    """Whether a scanner has laid what it recognised over a picture."""
    return any(text.mode in _INVISIBLE_MODES and not outside(text.box, picture) for text in texts)


def _light(text: Drawn) -> bool:
    """Whether a text would hardly show on white paper."""
    red, green, blue, opacity = text.colour
    return 0.3 * red + 0.59 * green + 0.11 * blue > _LIGHT or opacity < _FAINT


def _may_cover(cover: Drawn, text: Drawn) -> bool:
    """Whether text may vanish under a later thing, or on an earlier one of its colour."""
    from pypdfium2 import raw

    if outside(text.box, cover.box):
        return False
    if cover.order > text.order or cover.kind != raw.FPDF_PAGEOBJ_PATH:
        return True
    return max(abs(a - b) for a, b in zip(cover.colour[:3], text.colour[:3], strict=True)) < _LIKE


def _without_a_mark(
    page: PdfPage,
    whole: np.ndarray,
    words: Sequence[tuple[Drawn, list[int], Box]],
    pictures: Sequence[Box],
) -> dict[int, str]:
    """The characters of words that change nothing on the page when they are switched off."""
    import numpy as np
    from pypdfium2 import raw

    handles = {one.address: one.handle for one, _, _ in words}
    for handle in handles.values():
        raw.FPDFPageObj_SetIsActive(handle, False)
    try:
        without = _drawing(page)
    finally:
        for handle in handles.values():
            raw.FPDFPageObj_SetIsActive(handle, True)
    changed = np.abs(whole - without)
    found: dict[int, str] = {}
    for one, characters, box in words:
        if _most(changed, page, box) >= _SEEN:
            continue
        invisible = one.mode in _INVISIBLE_MODES
        scanned = invisible and any(not outside(box, picture) for picture in pictures)
        if scanned and _contrast(whole, page, box) >= _INK:
            continue
        how = UNSEEN if invisible or one.colour[3] < _FAINT or not _light(one) else BACKGROUND
        found |= dict.fromkeys(characters, how)
    return found


def _drawing(page: PdfPage) -> np.ndarray:
    """The page in colours, int16 [height, width, 3], at about a point a pixel."""
    import numpy as np

    width, height = page.get_size()
    scale = min(1.0, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    return page.render(scale=scale).to_numpy().astype(np.int16)[:, :, :3]


def _most(picture: np.ndarray, page: PdfPage, box: Box) -> int:
    """The largest value inside a box."""
    part = _part(picture, page, box)
    return int(part.max()) if part.size else 0


def _contrast(picture: np.ndarray, page: PdfPage, box: Box) -> int:
    left, bottom, right, top = box
    margin = _SCAN_MARGIN
    part = _part(picture, page, (left - margin, bottom - margin, right + margin, top + margin))
    return int(part.max() - part.min()) if part.size else 0


def _part(picture: np.ndarray, page: PdfPage, box: Box) -> np.ndarray:
    """The pixels of a box, with those that it touches."""
    from pypdfium2 import raw

    height, width = picture.shape[:2]
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(
            page.raw, 0, 0, width, height, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        corners.append((across.value, down.value))
    (x0, y0), (x1, y1) = corners
    columns = slice(max(0, min(x0, x1)), max(0, x0, x1) + 1)
    return picture[max(0, min(y0, y1)) : max(0, y0, y1) + 1, columns]


def _words(
    text_page: PdfTextPage, doubtful: dict[int, Drawn]
) -> Iterator[tuple[Drawn, list[int], Box]]:
    """The doubtful characters of the text layer, a word of one object at a time."""
    from pypdfium2 import raw

    word: list[int] = []
    boxes: list[Box] = []
    current: Drawn | None = None
    for index in range(text_page.count_chars() + 1):
        handle = raw.FPDFText_GetTextObject(text_page.raw, index)
        address = ctypes.cast(handle, ctypes.c_void_p).value if handle else None
        blank = raw.FPDFText_GetUnicode(text_page.raw, index) in (0, 9, 10, 13, 32, 160)
        one = doubtful.get(address or 0)
        if word and current is not None and (one is not current or blank):
            yield current, word, around(boxes)
            word, boxes = [], []
        current = one
        if one is not None and not blank:
            word.append(index)
            boxes.append(_character_box(text_page, index) or one.box)


def _character_box(text_page: PdfTextPage, index: int) -> Box | None:
    from pypdfium2 import raw

    found = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text_page.raw, index, ctypes.byref(found)):
        return None
    box = (found.left, found.bottom, found.right, found.top)
    return box if box[2] > box[0] and box[3] > box[1] else None
