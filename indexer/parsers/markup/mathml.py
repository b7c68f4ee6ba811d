"""Formulas in MathML as linear text: `(a+b)/2`, `x_1^2`, `sqrt(x)`. Pure.

After MathML Core (W3C) for the elements; written as `indexer.parsers.office.math` writes those of
Word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIMPLE = re.compile(r"[\w.,]+|\([^()]*\)")
_MAX_DEPTH = 40
_UNSEEN = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts"})
# Operators that are not written: function application, invisible times, separator, plus.
_INVISIBLE = re.compile("[\u2061-\u2064]")


def linear(node: _Element, depth: int = 0) -> str:
    """A formula, or a part of one, on one line."""
    if depth > _MAX_DEPTH:
        return "".join(node.itertext())
    parts = [_one(child, depth + 1) for child in _children(node)]
    text = (node.text or "").strip() if not parts else ""
    return text + "".join(parts)


def _children(node: _Element) -> list[_Element]:
    return [child for child in node if isinstance(child.tag, str) and _name(child) not in _UNSEEN]


def _name(node: _Element) -> str:
    return str(node.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _one(node: _Element, depth: int) -> str:
    name = _name(node)
    if name in _WRITERS:
        return _WRITERS[name](node, depth)
    text = _INVISIBLE.sub("", linear(node, depth))
    return f" {text} " if name == "mtext" else text


def _parts(node: _Element, depth: int, count: int) -> list[str]:
    parts = [_one(child, depth).strip() for child in _children(node)[:count]]
    return parts + [""] * (count - len(parts))


def _grouped(text: str) -> str:
    """A part in brackets, unless it is one thing anyhow."""
    return text if not text or _SIMPLE.fullmatch(text) else f"({text})"


def _fraction(node: _Element, depth: int) -> str:
    above, below = _parts(node, depth, 2)
    return f" {_grouped(above)}/{_grouped(below)} "


def _power(node: _Element, depth: int) -> str:
    base, power = _parts(node, depth, 2)
    return f"{_grouped(base)}^{_grouped(power)}"


def _index(node: _Element, depth: int) -> str:
    base, index = _parts(node, depth, 2)
    return f"{base}_{_grouped(index)}"


def _both(node: _Element, depth: int) -> str:
    base, index, power = _parts(node, depth, 3)
    return f"{base}_{_grouped(index)}^{_grouped(power)} "


def _root(node: _Element, depth: int) -> str:
    return f"sqrt({linear(node, depth).strip()})"


def _nth_root(node: _Element, depth: int) -> str:
    base, degree = _parts(node, depth, 2)
    return f"{_grouped(base)}^(1/{degree})"


def _fenced(node: _Element, depth: int) -> str:
    inside = ", ".join(_one(child, depth).strip() for child in _children(node))
    return f"{node.get('open', '(')}{inside}{node.get('close', ')')}"


def _semantics(node: _Element, depth: int) -> str:
    return _parts(node, depth, 1)[0]


def _rows(node: _Element, depth: int) -> str:
    rows = (
        ", ".join(_one(cell, depth).strip() for cell in _children(row)) for row in _children(node)
    )
    return f"[{'; '.join(rows)}]"


_WRITERS: Mapping[str, Callable[[_Element, int], str]] = MappingProxyType(
    {
        "mfrac": _fraction,
        "msup": _power,
        "mover": _power,
        "msub": _index,
        "munder": _index,
        "msubsup": _both,
        "munderover": _both,
        "msqrt": _root,
        "mroot": _nth_root,
        "mfenced": _fenced,
        "semantics": _semantics,
        "mtable": _rows,
    }
)
