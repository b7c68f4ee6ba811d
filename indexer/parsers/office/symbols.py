"""Characters of Wingdings and its like, which are marks and no letters, and of the Symbol font."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TICKED, UNTICKED = "☒", "☐"

# What people use of them in forms, lists and remarks, after the fonts' own tables.
_WINGDINGS: Mapping[int, str] = MappingProxyType(
    {
        0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "🖂", 0x2B: "🖃", 0x36: "⌛", 0x37: "⌨",
        0x3F: "✍", 0x41: "✌", 0x43: "👍", 0x44: "👎", 0x45: "☜", 0x46: "☞", 0x47: "☝", 0x48: "☟",
        0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x4E: "☠", 0x52: "☼", 0x54: "❄",
        0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "☐", 0x70: "☐", 0x71: "❑", 0x72: "❒", 0x73: "◆",
        0x74: "◆", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0x78: "☒", 0x9F: "•", 0xA1: "○", 0xA2: "○",
        0xA4: "◉", 0xA5: "◎", 0xA7: "▪", 0xA8: "☐", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→",
        0xE1: "↑", 0xE2: "↓", 0xE8: "→", 0xEF: "⇦", 0xF0: "⇨", 0xF3: "⬄", 0xF6: "↔",
        0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
        **{0x80 + n: f"({n})" for n in range(1, 11)}, 0x80: "(0)",
        **{0x8B + n: f"({n})" for n in range(1, 11)}, 0x8B: "(0)",
    }
)  # fmt: skip
_WINGDINGS_2: Mapping[int, str] = MappingProxyType(
    {
        0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x55: "⊗", 0x56: "⊗",
        0x30: "☐", 0x2A: "☐", 0x99: "○", 0x98: "●", 0xA3: "☐", 0xA2: "■", 0xA1: "☐",
        **{0x69 + n: f"({n})" for n in range(11)}, **{0x74 + n: f"({n})" for n in range(11)},
    }
)  # fmt: skip
_WEBDINGS: Mapping[int, str] = MappingProxyType({0x61: "✓", 0x72: "✗", 0x63: "☐", 0x67: "■"})
# Adobe's Symbol: Greek, and the signs of mathematics.
_SYMBOL: Mapping[int, str] = MappingProxyType(
    {
        **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
        **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
        0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2D: "−", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥", 0xA3: "≤",
        0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±",
        0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡",
        0xBB: "≈", 0xC5: "⊕", 0xC7: "∩", 0xC8: "∪", 0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇",
        0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧",
        0xDA: "∨", 0xDB: "⇔", 0xDC: "⇐", 0xDE: "⇒", 0xE0: "◊", 0xE5: "∑", 0xF2: "∫",
        **{n: chr(n) for n in (*range(0x28, 0x2D), *range(0x2E, 0x40))}, 0x20: " ",
    }
)  # fmt: skip
_FONTS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "wingdings": _WINGDINGS,
        "wingdings 2": _WINGDINGS_2,
        "webdings": _WEBDINGS,
        "symbol": _SYMBOL,
    }
)


def symbol(font: str, code: int) -> str:
    """What a code of a font shows; the character itself where the font is one of letters.

    Codes lie at U+F000 in files of Word, and the mark of an unknown one is •.
    """
    table = _FONTS.get(font.strip().lower())
    low = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    if table is not None:
        return table.get(low, "•" if low > 0x20 else " ")
    if low != code:  # a font of marks that is not known
        return "•"
    return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code < 0x110000 else ""


def in_font(font: str, text: str) -> str:
    """A text in a font of marks, as the marks; other text as it is."""
    table = _FONTS.get(font.strip().lower())
    return text if table is None else "".join(symbol(font, ord(letter)) for letter in text)
