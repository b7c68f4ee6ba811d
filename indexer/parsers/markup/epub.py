"""EPUB: its chapters in reading order, one page or several each."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from indexer.parsers.container import Container
from indexer.parsers.encoding import declared_encoding, decode
from indexer.parsers.errors import CorruptedError, EncryptedError
from indexer.parsers.layout import one_line
from indexer.parsers.markup.html import add_html
from indexer.parsers.markup.markup import attribute, local, read_xml
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

# Style sheets longer than this in all are not looked through for what hides text.
_MAX_STYLE_BYTES = 1 << 20


def parse_epub(container: Container, name: str, reading: Reading) -> ParsedFile:
    """An e-book. Raises `EncryptedError` for one under copy protection."""
    rights = container.find("META-INF/rights.xml")
    locked = container.find("META-INF/encryption.xml") or b""
    if rights is not None or b"xmlenc#aes" in locked:
        raise EncryptedError("is under copy protection (DRM) and cannot be read")
    index = read_xml(container.read("META-INF/container.xml"))
    root_file = next(
        (attribute(e, "full-path") for e in index.iter() if local(e) == "rootfile"), ""
    )
    package = read_xml(container.read(root_file))
    title = next((one_line(e.text or "") for e in package.iter() if local(e) == "title"), "")
    folder = posixpath.dirname(root_file)
    order = _reading_order(package)
    styles = _styles(container)
    pages: list[Page] = []
    for target in order:
        data = container.find(posixpath.normpath(posixpath.join(folder, unquote(target))))
        if data is not None:
            builder = reading.builder()
            add_html(builder, decode(data, declared_encoding(data)), styles)
            pages += builder.sections() if builder.length else ()
            reading.check_pages(len(pages))
    if not pages:
        raise CorruptedError("holds no readable chapter; get an intact copy")
    numbered = (
        replace(
            page,
            number=number,
            label=f"section {number}",
            hidden=tuple(replace(found, page=number) for found in page.hidden),
        )
        for number, page in enumerate(pages, 1)
    )
    return ParsedFile(title or name, tuple(numbered), "epub")


def _reading_order(package: _Element) -> list[str]:
    """The book's texts in the order of its spine; then those that only links lead to.

    What is called `linear="no"` (notes, answers) stands where the spine has it.
    """
    items = [e for e in package.iter() if local(e) == "item"]
    targets = {e.get("id"): e.get("href", "") for e in items}
    order = [targets.get(e.get("idref"), "") for e in package.iter() if local(e) == "itemref"]
    beside = [
        e.get("href", "")
        for e in items
        if e.get("media-type") == "application/xhtml+xml"
        and "nav" not in e.get("properties", "").split()
    ]
    return list(dict.fromkeys([*order, *beside]))


def _styles(container: Container) -> str:
    """All style sheets of a book."""
    styles = ""
    for name in container.names:
        if name.lower().endswith(".css") and len(styles) < _MAX_STYLE_BYTES:
            styles += (container.find(name) or b"").decode("utf-8", errors="replace") + "\n"
    return styles[:_MAX_STYLE_BYTES]
