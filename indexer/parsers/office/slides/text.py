"""The paragraphs of a slide's shape as lines: raised text, equations, and generated numbers.

The kinds of numbers after ECMA-376 part 1, 20.1.10.61 (ST_TextAutonumberScheme).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.math import linear
from indexer.parsers.office.numbers import numeral
from indexer.parsers.office.symbols import in_font
from indexer.parsers.raised import Line

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.shapes.base import BaseShape

_SCHEME = re.compile(r"(\w+?)(Period|ParenR|ParenBoth|Plain|Minus)")
_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "arabic": "decimal", "arabicDb": "decimalFullWidth", "alphaLc": "lowerLetter",
        "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman",
        "circleNumDb": "decimalEnclosedCircle", "circleNumWdBlack": "decimalEnclosedCircle",
        "circleNumWdWhite": "decimalEnclosedCircle", "ea1Chs": "chineseCounting",
        "ea1Cht": "taiwaneseCounting", "ea1JpnKor": "japaneseCounting",
        "ea1JpnChsDb": "chineseCounting", "thaiAlpha": "thaiLetters", "thaiNum": "thaiNumbers",
        "hindiAlpha": "decimal", "hindiNum": "hindiNumbers", "hebrew2": "hebrew2",
        "arabic1": "arabicAlpha", "arabic2": "arabicAbjad",
    }
)  # fmt: skip
_SIGNS = MappingProxyType(
    {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}", "Minus": "{} -"}
)
_LEVELS = 9


@dataclass(frozen=True, slots=True)
class TextLine:
    """A paragraph: its text, how deep it lies, and its number or ""."""

    text: str
    level: int
    mark: str = ""


def lines(shape: BaseShape | None, body: _Element) -> Iterator[TextLine]:
    """The paragraphs of a shape's text body."""
    styles = [child(body, "lstStyle"), *_inherited(shape)]
    counters: list[tuple[str, int] | None] = [None] * _LEVELS
    for paragraph in body:
        if local(paragraph) != "p":
            continue
        properties = child(paragraph, "pPr")
        depth = "" if properties is None else attribute(properties, "lvl")
        level = min(_LEVELS - 1, int(depth)) if depth.isdecimal() and len(depth) < 3 else 0
        text = line_of(paragraph)
        if not text.strip():  # PowerPoint numbers no empty paragraph
            yield TextLine(text, level)
            continue
        yield TextLine(text, level, _count(counters, level, _numbered(properties, styles, level)))


def line_of(paragraph: _Element) -> str:
    """The text of one paragraph."""
    line = Line()
    _walk(paragraph, line)
    return line.text()


def _walk(element: _Element, line: Line) -> None:
    for node in element:
        tag = local(node)
        if tag in ("r", "fld"):
            _add_run(node, line)
        elif tag == "br":
            line.add("\n")
        elif tag == "oMath":
            line.add(linear(node))
        elif tag == "AlternateContent":
            chosen = next((form for form in node if len(form)), None)
            if chosen is not None:
                _walk(chosen, line)
        elif tag in ("m", "oMathPara"):
            _walk(node, line)


def _add_run(run: _Element, line: Line) -> None:
    if attribute(run, "type") == "slidenum":
        return
    properties = child(run, "rPr")
    text = child(run, "t")
    said = "" if text is None else text.text or ""
    baseline = "" if properties is None else attribute(properties, "baseline")
    font = child(properties, "sym")
    font = child(properties, "latin") if font is None else font
    if font is not None:
        said = in_font(attribute(font, "typeface"), said)
    number = baseline.rstrip("%")
    raised = int(number) if re.fullmatch(r"-?\d{1,6}", number) else 0
    line.add(said, raised)


def _numbered(
    properties: _Element | None, styles: Iterable[_Element | None], level: int
) -> _Element | None:
    """How a paragraph is numbered: by itself, else by the nearest style that says."""
    inherited = (child(style, f"lvl{level + 1}pPr") for style in styles)
    for source in (properties, *inherited):
        for one in () if source is None else source:
            if local(one) == "buAutoNum":
                return one
            if local(one) in ("buNone", "buChar", "buBlip"):
                return None
    return None


def _inherited(shape: BaseShape | None) -> Iterator[_Element | None]:
    """The list styles of the placeholders of layout and master that a shape fills."""
    above = getattr(shape, "_base_placeholder", None) if shape is not None else None
    for _ in range(3):
        if above is None:
            return
        yield child(child(above.element, "txBody"), "lstStyle")
        above = getattr(above, "_base_placeholder", None)


def _count(counters: list[tuple[str, int] | None], level: int, numbered: _Element | None) -> str:
    """Count one on at a level; what is less deep begins those below anew."""
    counters[level + 1 :] = [None] * (_LEVELS - level - 1)
    if numbered is None:
        counters[level] = None
        return ""
    scheme, start = attribute(numbered, "type"), attribute(numbered, "startAt")
    first = int(start) if start.isdecimal() and len(start) < 6 else 1
    key = f"{scheme} {first}"
    before = counters[level]
    number = before[1] + 1 if before is not None and before[0] == key else first
    counters[level] = (key, number)
    found = _SCHEME.fullmatch(scheme)
    if found is None:
        return f"{number}."
    return _SIGNS[found[2]].format(numeral(number, _FORMS.get(found[1], "decimal")))
