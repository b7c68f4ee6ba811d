"""Other written forms of the same word, brought to one before it becomes a term. Pure.

Digits of any script, letters that Arabic and Persian keyboards have in two forms, traditional and
simplified Chinese, figures grouped by blanks, letter-spaced headings. What is shown and quoted
stays as it is; only terms change.
"""

from __future__ import annotations

import re
import unicodedata

from indexer.keyword.han import SIMPLIFIED

# The zeros of scripts with digits of their own, each followed by its one to nine (Unicode, Nd).
_ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
)  # fmt: skip
_DIGITS = {zero + value: str(value) for zero in _ZEROS for value in range(10)}
_SIGNS = {"٫": ".", "٬": ",", "⁄": "/"}
# Hamza is often left out; yeh, kaf and heh have a code point for each language.
_ARABIC = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ٲ": "ا", "ٳ": "ا", "ؤ": "و", "ۆ": "و", "ئ": "ي",
    "ى": "ي", "ی": "ي", "ې": "ي", "ۍ": "ي", "ے": "ي", "ۓ": "ي", "ک": "ك", "ڪ": "ك", "ګ": "گ",
    "ہ": "ه", "ە": "ه", "ھ": "ه", "ۀ": "ه", "ۂ": "ه", "ۃ": "ة", "ء": "",
}  # fmt: skip
_ONE_FORM = _DIGITS | SIMPLIFIED | {ord(char): form for char, form in (_SIGNS | _ARABIC).items()}
_TO_PERSIAN = str.maketrans("يكة", "یکه")
_FROM_PERSIAN = str.maketrans("یکة", "يكه")
# The article, with the particles that are written on to it.
_ARTICLE = re.compile("^(?:[وفبك]?ال|لل)(?=...)")

# A raised digit or a fraction that follows a number is another number.
_RAISED = re.compile(r"(?<=\d)(?=[⁰¹²³⁴-⁹₀-₉½¼¾⅐-⅞])")
_GROUPED = re.compile(r"(?<![\w.,'’])\d{1,3}(?: \d{3})+(?![\d'’])")
_APOSTROPHES = re.compile(r"(?<![\w.,])\d{1,3}(?:['’]\d{3})+(?!\d)")
_POINTS = re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\d.])")
_INDIAN = re.compile(r"(?<![\w.,])\d{1,2}(?:,\d{2})+,\d{3}(?!\d)")
_NOT_DIGITS = re.compile(r"\D")
_SPACED_LETTERS = re.compile(
    r"(?<![^\W_])(?:[A-Za-z\u00c0-\u052f] ){3,}[A-Za-z\u00c0-\u052f](?![^\W_])"
)
_SPACED_HAN = re.compile(r"(?<!\S)(?:[\u3400-\u9fff] )+[\u3400-\u9fff](?!\S)")


def one_form(text: str) -> str:
    """The text in one form of each letter (NFKC), with what is spelled out by blanks joined too.

    A number in groups stands once more behind itself, in one piece: `1 234 567 1234567`.
    """
    text = unicodedata.normalize("NFKC", _RAISED.sub(" ", text))
    if not text.isascii():
        text = text.translate(_ONE_FORM)
        text = _SPACED_HAN.sub(lambda found: found.group().replace(" ", ""), text)
    text = _SPACED_LETTERS.sub(lambda found: found.group().replace(" ", ""), text)
    for groups in (_GROUPED, _APOSTROPHES, _POINTS, _INDIAN):
        text = groups.sub(_in_one_piece, text)
    return text


def _in_one_piece(found: re.Match[str]) -> str:
    return f"{found.group()} {_NOT_DIGITS.sub('', found.group())}"


def for_stemmer(piece: str, stemmer: str) -> str:
    """A piece with the letters that a stemmer knows."""
    return piece.translate(_TO_PERSIAN) if stemmer == "persian" else piece


def fold_arabic(stem: str) -> str:
    """A stem in Arabic script without the article, in one form for all its languages."""
    return _ARTICLE.sub("", stem.translate(_FROM_PERSIAN))
