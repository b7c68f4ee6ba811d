"""The numbers of a text, in figures or in words, brought to one notation. Pure.

`1,000`, `1.000`, `1 000` and "one thousand" are the same number; so are `25` and "twenty-five",
`1,500,000` and "1.5 million". Where a separator can be read in two ways (`1.234` is a decimal in
English and has thousands in German) a number has both values. Not known: fractions in words
("one and a half") and German compounds beyond a hundred other than whole hundreds and thousands.
An ordinal is a figure only as the day of a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.languages import Language

_LONGEST_WHOLE = 1e15  # past which a float has no decimals

_BLANKS = " \u00a0\u202f"
# Groups of three follow one of up to three figures that does not begin with a nought: 0.125 and
# 1234.567 are decimals. All groups have the same separator, the decimals have another.
_TOKEN = re.compile(
    rf"(?P<grouped>[1-9]\d{{0,2}}(?P<by>[.,'’{_BLANKS}])\d{{3}}(?:(?P=by)\d{{3}})*)(?!\d)"
    r"(?P<decimals>(?!(?P=by))[.,]\d+)?"
    r"|(?P<ordinal>\d+(?:st|nd|rd|th|º|ª|ère?|ème|e)\b)"
    r"|(?P<plain>\d+(?:[.,]\d+)?)"
    r"|(?P<word>[^\W\d_]+)"
)
# Words for 1 that are an article or a pronoun as often as a number.
_ONE = ("one", "ein", "eine", "einen", "eins", "un", "una", "uno", "une")
_SCALES = (100.0, 1e3, 1e6, 1e9)
_HYPHENS = ("-", "‐", "‑")
_AND = (" and ", " y ", " et ")
_AND_OF_TENS = (" y ", " et ")
_FOUR_TWENTIES = (4, 20)  # quatre-vingts
# Two words for a thing are taken for the same if so many letters at their beginning are.
_STEM, _SHORTEST_STEM = 4, 3


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands at `start` to `end`, all the values it may have, and what it counts.

    `counted` is the word behind it. `bare_one` is true of a lone "one", "ein" or "un", which may
    be no number at all.
    """

    start: int
    end: int
    written: str
    values: frozenset[str]
    counted: str = ""
    bare_one: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A numeral or a number word; numbers in words are made of several."""

    start: int
    end: int
    values: tuple[float, ...]
    word: str = ""

    @property
    def value(self) -> float:
        return self.values[0]


def numbers(text: str, language: Language) -> list[Number]:
    """The numbers of a text, in order."""
    return [_number(text, group) for group in _groups(text, list(_parts(text, language)))]


def unsaid(claim: str, source: str, language: Language) -> list[str]:
    """The numbers of a claim, as it writes them, that its source does not say.

    A bare "one" is held against the source only where that counts the same thing: "one week"
    contradicts "two weeks", "one of the parties" nothing.
    """
    said = numbers(source, language)
    known = {value for number in said for value in number.values}
    wrong = [number for number in numbers(claim, language) if not number.values & known]
    counted = [number.written for number in wrong if not number.bare_one or _counts(said, number)]
    return list(dict.fromkeys(counted))


def in_figures(text: str, language: Language) -> str:
    """The text with its number words in figures, "one" as it stands."""
    for number in reversed(numbers(text, language)):
        if any(map(str.isalpha, number.written)) and not number.bare_one:
            text = f"{text[: number.start]}{min(number.values)}{text[number.end :]}"
    return text


def _counts(said: Sequence[Number], number: Number) -> bool:
    """Whether one of these numbers counts the thing that `number` counts."""
    return any(_same_word(number.counted, other.counted) for other in said)


def _same_word(one: str, other: str) -> bool:
    """Whether two words are the same but for their endings."""
    length = min(len(one), len(other), _STEM)
    return length >= _SHORTEST_STEM and one[:length] == other[:length]


def _parts(text: str, language: Language) -> Iterator[_Part]:
    for match in _TOKEN.finditer(text):
        if match["ordinal"]:
            if _in_date(text, match, language):
                day = float(re.sub(r"\D", "", match["ordinal"]))
                yield _Part(match.start(), match.end(), (day,))
            continue
        word = (match["word"] or "").casefold()
        if not word:
            yield _Part(match.start(), match.end(), _readings(match))
        elif word in language.numbers:
            yield _Part(match.start(), match.end(), (language.numbers[word],), word)


def _in_date(text: str, match: re.Match[str], language: Language) -> bool:
    """Whether an ordinal is a day beside its month; any other is no figure ("the 3rd floor")."""
    around = f"{text[max(0, match.start() - 14) : match.start()]} {text[match.end() :][:14]}"
    return any(word in language.months for word in re.findall(r"\w+", around.casefold()))


def _readings(match: re.Match[str]) -> tuple[float, ...]:
    """The values of a numeral: two where its one separator may be for thousands or decimals.

    Nobody writes three noughts for decimals.
    """
    if match["plain"]:
        return (float(match["plain"].replace(",", ".")),)
    whole = float(match["grouped"].replace(match["by"], ""))
    if match["decimals"] and whole < _LONGEST_WHOLE:
        return (float(f"{whole:.0f}.{match['decimals'][1:]}"),)
    if re.search(r"^\d+[.,](?!000)\d+$", match["grouped"]):
        return whole, float(match["grouped"].replace(",", "."))
    return (whole,)


def _groups(text: str, parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Parts that make one number together."""
    group: list[_Part] = []
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else None
        if group and not _joins(text, group[-1], part, following):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _joins(text: str, last: _Part, part: _Part, following: _Part | None) -> bool:
    """Whether `part` goes on with the number that `last` belongs to."""
    if not part.word or part.value < 1:
        return False
    between = text[last.end : part.start].casefold()
    close = between in (*_HYPHENS, *_BLANKS)
    if part.value in _SCALES:
        # "1.5 million", "two hundred"; "50 cents" are French money
        return close and last.value < part.value and (bool(last.word) or part.value > 100)
    if not last.word:
        return False
    if last.value in _SCALES:
        listed = between in _AND and not _ends(last, following)
        return part.value < last.value and (close or listed)
    return _compound(last.value, part.value, between)


