"""Pieces of lines at one height, and the regions of them that may be a table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from indexer.parsers.pdf.lines import Line
from indexer.parsers.pdf.tables.rules import Rule

# The size of type beside the height of its line.
_SIZE = 0.88
# The least white space between columns, in sizes of the type.
GUTTER = 0.4
# The largest step from line to line of a table, in sizes of the type.
_STEP = 4.2
# Lines of a cell are nearer than this many sizes of the type.
LINE_STEP = 1.6
# Nearer bands are beside each other: cells of one and two lines, all in the middle of their row.
HALF_STEP = 0.9
# So much more white space than before, and more pieces: another table begins.
_OTHER_TABLE = 1.6


@dataclass(slots=True)
class Band:
    """Pieces of lines at one height, from left to right."""

    lines: list[Line]
    bottom: float
    top: float

    @property
    def size(self) -> float:
        """The size of its type; the one that a font says it has may be scaled by the page."""
        return _SIZE * max(0.1, *(line.top - line.bottom for line in self.lines))


@dataclass(slots=True)
class Region:
    """Bands that may be a table, and the gutters that run through all of them."""

    bands: list[Band]
    gutters: list[tuple[float, float]]
    left: float
    right: float
    several: int = 1
    inner: list[Rule] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    banner: Band | None = None

    def take(self, bands: Iterable[Band]) -> None:
        """Add bands below the others."""
        for band in bands:
            self.steps.append(step_between(self.bands[-1], band))
            self.bands.append(band)


def find_bands(pieces: Iterable[Line]) -> list[Band]:
    """Pieces by height, from above to below."""
    bands: list[Band] = []
    for piece in sorted(pieces, key=lambda piece: (-piece.bottom - piece.top, piece.left)):
        band = bands[-1] if bands else None
        height = piece.top - piece.bottom
        if band is not None:
            shared = min(band.top, piece.top) - max(band.bottom, piece.bottom)
            if shared > 0.6 * min(height, band.top - band.bottom):
                band.lines.append(piece)
                continue
        bands.append(Band([piece], piece.bottom, piece.top))
    for band in bands:
        band.lines.sort(key=lambda line: line.left)
    return bands


def step_between(above: Band, below: Band) -> float:
    """How far a band is below another, in sizes of the type."""
    return (above.bottom - below.bottom) / max(above.size, below.size)


def grow(bands: Sequence[Band], first: int, rules: Sequence[Rule]) -> tuple[Region, int]:
    """The region that a band of several pieces begins, and the band that comes after it."""
    band = bands[first]
    begin = _beginning(bands, first)
    region = Region(
        list(bands[begin : first + 1]),
        _gaps(band.lines, band.size),
        band.lines[0].left,
        _reach(band.lines),
    )
    if begin == first and first and len(bands[first - 1].lines) == 1:
        region.banner = bands[first - 1]
    waiting: list[Band] = []
    end = first + 1
    for at in range(first + 1, len(bands)):
        band = bands[at]
        above = bands[at - 1]
        ruled = _within_rules(band, region, rules)
        step = step_between(above, band)
        if step > max(_STEP, 1.5 * max(region.steps, default=0.0)) and not ruled:
            break
        if step > _OTHER_TABLE * max(1.2, *(region.steps or [step])) and (
            len(band.lines) > len(region.gutters) + 1
        ):
            break
        gutters = _fitting(region, band)
        if len(band.lines) > 1 and gutters:
            region.take([*waiting, band])
            waiting = []
            region.gutters = gutters
            region.left = min(region.left, band.lines[0].left)
            region.right = max(region.right, _reach(band.lines))
            region.several += 1
            end = at + 1
        elif ruled or (len(band.lines) == 1 and len(gutters) == len(region.gutters)):
            waiting.append(band)
            if ruled:
                region.take(waiting)
                waiting = []
                end = at + 1
        else:
            break
    for band in waiting:
        # The last cell may go on below the others: in lines as near as those above.
        steps = [a.bottom - b.bottom for a, b in pairwise(region.bands)]
        step = region.bands[-1].bottom - band.bottom
        if step > min([LINE_STEP * band.size, *(1.1 * step for step in steps)]):
            break
        region.bands.append(band)
        end += 1
    region.inner = [
        rule
        for rule in rules
        if region.bands[-1].bottom - 8 < rule.at < region.bands[0].top + 8
        and min(rule.end, region.right) - max(rule.start, region.left)
        > 0.6 * (region.right - region.left)
    ]
    return region, end


def _beginning(bands: Sequence[Band], first: int) -> int:
    """Where a region begins: a cell of two lines begins above those that are centred beside it."""
    while first and len(bands[first - 1].lines) == 1:
        if step_between(bands[first - 1], bands[first]) >= HALF_STEP:
            break
        first -= 1
    return first


def _reach(lines: Iterable[Line]) -> float:
    return max(line.right for line in lines)


def _gaps(lines: Sequence[Line], size: float) -> list[tuple[float, float]]:
    return [
        (one.right, other.left)
        for one, other in pairwise(lines)
        if other.left - one.right > GUTTER * size
    ]


def _fitting(region: Region, band: Band) -> list[tuple[float, float]]:
    """What is left of a region's gutters beside the pieces of a band, and new ones outside."""
    least = GUTTER * band.size
    left: list[tuple[float, float]] = []
    for gutter in region.gutters:
        start, end = gutter
        for line in band.lines:
            if line.right <= start or line.left >= end:
                continue
            crosses = line.left <= start + least and line.right >= end - least
            if crosses:
                start = end
            elif line.left <= start + least:
                start = line.right
            else:
                end = line.left
        if end - start >= least:
            left.append((start, end))
    outer = [line for line in band.lines if line.left - region.right > least]
    if outer:
        left.append((region.right, outer[0].left))
    return left


def _within_rules(band: Band, region: Region, rules: Sequence[Rule]) -> bool:
    """Whether rules as wide as the region stand above and below a band."""
    wide = 0.8 * (region.right - region.left)
    near = [
        rule for rule in rules if min(rule.end, region.right) - max(rule.start, region.left) >= wide
    ]
    above = [rule for rule in near if band.top - 3 < rule.at < region.bands[0].top + 12]
    below = [rule for rule in near if band.bottom - _STEP * band.size < rule.at <= band.bottom + 3]
    return bool(above) and bool(below)
