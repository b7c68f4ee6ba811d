"""Tables in plain text: lines cut by one delimiter into as many cells each.

A comment that is cut alike names the columns ("# Code : Country"), as data files of Unix have it;
without one only what no prose looks like is taken for a table.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, takewhile

_DELIMITERS = "\t|;:,"
# Prose has these too, with a blank behind them.
_OF_PROSE = ";:,"
_RULE = re.compile(r"[\s|+:=\u2500-\u257f-]{3,}")
# What draws a frame around cells: "|", and the bars of the box-drawing characters.
_BARS = str.maketrans(dict.fromkeys("│┃║", "|"))
_QUOTED = re.compile(r'"[^"]*"')
_TIME = re.compile(r"\d:\d\d")
# So many rows and columns at the least, where nothing names the columns.
_ROWS, _COLUMNS = 4, 3
_LONGEST = 80
# Of the lines of a file with named columns, so many are rows.
_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Columns:
    """What a comment says of the lines of a file: their delimiter and the names of columns."""

    comment: str
    delimiter: str
    names: tuple[str, ...]


def columns_of(lines: Sequence[str]) -> Columns | None:
    """The columns that a comment above a file's rows names, if nearly all of them have those."""
    said = [line for line in lines if line.strip()]
    comments = list(takewhile(is_comment, said))
    rows = [line for line in said if not is_comment(line)]
    for comment, delimiter in product(comments, _DELIMITERS if len(rows) > 1 else ""):
        names = _cut(comment.strip("# \t"), delimiter)
        if len(names) < 2 or not all(re.search(r"[^\W\d]", name) for name in names):
            continue
        if sum(_is_row(line, delimiter, len(names)) for line in rows) >= _SHARE * len(rows):
            return Columns(comment, delimiter, tuple(names))
    return None


def is_comment(line: str) -> bool:
    """Whether a line of a data file is said about it and not one of its rows."""
    return line.lstrip().startswith("#")


def rows_of(lines: Sequence[str], columns: Columns | None = None) -> list[list[str]] | None:
    """The cells of lines that are a table, below the names of `columns`; None where none is."""
    if columns is not None:
        if all(_is_row(line, columns.delimiter, len(columns.names)) for line in lines):
            cut = (_cut(line, columns.delimiter) for line in lines)
            return [list(columns.names), *cut]
        return None
    if (framed := _framed(lines)) is not None:
        return framed
    told = [line for line in lines if not _RULE.fullmatch(line)]
    if len(told) < _ROWS:
        return None
    for delimiter in _DELIMITERS:
        width = len(_cut(told[0], delimiter))
        if width >= _COLUMNS and all(_is_row(line, delimiter, width) for line in told):
            return [_cut(line, delimiter) for line in told]
    return None


def _framed(lines: Sequence[str]) -> list[list[str]] | None:
    """The cells of a table with a frame drawn around it, None where there is none.

    Where a rule stands between any two rows, the lines between two rules are one row.
    """
    bars = [line.strip().translate(_BARS) for line in lines]
    rules = [_RULE.fullmatch(line) is not None and "|" not in line.strip("|") for line in bars]
    told = [line for line, rule in zip(bars, rules, strict=True) if not rule]
    if not told or not any(rules) or not all(one[0] == one[-1] == "|" != one for one in told):
        return None
    cells = [_cut(line, "|") for line in told]
    if len(cells[0]) < 2 or any(len(row) != len(cells[0]) for row in cells):
        return None
    groups: list[list[list[str]]] = [[]]
    rest = iter(cells)
    for rule in rules:
        if not rule:
            groups[-1].append(next(rest))
        elif groups[-1]:
            groups.append([])
    groups = [group for group in groups if group]
    if len(groups) < 3:  # one rule below the names of the columns, or none
        return cells
    return [
        [" ".join(filter(None, column)) for column in zip(*group, strict=True)] for group in groups
    ]


def _is_row(line: str, delimiter: str, width: int) -> bool:
    bare = _QUOTED.sub("", line)
    is_time = delimiter == ":" and width > 2 and _TIME.search(bare)
    if delimiter in _OF_PROSE and (f"{delimiter} " in bare or is_time):
        return False
    cells = _cut(line, delimiter)
    return len(cells) == width and all(len(cell) <= _LONGEST for cell in cells)


def _cut(line: str, delimiter: str) -> list[str]:
    """The cells of a line; a frame around it is none of them."""
    if delimiter == "|":
        line = line.strip().removeprefix("|").removesuffix("|")
    if '"' in line:
        found = next(csv.reader([line], delimiter=delimiter), [])
    else:
        found = line.split(delimiter)
    return [cell.strip() for cell in found]
