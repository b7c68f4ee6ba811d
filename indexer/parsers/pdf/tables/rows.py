"""Which lines are one row of a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from indexer.parsers.pdf.tables.bands import HALF_STEP, LINE_STEP, Band, step_between
from indexer.parsers.pdf.tables.rules import Rule

# How much larger a step must be than that of lines to lead to the next row.
_ROW_STEP = 1.13


def group_rows(
    bands: Sequence[Band], rules: Sequence[Rule], width: int, column: dict[int, int]
) -> list[list[Band]]:
    """Bands by row of the table."""
    parted = [
        any(below.top - 2.5 < rule.at < above.bottom + 2.5 for rule in rules)
        for above, below in pairwise(bands)
    ]
    if sum(parted) >= 2 and _one_row_each(bands, parted):
        ends = parted
    else:
        least = _row_step(bands)
        ends = [
            rule or _begins_row(above, below, least, width, column)
            for rule, (above, below) in zip(parted, pairwise(bands), strict=True)
        ]
    groups = [[bands[0]]]
    for end, band in zip(ends, bands[1:], strict=True):
        if end:
            groups.append([])
        groups[-1].append(band)
    return groups


def _one_row_each(bands: Sequence[Band], parted: Sequence[bool]) -> bool:
    """Whether a rule stands below each row: hardly any lines between two of them are far apart."""
    steps = [
        step_between(above, below)
        for rule, (above, below) in zip(parted, pairwise(bands), strict=True)
        if not rule
    ]
    return not steps or (max(steps) < LINE_STEP and len(steps) < 4 * (sum(parted) + 1))


def _row_step(bands: Sequence[Band]) -> float | None:
    """The least step, in sizes of the type, that leads to another row; None where all are alike."""
    steps = sorted(step for a, b in pairwise(bands) if (step := step_between(a, b)) > HALF_STEP)
    if not steps or steps[0] > LINE_STEP:
        return 0.0
    best, at = 1.0, None
    for small, large in pairwise(steps):
        if small < LINE_STEP and large / max(0.1, small) > best:
            best, at = large / max(0.1, small), (small + large) / 2
    return at if best > _ROW_STEP else None


def _begins_row(
    above: Band, below: Band, least: float | None, width: int, column: dict[int, int]
) -> bool:
    """Whether a band begins a row: it is far from the one above, or has text in the first column.

    `least` is the step that parts rows, None where the lines of cells are as far from each other.
    """
    step = step_between(above, below)
    if least is not None or step < HALF_STEP:
        return step > max(least or 0.0, HALF_STEP)
    first = any(column[id(line)] == 0 for line in below.lines)
    return first or (len(below.lines) > max(1, width - 2) and width > 2)
