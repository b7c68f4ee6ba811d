"""Which elements of an HTML tree nobody sees, as far as its own styles tell. Pure but for lxml.

Style sheets of other servers are not fetched, so what they would hide or show is not known.
`aria-hidden` is no sign: it keeps from screen readers what the eye sees. Media queries that do not
plainly mean a screen are passed over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, MARKED, OFF_PAGE, TINY, TINY_POINTS, UNSEEN

if TYPE_CHECKING:
    from lxml.etree import _Element
    from tinycss2.ast import Node

Colour = tuple[float, float, float]

# Larger style sheets are those of whole sites: not looked through, which costs seconds.
_MAX_CHARACTERS = 500_000
_MAX_RULES = 2_000
# "div div div" over elements deep in each other takes time with the square of their number: 9 KB
# took 23 s. After so much processor time a selector's last part alone counts, which hides more.
_SECONDS = 3.0
_WHITE: Colour = (1.0, 1.0, 1.0)
_PIXELS_A_POINT = 4 / 3
# Contrast ratio (WCAG 2, section 1.4.3) below which nobody reads: #eee on white has 1.16.
_LEAST_CONTRAST = 1.2
_FAINT = 0.1
_FAR = -500.0  # pixels to the left or above
_UNITS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "cm": 37.8, "mm": 3.78,
          "in": 96.0, "pc": 16.0, "vw": 10.0, "vh": 8.0}  # fmt: skip
_CLIPS = ("inset(50%", "inset(100%", "circle(0")
_SCREENS = ("", "all", "screen")

Style = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What an element's text has from the elements around it. `background` None is a picture.

    `gone` says how all inside is hidden, "" where it is not. `size` is in pixels.
    """

    gone: str = ""
    shown: bool = True
    size: float = 16.0
    colour: Colour = (0.0, 0.0, 0.0)
    background: Colour | None = _WHITE
    faint: bool = False

    @property
    def how(self) -> str:
        """How text that looks so is hidden, "" where it is seen."""
        if self.gone:
            return self.gone
        if not self.shown:
            return MARKED
        if self.size < TINY_POINTS * _PIXELS_A_POINT:
            return TINY
        if self.faint:
            return UNSEEN
        plain = self.background is not None and _contrast(self.colour, self.background)
        return BACKGROUND if plain and plain < _LEAST_CONTRAST else ""

    def inside(self, style: Style) -> Look:
        """The look inside an element of this style."""
        look = replace(self, gone=self.gone or _gone(style))
        if (visibility := style.get("visibility")) is not None:
            look = replace(look, shown=visibility not in ("hidden", "collapse"))
        if (size := style.get("font-size")) is not None:
            look = replace(look, size=_size(size, self.size))
        if (colour := _colour(style.get("color", ""))) is not None:
            look = replace(look, colour=colour[:3], faint=colour[3] < _FAINT)
        if "url(" in style.get("background", "") + style.get("background-image", "") or (
            "gradient(" in style.get("background", "") + style.get("background-image", "")
        ):
            return replace(look, background=None)
        for name in ("background", "background-color"):
            for part in style.get(name, "").split():
                found = _colour(part)
                if found is not None and found[3] >= _FAINT:
                    look = replace(look, background=found[:3])
        return look


def styles(root: _Element, sheets: str = "") -> dict[_Element, dict[str, str]]:
    """The declarations that apply to each element that has any: sheets, attributes, `style`."""
    found: dict[_Element, dict[str, str]] = {}
    inner = "\n".join(node.text or "" for node in root.iter("style"))
    for elements, style in _matches(root, f"{sheets}\n{inner}"):
        for element in elements:
            found.setdefault(element, {}).update(style)
    for element in root.iter():
        own = _own(element) if isinstance(element.tag, str) else {}
        if own:
            found.setdefault(element, {}).update(own)
    return found


def declarations(text: str | Sequence[Node]) -> dict[str, str]:
    """`"color: #FFF; top: 0"` → `{"color": "#fff", "top": "0"}`; of text, or of its tokens."""
    import tinycss2

    found = {}
    for one in tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True):
        if one.type == "declaration":
            found[one.lower_name] = _written(one.value).lower()
    return found


def hiding(text: str) -> str:
    """How a `style` attribute hides what is inside, "" where it does not."""
    return Look().inside(declarations(text)).how


def _own(element: _Element) -> dict[str, str]:
    attributes = element.attrib
    found: dict[str, str] = {}
    if element.tag == "font" and "color" in attributes:
        found["color"] = attributes["color"]
    if "bgcolor" in attributes:
        found["background-color"] = attributes["bgcolor"]
    if "background" in attributes:
        found["background-image"] = "url()"
    if "hidden" in attributes:
        found["display"] = "none"
    if "style" in attributes:
        found |= declarations(attributes["style"])
    return found


