"""The columns of a region: where hardly anything crosses the white space between. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from indexer.parsers.pdf.lines import Line
from indexer.parsers.pdf.tables.bands import GUTTER, Band

# The share of bands that may run over a gutter: a spanned cell here and there.
_CROSSING = 0.25


def find_columns(bands: Sequence[Band]) -> list[tuple[float, float]]:
    """The columns: where hardly any band has text between them, and both have text in one."""
    size = median(band.size for band in bands)
    edges: list[tuple[float, int]] = []
    for band in bands:
        for line in band.lines:
            edges += [(line.left, 1), (max(line.right, line.left + 1), -1)]
    several = sum(len(band.lines) > 1 for band in bands)
    allowed = int(_CROSSING * several)
    edges.sort()
    found: list[tuple[float, float]] = []
    count, start = 0, None
    for at, step in edges:
        before, count = count, count + step
        if before <= allowed < count and start is None:
            start = at
        elif before > allowed >= count and start is not None:
            if found and start - found[-1][1] < GUTTER * size:
                found[-1] = (found[-1][0], at)
            else:
                found.append((start, at))
            start = None
    found = _together(sorted([*found, *_sparse(bands, found, GUTTER * size)]), bands)
    return _held(found, bands)


def _sparse(
    bands: Sequence[Band], columns: Sequence[tuple[float, float]], least: float
) -> list[tuple[float, float]]:
    """Where few bands have text, apart from columns."""
    found: list[tuple[float, float]] = []
    for line in (line for band in bands for line in band.lines):
        near = any(
            line.left - right < least and left - line.right < least for left, right in columns
        )
        if near:
            continue
        for other in found:
            if line.left < other[1] and line.right > other[0]:
                found.remove(other)
                found.append((min(line.left, other[0]), max(line.right, other[1])))
                break
        else:
            found.append((line.left, line.right))
    return found


def _held(
    columns: Sequence[tuple[float, float]], bands: Sequence[Band]
) -> list[tuple[float, float]]:
    """Columns without those that one band alone has text in, but for the first, with the names.

    White space is wide in the middle of a cell, too.
    """
    found: list[tuple[float, float]] = []
    for left, right in columns:
        holding = [
            number
            for number, band in enumerate(bands)
            if any(line.left < right and line.right > left for line in band.lines)
        ]
        if found and len(holding) == 1 and holding[0]:
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found


def _together(
    columns: list[tuple[float, float]], bands: Sequence[Band]
) -> list[tuple[float, float]]:
    """Columns, those made one that never have text in the same band."""
    held = [[_touched(line, columns) for line in band.lines] for band in bands]
    found: list[list[int]] = []
    for n in range(len(columns)):
        if found and not any(_both(band, set(found[-1]), n) for band in held):
            found[-1].append(n)
        else:
            found.append([n])
    return [(columns[group[0]][0], columns[group[-1]][1]) for group in found]


def covered_columns(line: Line, columns: Sequence[tuple[float, float]]) -> list[int]:
    """The columns that a line stands in; the nearest where it is in none."""
    found = []
    for n, (left, right) in enumerate(columns):
        shared = min(line.right, right) - max(line.left, left)
        if shared > min(0.25 * (right - left), 0.5 * (line.right - line.left), 6.0):
            found.append(n)
    if found:
        return list(range(found[0], found[-1] + 1))
    middle = (line.left + line.right) / 2
    nearest = min(
        range(len(columns)),
        key=lambda n: max(columns[n][0] - middle, middle - columns[n][1]),
    )
    return [nearest]


def _touched(line: Line, columns: Sequence[tuple[float, float]]) -> set[int]:
    return {n for n, (left, right) in enumerate(columns) if line.left < right and line.right > left}


def _both(band: Sequence[set[int]], group: set[int], column: int) -> bool:
    """Whether a band has one piece in a column and another in a group of columns."""
    return any(column in one for one in band) and any(
        group & one and column not in one for one in band
    )
