"""Subtitles (SubRip .srt, WebVTT .vtt): each cue as a record, with the time at which it is said."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean
from indexer.records import ParsedFile

_TIMES = re.compile(r"\s*((?:\d+:)?\d{1,2}:\d{2})(?:[.,]\d{1,3})?\s*-->\s*\d")
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^>]+)>")
_TAGS = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")


# A sentence runs over a few cues; what goes on for longer is no sentence.
_ENDS = re.compile(r"[.?!…。？！؟♪\])”\"]\s*$")
_MOST_CUES, _MOST_CHARACTERS = 6, 300


def parse_subtitles(data: bytes, name: str) -> ParsedFile:
    """A subtitle file. Notes and styles of WebVTT are seen by nobody, and left out."""
    builder = PageBuilder()
    raw = decode(data)
    builder.look_through(raw)
    for time, said in _sentences(_cues(clean(raw))):
        builder.paragraph(f"{time} {said}")
    if not builder.length:
        raise EmptyFileError("holds no subtitle")
    return ParsedFile(name, builder.sections(), "subtitles")


def _cues(text: str) -> Iterator[tuple[str, str]]:
    """(time, what is said) of each cue."""
    for cue in re.split(r"\n[ \t]*\n+", text.strip()):
        lines = cue.split("\n")
        for place, line in enumerate(lines[:2]):
            if found := _TIMES.match(line):
                if said := _said(lines[place + 1 :]):
                    yield found.group(1), said
                break


def _sentences(cues: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Cues joined until a sentence ends or somebody else speaks; the time is that of the first."""
    begun = ""
    waiting: list[str] = []
    for time, said in cues:
        if waiting and re.match(r"[-–—]\s|[^\W\d_][\w .'’-]{0,30}:\s|[♪\[(]", said):
            yield begun, " ".join(waiting)
            waiting = []
        begun = begun if waiting else time
        waiting.append(said)
        long = len(waiting) >= _MOST_CUES or sum(map(len, waiting)) > _MOST_CHARACTERS
        if long or _ENDS.search(said):
            yield begun, " ".join(waiting)
            waiting = []
    if waiting:
        yield begun, " ".join(waiting)


def _said(lines: list[str]) -> str:
    """What a cue says, on one line, with who speaks."""
    text = "\n".join(lines)
    text = _VOICE.sub(lambda found: f"{found.group(1)}: ", text)
    return html.unescape(" ".join(_TAGS.sub("", text).split()))
