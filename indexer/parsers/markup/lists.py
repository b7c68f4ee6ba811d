"""The marks that a browser sets before the items of an HTML list: "4. ", "c. ", "iv. ". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([^;]+)", re.IGNORECASE)
_TYPES = MappingProxyType(
    {"1": "decimal", "a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman"}
)
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"


def marks(items: _Element) -> dict[_Element, str]:
    """The mark of each item of an <ol> or <ul>, with the blank behind it; "" for a bullet."""
    entries = [child for child in items if child.tag == "li"]
    step = -1 if items.get("reversed") is not None else 1
    number = _whole(items.get("start"), len(entries) if step < 0 else 1)
    own = _kind(items, "decimal" if items.tag == "ol" else "")
    found = {}
    for entry in entries:
        number = _whole(entry.get("value"), number) if items.tag == "ol" else number
        found[entry] = mark(number, _kind(entry, own))
        number += step
    return found


def mark(number: int, kind: str) -> str:
    """A number in a list style of CSS, with its full stop; "" for bullets and no mark."""
    return f"{_WRITERS[kind](number)}. " if kind in _WRITERS else ""


def _kind(node: _Element, default: str) -> str:
    style = _STYLE.search(node.get("style", ""))
    words = style.group(1).lower().split() if style else ()
    found = next((w for w in words if w in _WRITERS or w in ("none", "disc", "circle")), "")
    return found or _TYPES.get(node.get("type", ""), default)


def _whole(value: str | None, default: int) -> int:
    found = re.match(r"\s*([-+]?\d{1,9})", value or "")
    return int(found.group(1)) if found else default


def alphabetic(number: int, letters: str = "abcdefghijklmnopqrstuvwxyz") -> str:
    """1 → a, 26 → z, 27 → aa; digits where there is no such letter."""
    if number < 1:
        return str(number)
    text = ""
    while number:
        number, place = divmod(number - 1, len(letters))
        text = letters[place] + text
    return text


def roman(number: int) -> str:
    """1 → i, 4 → iv; digits outside 1 to 3999."""
    if not 0 < number < 4000:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


_WRITERS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "decimal": str,
        "decimal-leading-zero": lambda number: f"{number:02d}",
        "lower-alpha": alphabetic,
        "lower-latin": alphabetic,
        "upper-alpha": lambda number: alphabetic(number).upper(),
        "upper-latin": lambda number: alphabetic(number).upper(),
        "lower-roman": roman,
        "upper-roman": lambda number: roman(number).upper(),
        "lower-greek": lambda number: alphabetic(number, _GREEK),
    }
)
