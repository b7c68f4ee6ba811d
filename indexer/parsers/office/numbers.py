"""Numbers as lists count with them: letters, Roman numerals, ordinals, and those of other scripts.

After ECMA-376 part 1, 17.18.59 (ST_NumberFormat), whose names serve for all formats here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_HAN = "〇一二三四五六七八九"
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщэюя"
_ARABIC = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"
_ABJAD = "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
_AIUEO = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
)
_IROHA = (
    "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
)
_GANADA = "가나다라마바사아자차카타파하"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_THAI_LETTERS = "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
_LARGEST = 1_000_000


# "Page 3 of 5" without its figures, in the languages that documents of offices are mostly in.
_PAGE_WORDS = re.compile(
    r"(?:[\W\d_]|\b(?:page|pages|p|pp|pg|of|seite|seiten|s|von|sur|de|da|di|págs?|página|pagina|pagg?|"
    r"side|af|sida|sidan|av|strana|strona|str|z|ze|oldal|стр|страница|из|sayfa|halaman|dari)\b|"
    r"第|页|頁|ページ|共|总|總|쪽|페이지)*",
    re.IGNORECASE,
)


def is_page_number(text: str) -> bool:
    """Whether a line with the number of its page says nothing else."""
    return len(text) < 80 and _PAGE_WORDS.fullmatch(text) is not None


def numeral(number: int, kind: str) -> str:
    """A number in a form by its name; in digits where the form is not known."""
    if not 0 <= number < _LARGEST:
        return str(number)
    return _FORMS.get(kind, str)(number)


def _letters(number: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz") -> str:
    """Letters from a to z, then aa, bb …, as Word counts."""
    if not number:
        return ""
    times, place = divmod(number - 1, len(alphabet))
    return alphabet[place] * min(times + 1, 20)


def _roman(number: int) -> str:
    said = ""
    if number >= 40_000:
        return str(number)
    for value, letters in _ROMAN:
        said += letters * (number // value)
        number %= value
    return said


def _ordinal(number: int) -> str:
    teen = number % 100 // 10 == 1
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _han(number: int) -> str:
    if number >= 10_000:
        return str(number)
    said = ""
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十")):
        times, number = divmod(number, unit)
        if times:
            said += ("" if times == 1 and sign == "十" and not said else _HAN[times]) + sign
        elif said and number and not said.endswith("〇"):
            said += "〇"
    return said.removesuffix("〇") if not number else said + _HAN[number]


def _digits_of(zero: str) -> Callable[[int], str]:
    return lambda number: "".join(chr(ord(zero) + int(digit)) for digit in str(number))


def _row_of(letters: str) -> Callable[[int], str]:
    return lambda number: _letters(number, letters)


def _circled(number: int) -> str:
    return chr(0x245F + number) if 1 <= number <= 20 else f"({number})"


_FORMS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "none": lambda _: "",
        "decimalZero": lambda number: f"{number:02}",
        "lowerLetter": _letters,
        "upperLetter": lambda number: _letters(number).upper(),
        "lowerRoman": _roman,
        "upperRoman": lambda number: _roman(number).upper(),
        "ordinal": _ordinal,
        "decimalEnclosedCircle": _circled,
        "decimalEnclosedCircleChinese": _circled,
        "decimalEnclosedParen": lambda number: f"({number})",
        "decimalEnclosedFullstop": lambda number: f"{number}.",
        "numberInDash": lambda number: f"- {number} -",
        "decimalFullWidth": _digits_of("０"),
        "thaiNumbers": _digits_of("๐"),
        "hindiNumbers": _digits_of("०"),
        "arabicAlpha": _row_of(_ARABIC),
        "arabicAbjad": _row_of(_ABJAD),
        "hebrew2": _row_of(_HEBREW),
        "russianLower": _row_of(_CYRILLIC),
        "russianUpper": _row_of(_CYRILLIC.upper()),
        "thaiLetters": _row_of(_THAI_LETTERS),
        "aiueo": _row_of(_AIUEO),
        "aiueoFullWidth": _row_of(_AIUEO),
        "iroha": _row_of(_IROHA),
        "ganada": _row_of(_GANADA),
        "ideographTraditional": _row_of(_STEMS),
        "ideographZodiac": _row_of(_BRANCHES),
        **dict.fromkeys(
            (
                "chineseCounting", "chineseCountingThousand", "taiwaneseCounting",
                "taiwaneseCountingThousand", "japaneseCounting", "koreanCounting",
                "ideographEnclosedCircle",
            ),
            _han,
        ),
        "ideographDigital": lambda number: "".join(_HAN[int(digit)] for digit in str(number)),
        "japaneseDigitalTenThousand": lambda n: "".join(_HAN[int(digit)] for digit in str(n)),
    }
)  # fmt: skip
