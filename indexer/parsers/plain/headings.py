"""Headings of plain text: underlined, numbered, or in capitals, alone on their line. Pure.

Nothing marks them as such, so only what hardly any other line looks like is taken: a numbered
line with text below it is a heading, two of them in a row are a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LONGEST = 90
_RULE = re.compile(r"\s*([=\-~^*#_+\"'`])\1{2,}\s*")
_NUMBERED = re.compile(
    r"(?:(?P<number>\d{1,2}(?:\.\d{1,2})*|[A-Z](?:\.\d{1,2})+)\.?|(?:chapter|section|article|part|appendix|annex|kapitel"
    r"|abschnitt|artikel|teil|anhang) (?:\d{1,3}|[ivxlc]{1,6}|[a-z])\b[.:]?|§ ?\d{1,3}\.?)"
    r"(?:\s+[-–—]?\s*(?P<title>[^\W\d_].*))?",
    re.IGNORECASE,
)
# Capitals are headings where at least so many lines are set so, and not half of the text.
_SHOUTED = 2
_LETTERS = 4
_ENDS = (".", "!", ",", ";", ":")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading over lines [first, end) of a text, its rules among them."""

    first: int
    end: int
    level: int
    text: str


def headings(lines: Sequence[str]) -> dict[int, Heading]:
    """The headings of a text by the number of their first line."""
    found = {one.first: one for one in _underlined(lines)}
    taken = {place for one in found.values() for place in range(one.first, one.end)}
    depth = max((one.level for one in found.values()), default=0)
    alone = [place for place in _alone(lines) if place not in taken]
    for place, level in (*_numbered(lines, alone), *_in_capitals(lines, alone)):
        found.setdefault(place, Heading(place, place + 1, depth + level, lines[place].strip()))
    return found


def _underlined(lines: Sequence[str]) -> Iterator[Heading]:
    """Lines with a rule below them, or one below and one above, as long as they are."""
    marks: dict[tuple[str, bool], int] = {}
    for place in range(len(lines) - 1):
        text, below = lines[place].strip(), _RULE.fullmatch(lines[place + 1])
        if below is None or not text or len(text) > _LONGEST or _RULE.fullmatch(lines[place]):
            continue
        before = lines[place - 1] if place else ""
        over = _RULE.fullmatch(before) is not None and before.strip()[:1] == below[1]
        whole = 2 * len(lines[place + 1].strip()) >= len(text)
        if not whole or not (over or not before.strip()) or not re.search(r"[^\W\d_]", text):
            continue
        if "|" in text or text.endswith(","):
            continue
        level = marks.setdefault((below[1], over), len(marks) + 1)
        yield Heading(place - over, place + 2, level, text)


def _alone(lines: Sequence[str]) -> Iterator[int]:
    """Short lines between empty ones that end as no sentence does."""
    for place, line in enumerate(lines):
        text = line.strip()
        before = lines[place - 1].strip() if place else ""
        after = lines[place + 1].strip() if place + 1 < len(lines) else ""
        whole = not before and not after and not text.endswith(_ENDS)
        if text and whole and len(text) <= _LONGEST:
            yield place


def _numbered(lines: Sequence[str], alone: Sequence[int]) -> list[tuple[int, int]]:
    """Numbered lines with text below them, each with its depth."""
    depths: dict[int, int] = {}
    for place in alone:
        mark = _NUMBERED.fullmatch(lines[place].strip())
        titled = mark is not None and (mark["title"] or not mark["number"])
        if mark is not None and titled and (mark["title"] or "A")[0].isupper():
            depths[place] = (mark["number"] or "").count(".") + 1
    kept = [
        (place, depth)
        for place, depth in depths.items()
        if depths.get(_next(lines, place), 0) != depth
        and depths.get(_next(lines, place, -1), 0) != depth
    ]
    return kept if len(kept) > 1 else []


def _in_capitals(lines: Sequence[str], alone: Sequence[int]) -> list[tuple[int, int]]:
    found = []
    for place in alone:
        text = lines[place].strip()
        letters = sum(map(str.isalpha, text))
        if letters >= _LETTERS and 2 * letters > len(text) and text.isupper():
            found.append(place)
    said = set(found)
    kept = [place for place in found if _next(lines, place) not in said]
    return [(place, 2) for place in kept] if len(kept) >= _SHOUTED else []


def _next(lines: Sequence[str], place: int, step: int = 1) -> int:
    """The next line that is not empty; one beyond the text where there is none."""
    place += step
    while 0 <= place < len(lines) and not lines[place].strip():
        place += step
    return place
