"""XFA forms: what is filled in, from the data that the file carries beside its pages.

Such a form has its look in XML that Adobe's reader alone draws. Others see one page, which asks to
wait. The values and their captions are in the file all the same.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.layout import one_line
from indexer.parsers.markup.markup import local, read_xml
from indexer.parsers.reading import Reading

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pypdfium2 import PdfDocument

XFA_READ = "is an XFA form: what is filled in was read, how it looks was not; print it to a PDF"
XFA_NOT_READ = "is an XFA form, which was not read; open it in Adobe's reader and print it to a PDF"
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|_+")
_MOST_VALUES = 20_000


def is_xfa(document: PdfDocument) -> bool:
    """Whether a document is an XFA form, or has one beside its fields."""
    from pypdfium2 import raw

    return document.get_formtype() in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND)


def xfa_values(document: PdfDocument, reading: Reading) -> list[str]:
    """The filled fields of a form, each as "caption: value"."""
    packets = dict(_packets(document, reading))
    try:
        captions = _captions(packets.get("template", b""))
        return list(_values(packets.get("datasets", b""), captions))[:_MOST_VALUES]
    except CorruptedError:
        return []


def _packets(document: PdfDocument, reading: Reading) -> Iterator[tuple[str, bytes]]:
    from pypdfium2 import raw

    for at in range(max(0, raw.FPDF_GetXFAPacketCount(document.raw))):
        name = ctypes.create_string_buffer(100)
        raw.FPDF_GetXFAPacketName(document.raw, at, name, 100)
        size = ctypes.c_ulong()
        raw.FPDF_GetXFAPacketContent(document.raw, at, None, 0, size)
        reading.unpack(size.value)
        content = ctypes.create_string_buffer(size.value)
        if raw.FPDF_GetXFAPacketContent(document.raw, at, content, size.value, size):
            yield name.value.decode(errors="replace"), content.raw


def _captions(template: bytes) -> dict[str, str]:
    """What each field is called on the form."""
    found: dict[str, str] = {}
    if not template.strip():
        return found
    for field in read_xml(template).iter():
        if local(field) != "field":
            continue
        caption = next((one for one in field if local(one) == "caption"), None)
        text = one_line(" ".join(caption.itertext())) if caption is not None else ""
        if text:
            found.setdefault(field.get("name") or "", text.rstrip(":"))
    return found


def _values(datasets: bytes, captions: dict[str, str]) -> Iterator[str]:
    if not datasets.strip():
        return
    data = next((one for one in read_xml(datasets).iter() if local(one) == "data"), None)
    for element in data.iter() if data is not None else ():
        name = local(element)
        value = one_line("".join(element.itertext())) if not _holds_fields(element) else ""
        if name and value:
            yield f"{captions.get(name) or _readable(name)}: {value}"


def _holds_fields(element: _Element) -> bool:
    """Whether an element is no value: rich text holds elements of HTML and is one."""
    return any(
        isinstance(child.tag, str) and "xhtml" not in child.tag for child in element
    ) or local(element) in ("body", "p", "span", "b", "i")


def _readable(name: str) -> str:
    """A field's name as words: "HerdSize" → "Herd size"."""
    first, *rest = (part for part in _WORDS.split(name) if part)
    return " ".join([first, *(part if part.isupper() else part.lower() for part in rest)])
