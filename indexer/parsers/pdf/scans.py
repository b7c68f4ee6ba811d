"""Pages of a PDF that are pictures: drawn for text recognition, and told from printed ones.

A scan often carries a few words of real text: a stamp of receipt, a page number, a header. Such
a page has a text layer, and yet what it says is in the picture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from indexer.parsers import ocr
from indexer.parsers.errors import ParserTimeoutError

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage

_OCR_DPI = 300
_OCR_MAX_PIXELS = 40_000_000
_LOOK_DPI = 50
_INVISIBLE_MODES = (3, 7)

# Stamps, headers and page numbers together say less than this; a page of text says more.
_STAMP_CHARACTERS = 200
# A scan fills its page, but for a margin that the stamp may stand in.
_SCAN_SHARE = 0.6
# Writing is dark on light: shares of the picture. Photographs are darker, backgrounds emptier
# (full pages of print at 50 dpi are 2 to 10 % dark).
_DARK, _LIGHT = 128, 180
_LEAST_INK, _LEAST_PAPER = 0.001, 0.6


def is_stamped_scan(page: PdfPage, text: str) -> bool:
    """Whether a page that has this text is a scan all the same.

    Text in the invisible mode is what a scanner has recognised: then there is nothing to add.
    """
    from pypdfium2 import raw

    if len(text) > _STAMP_CHARACTERS or _pictured(page) < _SCAN_SHARE:
        return False
    texts = page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5)
    if any(raw.FPDFTextObj_GetTextRenderMode(one.raw) in _INVISIBLE_MODES for one in texts):
        return False
    return _shows_writing(_drawn(page, _LOOK_DPI, texts=False))


def _pictured(page: PdfPage) -> float:
    """The share of a page that its pictures take."""
    from pypdfium2 import PdfiumError, raw

    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=5):
        with contextlib.suppress(PdfiumError):
            left, bottom, right, top = picture.get_bounds()
            across = min(right, width) - max(left, 0.0)
            covered += max(0.0, across) * max(0.0, min(top, height) - max(bottom, 0.0))
    return covered / max(1.0, width * height)


def _shows_writing(picture: Image) -> bool:
    shades = picture.histogram()
    total = sum(shades)
    ink, paper = sum(shades[:_DARK]) / total, sum(shades[_LIGHT:]) / total
    return ink >= _LEAST_INK and paper >= _LEAST_PAPER


def recognised(document: PdfDocument, index: int, problem: str, *, texts: bool) -> tuple[str, str]:
    """The text in the picture of a page, and `problem` with the reason where there is none.

    `texts` says whether what the text layer shows is part of the picture.
    """
    if not ocr.available():
        return "", f"{problem}; {ocr.NOT_INSTALLED}"
    try:
        text = ocr.recognise(_drawn(document[index], _OCR_DPI, texts=texts))
    except ParserTimeoutError as error:
        return "", f"{problem}; {error}"
    return text, "" if text.strip() else f"{problem}; {ocr.NOTHING_FOUND}"


def _drawn(page: PdfPage, dpi: int, *, texts: bool) -> Image:
    """A page in shades of grey, with or without what its text layer shows."""
    width, height = page.get_size()
    scale = min(dpi / 72, (_OCR_MAX_PIXELS / max(1.0, width * height)) ** 0.5)

    def render() -> Image:
        return page.render(scale=scale, grayscale=True).to_pil()

    return render() if texts else _without_texts(page, render)


def _without_texts(page: PdfPage, render: Callable[[], Image]) -> Image:
    from pypdfium2 import raw

    found = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5))
    for one in found:
        raw.FPDFPageObj_SetIsActive(one.raw, False)
    try:
        return render()
    finally:
        for one in found:
            raw.FPDFPageObj_SetIsActive(one.raw, True)
