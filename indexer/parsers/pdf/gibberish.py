"""Whether text says something in a language: text layers may hold other letters than are drawn.

Fonts that do not say which characters their glyphs are, or say it wrongly, leave text that looks
well formed and is none: each letter stands for another. Which letters follow each other tells that,
whatever the language. Pure.
"""

from __future__ import annotations

import unicodedata
from itertools import islice, pairwise

# How rarely one letter of " abc…z" follows another, in sixths of a bit from "!" on, row by row.
# From the texts of 50 languages in Latin letters in the multilingual data that Footnote's training
# uses. On every tenth of them, 300 letters each, the mean is -4.27 bits a letter at the worst
# (Welsh; English -3.4), and -4.52 at the best (Vietnamese; most below -5) once their letters are
# shifted or exchanged.
_RARITY = (
    "q7<>6;B@?=E;<:;>9IA7:A?FTFF-?EB>OLBG?G@:=2LFW6;:EGKVFI;-J_Y0q\\C1VT>XL5ed8PN7[YqEX"
    "91dGR4qq.3XEFUJ3dUDMC9eWqLG4/VbD.Z[A0WSLSF6Sq@NS9MRqJI-DID@CLCK@JA:>2RH[488CJQRPD"
    "6/cqY2?SK1KL@qQ3cq9J:8YWcF^-/VVO3WAE7IHBdF8c`<HG6^PqG\\0,i^M2Vbq4NNAPG5`bDR?8LLqJb"
    "/>G@?:MAJGE?9?1AIT:89IHSSJF5,UQM-QRa5XJTQB7SqaFD7MSqP[4-_TV3akF5NB@WK4eq@AA5LEhJ]"
    "3-NQB2OLQ2GI9GL8U]]GA:MPqK[1-;_R0UTJ3QUMBJ7>aQJN;TUqMV,4XD:7S5M7JHVY@;ZXXC8@UZbAR"
    "/EBA<GJAK?F?:<4BBV68<@@M`PG:/a]a1[cA6XU;[M1Eq2IE9d`gSd;/qqN<qqO9qqGqq7qEIXR'qXqqq"
    ".0IJB2RHN3RGLGC6PXDA<=IScKI-3YCP3_S@5T?GIK<BYVA3=NVkMJ/0]aX0[[B4SQMUL8Zq7D?9PQVJJ"
    "0=DB@?IEF>H>::3BD[58;CLIQJD8-WUS-^qq1TWFeF5\\[@JY>RqqAT9)]@Q0qTq5qWLVC:`qCSW;qPq:["
    "0,qHS5qqG2qqDqq9?qqG=9Q<Uqq+0OF=6OHQ;UEDE:;Q^C@B>HOcGP1/KU@1VPB1VFFN>9OdQMF=NHq@J"
)
_LETTERS = " abcdefghijklmnopqrstuvwxyz"
_PLACES = {letter: place for place, letter in enumerate(_LETTERS)}
_LEAST = -4.45
# A short text may be made of names and odd words: it must be worse.
_SHORT, _LEAST_SHORT = 150, -5.0
_LEAST_LETTERS, _MOST_LETTERS = 60, 800
_SHORTEST = 3
_AROUND = ".,;:!?()[]{}\"'“”„‘’«»…/"
# Letters with marks beyond a third of all (Vietnamese) come of another script's codes.
_MARKED = 0.55
# Words so frequent in languages of Latin letters that a text with some of them is in one.
_FREQUENT = frozenset(
    (
        *("the", "of", "and", "to", "in", "is", "for", "der", "die", "und", "das", "ist", "von"),
        *("le", "la", "les", "des", "et", "est", "de", "el", "los", "las", "que", "en", "y", "il"),
        *("di", "che", "per", "non", "um", "uma", "não", "com", "het", "een", "van", "niet"),
        *("och", "att", "som", "på", "og", "det", "er", "til", "i", "w", "na", "się", "je"),
        *("bir", "ve", "için", "yang", "dan", "và", "của", "là"),
    )
)
_FREQUENT_SHARE = 0.06
_EXCHANGED = str.maketrans("ıłđøßæœðþ", "ildosaodt")


def is_gibberish(text: str) -> bool:
    """Whether a text of some length in Latin letters is in no language."""
    words = [word.lower() for word in islice(text.split(), 150)]
    if sum(word in _FREQUENT for word in words) > _FREQUENT_SHARE * len(words):
        return False
    letters, marked = _letters(text)
    count = len(letters) - letters.count(" ")
    if count < _LEAST_LETTERS:
        return False
    if marked > _MARKED * count:
        return True
    bits = sum(
        ord(_TABLE[_PLACES[one] * len(_LETTERS) + _PLACES[other]]) - ord("!")
        for one, other in pairwise(letters)
    )
    return -bits / 6 / (len(letters) - 1) < (_LEAST_SHORT if count < _SHORT else _LEAST)


def _letters(text: str) -> tuple[str, int]:
    """The words of a text in plain small letters, and how many of them bore marks."""
    words: list[str] = []
    total = marked = 0
    for token in text.split():
        word = token.strip(_AROUND).lower().translate(_EXCHANGED)
        if len(word) < _SHORTEST or not word.isalpha():
            continue  # codes and figures
        plain = "".join(c for c in unicodedata.normalize("NFKD", word) if c in _PLACES)
        if len(plain) < 0.6 * len(word):
            continue  # another script
        marked += 0 if word.isascii() else sum(not c.isascii() for c in word)
        words.append(plain)
        total += len(plain)
        if total > _MOST_LETTERS:
            break
    return f" {' '.join(words)} ", marked


_TABLE = "".join(_RARITY)
