r"""Fields of Word that show something without holding it: EQ and SYMBOL. Pure.

EQ sets fractions, roots and raised text in older documents, and readings over Japanese words:
`EQ \o\ad(\s\up 9(けい),契)`. After ECMA-376 part 1, 17.16.5.
"""

from __future__ import annotations

import re

from indexer.parsers.office.symbols import symbol

_SWITCH = re.compile(r'\\\*\s*(?:"[^"]*"|\w+)')
_READING = re.compile(
    r"\\o(?:\s*\\a\w)*\s*\(\s*\\s(?:\\[a-z]+(?:\s*\d+)?\s*)*\([^()]*\)\s*[,;]\s*([^()]*)\)",
    re.IGNORECASE,
)
_STEPS = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        (r"\\f\s*\(\s*([^()]*?)\s*[,;]\s*([^()]*?)\s*\)", r" \1/\2 "),
        (r"\\s\\up\s*\d*\s*\(([^()]*)\)", r"^\1"),
        (r"\\s\\do\s*\d*\s*\(([^()]*)\)", r"_\1"),
        (r"\\r\s*\(\s*\)?\s*,?\s*([^(),;]*)\)", "sqrt\ue000\\1\ue001"),
        (r"\\r\s*\(([^(),;]*)[,;]([^()]*)\)", "root_\\1\ue000\\2\ue001"),
        (r"\\b(?:\s*\\[a-z]{2}\s?\\.)*\s*\(([^()]*)\)", "\ue000\\1\ue001"),
        (r"(?:\\[a-z]+(?:\s*\d+)?\s*)+\(([^()]*)\)", r" \1 "),
    )
)
_SYMBOL = re.compile(r'\s*SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s*"?([^"\\]+))?', re.IGNORECASE)
_LONGEST = 2_000


def shown(code: str) -> str:
    """What a field without a result shows; "" for the kinds that show nothing."""
    found = _SYMBOL.match(code)
    if found is not None:
        number = int(found[1], 16 if found[1].lower().startswith("0x") else 10)
        return symbol(found[2] or "", number) if number < 0x110000 else ""
    start = re.match(r"\s*EQ\b", code, re.IGNORECASE)
    return _equation(code[start.end() : _LONGEST]) if start is not None else ""


def _equation(code: str) -> str:
    text = _SWITCH.sub("", code)
    for _ in range(20):  # from the innermost brackets out
        before = text
        text = _READING.sub(r"\1", text)
        for pattern, said in _STEPS:
            text = pattern.sub(said, text)
        if text == before:
            break
    return text.replace("\ue000", "(").replace("\ue001", ")").strip()
