"""Which runs of a Word document nobody sees: marked hidden, tiny, or in their background's colour.

A run's look is its own, else its character style's, else its paragraph's style's. What lies
behind it is the shading of run, paragraph and cell; the tables' own styles and what fills a text
box are not worked out, and text on them passes for seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, MARKED, TINY, TINY_POINTS
from indexer.parsers.markup.css import alike
from indexer.parsers.markup.markup import attribute, child, local

if TYPE_CHECKING:
    from lxml.etree import _Element

_OFF = ("0", "false", "off", "none")
_PAPER = "FFFFFF"
_PAPER_THEMES = ("background1", "light1", "bg1", "lt1")
_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill", "fill", "imagedata")
_MOST_ANCESTORS = 10
_UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """What run properties say; None where they do not. `size` is in points."""

    vanish: bool | None = None
    colour: str | None = None
    size: float | None = None
    shading: str | None = None

    def over(self, other: _Look) -> _Look:
        """This look, with what it leaves open taken from another."""
        said = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) is not None
        }
        return replace(other, **said)


class HiddenRuns:
    """Knows the styles of one document."""

    def __init__(self, document: _Element, styles: Mapping[str, _Element]) -> None:
        self._styles = styles
        self._looks: dict[str, _Look] = {}
        self._raised: dict[str, int] = {}
        background = next((e for e in document if local(e) == "background"), None)
        self._paper = _PAPER if background is None else attribute(background, "color").upper()

    def how(self, run: _Element) -> str:
        """How a run is hidden, "" where it is seen."""
        own = child(run, "rPr")
        paragraph = next((e for e in run.iterancestors() if local(e) == "p"), None)
        properties = None if paragraph is None else child(paragraph, "pPr")
        look = _look(() if own is None else own)
        look = look.over(self._style(own, "rStyle")).over(self._style(properties, "pStyle"))
        if look.vanish:
            return MARKED
        if look.size is not None and 0 < look.size < TINY_POINTS:
            return TINY
        if look.colour is None:
            return ""
        behind = look.shading if look.shading is not None else self._behind(run, properties)
        return BACKGROUND if behind and alike(look.colour, behind) else ""

    def raised(self, run: _Element) -> int:
        """1 where a run's character style raises it, -1 where it lowers it."""
        named = child(child(run, "rPr"), "rStyle")
        name = "" if named is None else attribute(named, "val")
        if name and name not in self._raised:
            self._raised[name] = self._raised_by(name)
        return self._raised.get(name, 0)

    def _raised_by(self, name: str) -> int:
        for _ in range(_MOST_ANCESTORS):
            style = self._styles.get(name)
            aligned = child(child(style, "rPr"), "vertAlign")
            if aligned is not None:
                return {"superscript": 1, "subscript": -1}.get(attribute(aligned, "val"), 0)
            based = child(style, "basedOn")
            name = "" if based is None else attribute(based, "val")
        return 0

    def _style(self, properties: _Element | None, kind: str) -> _Look:
        named = child(properties, kind)
        name = "" if named is None else attribute(named, "val")
        if name not in self._looks:
            self._looks[name] = self._resolved(name)
        return self._looks[name]

    def _resolved(self, name: str) -> _Look:
        """The look of a style, with what it is based on; at most ten, against circles."""
        look = _Look()
        for _ in range(_MOST_ANCESTORS):
            style = self._styles.get(name)
            if style is None:
                break
            properties = child(style, "rPr")
            look = look.over(_look(() if properties is None else properties))
            based = child(style, "basedOn")
            name = "" if based is None else attribute(based, "val")
        return look

    def _behind(self, run: _Element, properties: _Element | None) -> str:
        """The colour behind a run that has no shading of its own; "" where it cannot be told."""
        shading = _shading(properties)
        if shading is not None:
            return shading
        for around in run.iterancestors():
            tag = local(around)
            if tag == "tc":
                shading = _shading(child(around, "tcPr"))
                if shading is not None:
                    return shading
            elif tag == "tbl":
                if child(child(around, "tblPr"), "tblStyle") is not None:
                    return _UNKNOWN
            elif tag in ("wsp", "shape", "rect", "roundrect"):
                filled = any(local(e) in _FILLS for e in around.iter())
                return _UNKNOWN if filled or attribute(around, "fillcolor") else self._paper
        return self._paper


def _look(properties: Iterable[_Element]) -> _Look:
    vanish, colour, size, shading = None, None, None, None
    for one in properties:
        tag, value = local(one), attribute(one, "val")
        if tag in ("vanish", "specVanish"):
            vanish = value.lower() not in _OFF
        elif tag == "color":
            themed = attribute(one, "themeColor") in _PAPER_THEMES and not (
                attribute(one, "themeShade") or attribute(one, "themeTint")
            )
            colour = _PAPER if themed else value.upper()
            colour = None if colour in ("", "AUTO") else colour
        elif tag == "sz":
            size = float(value) / 2 if value.isdecimal() else None
        elif tag == "highlight":
            shading = None if value == "none" else _UNKNOWN
        elif tag == "shd":
            shading = _fill(one)
    return _Look(vanish, colour, size, shading)


def _shading(properties: _Element | None) -> str | None:
    shading = child(properties, "shd")
    return None if shading is None else _fill(shading)


def _fill(shading: _Element) -> str | None:
    """The colour of a shading; None where it has none of its own."""
    fill = attribute(shading, "fill").upper()
    if attribute(shading, "themeFill") and fill in ("", "AUTO"):
        return _UNKNOWN
    return None if fill in ("", "AUTO") else fill
