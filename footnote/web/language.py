"""The pages' language: chosen by the browser, from the catalogues in `locale/` (gettext's format).

English stands in the program, and is what is shown where a catalogue has no translation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from footnote.rendering.formatting import duration

CATALOGUES = Path(__file__).parent / "locale"
_ENTRY = re.compile(r'^(msgid|msgstr) (".*")$|^(".*")$')


def _(text: str) -> str:
    """The text in the language of whoever looks at the page."""
    return catalogue(language()).get(text) or text


def counted(number: int, one: str, many: str = "") -> str:
    """`1 document`, `2 documents`, in that language."""
    noun = one if number == 1 else many or f"{one}s"
    return _("{n} " + noun).format(n=f"{number:,}")


def lasting(seconds: float) -> str:
    """`a few seconds`, `5 minutes`, `2 hours 10 minutes`, in that language."""
    words = re.findall(r"(\d+) (second|minute|hour)", duration(seconds))
    if not words:
        return _("a few seconds")
    return " ".join(counted(int(number), unit) for number, unit in words)


def enumerated(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`, in that language."""
    if len(names) > most:
        shown, more = ", ".join(names[:most]), len(names) - most
        return _("{names} and {n} more").format(names=shown, n=more)
    if len(names) < 2:
        return "".join(names)
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def language() -> str:
    """The two letters of the language that the browser asks for; "en" where it asks for none."""
    return (st.context.locale or "en").partition("-")[0].partition("_")[0].casefold()


@cache
def catalogue(code: str) -> dict[str, str]:
    """The translations of a language; empty where there are none."""
    path = CATALOGUES / f"{code}.po"
    if not re.fullmatch("[a-z]{2,3}", code) or not path.exists():
        return {}
    return read(path.read_text(encoding="utf-8"))


def read(text: str) -> dict[str, str]:
    """The entries of a catalogue (`msgid` and `msgstr`, without plurals and contexts)."""
    found: dict[str, str] = {}
    parts = {"msgid": "", "msgstr": ""}
    kind = ""
    for line in [*text.splitlines(), 'msgid ""']:
        entry = _ENTRY.match(line.strip())
        if entry is None:
            continue
        if entry[1] == "msgid":
            found[parts["msgid"]] = parts["msgstr"]
            parts = {"msgid": "", "msgstr": ""}
        kind = entry[1] or kind
        parts[kind] += ast.literal_eval(entry[2] or entry[3])
    found.pop("", None)
    return found
