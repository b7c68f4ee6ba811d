"""PPTX, through python-pptx: one page a slide, with its notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.container import package_faults
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup import local
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide


def parse_pptx(data: bytes, name: str) -> ParsedFile:
    """A presentation; the first slide's title is its title."""
    from pptx import Presentation

    with package_faults("a presentation"):
        slides = list(Presentation(io.BytesIO(data)).slides)
        pages = tuple(_slide(slide, number) for number, slide in enumerate(slides, 1))
        title = _title(slides[0]) if slides else ""
    return ParsedFile(title or name, pages, "pptx")


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return one_line(shape.text_frame.text) if shape is not None else ""


def _slide(slide: Slide, number: int) -> Page:
    builder = PageBuilder()
    title = _title(slide)
    skipped = slide.shapes.title.shape_id if title else None
    shapes = [s for s in _shapes(slide.shapes) if s.shape_id != skipped and not _is_furniture(s)]
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    noted = notes.text if notes is not None else ""
    if title or noted.strip() or any(_has_text(shape) for shape in shapes):
        builder.heading(title or f"Slide {number}", 1)
    for shape in shapes:
        _write(builder, shape)
    if noted.strip():
        builder.heading("Notes", 2)
        for line in noted.split("\n"):
            builder.paragraph(line)
    picture = any(local(shape.element) == "pic" for shape in shapes)
    problem = "picture without text" if picture else "no text"
    return builder.page(number, f"slide {number}", "" if builder.length else problem)


def _shapes(shapes: Iterator[BaseShape]) -> Iterator[BaseShape]:
    """All shapes in order, those of groups in their place."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _is_furniture(shape: BaseShape) -> bool:
    """Whether a shape repeats on every slide: footer, slide number, self-filling date."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    if not shape.is_placeholder:
        return False
    kind = shape.placeholder_format.type
    automatic = any(local(element) == "fld" for element in shape.element.iter())
    return kind in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER) or (
        kind == PP_PLACEHOLDER.DATE and automatic
    )


def _has_text(shape: BaseShape) -> bool:
    return shape.has_table if not shape.has_text_frame else bool(shape.text_frame.text.strip())


def _write(builder: PageBuilder, shape: BaseShape) -> None:
    """Write a table's rows, a placeholder's several paragraphs as a list, or paragraphs."""
    if shape.has_text_frame:
        paragraphs = shape.text_frame.paragraphs
        listed = len(paragraphs) > 1 and shape.is_placeholder
        for paragraph in paragraphs:
            if listed:
                builder.item(paragraph.text, paragraph.level)
            else:
                builder.paragraph(paragraph.text)
    elif shape.has_table:
        builder.table([[cell.text for cell in row.cells] for row in shape.table.rows])
