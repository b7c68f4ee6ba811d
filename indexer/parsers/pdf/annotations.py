"""What stands on a PDF page outside its text: form values, text boxes, notes and their authors.

A value is put on the line that it stands beside, as a person reads it; a text box where it lies;
the notes that a reader opens (sticky notes, comments on marked words) come after the page.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indexer.parsers.hidden import MARKED
from indexer.parsers.layout import clean, one_line
from indexer.parsers.office.symbols import TICKED, UNTICKED
from indexer.parsers.pdf.characters import turned
from indexer.parsers.pdf.drawn import Box
from indexer.parsers.pdf.lines import Line

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_HIDDEN_FLAGS = 2 | 32  # hidden, no view
_PASSWORD = 1 << 13
_MOST_ANNOTATIONS = 5_000
_LONGEST = 100_000
_MARKUP = (
    "FPDF_ANNOT_HIGHLIGHT",
    "FPDF_ANNOT_UNDERLINE",
    "FPDF_ANNOT_SQUIGGLY",
    "FPDF_ANNOT_STRIKEOUT",
)
_OTHERS = (
    "FPDF_ANNOT_TEXT", "FPDF_ANNOT_LINE", "FPDF_ANNOT_SQUARE", "FPDF_ANNOT_CIRCLE",
    "FPDF_ANNOT_POLYGON", "FPDF_ANNOT_POLYLINE", "FPDF_ANNOT_STAMP", "FPDF_ANNOT_CARET",
    "FPDF_ANNOT_INK", "FPDF_ANNOT_FILEATTACHMENT", "FPDF_ANNOT_REDACT",
)  # fmt: skip


@dataclass(slots=True)
class Annotations:
    """Texts of a page's annotations: `values` and `boxes` with their places, `notes` without.

    `hidden` is what is marked as not to be shown; `pinned` says whether files are pinned to the
    page.
    """

    values: list[Line] = field(default_factory=list)
    boxes: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    pinned: bool = False


def read_annotations(page: PdfPage, text_page: PdfTextPage) -> Annotations | None:
    """The annotations of a page; None where it has none with text."""
    from pypdfium2 import raw

    count = min(_MOST_ANNOTATIONS, raw.FPDFPage_GetAnnotCount(page.raw))
    if count <= 0:
        return None
    reader = _Reader(page, text_page)
    for at in range(count):
        handle = raw.FPDFPage_GetAnnot(page.raw, at)
        if handle:
            try:
                reader.read(handle)
            finally:
                raw.FPDFPage_CloseAnnot(handle)
    return reader.found


class _Reader:
    """Reads annotations one after the other."""

    def __init__(self, page: PdfPage, text_page: PdfTextPage) -> None:
        from pypdfium2 import raw

        self.found = Annotations()
        self._raw = raw
        self._page = page
        self._text_page = text_page
        self._form = page.formenv.raw if page.formenv else None
        self._turn, self._size = page.get_rotation() // 90, page.get_size()
        self._markup = {getattr(raw, name) for name in _MARKUP}
        self._others = {getattr(raw, name) for name in _OTHERS}

    def read(self, annotation: Any) -> None:
        """Add what an annotation says."""
        raw = self._raw
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        unseen = raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN_FLAGS
        if kind == raw.FPDF_ANNOT_WIDGET:
            text = self._value(annotation) if self._form else ""
            target = self.found.values
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            text = self._string(annotation, b"Contents")
            target = self.found.boxes
        elif kind in self._markup or kind in self._others:
            self.found.pinned |= kind == raw.FPDF_ANNOT_FILEATTACHMENT
            if not unseen and (note := self._note(annotation, kind)):
                self.found.notes.append(note)
            return
        else:
            return
        if not text.strip():
            return
        if unseen:
            self.found.hidden.append((MARKED, text))
            return
        area = self._area(annotation)
        target += [_line(part, area, self._turn, self._size) for part in _parts(text)]

    def _area(self, annotation: Any) -> Box:
        found = self._raw.FS_RECTF()
        self._raw.FPDFAnnot_GetRect(annotation, found)
        return found.left, found.bottom, found.right, found.top

    def _note(self, annotation: Any, kind: int) -> str:
        """What a note says, who says it, and about which words."""
        said = one_line(self._string(annotation, b"Contents"))
        if not said:
            return ""
        author = one_line(self._string(annotation, b"T"))
        marked = self._marked(annotation) if kind in self._markup else ""
        about = f" on “{marked}”" if marked and marked not in said else ""
        return f"Note{f' by {author}' if author else ''}{about}: {said}"

    def _marked(self, annotation: Any) -> str:
        """The words that a comment is on."""
        raw = self._raw
        texts = []
        for at in range(min(50, raw.FPDFAnnot_CountAttachmentPoints(annotation))):
            points = raw.FS_QUADPOINTSF()
            if raw.FPDFAnnot_GetAttachmentPoints(annotation, at, points):
                across = (points.x1, points.x2, points.x3, points.x4)
                down = (points.y1, points.y2, points.y3, points.y4)
                texts.append(
                    self._text_page.get_text_bounded(min(across), min(down), max(across), max(down))
                )
        return one_line(" ".join(texts))[:200]

    def _value(self, annotation: Any) -> str:
        """What is filled into a field."""
        raw, form = self._raw, self._form
        kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
        if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
            return TICKED if raw.FPDFAnnot_IsChecked(form, annotation) else UNTICKED
        if kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
            count = min(_MOST_ANNOTATIONS, raw.FPDFAnnot_GetOptionCount(form, annotation))
            chosen = [
                self._text(raw.FPDFAnnot_GetOptionLabel, form, annotation, at)
                for at in range(count)
                if raw.FPDFAnnot_IsOptionSelected(form, annotation, at)
            ]
            return ", ".join(chosen) or self._text(
                raw.FPDFAnnot_GetFormFieldValue, form, annotation
            )
        if kind != raw.FPDF_FORMFIELD_TEXTFIELD:
            return ""
        if raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
            return ""
        return self._text(raw.FPDFAnnot_GetFormFieldValue, form, annotation)

    def _string(self, annotation: Any, key: bytes) -> str:
        return self._text(self._raw.FPDFAnnot_GetStringValue, annotation, key)

    def _text(self, read: Callable[..., int], *arguments: Any) -> str:
        """What a function of pdfium writes into a buffer of UTF-16."""
        length = read(*arguments, None, 0)
        if not 2 < length <= 2 * _LONGEST:
            return ""
        buffer = ctypes.create_string_buffer(length)
        read(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
        return clean(buffer.raw.decode("utf-16-le", errors="replace").rstrip("\0"))


def _parts(text: str) -> Iterator[str]:
    """The paragraphs of a value."""
    for line in text.split("\n"):
        if words := " ".join(line.split()):
            yield words


def _line(text: str, area: Box, turn: int, size: tuple[float, float]) -> Line:
    left, bottom, right, top = turned(area, turn, size) if turn else area
    height = min(12.0, max(1.0, top - bottom))
    return Line(text, left, right, bottom, top, height, bold=False, area=area, alone=True)


def with_annotations(lines: list[list[Line]], found: Annotations) -> list[list[Line]]:
    """Lines with values beside what they stand beside, and boxes below what they lie below."""
    for value in found.values:
        beside = _beside(lines, value)
        if beside is None:
            _insert(lines, value)
        else:
            beside.append(value)
            beside.sort(key=lambda piece: piece.left)
    for box in found.boxes:
        _insert(lines, box)
    return lines


def _beside(lines: Sequence[list[Line]], value: Line) -> list[Line] | None:
    """The line at the height of a value that ends or begins nearest to it."""
    best, least = None, float("inf")
    for line in lines:
        for piece in line:
            middle = (piece.bottom + piece.top) / 2
            shared = value.bottom - 2 <= middle <= value.top + 2
            distance = max(value.left - piece.right, piece.left - value.right)
            if shared and distance < least:
                best, least = line, distance
    return best


def _insert(lines: list[list[Line]], new: Line) -> None:
    """Put a line behind the nearest one that stands above it."""
    above = [
        (max(0.0, line[0].bottom - new.top) + abs(line[0].left - new.left) / 10, at)
        for at, line in enumerate(lines)
        if line and line[0].bottom >= new.bottom
    ]
    at = min(above)[1] + 1 if above else 0
    while at < len(lines) and len(lines[at]) == 1 and lines[at][0].area == new.area:
        at += 1
    lines.insert(at, [new])
