"""PPTX: one page a slide, with its notes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.parsers.container import Container, relations
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup import local, read_xml
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_TITLES = ("title", "ctrTitle")
# Placeholders that repeat on every slide, and a date that fills itself in.
_FURNITURE = ("ftr", "sldNum", "sldImg", "hdr")
_DATE = "dt"


def parse_pptx(container: Container, name: str) -> ParsedFile:
    """A presentation; the first slide's title is its title."""
    pages = tuple(
        _slide(container, part, number) for number, part in enumerate(_order(container), 1)
    )
    first = pages[0] if pages else None
    titled = first is not None and bool(first.text) and first.blocks[0].kind == "heading"
    title = first.text[: first.blocks[0].end] if titled else name
    return ParsedFile(name if title == "Slide 1" else title, pages, "pptx")


def _order(container: Container) -> list[str]:
    """The slides' parts in the order they are shown."""
    data = container.find("ppt/presentation.xml")
    targets = relations(container, "ppt/presentation.xml")
    if data is not None and targets:
        order = [e for e in read_xml(data).iter() if local(e) == "sldId"]
        # In a namespace: `sldId` has an attribute `id` of its own beside the relation's `r:id`.
        ids = [v for e in order for k, v in e.attrib.items() if k.endswith("}id")]
        parts = [targets[i][1] for i in ids if i in targets]
        if parts:
            return parts
    numbered = [n for n in container.names if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)]
    return sorted(numbered, key=lambda n: int(re.sub(r"\D", "", n)))


def _slide(container: Container, part: str, number: int) -> Page:
    builder = PageBuilder()
    root = read_xml(container.read(part))
    shapes = [e for e in root.iter() if local(e) in ("sp", "graphicFrame")]
    titles = [s for s in shapes if _placeholder(s) in _TITLES]
    title = one_line(" ".join(_paragraph(p) for s in titles for p in _paragraphs(s)))
    bodies = [s for s in shapes if s not in titles and not _is_furniture(s)]
    notes = _notes(container, part)
    empty = not (
        title or notes or any(_paragraph(p).strip() for s in bodies for p in _paragraphs(s))
    )
    if not empty:
        builder.heading(title or f"Slide {number}", 1)
    _write(builder, bodies)
    if notes:
        builder.heading("Notes", 2)
        for note in notes:
            builder.paragraph(note)
    picture = any(local(e) == "pic" for e in root.iter())
    problem = ("picture without text" if picture else "no text") if empty else ""
    return builder.page(number, f"slide {number}", problem)


def _write(builder: PageBuilder, shapes: list[_Element]) -> None:
    for shape in shapes:
        if local(shape) == "graphicFrame":
            _write_frame(builder, shape)
            continue
        paragraphs = [(_paragraph(p), _depth(p)) for p in _paragraphs(shape)]
        listed = len(paragraphs) > 1 and _placeholder(shape) != ""
        for text, depth in paragraphs:
            if listed:
                builder.item(text, depth)
            else:
                builder.paragraph(text)


def _write_frame(builder: PageBuilder, frame: _Element) -> None:
    """A table, or whatever text another kind of frame holds."""
    rows = [e for e in frame.iter() if local(e) == "tr"]
    if rows:
        builder.table(
            [
                [" ".join(_paragraph(p) for p in _paragraphs(c)) for c in row if local(c) == "tc"]
                for row in rows
            ]
        )
    else:
        for paragraph in _paragraphs(frame):
            builder.paragraph(_paragraph(paragraph))


def _notes(container: Container, part: str) -> list[str]:
    targets = [name for kind, name in relations(container, part).values() if kind == "notesSlide"]
    notes = []
    for target in targets:
        data = container.find(target)
        for shape in read_xml(data).iter() if data is not None else ():
            if local(shape) == "sp" and not _is_furniture(shape):
                notes += [text for p in _paragraphs(shape) if (text := _paragraph(p).strip())]
    return notes


def _is_furniture(shape: _Element) -> bool:
    kind = _placeholder(shape)
    automatic = any(local(e) == "fld" for e in shape.iter())
    return kind in _FURNITURE or (kind == _DATE and automatic)


def _placeholder(shape: _Element) -> str:
    """The kind of placeholder a shape is ("body" where it does not say), "" for none."""
    found = next((e for e in shape.iter() if local(e) == "ph"), None)
    return "" if found is None else found.get("type", "body")


def _paragraphs(element: _Element) -> list[_Element]:
    return [e for e in element.iter() if local(e) == "p"]


def _depth(paragraph: _Element) -> int:
    properties = next((e for e in paragraph if local(e) == "pPr"), None)
    level = "" if properties is None else properties.get("lvl", "")
    return int(level) if level.isdigit() else 0


def _paragraph(paragraph: _Element) -> str:
    parts = []
    for element in paragraph.iter():
        if local(element) == "t":
            parts.append(element.text or "")
        elif local(element) in ("br", "tab"):
            parts.append(" ")
    return "".join(parts)
