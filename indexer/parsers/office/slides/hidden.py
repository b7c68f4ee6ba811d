"""Which text of a slide nobody sees: tiny, or in the colour of what is behind it.

What is behind text is the fill of its shape, else the slide's background. Where a picture or a
filled shape of slide, layout or master lies under or over a shape without a fill, and in groups and
tables, colours are not judged: white words on a dark picture are common, and read well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, TINY, TINY_POINTS
from indexer.parsers.markup.css import alike
from indexer.parsers.markup.markup import attribute, child, local, read_xml

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.text.text import _Run

_PAPER = "FFFFFF"
_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill", "grpFill")
# The first of a theme's backgrounds is a plain colour, those after it are gradients and pictures.
_PLAIN_BACKGROUND = "1001"
_UNKNOWN = ""


class SlideLooks:
    """How the text of one slide looks."""

    def __init__(self, slide: Slide) -> None:
        layout = slide.slide_layout
        sheets = (slide, layout, layout.slide_master)
        self._colours = _scheme(slide)
        self._paper = self._background([sheet.element for sheet in sheets])
        # What a layout's placeholders look like is seen on its slides alone.
        self._filled = [
            shape
            for sheet in sheets
            for shape in sheet.shapes
            if (sheet is slide or not shape.is_placeholder) and _covers(shape)
        ]
        self._outermost = {shape.shape_id for shape in slide.shapes}

    def how(self, run: _Run, shape: BaseShape) -> str:
        """How a run in a shape is hidden, "" where it is seen."""
        if run.font.size is not None and run.font.size.pt < TINY_POINTS:
            return TINY
        properties = child(run._r, "rPr")
        colour = self._colour(child(properties, "solidFill"))
        behind = self._behind(shape) if colour else _UNKNOWN
        return BACKGROUND if behind and alike(colour, behind) else ""

    def _behind(self, shape: BaseShape) -> str:
        fill = _fill(shape)
        if fill is not None and local(fill) != "noFill":
            return self._colour(fill) if local(fill) == "solidFill" else _UNKNOWN
        if shape.shape_id not in self._outermost or _styled(shape) or _inherits(shape):
            return _UNKNOWN
        others = (other for other in self._filled if other.shape_id != shape.shape_id)
        return _UNKNOWN if any(_overlap(shape, other) for other in others) else self._paper

    def _background(self, sheets: Iterable[_Element]) -> str:
        for sheet in sheets:
            background = child(child(sheet, "cSld"), "bg")
            if background is None:
                continue
            referred = child(background, "bgRef")
            if referred is not None:
                plain = attribute(referred, "idx") == _PLAIN_BACKGROUND
                return self._colour(referred) if plain else _UNKNOWN
            return self._colour(child(child(background, "bgPr"), "solidFill"))
        return _PAPER

    def _colour(self, fill: _Element | None) -> str:
        """A plain colour in six hexadecimal digits, `_UNKNOWN` where it is not one."""
        colour = None if fill is None else next(iter(fill), None)
        if colour is None or len(colour):  # made lighter, darker or transparent
            return _UNKNOWN
        kind, value = local(colour), attribute(colour, "val")
        if kind == "srgbClr":
            return value
        return self._colours.get(value, _UNKNOWN) if kind == "schemeClr" else _UNKNOWN


def _scheme(slide: Slide) -> Mapping[str, str]:
    """The colours of the slide's theme by the names that runs and fills know them by."""
    from pptx.opc.constants import RELATIONSHIP_TYPE

    master = slide.slide_layout.slide_master
    overridden = child(child(slide.element, "clrMapOvr"), "overrideClrMapping")
    names = child(master.element, "clrMap") if overridden is None else overridden
    theme = read_xml(master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob, "its theme")
    scheme = child(child(theme, "themeElements"), "clrScheme")
    colours = {}
    for one in () if scheme is None else scheme:
        value = next(iter(one), None)
        if value is not None:
            colours[local(one)] = attribute(value, "lastClr") or attribute(value, "val")
    called = {} if names is None else dict(names.attrib)
    return colours | {name: colours.get(of, _UNKNOWN) for name, of in called.items()}


def _fill(shape: BaseShape) -> _Element | None:
    """A shape's own fill; "noFill" is one."""
    properties = child(shape.element, "spPr")
    kinds = (*_FILLS, "noFill")
    return next((e for e in (() if properties is None else properties) if local(e) in kinds), None)


def _styled(shape: BaseShape) -> bool:
    """Whether a fill comes from the theme."""
    referred = child(child(shape.element, "style"), "fillRef")
    return referred is not None and attribute(referred, "idx") != "0"


def _inherits(shape: BaseShape) -> bool:
    """Whether a placeholder of the layout or the master may have a fill for it."""
    if not shape.is_placeholder:
        return False
    above = getattr(shape, "_base_placeholder", None)
    while above is not None:
        fill = _fill(above)
        if fill is not None:
            return local(fill) != "noFill"
        above = getattr(above, "_base_placeholder", None)
    return False


def _covers(shape: BaseShape) -> bool:
    """Whether something may be seen of a shape but its text."""
    if local(shape.element) != "sp":
        return local(shape.element) != "cxnSp"
    fill = _fill(shape)
    return local(fill) != "noFill" if fill is not None else _styled(shape) or _inherits(shape)


def _overlap(one: BaseShape, other: BaseShape) -> bool:
    """Whether two shapes overlap; one that has no place of its own may be anywhere."""
    places = [(s.left, s.top, s.width, s.height) for s in (one, other)]
    if any(value is None for place in places for value in place):
        return True
    (x, y, wide, high), (left, top, width, height) = places
    return x < left + width and left < x + wide and y < top + height and top < y + high