def _matches(root: _Element, sheet: str) -> Iterator[tuple[list[_Element], Style]]:
    """The elements of each rule, the most specific rule last."""
    from cssselect import SelectorError, parse
    from cssselect.xpath import HTMLTranslator
    from lxml.etree import XPathError

    if not sheet.strip() or len(sheet) > _MAX_CHARACTERS:
        return
    translator = HTMLTranslator()
    ranked = []
    for selector, style in _rules(sheet):
        try:
            for one in parse(selector):
                if one.pseudo_element is None:
                    tree = one.parsed_tree
                    last = translator.xpath(getattr(tree, "subselector", tree))
                    paths = translator.selector_to_xpath(one), f"descendant-or-self::{last}"
                    ranked.append((one.specificity(), paths, style))
        except (SelectorError, RecursionError):  # :hover and the like: not the page at rest
            continue
    until = time.process_time() + _SECONDS
    for _, paths, style in sorted(ranked[:_MAX_RULES], key=lambda rule: rule[0]):
        try:
            yield root.xpath(paths[time.process_time() > until]), style
        except XPathError:
            continue


def _rules(sheet: str) -> Iterator[tuple[str, Style]]:
    """Selector and declarations of each rule that has to do with hiding."""
    import tinycss2

    todo = list(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True))
    while todo:
        rule = todo.pop(0)
        if rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content:
            if _written(rule.prelude).lower() in _SCREENS:
                todo[:0] = tinycss2.parse_rule_list(
                    rule.content, skip_comments=True, skip_whitespace=True
                )
        elif rule.type == "qualified-rule":
            style = declarations(rule.content)
            if style.keys() & _TELLING:
                yield _written(rule.prelude), style


def _written(tokens: Sequence[Node]) -> str:
    """Tokens as text; "" where brackets are nested too deep to mean anything."""
    import tinycss2

    try:
        return tinycss2.serialize(tokens).strip()
    except RecursionError:
        return ""


_TELLING = frozenset(
    {
        "background", "background-color", "background-image", "clip", "clip-path", "color",
        "display", "font-size", "height", "left", "max-height", "opacity", "overflow", "position",
        "text-indent", "top", "transform", "visibility", "width",
    }
)  # fmt: skip


def _gone(style: Style) -> str:
    """How a style hides an element with all that is in it, "" where it does not."""
    if style.get("display") == "none":
        return MARKED
    if _is_faded(style) or _is_clipped(style):
        return UNSEEN
    places = ["text-indent", *(("left", "top") if style.get("position") else ())]
    if any(_size(style[name], 16.0) <= _FAR for name in places if name in style):
        return OFF_PAGE
    return ""


def _is_faded(style: Style) -> bool:
    opacity = _number(style.get("opacity", ""))
    shrunk = style.get("transform", "").replace(" ", "") in ("scale(0)", "scale(0,0)")
    return shrunk or (opacity is not None and opacity < _FAINT)


def _is_clipped(style: Style) -> bool:
    """Whether nothing is left inside a clip or a box without room: made for screen readers."""
    if style.get("clip-path", "").replace(" ", "").startswith(_CLIPS):
        return True
    clip = style.get("clip", "").replace(" ", "")
    if style.get("position") in ("absolute", "fixed") and clip.startswith(("rect(0", "rect(1px")):
        return True
    sides = (style[name] for name in ("width", "height", "max-height") if name in style)
    return style.get("overflow") == "hidden" and any(_size(side, 16.0) <= 1 for side in sides)


def _size(text: str, around: float) -> float:
    """A length in pixels; `around` where it cannot be told."""
    text = text.removesuffix("!important").strip()
    number = _number(text.rstrip("%abcdefghijklmnopqrstuvwxyz"))
    if number is None:
        return around
    unit = text.lstrip("+-.0123456789")
    if unit in ("em", "%"):
        return number * around / (100 if unit == "%" else 1)
    return number * _UNITS.get(unit, 1.0)


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None


def _colour(text: str) -> tuple[float, float, float, float] | None:
    from tinycss2.color3 import parse_color

    found = parse_color(text.removesuffix("!important").strip()) if text else None
    if found is None or isinstance(found, str):  # currentColor
        return None
    return found.red, found.green, found.blue, found.alpha


def _contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def alike(one: str, other: str) -> bool:
    """Whether two colours in hexadecimal are too near each other to read one on the other."""
    first, second = _colour(f"#{one}"), _colour(f"#{other}")
    if first is None or second is None:
        return False
    return _contrast(first[:3], second[:3]) < _LEAST_CONTRAST
