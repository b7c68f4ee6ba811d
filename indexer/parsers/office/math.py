"""Equations of Office (OMML) as linear text: fractions, powers, roots, sums, matrices.

After ECMA-376 part 1, section 22.1 (the elements) and Murray Sargent's UnicodeMath (how they are
written on one line), with `sqrt` and `/` as people type them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.markup.markup import attribute, child, local

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIMPLE = re.compile(r"[\w.,]+|\([^()]*\)")
_MAX_DEPTH = 40


def linear(element: _Element, depth: int = 0) -> str:
    """An equation, or a part of one, on one line."""
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    return "".join(_one(node, depth + 1) for node in element)


def _one(node: _Element, depth: int) -> str:
    tag = local(node)
    if tag == "t":
        return node.text or ""
    if tag.endswith("Pr") or not tag:
        return ""
    if tag in _WRITERS:
        return _WRITERS[tag](node, depth)
    return linear(node, depth)


def _part(node: _Element, name: str, depth: int) -> str:
    part = child(node, name)
    return "" if part is None else linear(part, depth).strip()


def _grouped(text: str) -> str:
    """A part in brackets, unless it is one thing anyhow."""
    return text if not text or _SIMPLE.fullmatch(text) else f"({text})"


def _fraction(node: _Element, depth: int) -> str:
    above, below = (_grouped(_part(node, name, depth)) for name in ("num", "den"))
    kind = child(child(node, "fPr"), "type")
    if kind is not None and attribute(kind, "val") == "noBar":
        return f"({above} over {below})"
    return f" {above}/{below} "


def _scripts(node: _Element, depth: int) -> str:
    base = _part(node, "e", depth)
    low, high = (_grouped(_part(node, name, depth)) for name in ("sub", "sup"))
    low, high = f"_{low}" if low else "", f"^{high}" if high else ""
    if local(node) == "sPre":
        return f"{low}{high} {base}"
    return f"{base if len(base) < 2 else _grouped(base)}{low}{high}"


def _radical(node: _Element, depth: int) -> str:
    degree, base = _part(node, "deg", depth), _part(node, "e", depth)
    return f"root_{_grouped(degree)}({base})" if degree else f"sqrt({base})"


def _large_operator(node: _Element, depth: int) -> str:
    sign = child(child(node, "naryPr"), "chr")
    said = "∫" if sign is None else attribute(sign, "val")
    low, high = (_grouped(_part(node, name, depth)) for name in ("sub", "sup"))
    limits = (f"_{low}" if low else "") + (f"^{high}" if high else "")
    return f"{said}{limits} {_part(node, 'e', depth)}"


def _delimited(node: _Element, depth: int) -> str:
    properties = child(node, "dPr")
    signs = {}
    for name, usual in (("begChr", "("), ("sepChr", "|"), ("endChr", ")")):
        sign = child(properties, name)
        signs[name] = usual if sign is None else attribute(sign, "val")
    inner = signs["sepChr"].join(linear(e, depth).strip() for e in node if local(e) == "e")
    return f"{signs['begChr']}{inner}{signs['endChr']}"


def _function(node: _Element, depth: int) -> str:
    return f"{_part(node, 'fName', depth)} {_grouped(_part(node, 'e', depth))}"


def _limit(node: _Element, depth: int) -> str:
    sign = "_" if local(node) == "limLow" else "^"
    return f"{_part(node, 'e', depth)}{sign}{_grouped(_part(node, 'lim', depth))}"


def _rows(node: _Element, depth: int) -> str:
    """A matrix, or equations under each other."""
    lines: Iterable[str]
    if local(node) == "m":
        rows = (row for row in node if local(row) == "mr")
        lines = (", ".join(linear(e, depth).strip() for e in row) for row in rows)
        return f"[{'; '.join(lines)}]"
    return "; ".join(linear(e, depth).strip() for e in node if local(e) == "e")


_WRITERS: Mapping[str, Callable[[_Element, int], str]] = MappingProxyType(
    {
        "f": _fraction,
        "sSup": _scripts,
        "sSub": _scripts,
        "sSubSup": _scripts,
        "sPre": _scripts,
        "rad": _radical,
        "nary": _large_operator,
        "d": _delimited,
        "func": _function,
        "limLow": _limit,
        "limUpp": _limit,
        "m": _rows,
        "eqArr": _rows,
    }
)
