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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexer.parsers.hidden import BACKGROUND, OFF_PAGE, TINY, TINY_POINTS, UNSEEN

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
_MAX_DEPTH = 5
_MAX_OBJECTS = 20_000
# The page is drawn at a point a pixel; a huge one smaller.
_MAX_PIXELS = 4_000_000
_SCAN_MARGIN = 3.0

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points
_Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Object:
    """Something drawn on a page: where, in what order, in what colour (r, g, b, opacity)."""

    handle: Any
    kind: int
    order: int
    box: Box
    colour: tuple[int, int, int, int]
    mode: int = 0
    size: float = 0.0
    clip: Box | None = None

    @property
    def address(self) -> int:
        """What tells two objects apart."""
        return ctypes.cast(self.handle, ctypes.c_void_p).value or 0

    @property
    def light(self) -> bool:
        """Whether it would hardly show on white paper."""
        red, green, blue, opacity = self.colour
        return 0.3 * red + 0.59 * green + 0.11 * blue > _LIGHT or opacity < _FAINT


def hidden_characters(page: PdfPage, text_page: PdfTextPage) -> dict[int, str]:
    """Of the page's characters those that nobody sees: index → how they are hidden."""
    from pypdfium2 import raw

    drawn = list(_objects(page))
    texts = [one for one in drawn if one.kind == raw.FPDF_PAGEOBJ_TEXT]
    visible = page.get_bbox()
    doubtful = _doubtful(texts, drawn, visible)
    if not doubtful:
        return {}
    found: dict[int, str] = {}
    groups: dict[bool, list[tuple[_Object, list[int], Box]]] = {True: [], False: []}
    for one, characters, box in _words(text_page, doubtful):
        if _outside(box, visible):
            found |= dict.fromkeys(characters, OFF_PAGE)
        elif 0 < box[3] - box[1] < TINY_POINTS:
            found |= dict.fromkeys(characters, TINY)
        else:
            groups[one.light or one.mode in _INVISIBLE_MODES].append((one, characters, box))
    pictures = [one.box for one in drawn if one.kind == raw.FPDF_PAGEOBJ_IMAGE]
    whole: np.ndarray | None = None
    for words in filter(None, groups.values()):
        whole = _drawing(page) if whole is None else whole
        found |= _without_a_mark(page, whole, words, pictures)
    return found


def _doubtful(
    texts: Sequence[_Object], drawn: Sequence[_Object], visible: Box
) -> dict[int, _Object]:
    """The texts that might be hidden, by address."""
    from pypdfium2 import raw

    covers = [one for one in drawn if one.kind != raw.FPDF_PAGEOBJ_TEXT]
    found = {}
    for text in texts:
        if (
            text.light
            or text.mode in _INVISIBLE_MODES
            or 0 < text.size < TINY_POINTS
            or _outside(text.box, visible)
            or (text.clip is not None and _outside(text.box, text.clip))
            or any(_may_cover(cover, text) for cover in covers)
        ):
            found[text.address] = text
    return found


def _may_cover(cover: _Object, text: _Object) -> bool:
    """Whether text may vanish under a later thing, or on an earlier one of its colour."""
    from pypdfium2 import raw

    if _outside(text.box, cover.box):
        return False
    if cover.order > text.order or cover.kind != raw.FPDF_PAGEOBJ_PATH:
        return True
    return max(abs(a - b) for a, b in zip(cover.colour[:3], text.colour[:3], strict=True)) < _LIKE


def _without_a_mark(
    page: PdfPage,
    whole: np.ndarray,
    words: Sequence[tuple[_Object, list[int], Box]],
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
        scanned = invisible and any(not _outside(box, picture) for picture in pictures)
        if scanned and _contrast(whole, page, box) >= _INK:
            continue
        how = UNSEEN if invisible or one.colour[3] < _FAINT or not one.light else BACKGROUND
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
    text_page: PdfTextPage, doubtful: dict[int, _Object]
) -> Iterator[tuple[_Object, list[int], Box]]:
    """The doubtful characters of the text layer, a word of one object at a time."""
    from pypdfium2 import raw

    word: list[int] = []
    boxes: list[Box] = []
    current: _Object | None = None
    for index in range(text_page.count_chars() + 1):
        handle = raw.FPDFText_GetTextObject(text_page.raw, index)
        address = ctypes.cast(handle, ctypes.c_void_p).value if handle else None
        blank = raw.FPDFText_GetUnicode(text_page.raw, index) in (0, 9, 10, 13, 32, 160)
        one = doubtful.get(address or 0)
        if word and current is not None and (one is not current or blank):
            yield current, word, _around(boxes)
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


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip


