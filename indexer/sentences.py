"""Text → the spans of its sentences, in any language. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ITEM_MARK = re.compile(r"\s*\(?(?:\d{1,3}|[^\W\d_]|[ivxIVX]{2,5})[.)]\s*")
_NOTE_MARK = re.compile(r"\^[\w,*†‡§–-]{1,8}(?:\s+|$)")

# The splitter's time grows with the square of a line ("“ a " repeated: 10 s for 320,000
# characters); it gets no more of one at once. A paragraph of a novel has 2,000 characters.
_LINE_CHARACTERS = 4_000
_END_OF_SENTENCE = re.compile(r"[.!?。！？…]\S*\s")


def sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, without the white space around them.

    A line break ends a sentence (parsers put one paragraph, list item or table row on a line),
    unless the sentence plainly goes on: no end mark before it, a small letter after. Uses
    sentencex (Wikimedia), which knows the abbreviations of some 240 languages.
    """
    found: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        line = text[start:end]
        found.extend((start + a, start + b) for a, b in _split_line(line, language))
    return found


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Spans between line breaks, joined where a sentence runs over the break."""
    start: int | None = None
    end = 0
    for match in re.finditer(r"[^\n]+", text):
        if start is not None and not _goes_on(text, start, end, match.start()):
            yield start, end
            start = None
        start = match.start() if start is None else start
        end = match.end()
    if start is not None:
        yield start, end


def _goes_on(text: str, start: int, end: int, after: int) -> bool:
    """Whether the line from `start` to `end` and the one from `after` are one sentence."""
    before = text[start:end].rstrip()
    following = text[after : after + 80].lstrip()
    return (
        after - end == 1
        and following[:1].islower()
        and len(before) > 40  # a shorter line that ends without a mark is an item, not a break
        and before[-1].isalnum() | (before[-1] in ",-–—")
        and " | " not in before
    )


def _split_line(line: str, language: str) -> Iterator[tuple[int, int]]:
    from sentencex import get_sentence_boundaries

    bounds: list[list[int]] = []
    for low, high in _windows(line):
        for found in get_sentence_boundaries(language, line[low:high]):
            start, end = low + found["start_index"], low + found["end_index"]
            # The mark of a note, which parsers set apart, belongs to what stands before it.
            if bounds and (mark := _NOTE_MARK.match(line, start)):
                bounds[-1][1] = mark.end()
            # "files like .zip": a stop that no blank follows ends nothing.
            if bounds and start and line[start - 1] == "." and line[start].isalnum():
                bounds[-1][1] = end
                continue
            # The number of a list item is no sentence: what follows it is.
            if len(bounds) == 1 and _ITEM_MARK.fullmatch(line, *bounds[0]):
                bounds[0][1] = end
                continue
            bounds.append([bounds[-1][1] if bounds else start, end])
    for start, end in bounds:
        piece = line[start:end]
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(stripped)


def _windows(line: str) -> Iterator[tuple[int, int]]:
    """Pieces of a line that the splitter gets: parted where a sentence may end, or at a blank."""
    start = 0
    while len(line) - start > _LINE_CHARACTERS:
        half, end = start + _LINE_CHARACTERS // 2, start + _LINE_CHARACTERS
        ends = [found.end() for found in _END_OF_SENTENCE.finditer(line, half, end)]
        cut_at = ends[-1] if ends else max(line.rfind(" ", half, end) + 1, 0) or end
        yield start, cut_at
        start = cut_at
    yield start, len(line)
