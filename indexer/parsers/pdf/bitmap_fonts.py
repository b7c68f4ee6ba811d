"""Letters of TeX's bitmap fonts, which have codes and no names: what pdfium passes on as controls.

Papers set with Type 3 fonts say nothing of what a code stands for. Letters and digits lie where
ASCII has them; ligatures, quotation marks and dashes lie among the control characters, where the
font's encoding puts them: T1 ("Cork": the ec fonts) or OT1 (the cm fonts), LaTeX Project, "LaTeX
font encodings" (encguide), sections 2.2 and 2.3. A bullet is
a symbol (OMS, TS1).
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_T1 = {
    "\x10": "“", "\x11": "”", "\x12": "„", "\x13": "«", "\x14": "»", "\x15": "–", "\x16": "—",
    "\x1b": "ﬀ", "\x1c": "ﬁ", "\x1d": "ﬂ", "\x1e": "ﬃ", "\x1f": "ﬄ",
}  # fmt: skip
_OT1 = {"\x0b": "ﬀ", "\x0c": "ﬁ", "\r": "ﬂ", "\x0e": "ﬃ", "\x0f": "ﬄ"}
_CODES = re.compile("[\x0b\x0c\x0e-\x16\x1b-\x1f\x88]|\r(?!\n)")
_BULLET = re.compile("(?<!\\S)[\x0f\x88](?!\\S)")


def with_ligatures(text: str, page: PdfTextPage) -> str:
    """A page's text, as long as it was, with what the codes of such fonts stand for.

    A place in `text` is an index into the page's characters.
    """
    found = [at.start() for at in _CODES.finditer(text) if _is_unnamed(page, at.start())]
    if not found:
        return text
    bullets = {at.start() for at in _BULLET.finditer(text)}
    meant = _T1 if sum(text[at] in _T1 for at in found) * 2 >= len(found) else _OT1
    letters = list(text)
    for at in found:
        letters[at] = "•" if at in bullets else meant.get(text[at], text[at])
    return "".join(letters)


def _is_unnamed(page: PdfTextPage, index: int) -> bool:
    """Whether a character's font has no name, as Type 3 fonts have none."""
    from pypdfium2 import raw

    drawn = raw.FPDFText_GetTextObject(page.raw, index)
    font = raw.FPDFTextObj_GetFont(drawn) if drawn else None
    name = ctypes.create_string_buffer(2)
    return bool(font) and raw.FPDFFont_GetBaseFontName(font, name, 2) <= 1
