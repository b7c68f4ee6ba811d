"""Raised and lowered text on a line: set apart, so that it never joins what stands before it. Pure.

An exponent becomes `10^6` and an index `x_2`; a note's mark is parted by a blank (`$320 ^1`), so
that the sum stays a sum. Ordinals and trade marks (1st, M™) are written on, as people type them.
"""

from __future__ import annotations

import re

# What people type on the line although it is set above it.
_WRITTEN_ON = re.compile(
    r"st|nd|rd|th|er|re|ère|[eèor]|os|as|ème|[º°ª™®©]|tm|sm|m[er]|mme|lle|le|ter|ten|ste[nr]?|rs|ra|[’']s",
    re.IGNORECASE,
)
_ORDINAL_BASE = re.compile(r"(?<![\d.,])\d{1,3}$|[^\W\d]\.?$")
_UNIT = re.compile(
    r"(?<![^\W\d_])(?:[kMGTcdhmµμnp]?m|[kmµμ]?g|[kmµ]?s|ft|in|yd|mi|ha|h|K|N|Pa|J|W|V|A|Hz|mol|[dcm]?L|l)$"
)
_PLAIN_NUMBER = re.compile(r"(?<![\w.,’'€$£¥])[-+−]?(\d+)$")
_VARIABLE = re.compile(r"(?<![^\W\d_])[^\W\d_]$")
_IN_FORMULA = re.compile(r"[=+\-−*/×·^(]\s?[^\W\d_]{1,3}$|[=+*/×·^]\s?\d+$")
_BRACKETED = re.compile(r"[(\[][^()\[\]]{1,20}[)\]]$")
_OPERATOR = re.compile(r"[+*/×·^=]|\s[-−–]\s|\d[-−]")
_SIGNED = re.compile(r"[-+−–]\s?\w+")
_POWER = re.compile(r"[-+−–]?[\dn]{1,3}")
# Longer texts are no exponent, index or mark: a line that somebody set small.
_LONGEST = 16


def raised(before: str, text: str) -> str:
    """What a raised text adds to the line before it."""
    said = " ".join(text.split())
    if not said:
        return " " if text else ""
    if not before.strip():
        return f"{said} "
    if len(said) > _LONGEST or not re.search(r"\w|[*†‡§¶#™®]", said):
        return f" {said} " if len(said) > _LONGEST else said
    if before[-1].isspace() or text[0].isspace():
        return f"{'' if before[-1].isspace() else ' '}^{said}"
    if _WRITTEN_ON.fullmatch(said) and _ORDINAL_BASE.search(before):
        return said
    return f"^{said}" if _is_power(before, said) else f" ^{said}"


def lowered(before: str, text: str) -> str:
    """What a lowered text adds to the line before it."""
    said = " ".join(text.split())
    if not said:
        return " " if text else ""
    if not before.strip() or len(said) > _LONGEST:
        return f" {said} "
    return f"{' ' if text[0].isspace() else ''}_{said}"


def _is_power(before: str, said: str) -> bool:
    """Whether what is raised belongs to a formula; else it is the mark of a note."""
    if _IN_FORMULA.search(before) or _SIGNED.fullmatch(said):
        return True
    if _BRACKETED.search(before):
        return _OPERATOR.search(before[-22:]) is not None
    number = _PLAIN_NUMBER.search(before)
    if number is not None:
        return len(number.group(1)) <= 2 and re.fullmatch(r"[\w.,/]{1,4}", said) is not None
    if _VARIABLE.search(before):
        return True
    return _UNIT.search(before) is not None and _POWER.fullmatch(said) is not None


class Line:
    """Gathers the pieces of a line; neighbouring raised or lowered pieces are one."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._waiting: list[str] = []
        self._how = 0

    def add(self, piece: str, how: int = 0) -> None:
        """Add a piece: raised where `how` is above 0, lowered where it is below."""
        if not piece:
            return
        how = (how > 0) - (how < 0)
        if self._waiting and how != self._how:
            self._settle(piece)
        self._how = how
        if how:
            self._waiting.append(piece)
        else:
            self._text.append(piece)

    def mark(self, text: str) -> None:
        """Add the mark of a note that a program has numbered: raised, and by itself."""
        before = self.text()
        if text.strip():
            blank = "" if not before or before[-1].isspace() else " "
            self._text.append(f"{blank}^{text.strip()}")

    def text(self) -> str:
        """The line so far."""
        if self._waiting:
            self._settle("")
        return "".join(self._text)

    def _settle(self, following: str) -> None:
        before = "".join(self._text[-8:])
        said = "".join(self._waiting)
        self._waiting.clear()
        set_off = raised(before, said) if self._how > 0 else lowered(before, said)
        self._text.append(set_off)
        # A digit that follows would read on, and so would a word after a note's mark.
        if following[:1].isdigit() or (set_off.startswith(" ^") and following[:1].isalpha()):
            self._text.append(" ")
