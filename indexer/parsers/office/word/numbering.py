"""The numbers that Word generates before paragraphs ("3.2", "(a)"), which no text holds.

After ECMA-376 part 1, 17.9: a paragraph names a list (`num`) and a level; the list's levels say how
they count, start, restart and look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.numbers import numeral

if TYPE_CHECKING:
    from lxml.etree import _Element

_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_MOST_ANCESTORS = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands before a list paragraph: its number, "" for a bullet; `depth` counts from 0."""

    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    legal: bool = False
    restart: int | None = None
    style: str = ""


class Numbering:
    """Counts the lists of one document; to be asked for each paragraph once, in order."""

    def __init__(self, part: _Element | None, styles: Mapping[str, _Element]) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, str] = {}
        self._overrides: dict[str, dict[int, int]] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._begun: set[str] = set()
        if part is not None:
            self._read(part)

    def mark(self, properties: Mapping[str, _Element], style: str) -> Mark | None:
        """The mark of a paragraph with these properties and this style; None outside of lists."""
        number, level = self._place(properties.get("numPr"), style)
        if number in ("", "0"):
            return None
        levels = self._levels.get(self._lists.get(number, ""))
        if not levels:
            return Mark("", level)
        return Mark(self._count(number, levels, level), level)

    def _place(self, own: _Element | None, style: str) -> tuple[str, int]:
        """The list and level of a paragraph: its own, else those of its style."""
        number, level = _reference(own)
        if own is not None and number == "0":
            return "", 0
        if not number:
            for named in self._ancestry(style):
                properties = child(self._styles[named], "pPr")
                number, styled = _reference(child(properties, "numPr"))
                if number:
                    levels = self._levels.get(self._lists.get(number, ""), {})
                    linked = next((n for n, one in levels.items() if one.style == named), None)
                    own_level = styled if linked is None else linked
                    level = own_level if level is None else level
                    break
        return number, min(_LEVELS - 1, level or 0)

    def _ancestry(self, style: str) -> list[str]:
        found: list[str] = []
        while style in self._styles and style not in found and len(found) < _MOST_ANCESTORS:
            found.append(style)
            based = child(self._styles[style], "basedOn")
            style = "" if based is None else attribute(based, "val")
        return found

    def _count(self, number: str, levels: Mapping[int, _Level], at: int) -> str:
        """Count one on, and say the new number."""
        counters = self._counters.setdefault(self._lists[number], [None] * _LEVELS)
        overrides = self._overrides.get(number, {})
        if number not in self._begun:
            self._begun.add(number)
            for level in overrides:
                counters[level] = None
        for above in range(at):
            if counters[above] is None:
                counters[above] = _start(levels, overrides, above)
        before = counters[at]
        counters[at] = _start(levels, overrides, at) if before is None else before + 1
        for below in range(at + 1, _LEVELS):
            restart = levels.get(below, _Level()).restart
            if restart is None or at < restart:
                counters[below] = None
        return _said(levels, counters, at)

    def _read(self, part: _Element) -> None:
        linked: dict[str, str] = {}
        by_style: dict[str, str] = {}
        for one in part:
            if local(one) != "abstractNum":
                continue
            number = attribute(one, "abstractNumId")
            self._levels[number] = dict(map(_level, (e for e in one if local(e) == "lvl")))
            for name, kept in (("numStyleLink", linked), ("styleLink", by_style)):
                link = child(one, name)
                if link is not None:
                    key, value = (number, attribute(link, "val"))
                    kept.update({key: value} if kept is linked else {value: key})
        for number, style in linked.items():
            self._levels[number] = self._levels.get(by_style.get(style, ""), {})
        for one in part:
            if local(one) == "num":
                self._read_list(one)

    def _read_list(self, one: _Element) -> None:
        number = attribute(one, "numId")
        abstract = child(one, "abstractNumId")
        key = "" if abstract is None else attribute(abstract, "val")
        replaced: dict[int, _Level] = {}
        for override in (e for e in one if local(e) == "lvlOverride"):
            level = _integer(attribute(override, "ilvl"), 0)
            start = child(override, "startOverride")
            if start is not None and 0 <= level < _LEVELS:
                value = _integer(attribute(start, "val"), 1)
                self._overrides.setdefault(number, {})[level] = value
            if (own := child(override, "lvl")) is not None:
                replaced.update([_level(own)])
        if replaced:  # a list of its own look counts by itself
            self._levels[f"{key}/{number}"] = {**self._levels.get(key, {}), **replaced}
            key = f"{key}/{number}"
        self._lists[number] = key


def _start(levels: Mapping[int, _Level], overrides: Mapping[int, int], level: int) -> int:
    return overrides.get(level, levels.get(level, _Level()).start)


def _said(levels: Mapping[int, _Level], counters: list[int | None], at: int) -> str:
    level = levels.get(at, _Level())
    if level.form == "bullet":
        return ""

    def number(found: re.Match[str]) -> str:
        place = int(found[1]) - 1
        form = "decimal" if level.legal else levels.get(place, _Level()).form
        return numeral(counters[place] or 0, form)

    return _PLACE.sub(number, level.text).strip()


def _reference(element: _Element | None) -> tuple[str, int | None]:
    """The list and level that a `numPr` names."""
    number, level = child(element, "numId"), child(element, "ilvl")
    return (
        "" if number is None else attribute(number, "val"),
        None if level is None else max(0, _integer(attribute(level, "val"), 0)),
    )


def _level(element: _Element) -> tuple[int, _Level]:
    found = _Level()
    for one in element:
        tag, value = local(one), attribute(one, "val")
        if tag == "start":
            found = replace(found, start=_integer(value, 1))
        elif tag == "numFmt":
            found = replace(found, form=value)
        elif tag == "AlternateContent":  # forms that only newer versions know
            forms = [attribute(e, "val") for e in one.iter() if local(e) == "numFmt"]
            found = replace(found, form=forms[-1] if forms else found.form)
        elif tag == "lvlText":
            found = replace(found, text=value)
        elif tag == "isLgl":
            found = replace(found, legal=value not in ("0", "false", "off"))
        elif tag == "lvlRestart":
            found = replace(found, restart=_integer(value, 0))
        elif tag == "pStyle":
            found = replace(found, style=value)
    return min(_LEVELS - 1, max(0, _integer(attribute(element, "ilvl"), 0))), found


def _integer(text: str, otherwise: int) -> int:
    digits = text.strip()
    return int(digits) if digits.isdecimal() and len(digits) < 7 else otherwise
