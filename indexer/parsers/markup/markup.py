"""Reads XML and HTML trees with lxml: no entity expansion, nothing fetched, bounded depth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.parsers.encoding import declared_encoding
from indexer.parsers.errors import CorruptedError

if TYPE_CHECKING:
    from lxml.etree import _Element


# Numeric references among which are those to halves of characters (U+D800 to U+DFFF).
_REFERENCE = re.compile(rb"&#([xX]?)0*([dD][0-9a-fA-F]{3}|5[5-7]\d{3});")


def read_xml(data: bytes, part: str = "its XML") -> _Element:
    """Parse XML strictly; entities stay unexpanded and external things unread.

    `recover` mends small slips (an undeclared prefix, a stray &); what has no root after
    that is corrupted.
    """
    from lxml import etree

    # `recover` lets bytes through that are no UTF-8, and lxml stumbles over them when it is read.
    if (declared_encoding(data) or "utf-8").lower() in ("utf-8", "utf8") and not _wide(data):
        data = data.decode("utf-8", errors="replace").encode()
    data = _REFERENCE.sub(_of_a_character, data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise CorruptedError(f"{part} is damaged ({error.msg}); get an intact copy") from error
    if root is None:
        raise CorruptedError(f"{part} is damaged; get an intact copy")
    return root


def _of_a_character(reference: re.Match[bytes]) -> bytes:
    """A numeric reference; the replacement character where it stands for half of one."""
    number = int(reference.group(2), 16 if reference.group(1) else 10)
    return b"&#xFFFD;" if 0xD800 <= number <= 0xDFFF else reference.group()


def _wide(data: bytes) -> bool:
    """Whether XML is in UTF-16 or UTF-32, which it need not declare."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]


def local(element: _Element) -> str:
    """An element's tag without its namespace; "" for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: _Element, name: str) -> str:
    """The value of an attribute by its local name, in whatever namespace; "" if absent."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return value
    return ""


def child(element: _Element | None, name: str) -> _Element | None:
    """The first child of this local name; None where there is none, or no element."""
    children = () if element is None else element
    return next((one for one in children if local(one) == name), None)
