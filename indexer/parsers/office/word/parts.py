"""The parts of a Word file beside its body: headers and footers, notes, comments, chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from indexer.parsers.encoding import declared_encoding, decode
from indexer.parsers.errors import CorruptedError, ParseError
from indexer.parsers.layout import PageBuilder
from indexer.parsers.markup.html import add_html
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.rtf import parse_rtf
from indexer.parsers.reading import Reading
from indexer.parsers.text import add_plain
from indexer.records import ParsedFile

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import Part
    from lxml.etree import _Element

_OFF = ("0", "false", "off", "none")
_SEPARATORS = ("separator", "continuationSeparator", "continuationNotice")


class Parts:
    """The parts of one document, by their relation to its body."""

    def __init__(self, document: Document) -> None:
        self._body = document.element.body
        self._relations = {
            number: relation
            for number, relation in document.part.rels.items()
            if not relation.is_external
        }

    def blob(self, number: str) -> bytes | None:
        """The bytes of a part by the id of its relation; None where there is none."""
        part = self.part(number)
        return None if part is None else part.blob

    def part(self, number: str) -> Part | None:
        """A part by the id of its relation."""
        relation = self._relations.get(number)
        return None if relation is None else relation.target_part

    def by_kind(self, kind: str) -> Iterator[_Element]:
        """The roots of the parts of a kind ("footnotes"); damaged ones are passed over."""
        for relation in self._relations.values():
            if relation.reltype.rpartition("/")[2] == kind:
                try:
                    yield read_xml(relation.target_part.blob, kind)
                except CorruptedError:
                    continue

    def running(self) -> Iterator[_Element]:
        """Headers and footers that are on some page, each text once."""
        even = any(_is_on(child(root, "evenAndOddHeaders")) for root in self.by_kind("settings"))
        said: set[str] = set()
        for section in (e for e in self._body.iter() if local(e) == "sectPr"):
            first = _is_on(child(section, "titlePg"))
            for one in section:
                kind = attribute(one, "type")
                shown = {"first": first, "even": even}.get(kind, True)
                if local(one) not in ("headerReference", "footerReference") or not shown:
                    continue
                data = self.blob(attribute(one, "id"))
                root = None if data is None else _readable(data)
                if root is None:
                    continue
                text = " ".join("".join(root.itertext()).split())
                if text not in said:
                    said.add(text)
                    yield root

    def notes(self, kind: str) -> dict[str, _Element]:
        """Footnotes or endnotes by their id."""
        return {
            attribute(note, "id") or f"unnumbered {place}": note
            for root in self.by_kind(f"{kind}s")
            for place, note in enumerate(root)
            if local(note) == kind and attribute(note, "type") not in _SEPARATORS
        }

    def comments(self) -> dict[str, _Element]:
        """Comments by their id."""
        roots = self.by_kind("comments")
        return {
            attribute(one, "id"): one for root in roots for one in root if local(one) == "comment"
        }

    def note_form(self, kind: str) -> str:
        """How notes of a kind are counted."""
        forms = [
            attribute(form, "val")
            for properties in self._body.iter()
            if local(properties) == f"{kind}Pr"
            and (form := child(properties, "numFmt")) is not None
        ]
        return forms[0] if forms else {"endnote": "lowerRoman"}.get(kind, "decimal")


def add_chunk(builder: PageBuilder, part: Part, reading: Reading) -> str:
    """Write a foreign file that Word shows in its place (altChunk).

    A Word file in it is left to the caller: its bytes are none of these kinds. Returns a problem,
    or "".
    """
    kind, data = part.content_type, part.blob
    name = str(part.partname)
    try:
        if "html" in kind and not data.lstrip()[:40].lower().startswith(b"mime-version"):
            add_html(builder, decode(data, declared_encoding(data)))
        elif "rtf" in kind or data.startswith(b"{\\rtf"):
            add_parsed(builder, parse_rtf(data, name, reading))
        elif kind.startswith("text/plain"):
            add_plain(builder, decode(data))
        else:
            return f"{name} inside it was not read"
    except ParseError as error:
        return f"{name} inside it {error}"
    return ""


def add_parsed(builder: PageBuilder, parsed: ParsedFile) -> None:
    """Write the blocks of a file that was read by itself."""
    for page in parsed.pages:
        for block in page.blocks:
            text = page.text[block.start : block.end]
            if block.kind == "heading":
                builder.heading(text, block.level)
            elif block.kind == "table":
                rows = [re.split(r"(?:^| )\|(?: |$)", line) for line in text.split("\n")]
                builder.table(rows, header=block.header > 0)
            elif block.kind == "list":
                for line in text.split("\n"):
                    builder.item(line)
            elif block.kind == "code":
                builder.code(text)
            else:
                builder.paragraph(text)


def author_of(comment: _Element) -> str:
    """Who wrote a comment."""
    return attribute(comment, "author").strip()


def properties_of(element: _Element) -> Mapping[str, _Element]:
    """A paragraph's properties by their names."""
    properties = child(element, "pPr")
    return {} if properties is None else {local(one): one for one in properties}


def _readable(data: bytes) -> _Element | None:
    try:
        return read_xml(data)
    except CorruptedError:
        return None


def _is_on(switch: _Element | None) -> bool:
    return switch is not None and attribute(switch, "val").lower() not in _OFF