def _outside(box: Box, other: Box) -> bool:
    """Whether a box has nothing in common with another."""
    return box[2] <= other[0] or box[0] >= other[2] or box[3] <= other[1] or box[1] >= other[3]


def _objects(page: PdfPage) -> Iterator[_Object]:
    """All that is drawn, inside of forms too, in the order of drawing."""
    from pypdfium2 import raw

    order = 0
    stack = [
        (raw.FPDFPage_GetObject(page.raw, at), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
        for at in reversed(range(raw.FPDFPage_CountObjects(page.raw)))
    ]
    while stack and order < _MAX_OBJECTS:
        handle, matrix, depth = stack.pop()
        kind = raw.FPDFPageObj_GetType(handle)
        if kind == raw.FPDF_PAGEOBJ_FORM:
            if depth < _MAX_DEPTH:
                inner = _multiplied(_matrix(handle), matrix)
                count = raw.FPDFFormObj_CountObjects(handle)
                stack += [
                    (raw.FPDFFormObj_GetObject(handle, at), inner, depth + 1)
                    for at in reversed(range(max(0, count)))
                ]
            continue
        order += 1
        if kind == raw.FPDF_PAGEOBJ_PATH and not _fills(handle):
            continue
        yield _read(handle, kind, order, matrix)


def _read(handle: Any, kind: int, order: int, matrix: _Matrix) -> _Object:
    from pypdfium2 import raw

    box = _moved(_bounds(handle), matrix)
    colour = tuple(ctypes.c_uint() for _ in range(4))
    raw.FPDFPageObj_GetFillColor(handle, *map(ctypes.byref, colour))
    values = (colour[0].value, colour[1].value, colour[2].value, colour[3].value)
    if kind != raw.FPDF_PAGEOBJ_TEXT:
        return _Object(handle, kind, order, box, values)
    own = _multiplied(_matrix(handle), matrix)
    size = ctypes.c_float()
    raw.FPDFTextObj_GetFontSize(handle, ctypes.byref(size))
    scale = abs(own[0] * own[3] - own[1] * own[2]) ** 0.5
    mode = raw.FPDFTextObj_GetTextRenderMode(handle)
    clip = _clip(handle, matrix)
    return _Object(handle, kind, order, box, values, mode, abs(size.value) * scale, clip)


def _fills(handle: Any) -> bool:
    """Whether a path is filled, and not just drawn as lines."""
    from pypdfium2 import raw

    mode, stroke = ctypes.c_int(), raw.FPDF_BOOL()
    raw.FPDFPath_GetDrawMode(handle, ctypes.byref(mode), ctypes.byref(stroke))
    left, bottom, right, top = _bounds(handle)
    # A rule under or beside text covers none of it.
    return mode.value != 0 and right - left > TINY_POINTS and top - bottom > TINY_POINTS


def _clip(handle: Any, matrix: _Matrix) -> Box | None:
    """The box around the points of an object's clipping paths that bounds all of them."""
    from pypdfium2 import raw

    clip = raw.FPDFPageObj_GetClipPath(handle)
    if not clip:
        return None
    bounds: Box | None = None
    for path in range(max(0, raw.FPDFClipPath_CountPaths(clip))):
        points = []
        for at in range(max(0, raw.FPDFClipPath_CountPathSegments(clip, path))):
            segment = raw.FPDFClipPath_GetPathSegment(clip, path, at)
            x, y = ctypes.c_float(), ctypes.c_float()
            if raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
                points.append((x.value, y.value, x.value, y.value))
        if points:
            box = _around(points)
            bounds = box if bounds is None else (
                max(bounds[0], box[0]), max(bounds[1], box[1]),
                min(bounds[2], box[2]), min(bounds[3], box[3]),
            )  # fmt: skip
    return None if bounds is None else _moved(bounds, matrix)


def _bounds(handle: Any) -> Box:
    from pypdfium2 import raw

    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, (left, bottom, right, top)))
    return left.value, bottom.value, right.value, top.value


def _matrix(handle: Any) -> _Matrix:
    from pypdfium2 import raw

    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, ctypes.byref(found)):
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return found.a, found.b, found.c, found.d, found.e, found.f


def _multiplied(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _moved(box: Box, matrix: _Matrix) -> Box:
    a, b, c, d, e, f = matrix
    corners = [
        (a * x + c * y + e, b * x + d * y + f, a * x + c * y + e, b * x + d * y + f)
        for x in (box[0], box[2])
        for y in (box[1], box[3])
    ]
    return _around(corners)
