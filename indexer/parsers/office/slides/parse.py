"""PPTX, through python-pptx: one page a slide, with its notes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from indexer.parsers.container import package_faults
from indexer.parsers.hidden import MARKED, OFF_PAGE
from indexer.parsers.layout import PageBuilder
from indexer.parsers.markup.markup import attribute, local
from indexer.parsers.office.slides.hidden import SlideLooks
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.text.text import _Paragraph


def parse_pptx(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A presentation; the first slide's title is its title.

    Slides that are skipped when it is shown are read: whoever opens the file sees them.
    """
    from pptx import Presentation

    with package_faults("a presentation"):
        shown = Presentation(io.BytesIO(data))
        slides = list(shown.slides)
        reading.check_pages(len(slides), "slides")
        size = (shown.slide_width or 0, shown.slide_height or 0)
        pages = tuple(
            _slide(slide, number, size, reading.builder()) for number, slide in enumerate(slides, 1)
        )
        title = _title(slides[0]) if slides else ""
        skipped = [str(n) for n, one in enumerate(slides, 1) if _is_skipped(one)]
    problems = (f"slides that are not shown were read too: {', '.join(skipped)}",)
    return ParsedFile(title or name, pages, "pptx", problems if skipped else ())


def _is_skipped(slide: Slide) -> bool:
    return attribute(slide.element, "show") in ("0", "false")


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return shape.text_frame.text.strip() if shape is not None and not _is_marked(shape) else ""


def _slide(slide: Slide, number: int, size: tuple[int, int], builder: PageBuilder) -> Page:
    looks = SlideLooks(slide)
    titled = slide.shapes.title
    if titled is not None:
        _take_out(builder, titled, titled.text_frame.paragraphs, looks)
    title = _title(slide)
    skipped = titled.shape_id if titled is not None and title else None
    shapes = [
        shape
        for shape in _shapes(_seen(slide.shapes, size, builder))
        if shape.shape_id != skipped and not _is_furniture(shape)
    ]
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    noted = notes.text if notes is not None else ""
    if title or noted.strip() or any(_has_text(shape) for shape in shapes):
        builder.heading(title or f"Slide {number}", 1)
    for shape in shapes:
        _write(builder, shape, looks)
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


def _seen(
    shapes: Iterable[BaseShape], size: tuple[int, int], builder: PageBuilder
) -> Iterator[BaseShape]:
    """The shapes that are seen on a slide of this size; of the others the page is told."""
    for shape in shapes:
        how = MARKED if _is_marked(shape) else OFF_PAGE if _is_off(shape, size) else ""
        said = " ".join(e.text or "" for e in shape.element.iter() if local(e) == "t")
        if not how or not said.strip() or not builder.hide(how, said):
            yield shape


def _is_marked(shape: BaseShape) -> bool:
    """Whether a shape is switched off in the list of the slide's objects."""
    named = next((e for e in shape.element.iter() if local(e) == "cNvPr"), None)
    return named is not None and attribute(named, "hidden") in ("1", "true")


def _is_off(shape: BaseShape, size: tuple[int, int]) -> bool:
    """Whether all of a shape lies beside the slide; a placeholder may have no place of its own."""
    left, top, width, height = shape.left, shape.top, shape.width, shape.height
    if left is None or top is None or width is None or height is None or not all(size):
        return False
    return left + width <= 0 or top + height <= 0 or left >= size[0] or top >= size[1]


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


def _has_text(shape: Any) -> bool:
    return shape.has_table if not shape.has_text_frame else bool(shape.text_frame.text.strip())


def _write(builder: PageBuilder, shape: Any, looks: SlideLooks) -> None:
    """Write a table's rows, a placeholder's several paragraphs as a list, or paragraphs."""
    if shape.has_text_frame:
        paragraphs = shape.text_frame.paragraphs
        _take_out(builder, shape, paragraphs, looks)
        listed = len(paragraphs) > 1 and shape.is_placeholder
        for paragraph in paragraphs:
            if listed:
                builder.item(paragraph.text, paragraph.level)
            else:
                builder.paragraph(paragraph.text)
    elif shape.has_table:
        for row in shape.table.rows:
            for cell in row.cells:
                _take_out(builder, shape, cell.text_frame.paragraphs, looks)
        builder.table([[cell.text for cell in row.cells] for row in shape.table.rows])


def _take_out(
    builder: PageBuilder, shape: BaseShape, paragraphs: Iterable[_Paragraph], looks: SlideLooks
) -> None:
    """Empty runs of a shape that nobody sees, and tell the page of them."""
    for paragraph in paragraphs:
        for run in paragraph.runs:
            how = looks.how(run, shape)
            if how and builder.hide(how, run.text):
                run.text = ""