def _ends(last: _Part, following: _Part | None) -> bool:
    """Whether a number ends at `last`, whatever "and" comes behind it, as `following` shows.

    "Between one hundred and two hundred" are two numbers, "two hundred and fifty thousand" is one.
    """
    return following is not None and following.value in _SCALES and following.value <= last.value


def _compound(last: float, value: float, between: str) -> bool:
    """Whether two words below a hundred are one number: twenty-five, treinta y uno."""
    if (last, value) == _FOUR_TWENTIES:
        return between in _HYPHENS
    tens = last >= 10 and last % 10 == 0
    return tens and value < 20 and between in (*_HYPHENS, *_AND_OF_TENS)


def _number(text: str, group: Sequence[_Part]) -> Number:
    start, end = group[0].start, group[-1].end
    values = (_value(first, group) for first in group[0].values)
    counted = re.match(r"\s+([^\W\d_]+)", text[end : end + 80])
    return Number(
        start,
        end,
        text[start:end],
        frozenset(f"{value:.12g}" for value in values),
        counted[1].casefold() if counted else "",
        len(group) == 1 and group[0].word in _ONE,
    )


def _value(first: float, group: Sequence[_Part]) -> float:
    """The value of a group whose first part is read as `first`."""
    total, current = (first, 0.0) if group[0].word and first >= 1000 else (0.0, first)
    for part in group[1:]:
        if part.value >= 1000:
            total, current = total + current * part.value, 0.0
        elif part.value == 100 or (current, part.value) == _FOUR_TWENTIES:
            current *= part.value
        else:
            current += part.value
    return total + current
