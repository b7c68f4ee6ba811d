"""What nobody sees in an XLSX workbook: cells that are tiny, shown as nothing, or white on white.

A cell's look is its style's. On sheets with conditional formats or tables, which colour what lies
behind cells by rules of their own, colours are not judged and such text passes for seen; so it does
in the other formats of workbooks.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, MARKED, TINY, TINY_POINTS
from indexer.parsers.markup.css import alike
from indexer.parsers.markup.markup import attribute, child, local

if TYPE_CHECKING:
    from lxml.etree import _Element

# Row and column of a cell, from 0.
Place = tuple[int, int]

_PAPER = "FFFFFF"
# White among the 64 colours that older versions count, in either of its places.
_WHITE = ("1", "9")
_SHOWS_NOTHING = ";;;"
_RULES = re.compile(rb"<(?:\w+:)?(?:conditionalFormatting|tableParts)\b")
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


def hiding_styles(styles: _Element) -> dict[str, str]:
    """The styles of cells that hide what is in them, by their number, and how they do."""
    parts = {local(part): list(part) for part in styles}
    fonts, fills = parts.get("fonts", []), parts.get("fills", [])
    formats = {
        attribute(one, "numFmtId"): attribute(one, "formatCode") for one in parts.get("numFmts", [])
    }
    return {
        str(number): how
        for number, style in enumerate(parts.get("cellXfs", []))
        if (how := _how(style, fonts, fills, formats))
    }


def _how(
    style: _Element, fonts: list[_Element], fills: list[_Element], formats: Mapping[str, str]
) -> str:
    if formats.get(attribute(style, "numFmtId")) == _SHOWS_NOTHING:
        return MARKED
    font, fill = _numbered(fonts, style, "fontId"), _numbered(fills, style, "fillId")
    size = child(font, "sz")
    if size is not None and _is_tiny(attribute(size, "val")):
        return TINY
    colour, behind = _colour(child(font, "color")), _behind(fill)
    return BACKGROUND if colour and behind and alike(colour, behind) else ""


def _is_tiny(points: str) -> bool:
    try:
        return 0 < float(points) < TINY_POINTS
    except ValueError:
        return False


def _behind(fill: _Element | None) -> str:
    """The colour of a fill, "" where it is a pattern or not known."""
    pattern = child(fill, "patternFill")
    kind = "none" if pattern is None else attribute(pattern, "patternType") or "none"
    if kind == "none":
        return _PAPER if fill is None or not len(fill) or pattern is not None else ""
    return _colour(child(pattern, "fgColor")) if kind == "solid" else ""


def _colour(element: _Element | None) -> str:
    """A colour in six hexadecimal digits, "" where it is not known."""
    if element is None:
        return ""
    if attribute(element, "indexed") in _WHITE:
        return _PAPER
    if attribute(element, "theme") == "0":  # what paper is, white in all but the rarest themes
        return _PAPER if float(attribute(element, "tint") or 0) == 0 else ""
    return attribute(element, "rgb")[-6:]


def hidden_cells(sheet: bytes, styles: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """Places of a sheet's hidden cells, and how they are."""
    from lxml import etree

    ruled = _RULES.search(sheet) is not None
    hiding = {number: how for number, how in styles.items() if not (ruled and how == BACKGROUND)}
    if not hiding:
        return
    cells = etree.iterparse(
        io.BytesIO(sheet), tag="{*}c", resolve_entities=False, no_network=True, recover=True
    )
    for _, cell in cells:
        place = _PLACE.fullmatch(attribute(cell, "r"))
        how = hiding.get(attribute(cell, "s"))
        if how and place:
            yield (int(place[2]) - 1, _column(place[1])), how
        cell.clear()


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _numbered(parts: list[_Element], style: _Element, name: str) -> _Element | None:
    number = attribute(style, name)
    place = int(number) if number.isdecimal() and len(number) < 6 else 0
    return parts[place] if place < len(parts) else None
