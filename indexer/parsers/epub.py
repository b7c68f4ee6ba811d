"""EPUB: its chapters in reading order, one page or several each."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from urllib.parse import unquote

from indexer.parsers.container import Container
from indexer.parsers.encoding import declared_encoding, decode
from indexer.parsers.errors import CorruptedError, EncryptedError
from indexer.parsers.html import add_html
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup import attribute, local, read_xml
from indexer.records import Page, ParsedFile


def parse_epub(container: Container, name: str) -> ParsedFile:
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
    targets = {e.get("id"): e.get("href", "") for e in package.iter() if local(e) == "item"}
    order = [targets.get(e.get("idref"), "") for e in package.iter() if local(e) == "itemref"]
    pages: list[Page] = []
    for target in order:
        data = container.find(posixpath.normpath(posixpath.join(folder, unquote(target))))
        if data is not None:
            builder = PageBuilder()
            add_html(builder, decode(data, declared_encoding(data)))
            pages += builder.sections() if builder.length else ()
    if not pages:
        raise CorruptedError("holds no readable chapter; get an intact copy")
    numbered = (replace(p, number=n, label=f"section {n}") for n, p in enumerate(pages, 1))
    return ParsedFile(title or name, tuple(numbered), "epub")
