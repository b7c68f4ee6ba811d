"""Text in fonts that are neither in the file nor on this machine: pdfium gives none of it.

Fonts of Chinese, Japanese and Korean are often left out of files, since every reader's own machine
has some. pypdf reads codes without needing a font.
"""

from __future__ import annotations

import io
from typing import Any

from indexer.parsers.layout import one_line
from indexer.parsers.pdf.lines import Line


def unmapped_lines(data: bytes, index: int) -> list[list[Line]]:
    """The pieces of a page's text with their places, each as a line of its own."""
    from pypdf import PdfReader

    found: list[list[Line]] = []

    def visit(text: str, page: Any, matrix: Any, _font: Any, size: float) -> None:
        words = one_line(text)
        if not words:
            return
        left = matrix[4] * page[0] + matrix[5] * page[2] + page[4]
        bottom = matrix[4] * page[1] + matrix[5] * page[3] + page[5]
        high = max(1.0, abs(size * (matrix[3] or matrix[1] or 1.0)))
        wide = high * sum(1.0 if ord(character) > 0x2E7F else 0.5 for character in words)
        found.append([Line(words, left, left + wide, bottom, bottom + high, high, bold=False)])

    # pypdf lets through whatever its parts raise on damage; then there is no text but pdfium's.
    try:
        PdfReader(io.BytesIO(data)).pages[index].extract_text(visitor_text=visit)
    except Exception:  # noqa: BLE001
        return []
    return found
