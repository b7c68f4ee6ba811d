"""Hidden text: what counts as seen by a machine and not by a person. Pure.

Two kinds. Hidden *text* has a look that hides it (white on white, tiny, off the page …); each
parser knows its format's ways and tells `PageBuilder.hide`. Hidden *characters* are in the text
itself and look like nothing anywhere: they are always taken out, and those that can carry a
message are reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# How text is hidden, as it is told to people.
BACKGROUND = "in the colour of its background"
UNSEEN = "covered, transparent or invisible"
TINY = "too small to read"
OFF_PAGE = "off the page"
MARKED = "marked as hidden"
SHEET = "on a hidden sheet"
COMMENT = "in a comment of the source"
TAGS = "in Unicode tag characters"
SELECTORS = "in a row of variation selectors"
ZERO_WIDTH = "in a row of characters without width"
REVERSED = "under a mark that turns the order of reading"

# Print for people is 6 points at the least; below 2 nobody reads.
TINY_POINTS = 2.0

# Words shown of each thing hidden.
EXCERPT_CHARACTERS = 120

_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales are this and a few tags
_FLAG_TAGS = 8
# One selector after a character chooses how it looks; several choose nothing, and hold bytes.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
# Eight hold a byte. Web pages and word processors leave some here and there.
_ZERO_WIDTH = re.compile("[\u180e\u200b-\u200f\u2060-\u2064\ufeff]{8,}")
_REVERSED = re.compile("[\u202d\u202e]([^\u202c\u2069\n]+)")
_SUSPECT = re.compile(
    "[\u202d\u202e\U000e0000-\U000e01ef]|[\ufe00-\ufe0f\u180e\u200b-\u2064\ufeff]{4}"
)


def hidden_characters(text: str) -> Iterator[tuple[str, str]]:
    """(how, message) for each place where characters that nobody sees hold something.

    The message is what they say, "" where that cannot be told.
    """
    if not _SUSPECT.search(text):
        return
    for found in _TAGS.finditer(text):
        tags = found.group()
        flag = text[found.start() - 1 : found.start()] == _FLAG and len(tags) <= _FLAG_TAGS
        if not flag:
            said = "".join(chr(ord(tag) - 0xE0000) for tag in tags)
            yield TAGS, "".join(filter(str.isprintable, said))
    for found in _SELECTORS.finditer(text):
        yield SELECTORS, _bytes_of(found.group())
    for _ in _ZERO_WIDTH.finditer(text):
        yield ZERO_WIDTH, ""
    for found in _REVERSED.finditer(text):
        yield REVERSED, found.group(1)


def _bytes_of(selectors: str) -> str:
    """What variation selectors say when each stands for a byte, their most common use."""
    codes = (ord(mark) for mark in selectors)
    said = bytes(code - 0xFE00 if code < 0xFF00 else code - 0xE0100 + 16 for code in codes)
    return "".join(filter(str.isprintable, said.decode("utf-8", errors="ignore")))
