"""Logs, chats, transcripts: where the records of a plain text begin. Pure.

A record is what one line says, with the lines that go on with it; a quote of one must not bring its
neighbours along.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-zé]{0,6}\.?"
_TIME = (
    r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,9})?"
    r"(?:\s?[ap]\.?m\.?)?(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
)
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? "
_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|\d{{1,2}}[ /-]{_MONTH}[ /-]\d{{2,4}}|(?:{_DAY})?{_MONTH} {{1,2}}\d{{1,2}}(?:,? \d{{4}})?)"
)
# A date, a time or both, in brackets or not; or what web servers, syslog and glog begin lines with.
_STAMP = re.compile(
    rf"\s{{0,4}}(?:<\d{{1,3}}>\d?\s?)?[\[(]?"
    rf"(?:{_DATE}(?:(?:T|,?\s+(?:at\s+|-\s+)?){_TIME})?(?!\d)|{_TIME}(?![\d:]))"
    r"|[EWIDF]\d{4} \d{2}:\d{2}:\d{2}|\[?\d{10}(?:\.\d+|\d{3})?\]?\s"
    r"|[\w.:-]+ \S+ \S+ \[\d{2}/[A-Z][a-z]{2}/\d{4}:"
    r"|\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|SEVERE)\]?[\s:|-]",
    re.IGNORECASE,
)
# "Ann Bee  9:15 AM" above what she says.
_NAME_AND_TIME = re.compile(
    rf"[^\W\d_][^:]{{0,40}}?[\s,\[(]+(?:{_DATE},?\s+(?:at\s+)?)?{_TIME}[\])]?", re.IGNORECASE
)
_SPEAKER = re.compile(r"(?:<([^<>\s][^<>]{0,30})>|(?!https?:)([^\W\d_][\w .'’()#-]{0,40}):)\s+\S")
# Of the lines so many begin a record; the others go on with one.
_LEAST_SHARE = 0.2
_LEAST_SPOKEN = 0.5


def record_starts(lines: Sequence[str]) -> frozenset[int]:
    """The numbers of the lines that begin a record; none where the text is no log or chat."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for stamp in (_STAMP.match, _NAME_AND_TIME.fullmatch):
        starts = [number for number in filled if stamp(lines[number].strip())]
        enough = len(starts) >= 3 and len(starts) >= _LEAST_SHARE * len(filled)
        if enough or (len(starts) == len(filled) == 2):
            return frozenset(starts)
    return _speakers(lines, filled)


def _speakers(lines: Sequence[str], filled: Sequence[int]) -> frozenset[int]:
    """Lines that begin with who speaks: several people, who speak more than once."""
    spoken = {}
    for number in filled:
        if found := _SPEAKER.match(lines[number].strip()):
            spoken[number] = found.group(1) or found.group(2)
    turns = Counter(spoken.values())
    again = sum(count for count in turns.values() if count > 1)
    if len(turns) < 2 or again < 3 or len(spoken) < _LEAST_SPOKEN * len(filled):
        return frozenset()
    return frozenset(number for number, name in spoken.items() if turns[name] > 1 or again > 5)
