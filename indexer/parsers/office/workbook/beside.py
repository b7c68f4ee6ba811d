"""What is written beside the cells of an XLSX sheet: comments, drawings, form marks, headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.hidden import MARKED
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.graphics import description, write_chart, write_diagram
from indexer.parsers.office.numbers import is_page_number
from indexer.parsers.office.slides.text import line_of
from indexer.parsers.office.symbols import TICKED, UNTICKED
from indexer.parsers.office.workbook.package import Package, SheetSource

if TYPE_CHECKING:
    from lxml.etree import _Element

_THREADED = re.compile(r"^\s*\[Threaded comment\].*?Comment:", re.DOTALL)
# Codes in the headers and footers of sheets: places, page numbers and dates, looks.
_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f+-]{6,8}|\d{1,3}|[LCR]|[A-Za-z])')
_RUNNING = ("oddHeader", "oddFooter", "firstHeader", "firstFooter", "evenHeader", "evenFooter")
_MARKS = ("Checkbox", "Radio")

TextAt = Callable[[str], str]


def write_beside(
    builder: PageBuilder, sheet: SheetSource, package: Package, text_at: TextAt
) -> None:
    """Write what lies on a sheet after its cells; `text_at` says what stands at a reference."""
    for part in sheet.related.get("drawing", ()):
        _write_drawing(builder, part, package)
    for part in sheet.related.get("vmlDrawing", ()):
        _write_controls(builder, part, package)
    threaded: set[str] = set()
    people = _people(package)
    for part in sheet.related.get("threadedComment", ()):
        for one in _elements(package, part, "threadedComment"):
            place = attribute(one, "ref")
            threaded.add(place)
            said = "".join(e.text or "" for e in one if local(e) == "text")
            _write_comment(
                builder, people.get(attribute(one, "personId"), ""), place, said, text_at
            )
    for part in sheet.related.get("comments", ()):
        root = _root(package, part)
        authors = [
            e.text or "" for e in (() if root is None else root.iter()) if local(e) == "author"
        ]
        for one in () if root is None else root.iter():
            if local(one) != "comment" or attribute(one, "ref") in threaded:
                continue
            number = attribute(one, "authorId")
            author = (
                authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
            )
            said = _THREADED.sub("", "".join(e.text or "" for e in one.iter() if local(e) == "t"))
            author = "" if author.startswith("tc=") else author
            said = said.strip().removeprefix(f"{author}:")
            _write_comment(builder, author, attribute(one, "ref"), said, text_at)


def running_lines(sheet: SheetSource) -> Iterator[str]:
    """What is printed over and under a sheet, without page numbers and dates."""
    if b"headerFooter" not in sheet.xml:
        return
    at = sheet.xml.rfind(b"headerFooter", 0, sheet.xml.rfind(b"headerFooter"))
    end = sheet.xml.find(b">", sheet.xml.rfind(b"headerFooter"))
    start = sheet.xml.rfind(b"<", 0, max(0, at))
    if start < 0:
        return
    try:
        root = read_xml(re.sub(rb"<(/?)\w+:", rb"<\1", sheet.xml[start : end + 1]))
    except CorruptedError:
        return
    for one in root.iter():
        if local(one) in _RUNNING:
            text = re.sub(r"&[LCR]", " ", (one.text or "").replace("&&", "\0"))
            said = one_line(_CODE.sub("", text).replace("\0", "&"))
            if not is_page_number(said):
                yield said


def _write_comment(
    builder: PageBuilder, author: str, place: str, said: str, text_at: TextAt
) -> None:
    if said.strip():
        by = f" by {author}" if author.strip() else ""
        beside = text_at(place)
        builder.paragraph(f"Comment{by} on {place}{f' ({beside})' if beside else ''}: {said}")


def _people(package: Package) -> dict[str, str]:
    parts = package.related("xl/workbook.xml").get("person", ())
    return {
        attribute(one, "id"): attribute(one, "displayName")
        for part in parts
        for one in _elements(package, part, "person")
    }


def _write_drawing(builder: PageBuilder, part: str, package: Package) -> None:
    """Write the shapes of a drawing in their order."""
    root = _root(package, part)
    if root is None:
        return
    targets = package.targets(part)
    for node in root.iter():
        tag = local(node)
        if tag in ("sp", "cxnSp"):
            _write_shape(builder, node)
        elif tag == "pic":
            said = description(next((e for e in node.iter() if local(e) == "cNvPr"), node))
            builder.paragraph(f"Picture: {said}" if said else "")
        elif tag in ("chart", "relIds"):
            target = targets.get(attribute(node, "dm" if tag == "relIds" else "id"), "")
            data = package.read(target) if target else None
            if data is not None:
                (write_diagram if tag == "relIds" else write_chart)(builder, data, target)


def _write_shape(builder: PageBuilder, shape: _Element) -> None:
    body = child(shape, "txBody")
    lines = [line_of(p) for p in (() if body is None else body) if local(p) == "p"]
    named = next((e for e in shape.iter() if local(e) == "cNvPr"), shape)
    if attribute(named, "hidden") in ("1", "true") and builder.hide(MARKED, " ".join(lines)):
        return
    for line in lines:
        builder.paragraph(line)


def _write_controls(builder: PageBuilder, part: str, package: Package) -> None:
    """Write the boxes and buttons of forms with whether they are ticked."""
    root = _root(package, part)
    for shape in () if root is None else root.iter():
        data = next((e for e in shape if local(e) == "ClientData"), None)
        if local(shape) != "shape" or data is None or attribute(data, "ObjectType") not in _MARKS:
            continue
        ticked = child(data, "Checked")
        box = child(shape, "textbox")
        said = "" if box is None else " ".join(box.itertext())
        mark = TICKED if ticked is not None and (ticked.text or "").strip() == "1" else UNTICKED
        builder.paragraph(f"{mark} {said}")


def _elements(package: Package, part: str, tag: str) -> Sequence[_Element]:
    root = _root(package, part)
    return [] if root is None else [one for one in root.iter() if local(one) == tag]


def _root(package: Package, part: str) -> _Element | None:
    data = package.read(part)
    try:
        return None if data is None else read_xml(data, part)
    except CorruptedError:
        return None
