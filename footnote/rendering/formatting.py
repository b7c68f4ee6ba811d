"""Values as a reader reads them. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import PurePath

# Streamlit's Markdown makes links of bare addresses whatever is escaped; an invisible word joiner
# in the middle keeps them text.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"
_UNSEEN = re.compile(r"[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&=])")
_ACTIVE = re.compile(r"([\\`\[\]<>&])")
_UNITS = ("B", "KB", "MB", "GB", "TB")


def plain(text: str) -> str:
    """`text` escaped so that Streamlit's Markdown shows it letter by letter, on one line."""
    line = _ADDRESS.sub(_JOINER, " ".join(upright(text).split()))
    return _MARKDOWN.sub(r"\\\1", line)


def upright(text: str) -> str:
    """`text` without marks that would show a name in another order than it is: `exe.fdp`."""
    return _UNSEEN.sub("", text)


def file_name(path: str) -> str:
    """The name of a file without its folders, from whatever system the path is."""
    return upright(PurePath(path.replace("\\", "/")).name)


def harmless(text: str) -> str:
    """`text` on one line, so escaped that any reader of Markdown makes no link or picture of it."""
    line = _ADDRESS.sub(_JOINER, " ".join(upright(text).split()))
    return _ACTIVE.sub(r"\\\1", line)


def count(number: int, one: str, many: str = "") -> str:
    """`1 page`, `2 pages`, `12,000 pages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number_of_bytes: int) -> str:
    """Bytes as `3.4 MB`."""
    amount, unit = float(number_of_bytes), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return (
        f"{amount:.0f} {_UNITS[unit]}"
        if unit == 0 or amount >= 10
        else f"{amount:.1f} {_UNITS[unit]}"
    )


def duration(seconds: float) -> str:
    """Seconds as `a few seconds`, `40 seconds`, `5 minutes`, `2 hours 10 minutes`."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 60:
        return f"{round(seconds / 5) * 5} seconds"
    minutes = round(seconds / 60)
    if minutes < 60:
        return count(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return count(hours, "hour") + (f" {count(rest, 'minute')}" if rest else "")


def when(moment: float, now: float | None = None) -> str:
    """A time (seconds since the epoch) as `today 14:03`, `yesterday 09:10` or `3 May 2025`."""
    then, today = time.localtime(moment), time.localtime(now)
    yesterday = time.localtime(time.mktime(today) - 86_400)
    for day, name in ((today, "today"), (yesterday, "yesterday")):
        if then[:3] == day[:3]:
            return time.strftime(f"{name} %H:%M", then)
    return f"{then.tm_mday} {time.strftime('%b %Y', then)}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`."""
    if len(names) > most:
        return ", ".join(names[:most]) + f" and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
