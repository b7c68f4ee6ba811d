"""Numbers, dates and durations as a sheet shows them, by the codes of number formats. Pure.

After ECMA-376 part 1, 18.8.30 (numFmts) and 18.8.31 (codes). What differs from a sheet on purpose:
a whole date is written 2025-03-03 whatever its code, so that all dates are found and ordered alike,
and the widths that codes pad to are not kept. Names of months and weekdays are English.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from indexer.parsers.office.workbook.date_format import Value, moment_text, serial_of

GENERAL = "General"
_DATE = "yyyy-mm-dd"

# Codes that files name by number alone. Those from 27 on are dates and times of East Asian
# versions, and mean another form of the same date in each.
BUILT_IN: Mapping[int, str] = MappingProxyType(
    {
        1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;-"$"#,##0',
        6: '"$"#,##0;-"$"#,##0', 7: '"$"#,##0.00;-"$"#,##0.00', 8: '"$"#,##0.00;-"$"#,##0.00',
        9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd",
        15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
        20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)",
        38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
        41: '#,##0;(#,##0);"-"', 42: '"$"#,##0;("$"#,##0);"-"', 43: '#,##0.00;(#,##0.00);"-"',
        44: '"$"#,##0.00;("$"#,##0.00);"-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
        48: "##0.0E+0", 49: "@",
        **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), _DATE),
        32: "h:mm", 33: "h:mm:ss", **dict.fromkeys((34, 35, 55, 56), "[<1]h:mm;yyyy-mm-dd"),
    }
)  # fmt: skip

_LONGEST_CODE = 400
_MOST_DIGITS = 60
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<wide>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>general)|(?P<noon>am/pm|a/p|上午/下午|午前/午後)|(?P<power>e[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|g+|b+|aaaa?)|(?P<digits>[0#?]+)|(?P<sign>[.,%/@])"
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
# Places of the common formats; \0 stands for text. Texts before and after are counted.
_QUICK = re.compile(
    r"(?P<before>\0*)(?:(?P<grouped>#,##0)|#?(?P<zeros>0{1,20}))(?P<decimals>\.0{1,15})?"
    r"(?P<percent>%\0*|\0+%)?\0*"
)
# Halves are rounded up, on the 15 digits that sheets know.
_HALF_UP = 1 + 4e-16
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[+-]?\d+)?)", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of a code: its tokens (kind, text), and the values that it is for."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None
    kind: str


Writer = Callable[[Value], str]


@lru_cache(maxsize=2_000)
def writer(code: str, epoch_1904: bool = False) -> Writer:
    """What writes values as cells with this format show them; "" where they show nothing."""
    sections = _sections(code)
    quick = _quick_number(sections)
    least = 0.0 if len(sections) < 3 else 5e-324
    dated = bool(sections) and sections[0].kind == "date" and _is_date_alone(sections[0].tokens)

    def write(value: Value) -> str:
        if isinstance(value, float | int):
            if quick is not None and least <= value < 1e12:
                return quick(value)
            return _number(float(value), sections, epoch_1904)
        if dated and isinstance(value, datetime.date):
            return value.isoformat()[:10]
        serial = serial_of(value, epoch_1904)
        section = _chosen(sections, serial)
        if section is not None and section.kind in ("date", "elapsed"):
            return moment_text(serial, section.kind, section.tokens, epoch_1904) or general(serial)
        return plain(value)

    return write


def formatted(value: Value, code: str, epoch_1904: bool = False) -> str:
    """A value as a cell with this format shows it."""
    return writer(code, epoch_1904)(value)


def plain(value: Value) -> str:
    """A value of which no format is known."""
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        end = f":{seconds % 60:02}" if seconds % 60 else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}{end}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, datetime.time):
        return value.isoformat().removesuffix(":00") if value.minute or value.hour else "0:00"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return general(value)


def general(value: float) -> str:
    """A number without a format: whole ones without ".0", no tail of binary fractions."""
    if not math.isfinite(value):
        return ""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.15g}"
    return f"{value:.11g}" if sum(map(str.isdigit, text)) > 13 else text


def _quick_number(sections: Sequence[_Section]) -> Callable[[float], str] | None:
    """What writes numbers from 0 on in one of the common formats ("#,##0.00", "0.0%", "00000")."""
    section = sections[0] if sections else None
    if section is None or any(s.condition for s in sections) or section.kind != "number":
        return None
    shape = "".join(text if kind in ("digits", "sign") else "\0" for kind, text in section.tokens)
    found = _QUICK.fullmatch(shape)
    if found is None:
        return None
    texts = [text for kind, text in section.tokens if kind not in ("digits", "sign")]
    count = len(found["before"])
    before, after = "".join(texts[:count]).lstrip(), "".join(texts[count:])
    decimals = max(0, len(found["decimals"] or "") - 1)
    width = len(found["zeros"] or "") + decimals + (decimals > 0)
    spec = f",.{decimals}f" if found["grouped"] else f"0{width}.{decimals}f"
    if found["percent"]:
        scale, after = 100 * _HALF_UP, (f"%{after}" if found["percent"][0] == "%" else f"{after}%")
    else:
        scale = _HALF_UP

    def write(value: float) -> str:
        return f"{before}{format(value * scale, spec)}{after}".rstrip()

    return write


def _is_date_alone(tokens: Sequence[tuple[str, str]]) -> bool:
    units = {text[0] for kind, text in tokens if kind == "date"}
    return {"y", "m", "d"} <= units and not units & set("hs")


def _number(value: float, sections: Sequence[_Section], epoch_1904: bool) -> str:
    if not math.isfinite(value):
        return ""
    section = _chosen(sections, value)
    if section is None or section.kind == "general":
        before, after = _around_general(section)
        return f"{before}{general(value)}{after}".strip()
    if section.kind in ("date", "elapsed"):
        return moment_text(value, section.kind, section.tokens, epoch_1904) or general(value)
    if section.kind == "literal":
        return "".join(text for _, text in section.tokens).strip()
    sign = "-" if value < 0 and _shows_sign(section, sections) else ""
    try:
        return f"{sign}{_digits(abs(value), section.tokens).strip()}"
    except (InvalidOperation, OverflowError, ValueError):
        return general(value)


@lru_cache(maxsize=2_000)
def _sections(code: str) -> tuple[_Section, ...]:
    if len(code) > _LONGEST_CODE or not code.strip():
        return ()
    parts: list[list[tuple[str, str]]] = [[]]
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup or "other"
        if kind == "other" and found.group() == ";":
            parts.append([])
        else:
            parts[-1].append((kind, found.group(kind)))
    return tuple(_section(part) for part in parts[:4])


def _section(found: Sequence[tuple[str, str]]) -> _Section:
    tokens: list[tuple[str, str]] = []
    condition = None
    for kind, text in found:
        if kind == "bracket":
            told = _CONDITION.fullmatch(text.strip())
            if told is not None:
                condition = (told[1], float(told[2]))
            elif _ELAPSED.fullmatch(text):
                tokens.append(("elapsed", text.lower()))
            elif (money := _CURRENCY.fullmatch(text)) is not None:
                tokens.append(("text", money[1]))
        elif kind == "wide":
            tokens.append(("text", " "))
        elif kind in ("quoted", "escaped", "other"):
            tokens.append(("text", text))
        elif kind != "fill":
            tokens.append((kind, text.lower() if kind == "date" else text))
    return _Section(tuple(tokens), condition, _kind([kind for kind, _ in tokens], tokens))


def _kind(kinds: Sequence[str], tokens: Sequence[tuple[str, str]]) -> str:
    if "general" in kinds or ("sign", "@") in tokens:
        return "general"
    if "elapsed" in kinds:
        return "elapsed"
    if any(kind == "date" and text[0] in "ymdhs" for kind, text in tokens):
        return "date"
    return "number" if "digits" in kinds else "literal"


def _chosen(sections: Sequence[_Section], value: float) -> _Section | None:
    """The section of a code for a value: by its conditions, else positive; negative; zero."""
    if not sections:
        return None
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _holds(value, *section.condition):
                return section
        return None
    if len(sections) == 1 or value > 0:
        return sections[0]
    if value < 0:
        return sections[1]
    return sections[2] if len(sections) > 2 else sections[0]


def _holds(value: float, sign: str, bound: float) -> bool:
    return {
        "<": value < bound,
        ">": value > bound,
        "=": value == bound,
        "<=": value <= bound,
        ">=": value >= bound,
        "<>": value != bound,
    }[sign]


def _shows_sign(section: _Section, sections: Sequence[_Section]) -> bool:
    """Whether a negative number keeps its sign: a section for negative ones has its own."""
    return section.condition is not None or section is sections[0]


def _around_general(section: _Section | None) -> tuple[str, str]:
    texts = [("", ""), *(section.tokens if section is not None else ())]
    at = next((n for n, (kind, text) in enumerate(texts) if kind == "general" or text == "@"), 0)
    before, after = (
        "".join(text for kind, text in part if kind == "text") for part in (texts[:at], texts[at:])
    )
    return before, after


def _digits(value: float, tokens: Sequence[tuple[str, str]]) -> str:
    """A number in the places that a section has for its digits."""
    places = [n for n, (kind, _) in enumerate(tokens) if kind == "digits"]
    first, last = places[0], places[-1]
    before = "".join(text for kind, text in tokens[:first] if kind == "text" or text == "%")
    body = list(tokens[first : last + 1])
    rest = list(tokens[last + 1 :])
    number = Decimal(repr(value))
    while rest and rest[0] == ("sign", ","):
        rest.pop(0)
        number /= 1000
    after = "".join(text for kind, text in rest if kind in ("text", "date") or text in "%/")
    number *= 100 ** sum(token == ("sign", "%") for token in tokens)
    if any(kind == "power" for kind, _ in body):
        return before + _scientific(number, body) + after
    if ("sign", "/") in tokens:
        return before + _fraction(number, tokens[first:]).strip()
    return before + _fixed(number, body) + after


def _fixed(number: Decimal, body: Sequence[tuple[str, str]]) -> str:
    point = body.index(("sign", ".")) if ("sign", ".") in body else len(body)
    whole, decimals = list(body[:point]), body[point + 1 :]
    while whole and whole[-1] == ("sign", ","):
        whole.pop()
        number /= 1000
    places = min(_MOST_DIGITS, sum(len(text) for kind, text in decimals if kind == "digits"))
    rounded = f"{number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    left, _, right = rounded.partition(".")
    shown = _whole("" if left == "0" else left, whole)
    return f"{shown}{_decimals(right, decimals)}" if decimals else shown


def _whole(digits: str, tokens: Sequence[tuple[str, str]]) -> str:
    """Digits laid into places from the right; the first place takes all that are left."""
    grouped = ("sign", ",") in tokens
    slots = [
        (kind, letter)
        for kind, text in tokens
        if kind in ("digits", "text")
        for letter in (text if kind == "digits" else [text])
    ]
    first = next((n for n, (kind, _) in enumerate(slots) if kind == "digits"), 0)
    shown: list[str] = []
    count = 0

    def put(digit: str) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0:
            shown.append(",")
        shown.append(digit)
        count += 1

    for place in range(len(slots) - 1, -1, -1):
        kind, letter = slots[place]
        if kind == "text":
            shown.append(letter[::-1])
        elif digits:
            put(digits[-1])
            digits = digits[:-1]
        elif letter == "0":
            put("0")
        while place == first and kind == "digits" and digits:
            put(digits[-1])
            digits = digits[:-1]
    return "".join(reversed(shown))


def _decimals(digits: str, tokens: Sequence[tuple[str, str]]) -> str:
    shown = ""
    kept = digits.rstrip("0")
    place = 0
    for kind, text in tokens:
        if kind == "text":
            shown += text
        for letter in text if kind == "digits" else "":
            if place < len(digits) and (letter == "0" or place < len(kept)):
                shown += digits[place]
            place += 1
    return f".{shown}" if shown else ""


def _scientific(number: Decimal, body: Sequence[tuple[str, str]]) -> str:
    at = next(n for n, (kind, _) in enumerate(body) if kind == "power")
    mantissa = body[:at]
    point = mantissa.index(("sign", ".")) if ("sign", ".") in mantissa else len(mantissa)
    step = max(1, sum(len(text) for kind, text in mantissa[:point] if kind == "digits"))
    power = number.adjusted() // step * step if number else 0
    width = sum(len(text) for kind, text in body[at:] if kind == "digits")
    sign = "-" if power < 0 else "+" if body[at][1].endswith("+") else ""
    return f"{_fixed(number.scaleb(-power), mantissa)}E{sign}{abs(power):0{min(width, 9)}}"


def _fraction(number: Decimal, tokens: Sequence[tuple[str, str]]) -> str:
    bar = tokens.index(("sign", "/"))
    below = "".join(text for kind, text in tokens[bar + 1 :] if kind in ("digits", "other", "text"))
    above = [text for kind, text in tokens[:bar] if kind == "digits"]
    fixed = re.match(r"\s*(\d+)", below)
    exact = Fraction(number)
    if fixed and int(fixed[1]):
        denominator = int(fixed[1])
        part = Fraction(round(exact * denominator), 1)
        top = int(part)
    else:
        near = exact.limit_denominator(10 ** min(4, len(below.strip()) or 1) - 1)
        top, denominator = near.numerator, near.denominator
    if len(above) < 2:
        return f"{top}/{denominator}"
    whole, top = divmod(top, denominator)
    part_text = f"{top}/{denominator}" if top else ""
    return f"{whole or ''} {part_text}".strip() or "0"
