"""A formula of RTF: groups that become elements of Office's mathematics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.parsers.office.math import linear
from indexer.parsers.office.rtf.words import MATH_VALUES, MOST_NESTED

if TYPE_CHECKING:
    from lxml.etree import _Element


class Formula:
    """The elements that are open; false where there is no formula."""

    def __init__(self) -> None:
        self._open: list[_Element] = []

    def __bool__(self) -> bool:
        return bool(self._open)

    def begin(self, word: str) -> bool:
        """Open the element of a control word; whether there was room for it."""
        from lxml.etree import Element, SubElement

        if len(self._open) >= MOST_NESTED * 2:
            return False
        element = SubElement(self._open[-1], word[1:]) if self._open else Element(word[1:])
        self._open.append(element)
        return True

    def say(self, text: str) -> None:
        """Characters inside."""
        from lxml.etree import SubElement

        SubElement(self._open[-1], "t").text = "".join(filter(str.isprintable, text))

    def end(self) -> str:
        """Close an element; the formula in a line where it was the last, else ''."""
        element = self._open.pop()
        if element.tag in MATH_VALUES:
            element.set("val", "".join(element.itertext()))
            for inner in list(element):
                element.remove(inner)
        return "" if self._open else linear(element)
