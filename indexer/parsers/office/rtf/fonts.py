"""Which characters bytes are: by the code page of the document, of a font, or by Unicode."""

from __future__ import annotations

from indexer.parsers.office.rtf.words import CHARSETS, SYMBOL_FONTS
from indexer.parsers.office.symbols import in_font

_LATIN = "cp1252"


class Fonts:
    """The fonts of a document by number: their code pages, and which of them draw symbols."""

    def __init__(self) -> None:
        self._codec = _LATIN
        self._fonts: dict[int, tuple[str, str]] = {}
        self._high = 0  # the first half of a character of two units

    def set_document(self, codec: str) -> None:
        """The code page of what stands in no font of its own; '' is the usual one."""
        self._codec = codec or _LATIN

    def set_charset(self, font: int, number: int) -> None:
        """The code page of a font, by the number of a Windows character set."""
        self._fonts[font] = ("", CHARSETS.get(number, self._codec))

    def set_page(self, font: int, number: int | None) -> None:
        """The code page of a font, by its own number."""
        self._fonts[font] = ("", f"cp{number}")

    def set_name(self, font: int, said: str) -> None:
        """The name of a font."""
        codec = self._fonts.get(font, ("", self._codec))[1]
        self._fonts[font] = (said if said.lower() in SYMBOL_FONTS else "", codec)

    def text(self, font: int, data: bytes) -> str:
        """What bytes say in a font."""
        name, codec = self._fonts.get(font, ("", self._codec))
        try:
            text = data.decode(codec, errors="replace")
        except LookupError:
            text = data.decode(_LATIN, errors="replace")
        return in_font(name, text)

    def character(self, font: int, unit: int) -> str:
        """What a unit of UTF-16 says; '' where the other half is missing, or to come."""
        code = unit + 0x10000 if unit < 0 else unit
        if 0xD800 <= code < 0xDC00:
            self._high = code
            return ""
        if 0xDC00 <= code < 0xE000:
            code = (self._high - 0xD800) * 0x400 + code - 0xDC00 + 0x10000 if self._high else 0
        self._high = 0
        if 0 < code < 0x110000:
            return in_font(self._fonts.get(font, ("", ""))[0], chr(code))
        return ""
