"""A language model's reply, asked for in plain sentences, brought to them where it is not. Pure.

Markers of lists and emphasis go; they would be cut into sentences and shown as they are. So does
what only leads to a citation ("According to [1], …"), which makes no sense without its number:
the citation moves behind the first word of what it leads to. One that stands before its sentence
("[1] Staff get 25 days. [2] …") moves there too: left where it is, it would be the last word on
the sentence before.
"""

from __future__ import annotations

import re

CITATION = re.compile(
    r"[\[【]\s*(?:\^|passages?\s*|sources?\s*|n\s*=\s*)?"
    r"(\d{1,3}(?:\s*(?:[,;]|and|&|-|–)\s*(?:passages?\s*)?\d{1,3})*)(?:†[^\[\]】]{0,200})?\s*[\]】]",
    re.IGNORECASE,
)
# At most ten in a row: without a limit, a reply of nothing else takes its length squared.
_AND_MORE = rf"\s{{0,3}}(?:,|and|und|y|et|&)?\s{{0,3}}{CITATION.pattern}"
_CITATIONS = rf"(?P<cited>{CITATION.pattern}(?:{_AND_MORE}){{0,9}})"
_BY = (
    r"according to|based on|per|as (?:stated|described|shown|noted|mentioned|explained|specified"
    r"|defined|outlined|set out) (?:in|by)|según|de acuerdo con|selon|d['’]après"
)
_LEADS = re.compile(
    rf"(?:^|(?<=[.!?:\]】]\s))(?:{_BY}) {_CITATIONS},?\s{{1,3}}(?P<word>\w+)",
    re.IGNORECASE | re.MULTILINE,
)
_SAYS = re.compile(
    rf"{_CITATIONS} (?:also )?(?:states?|says?|notes?|explains?|mentions?|specif(?:y|ies)|shows?"
    r"|confirms?|indicates?|adds?) that (?P<word>\w+)",
    re.IGNORECASE,
)
_TRAILS = re.compile(
    rf"(?P<comma>,)? \(?(?:{_BY}|see|siehe|vgl\.|véase|voir) {_CITATIONS}\)?(?(comma),?)",
    re.IGNORECASE,
)
# German turns the sentence round behind these, so something has to stand in their place.
_GERMAN = re.compile(rf"\b(?P<by>laut|gemäß|gemäss) (?={_CITATIONS})", re.IGNORECASE)

# A paragraph or an item that begins with its citation, and in it each sentence that does. Behind
# a line of its own a citation stands for what is above it.
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_BEFORE = re.compile(
    rf"(?P<start>\A\s*|(?<=[.!?…:])\s{{1,3}}|\n\s{{0,3}}){_CITATIONS}"
    r"[ \t]{0,3}[:–—-]?[ \t]{0,3}(?P<word>[\"'“„«(]?\w+)"
)

_BULLET = re.compile(r"^[ \t]{0,12}(?:[-*+•‣>]|#{1,6})[ \t]+", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]{0,12}(\d{1,3})[.)][ \t]+", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|`)(?=[^\s*`])([^*`\n]{1,300})(?<=\S)\1(?![*`])")


def plain(reply: str) -> str:
    """The reply without Markdown, with its citations where they can be taken out."""
    text = _without_leads(_without_lists(_EMPHASIS.sub(r"\2", reply)))
    return "\n\n".join(_behind_first_words(one) for one in _PARAGRAPH.split(text))


def _without_lists(text: str) -> str:
    """Each item becomes a paragraph; so no item goes on in the next.

    A single line that begins with a number is no list: "3. März" is a date.
    """
    text = _BULLET.sub("\n", text)
    counted = [int(number) for number in _NUMBERED.findall(text)]
    return _NUMBERED.sub("\n", text) if counted[:2] == [1, 2] else text


def _without_leads(text: str) -> str:
    text = _GERMAN.sub(r"\g<by> der Quelle ", text)
    text = _LEADS.sub(_moved, _SAYS.sub(_moved, text))
    return _TRAILS.sub(_cited, text)


def _behind_first_words(paragraph: str) -> str:
    """Citations before their sentences put into them, where the paragraph begins with one."""
    begins = _BEFORE.match(paragraph)
    return _BEFORE.sub(_placed, paragraph) if begins else paragraph


def _placed(match: re.Match[str]) -> str:
    return f"{match['start']}{match['word']} {_cited(match)}"


def _moved(match: re.Match[str]) -> str:
    """The word that was led to, before its citations; with a capital where it begins a sentence."""
    word, start = match["word"], match.start()
    before = match.string[max(0, start - 2) : start].rstrip(" ")[-1:]
    begins = match.group()[0].isupper() or before in ("", "\n", ".", "!", "?", ":")
    return f"{word[:1].upper() if begins else word[:1]}{word[1:]} {_cited(match)}"


def _cited(match: re.Match[str]) -> str:
    """The citations without the words between them."""
    return "".join(found.group() for found in CITATION.finditer(match["cited"]))
