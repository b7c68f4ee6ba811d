"""Files that a PDF carries: attachments, members of a portfolio, files pinned to a page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from indexer.parsers.layout import one_line
from indexer.parsers.reading import Reading

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_MOST_FILES = 2_000


def embedded_files(
    document: PdfDocument, pinned: Sequence[int], reading: Reading
) -> Iterator[tuple[str, bytes]]:
    """The name and content of each file; `pinned` are the pages that some are pinned to.

    Raises `TooLargeError` where they unpack to too much.
    """
    from pypdfium2 import raw

    known: set[tuple[str, int]] = set()
    for handle in _handles(document, pinned):
        name = one_line(_name(handle)) or "attachment"
        size = ctypes.c_ulong()
        if not raw.FPDFAttachment_GetFile(handle, None, 0, size) or not size.value:
            continue
        if (name, size.value) in known:
            continue
        known.add((name, size.value))
        reading.unpack(size.value)
        content = ctypes.create_string_buffer(size.value)
        if raw.FPDFAttachment_GetFile(handle, content, size.value, size):
            yield name, content.raw


def _handles(document: PdfDocument, pinned: Sequence[int]) -> Iterator[object]:
    from pypdfium2 import raw

    for at in range(min(_MOST_FILES, max(0, raw.FPDFDoc_GetAttachmentCount(document.raw)))):
        if handle := raw.FPDFDoc_GetAttachment(document.raw, at):
            yield handle
    for index in pinned:
        yield from _pinned(document[index])


def _pinned(page: PdfPage) -> Iterator[object]:
    from pypdfium2 import raw

    for at in range(max(0, raw.FPDFPage_GetAnnotCount(page.raw))):
        annotation = raw.FPDFPage_GetAnnot(page.raw, at)
        if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_FILEATTACHMENT and (
            handle := raw.FPDFAnnot_GetFileAttachment(annotation)
        ):
            yield handle


def _name(handle: object) -> str:
    from pypdfium2 import raw

    length = raw.FPDFAttachment_GetName(handle, None, 0)
    buffer = ctypes.create_string_buffer(max(2, length))
    raw.FPDFAttachment_GetName(handle, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw.decode("utf-16-le", errors="replace").rstrip("\0")
