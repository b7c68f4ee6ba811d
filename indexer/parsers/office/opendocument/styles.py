"""Styles of OpenDocument: which text they hide, raise or number.

After OpenDocument 1.3 part 3: 16.3 (style:style), 19.880 (style:text-position), 16.30 and 16.34
(list styles and the outline of headings).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.hidden import BACKGROUND, MARKED, TINY, TINY_POINTS
from indexer.parsers.markup.css import alike
from indexer.parsers.markup.markup import attribute, local
from indexer.parsers.office.numbers import numeral

if TYPE_CHECKING:
    from lxml.etree import _Element

_FORMS = MappingProxyType(
    {
        "1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman",
        "I": "upperRoman", "1st": "ordinal", "一, 二, 三, ...": "chineseCounting",
        "イ, ロ, ハ, ...": "iroha", "ア, イ, ウ, ...": "aiueo",
        "①, ②, ③, ...": "decimalEnclosedCircle",
        "А, Б, .., Аа, Аб, ... (ru)": "russianUpper", "а, б, .., аа, аб, ... (ru)": "russianLower",
        "１, ２, ３, ...": "decimalFullWidth", "01, 02, 03, ...": "decimalZero",
    }
)  # fmt: skip
_LEVELS = 10
_MOST_ANCESTORS = 10


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How one level of a list counts; `form` is "" for bullets and for no number."""

    form: str = ""
    before: str = ""
    after: str = ""
    shown: int = 1
    start: int = 1


@dataclass(frozen=True)
class Styles:
    """The styles of one document by their names."""

    hiding: Mapping[str, str]
    raising: Mapping[str, int]
    lists: Mapping[str, Mapping[int, ListLevel]]
    outline: Mapping[int, ListLevel]
    unseen_tables: frozenset[str]


def read_styles(roots: Iterable[_Element | None]) -> Styles:
    """The styles of a document out of all its parts that hold some."""
    hiding: dict[str, str] = {}
    positions: dict[str, int] = {}
    parents: dict[str, str] = {}
    lists: dict[str, Mapping[int, ListLevel]] = {}
    outline: Mapping[int, ListLevel] = {}
    unseen: set[str] = set()
    for element in (e for root in roots if root is not None for e in root.iter()):
        tag, name = local(element), attribute(element, "name")
        if tag == "style":
            parents[name] = attribute(element, "parent-style-name")
            for properties in element:
                kind = local(properties)
                if kind == "text-properties":
                    if how := _how(properties):
                        hiding[name] = how
                    if position := attribute(properties, "text-position"):
                        positions[name] = _raised(position)
                elif kind == "table-properties" and attribute(properties, "display") == "false":
                    unseen.add(name)
        elif tag == "list-style":
            lists[name] = _levels(element)
        elif tag == "outline-style":
            outline = _levels(element)
    raising = {name: _inherited(name, positions, parents) for name in parents}
    seen = {name: how for name, how in raising.items() if how}
    return Styles(hiding, seen, lists, outline, frozenset(unseen))


def list_number(levels: Mapping[int, ListLevel], counters: list[int], depth: int) -> str:
    """The number of an item, with those of the levels above that its level shows."""
    level = levels.get(depth)
    if level is None or not level.form:
        return ""
    first = max(0, depth - level.shown + 1)
    numbers = [
        numeral(counters[place] or levels[place].start, _FORMS.get(levels[place].form, "decimal"))
        for place in range(first, depth + 1)
        if place in levels and levels[place].form
    ]
    return f"{level.before}{'.'.join(numbers)}{level.after}".strip()


def count(levels: Mapping[int, ListLevel], counters: list[int], depth: int, start: str) -> None:
    """Count one on at a level, and begin those below it anew."""
    counters[depth + 1 :] = [0] * (len(counters) - depth - 1)
    if start.isdecimal() and len(start) < 7:
        counters[depth] = int(start)
    elif counters[depth]:
        counters[depth] += 1
    else:
        counters[depth] = levels.get(depth, ListLevel()).start


def counters() -> list[int]:
    """A list that has not begun to count."""
    return [0] * _LEVELS


def deepest(depth: int) -> int:
    """A depth that has a counter."""
    return min(_LEVELS - 1, max(0, depth))


def _levels(element: _Element) -> dict[int, ListLevel]:
    found = {}
    for one in element:
        level = attribute(one, "level")
        if not level.isdecimal() or not 1 <= int(level[:4]) <= _LEVELS:
            continue
        shown, start = attribute(one, "display-levels"), attribute(one, "start-value")
        numbered = local(one) in ("list-level-style-number", "outline-level-style")
        found[int(level) - 1] = ListLevel(
            attribute(one, "num-format") if numbered else "",
            attribute(one, "num-prefix"),
            attribute(one, "num-suffix"),
            int(shown) if shown.isdecimal() and len(shown) < 3 else 1,
            int(start) if start.isdecimal() and len(start) < 7 else 1,
        )
    return found


def _how(properties: _Element) -> str:
    """How text properties hide a text, "" where they do not."""
    if attribute(properties, "display") == "none":
        return MARKED
    size = attribute(properties, "font-size").removesuffix("pt")
    if size.replace(".", "", 1).isdecimal() and float(size) < TINY_POINTS:
        return TINY
    colour = attribute(properties, "color").lstrip("#")
    behind = attribute(properties, "background-color").lstrip("#")
    paper = "ffffff" if behind in ("", "transparent") else behind
    return BACKGROUND if colour and alike(colour, paper) else ""


def _raised(position: str) -> int:
    """1 for "super 58%" or "33% 58%", -1 for "sub 58%" or "-33% 58%"."""
    first = position.strip().partition(" ")[0]
    if first in ("super", "sub"):
        return 1 if first == "super" else -1
    number = first.rstrip("%")
    if number in ("", "0", "0.0"):
        return 0
    return -1 if number.startswith("-") else 1


def _inherited(name: str, positions: Mapping[str, int], parents: Mapping[str, str]) -> int:
    for _ in range(_MOST_ANCESTORS):
        if name in positions or name not in parents:
            return positions.get(name, 0)
        name = parents[name]
    return 0
