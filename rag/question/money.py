"""Questions for an amount of money, and the amounts that a sentence names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_DIGIT = re.compile(r"\d")
# What is asked in money, and an amount of it.
_COSTS = re.compile(
    r"\b(?:costs?|prices?|priced|fees?|charged?|pay|paid|salar(?:y|ies)|wages?|rent|deposit|premiums?"
    r"|kosten|kostet|preise?|gebühr(?:en)?|miete|gehalt|precios?|cuestan?|costes?|tarifas?|prix"
    r"|coûte|coûts?|frais|loyer)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£¥₹%]|(?:usd|eur|gbp|chf|dollars?|euros?|pounds?|francs?"
    r"|franken|cents?|yen|rupees|percent|prozent)\b)|\d[.,]\d\d\b(?![.,]?\d)",
    re.IGNORECASE,
)
# "five dollars".
_IN_WORDS = re.compile(
    r"\b[a-zß-ÿ-]+ (?:dollars?|euros?|pounds?|francs?|franken|cents?|yen|rupees|percent|prozent)\b",
    re.IGNORECASE,
)
_HUNDRED = 100
_BARE = re.compile(r"[\d.,]+")
# What a sentence says of money without a word for a price.
_EARNS = re.compile(
    r"\b(?:gets?|earns?|earned|(?:makes?|made)(?! (?:from|of|up|by|with|in|for|to|sure)\b)"
    r"|receives?|received|worth|sells?|sold|buys?|bought|charge"
    r"|rates?|amounts?|total|budget|invoices?|bill|fine|spent|raised|verdien(?:t|en)|bekomm(?:t|en)"
    r"|erhält|erhalten|gana|ganan|recibe|gagne|reçoit)\b",
    re.IGNORECASE,
)
# What is asked is counted in something else than money.
_IN_OTHERS = re.compile(
    r"\bhow (?:long|many|often|far|old|soon|late|early)\b|\bwie ?(?:lange?|viele|oft|alt)\b"
    r"|\bcuánt(?:os|as) (?!euros|dólares|pesos)|\bcombien de (?!euros|dollars|francs)",
    re.IGNORECASE,
)
# A size, a code or a year, none of which is a price.
_NO_PRICE = re.compile(r"\d+[^\W\d_]+|\d[\w-]*[^\W\d_]-?\w*|(?:1[5-9]|20)\d\d(?:[-/–]\d+)?")


def asks_price(text: str) -> bool:
    """Whether a question asks for an amount of money: not for how long a leave is paid."""
    return _COSTS.search(text) is not None and _IN_OTHERS.search(text) is None


def figures_asked(
    question: str, sentence: str, counts: Sequence[str], numbers: Mapping[str, float]
) -> list[str]:
    """Of the figures of a sentence those that may be asked for; of a price no code and no size.

    `counts` are its words with digits and its number words, `numbers` what those stand for.
    """
    if not asks_price(question):
        return list(counts)
    amounts = [match.group().casefold() for match in _AMOUNT.finditer(sentence)]
    prose = sentence.rstrip().endswith(".") and ": " not in sentence
    if prose and not (_COSTS.search(sentence) or _EARNS.search(sentence)):
        # "about 60 developers" is nobody's salary, "version 10.10" no price
        return [one for one in amounts if not _BARE.fullmatch(one)]
    if amounts:
        return amounts
    money = " ".join(match.group().casefold() for match in _IN_WORDS.finditer(sentence))
    # "one" is nobody's price, nor are "the four walls"
    figures = [
        word for word in counts
        if numbers.get(word, 0) >= _HUNDRED or _DIGIT.search(word) or f"{word} " in money
    ]  # fmt: skip
    return [word for word in figures if not _NO_PRICE.fullmatch(word)]
