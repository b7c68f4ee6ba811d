"""What is drawn on a PDF page, read once: texts, pictures, filled shapes and rules."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_MAX_DEPTH = 5
_MAX_OBJECTS = 20_000
# What is thinner is a rule; a shorter one (in points) parts nothing.
RULE_WIDTH = 2.0
_RULE_LENGTH = 4.0
# Paths of more pieces are drawings, not grids.
_MAX_SEGMENTS = 400
# A filled shape of this height has edges that part rows (stripes, the ground of a header).
_STRIPE = (6.0, 200.0)

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Drawn:
    """Something drawn on a page: where, in what order, in what colour (r, g, b, opacity)."""

    __slots__ = ("box", "clip", "colour", "handle", "kind", "mode", "order", "size")

    def __init__(self, handle: Any, kind: int, order: int, box: Box) -> None:
        self.handle = handle
        self.kind = kind
        self.order = order
        self.box = box
        self.colour = (0, 0, 0, 255)
        self.mode = 0
        self.size = 0.0
        self.clip: Box | None = None

    @property
    def address(self) -> int:
        """What tells two objects apart."""
        return ctypes.addressof(self.handle.contents)


@dataclass(slots=True)
class Drawing:
    """All that is drawn on a page, inside of forms too, in the order of drawing.

    `shapes` are pictures and filled paths. `across` and `down` are the horizontal and vertical
    rules; `edges` those sides of filled shapes that may part rows.
    """

    texts: list[Drawn] = field(default_factory=list)
    shapes: list[Drawn] = field(default_factory=list)
    across: list[Box] = field(default_factory=list)
    down: list[Box] = field(default_factory=list)
    edges: list[Box] = field(default_factory=list)
    paths: bool = False

    def add_rule(self, box: Box) -> bool:
        """Take a thin box for a rule; whether it is one."""
        wide, high = box[2] - box[0], box[3] - box[1]
        if high <= RULE_WIDTH and wide >= _RULE_LENGTH:
            self.across.append(box)
        elif wide <= RULE_WIDTH and high >= _RULE_LENGTH:
            self.down.append(box)
        else:
            return wide <= RULE_WIDTH and high <= RULE_WIDTH
        return True


def read_drawing(page: PdfPage) -> Drawing:
    """Read the objects of a page."""
    from pypdfium2 import raw

    reader = _Reader()
    order = 0
    stack = [
        (raw.FPDFPage_GetObject(page.raw, at), IDENTITY, 0)
        for at in reversed(range(raw.FPDFPage_CountObjects(page.raw)))
    ]
    kind_of, form = raw.FPDFPageObj_GetType, raw.FPDF_PAGEOBJ_FORM
    while stack and order < _MAX_OBJECTS:
        handle, matrix, depth = stack.pop()
        kind = kind_of(handle)
        if kind != form:
            order += 1
            reader.read(handle, kind, order, matrix)
        elif depth < _MAX_DEPTH:
            inner = multiplied(reader.matrix(handle), matrix)
            count = raw.FPDFFormObj_CountObjects(handle)
            stack += [
                (raw.FPDFFormObj_GetObject(handle, at), inner, depth + 1)
                for at in reversed(range(max(0, count)))
            ]
    return reader.drawing


class _Reader:
    """Reads objects one after the other; keeps the buffers that pdfium writes to."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        self.drawing = Drawing()
        self._raw = raw
        # Arrays, which are read at once.
        self._floats = (ctypes.c_float * 4)()
        self._bounds = _pointers(self._floats, ctypes.c_float)
        self._shades = (ctypes.c_uint * 4)()
        self._colour = _pointers(self._shades, ctypes.c_uint)
        self._six = (ctypes.c_float * 6)()
        self._matrix = ctypes.cast(self._six, ctypes.POINTER(raw.FS_MATRIX))

    def read(self, handle: Any, kind: int, order: int, matrix: Matrix) -> None:
        """Add one object to the drawing."""
        box = moved(self.bounds(handle), matrix)
        if kind == self._raw.FPDF_PAGEOBJ_TEXT:
            self._read_text(Drawn(handle, kind, order, box), matrix)
        elif kind == self._raw.FPDF_PAGEOBJ_PATH:
            self.drawing.paths = True
            self._read_path(Drawn(handle, kind, order, box), matrix)
        else:
            self.drawing.paths |= kind == self._raw.FPDF_PAGEOBJ_SHADING
            self.drawing.shapes.append(Drawn(handle, kind, order, box))

    def bounds(self, handle: Any) -> Box:
        """The box around an object, in the space that it is drawn in."""
        self._raw.FPDFPageObj_GetBounds(handle, *self._bounds)
        left, bottom, right, top = self._floats[:]
        return left, bottom, right, top

    def matrix(self, handle: Any) -> Matrix:
        """An object's own matrix."""
        if not self._raw.FPDFPageObj_GetMatrix(handle, self._matrix):
            return IDENTITY
        a, b, c, d, e, f = self._six[:]
        return a, b, c, d, e, f

    def colour(self, handle: Any) -> tuple[int, int, int, int]:
        """The colour that an object is filled with, with its opacity."""
        self._raw.FPDFPageObj_GetFillColor(handle, *self._colour)
        red, green, blue, opacity = self._shades[:]
        return red, green, blue, opacity

    def _read_text(self, text: Drawn, matrix: Matrix) -> None:
        raw, handle = self._raw, text.handle
        text.colour = self.colour(handle)
        own = multiplied(self.matrix(handle), matrix)
        raw.FPDFTextObj_GetFontSize(handle, self._bounds[0])
        text.size = abs(self._floats[0]) * abs(own[0] * own[3] - own[1] * own[2]) ** 0.5
        text.mode = raw.FPDFTextObj_GetTextRenderMode(handle)
        text.clip = self._clip(handle, matrix)
        self.drawing.texts.append(text)

    def _read_path(self, path: Drawn, matrix: Matrix) -> None:
        raw = self._raw
        mode, stroked = ctypes.c_int(), raw.FPDF_BOOL()
        raw.FPDFPath_GetDrawMode(path.handle, ctypes.byref(mode), ctypes.byref(stroked))
        left, bottom, right, top = path.box
        # A rule under or beside text covers none of it.
        if mode.value and right - left > RULE_WIDTH and top - bottom > RULE_WIDTH:
            path.colour = self.colour(path.handle)
            self.drawing.shapes.append(path)
        if (mode.value or stroked.value) and not self.drawing.add_rule(path.box):
            if stroked.value:
                self._read_lines(path.handle, matrix)
            elif _STRIPE[0] < top - bottom < _STRIPE[1] and min(path.colour[:3]) < 254:
                self.drawing.edges += [(left, y, right, y) for y in (bottom, top)]

    def _read_lines(self, handle: Any, matrix: Matrix) -> None:
        """The straight lines across and down that a stroked path is made of."""
        raw = self._raw
        count = raw.FPDFPath_CountSegments(handle)
        if count > _MAX_SEGMENTS:
            return
        matrix = multiplied(self.matrix(handle), matrix)
        begin = last = (0.0, 0.0)
        for at in range(max(0, count)):
            segment = raw.FPDFPath_GetPathSegment(handle, at)
            kind = raw.FPDFPathSegment_GetType(segment)
            raw.FPDFPathSegment_GetPoint(segment, *self._bounds[:2])
            x, y = self._floats[0], self._floats[1]
            point = moved((x, y, x, y), matrix)[:2]
            if kind == raw.FPDF_SEGMENT_LINETO:
                self.drawing.add_rule(around([(*last, *last), (*point, *point)]))
            elif kind == raw.FPDF_SEGMENT_MOVETO:
                begin = point
            last = point
            if raw.FPDFPathSegment_GetClose(segment):
                self.drawing.add_rule(around([(*last, *last), (*begin, *begin)]))
                last = begin

    def _clip(self, handle: Any, matrix: Matrix) -> Box | None:
        """The box around the points of an object's clipping paths that bounds all of them."""
        raw = self._raw
        clip = raw.FPDFPageObj_GetClipPath(handle)
        if not clip:
            return None
        bounds: Box | None = None
        for path in range(max(0, raw.FPDFClipPath_CountPaths(clip))):
            points: list[Box] = []
            for at in range(max(0, raw.FPDFClipPath_CountPathSegments(clip, path))):
                segment = raw.FPDFClipPath_GetPathSegment(clip, path, at)
                if raw.FPDFPathSegment_GetPoint(segment, *self._bounds[:2]):
                    x, y = self._floats[0], self._floats[1]
                    points.append((x, y, x, y))
            if points:
                box = around(points)
                bounds = box if bounds is None else (
                    max(bounds[0], box[0]), max(bounds[1], box[1]),
                    min(bounds[2], box[2]), min(bounds[3], box[3]),
                )  # fmt: skip
        return None if bounds is None else moved(bounds, matrix)


def _pointers(array: Any, kind: type) -> list[Any]:
    """Pointers to each member of an array."""
    size = ctypes.sizeof(kind)
    return [
        ctypes.cast(ctypes.byref(array, at * size), ctypes.POINTER(kind))
        for at in range(len(array))
    ]


def around(boxes: Sequence[Box] | Iterable[Box]) -> Box:
    """The box around boxes."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def outside(box: Box, other: Box) -> bool:
    """Whether a box has nothing in common with another."""
    return box[2] <= other[0] or box[0] >= other[2] or box[3] <= other[1] or box[1] >= other[3]


def multiplied(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does first the one, then the other."""
    if then == IDENTITY:
        return first
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def moved(box: Box, matrix: Matrix) -> Box:
    """The box around a box that was moved by a matrix."""
    if matrix == IDENTITY:
        return box
    a, b, c, d, e, f = matrix
    corners = [
        (a * x + c * y + e, b * x + d * y + f, a * x + c * y + e, b * x + d * y + f)
        for x in (box[0], box[2])
        for y in (box[1], box[3])
    ]
    return around(corners)
