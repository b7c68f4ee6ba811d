"""Dates, times and durations as a sheet shows them, by the tokens of a number format. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Value = float | datetime.datetime | datetime.date | datetime.time | datetime.timedelta
# Kind and text of each piece of a format.
Tokens = Sequence[tuple[str, str]]


def serial_of(value: Value, epoch_1904: bool) -> float:
    """Days since the epoch of dates."""
    if isinstance(value, datetime.timedelta):
        return value.total_seconds() / 86_400
    if isinstance(value, datetime.time):
        return (value.hour * 3600 + value.minute * 60 + value.second) / 86_400 + (
            value.microsecond / 86_400e6
        )
    if isinstance(value, datetime.datetime):
        return (value - _epoch(epoch_1904)).total_seconds() / 86_400
    if isinstance(value, datetime.date):
        return float((value - _epoch(epoch_1904).date()).days)
    return float(value)


def _epoch(epoch_1904: bool) -> datetime.datetime:
    return datetime.datetime(1904, 1, 1) if epoch_1904 else datetime.datetime(1899, 12, 30)


def moment_text(serial: float, kind: str, tokens: Tokens, epoch_1904: bool) -> str:
    """A date, time or duration; "" where the number is none."""
    precise = any(name == "date" and "." in text for name, text in tokens)
    seconds = round(serial * 86_400, 3 if precise else 0)
    if kind == "elapsed":
        return _elapsed(seconds, tokens)
    if seconds < 0 and not epoch_1904:
        return ""
    try:
        moment = _epoch(epoch_1904) + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return ""
    parts = {text[0] for name, text in tokens if name == "date"} & set("ymdhse")
    dated = ("y" in parts or "e" in parts) and "d" in parts and _has_month(tokens)
    if not dated:
        return _as_shown(moment, tokens)
    if not parts & set("hs"):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d} {moment:%H:%M:%S}" if "s" in parts else f"{moment:%Y-%m-%d %H:%M}"


def _elapsed(seconds: float, tokens: Tokens) -> str:
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    shown = ""
    whole = int(left)
    for place, (kind, text) in enumerate(tokens):
        unit = text[0]
        if kind == "elapsed":
            total = whole // {"h": 3600, "m": 60, "s": 1}[unit]
            shown += f"{total:0{min(len(text), 9)}}"
        elif kind == "date" and unit in "ms":
            minutes = unit == "m" or (unit == "m" and place == 0)
            number = whole // 60 % 60 if minutes else whole % 60
            shown += f"{number:02}"
            if "." in text:
                shown += f"{left % 1:.3f}"[1 : 1 + len(text.partition(".")[2]) + 1]
        elif kind == "text":
            shown += text
    return sign + shown.strip()


def _has_month(tokens: Tokens) -> bool:
    return any(_is_month(tokens, place) for place in range(len(tokens)))


def _is_month(tokens: Tokens, place: int) -> bool:
    """Whether an m is a month: not after hours, nor before seconds."""
    kind, text = tokens[place]
    if kind != "date" or text[0] != "m":
        return False
    dates = [(n, t) for n, (k, t) in enumerate(tokens) if k in ("date", "elapsed")]
    at = next(n for n, (number, _) in enumerate(dates) if number == place)
    after_hours = at > 0 and dates[at - 1][1][0] == "h"
    before_seconds = at + 1 < len(dates) and dates[at + 1][1][0] == "s"
    return len(text) > 2 or not (after_hours or before_seconds)


def _as_shown(moment: datetime.datetime, tokens: Tokens) -> str:
    """A date of which not all is shown, or a time, as its code has it."""
    twelve = any(kind == "noon" for kind, _ in tokens)
    shown = ""
    for place, (kind, text) in enumerate(tokens):
        if kind == "noon":
            shown += "AM" if moment.hour < 12 else "PM"
        elif kind == "date":
            shown += _part(moment, text, _is_month(tokens, place), twelve)
        elif kind == "text" or text in "/,.":
            shown += text
    return shown.strip()


def _part(moment: datetime.datetime, text: str, month: bool, twelve: bool) -> str:
    unit, wide = text[0], len(text)
    if unit in "ye":
        return f"{moment.year % 100:02}" if wide <= 2 and unit == "y" else str(moment.year)
    if unit == "m" and month and wide > 2:
        name = _MONTHS[moment.month - 1]
        return name[:3] if wide == 3 else name[:1] if wide == 5 else name
    if unit in "da" and wide > 2:
        name = _DAYS[moment.weekday()]
        return name[:3] if wide == 3 else name
    if unit == "s" and "." in text:
        decimals = len(text.partition(".")[2])
        return f"{moment.second:02}." + f"{moment.microsecond:06}"[:decimals]
    hour = (moment.hour % 12 or 12) if twelve else moment.hour
    numbers = {"d": moment.day, "h": hour, "s": moment.second}
    number = numbers.get(unit, moment.month if month else moment.minute)
    return "" if unit in "gb" else f"{number:0{min(wide, 2)}}"
