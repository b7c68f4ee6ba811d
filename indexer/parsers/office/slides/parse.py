"""PPTX, through python-pptx: one page a slide, with its charts, diagrams, comments and notes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from indexer.parsers.container import package_faults
from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.hidden import MARKED, OFF_PAGE
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.graphics import description, write_chart, write_diagram
from indexer.parsers.office.slides.comments import Authors, comments_of
from indexer.parsers.office.slides.hidden import SlideLooks
from indexer.parsers.office.slides.text import TextLine, line_of, lines
from indexer.parsers.reading import Reading
from indexer.records import Page, ParsedFile

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide, _BaseSlide
    from pptx.text.text import _Paragraph


_OTHER_TYPES = (
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
    "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)


def parse_pptx(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """A presentation; the first slide's title is its title.

    Slides that are skipped when it is shown are read: whoever opens the file sees them.
    """
    with package_faults("a presentation"):
        shown = _opened(data)
        slides = list(shown.slides)
        reading.check_pages(len(slides), "slides")
        reader = _Reader(shown, reading)
        pages = tuple(reader.slide(slide, number) for number, slide in enumerate(slides, 1))
        title = _title(slides[0]) if slides else ""
        skipped = [str(n) for n, one in enumerate(slides, 1) if _is_skipped(one)]
    problems = (f"slides that are not shown were read too: {', '.join(skipped)}",)
    return ParsedFile(title or name, pages, "pptx", problems if skipped else ())


def _opened(data: bytes) -> Presentation:
    """Open a package; python-pptx by itself refuses slide shows and templates."""
    from pptx.opc.package import PartFactory
    from pptx.package import Package
    from pptx.parts.presentation import PresentationPart

    PartFactory.part_type_for.update(dict.fromkeys(_OTHER_TYPES, PresentationPart))
    part = Package.open(io.BytesIO(data)).main_document_part
    if not isinstance(part, PresentationPart):
        raise ValueError(f"its main part is {part.content_type}")
    return part.presentation


class _Reader:
    """Writes the slides of one presentation."""

    def __init__(self, shown: Presentation, reading: Reading) -> None:
        self._reading = reading
        self._size = (shown.slide_width or 0, shown.slide_height or 0)
        self._authors = Authors(shown)
        self._running: set[str] = set()
        self._sheets: set[str] = set()

    def slide(self, slide: Slide, number: int) -> Page:
        """The page of a slide."""
        builder = self._reading.builder()
        _choose_forms(slide.element)
        looks = SlideLooks(slide)
        titled = slide.shapes.title
        if titled is not None:
            _take_out(builder, titled, titled.text_frame.paragraphs, looks)
        title = _title(slide)
        skipped = titled.shape_id if titled is not None and title else None
        seen = list(_shapes(_seen(slide.shapes, self._size, builder)))
        shapes = [one for one in seen if one.shape_id != skipped and not _is_furniture(one)]
        noted = _noted(slide)
        said = [
            f"Comment{f' by {author}' if author else ''}: {text}"
            for author, text in comments_of(slide, self._authors)
        ]
        running = self._running_lines(slide, seen, looks)
        if title or said or running or noted or any(_says(shape) for shape in shapes):
            builder.heading(title or f"Slide {number}", 1)
        for shape in shapes:
            _write(builder, shape, looks)
        for text in (*running, *said):
            builder.paragraph(text)
        if noted:
            builder.heading("Notes", 2)
        for one in noted:
            _write_line(builder, one, listed=bool(one.mark))
        picture = any(local(shape.element) == "pic" for shape in shapes)
        problem = "picture without text" if picture else "no text"
        return builder.page(number, f"slide {number}", "" if builder.length else problem)

    def _running_lines(
        self, slide: Slide, shapes: Iterable[BaseShape], looks: SlideLooks
    ) -> list[str]:
        """What stands in footers and on the layout, where no slide before has said it."""
        repeated = [shape for shape in shapes if _is_furniture(shape)]
        layout = slide.slide_layout
        sheets: list[Any] = [layout] if _shows_master(slide) else []
        if sheets and _shows_master(layout):
            sheets.append(layout.slide_master)
        for sheet in sheets:
            if str(sheet.part.partname) not in self._sheets:
                self._sheets.add(str(sheet.part.partname))
                repeated += [one for one in sheet.shapes if not one.is_placeholder]
        found = []
        for shape in repeated:
            for text in _plain_lines(shape, looks):
                if text not in self._running:
                    self._running.add(text)
                    found.append(text)
        return found


def _is_skipped(slide: Slide) -> bool:
    return attribute(slide.element, "show") in ("0", "false")


def _shows_master(sheet: _BaseSlide) -> bool:
    return attribute(sheet.element, "showMasterSp") not in ("0", "false")


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    if shape is None or _is_marked(shape):
        return ""
    return one_line(" ".join(one.text for one in lines(shape, shape.text_frame._txBody)))


def _noted(slide: Slide) -> list[TextLine]:
    """What the speaker has noted."""
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    found = [] if notes is None else list(lines(None, notes._txBody))
    return found if any(one.text.strip() for one in found) else []


def _choose_forms(slide: _Element) -> None:
    """Put the first of several forms of a shape in its place, which python-pptx passes over."""
    for several in [e for e in slide.iter() if local(e) == "AlternateContent"]:
        parent = several.getparent()
        if parent is None or local(parent) not in ("spTree", "grpSp"):
            continue
        chosen = next((form for form in several if len(form)), None)
        for shape in () if chosen is None else list(chosen):
            several.addprevious(shape)
        parent.remove(several)


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


def _named(shape: BaseShape) -> _Element | None:
    return next((e for e in shape.element.iter() if local(e) == "cNvPr"), None)


def _is_marked(shape: BaseShape) -> bool:
    """Whether a shape is switched off in the list of the slide's objects."""
    named = _named(shape)
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
    return kind in (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER) or (
        kind == PP_PLACEHOLDER.DATE and _fills_itself(shape)
    )


def _fills_itself(shape: BaseShape) -> bool:
    """Whether a field is in a shape: a date, or the number of the slide."""
    return any(local(element) == "fld" for element in shape.element.iter())


def _plain_lines(shape: Any, looks: SlideLooks) -> Iterator[str]:
    """The lines of a shape that repeats, unless they are dates or numbers, or nobody sees them."""
    if _is_marked(shape) or not shape.has_text_frame or _fills_itself(shape):
        return
    for paragraph in shape.text_frame.paragraphs:
        text = one_line(line_of(paragraph._p))
        hidden = any(looks.how(run, shape) for run in paragraph.runs)
        if text and not hidden and not text.isdecimal():
            yield text


def _says(shape: BaseShape) -> bool:
    """Whether something of a shape may become text."""
    return any(
        (local(e) == "t" and (e.text or "").strip()) or local(e) in ("tbl", "chart", "relIds")
        for e in shape.element.iter()
    ) or bool(_described(shape))


def _described(shape: BaseShape) -> str:
    named = _named(shape)
    return "" if named is None else description(named)


def _write(builder: PageBuilder, shape: Any, looks: SlideLooks) -> None:
    """Write a table, chart or diagram, several paragraphs of a placeholder as a list, or text."""
    before = builder.length
    if shape.has_text_frame:
        _take_out(builder, shape, shape.text_frame.paragraphs, looks)
        body = list(lines(shape, shape.text_frame._txBody))
        listed = len(body) > 1 and shape.is_placeholder
        for one in body:
            _write_line(builder, one, listed=listed or bool(one.mark))
    elif any(local(e) == "tbl" for e in shape.element.iter()):
        for row in shape.table.rows:
            for cell in row.cells:
                _take_out(builder, shape, cell.text_frame.paragraphs, looks)
        write_grid(builder, laid_out(_table_rows(shape.element)))
    else:
        _write_graphic(builder, shape)
    if builder.length == before and (said := _described(shape)):
        builder.paragraph(f"Picture: {said}")


def _write_line(builder: PageBuilder, one: TextLine, listed: bool) -> None:
    if listed:
        builder.item(one.text, one.level, one.mark)
    else:
        builder.paragraph(one.text)


def _write_graphic(builder: PageBuilder, shape: BaseShape) -> None:
    """Write a chart or diagram, which are parts of their own."""
    for node in shape.element.iter():
        tag = local(node)
        if tag not in ("chart", "relIds"):
            continue
        number = attribute(node, "id" if tag == "chart" else "dm")
        relation = shape.part.rels.get(number) if number else None
        if relation is not None and not relation.is_external:
            write = write_chart if tag == "chart" else write_diagram
            write(builder, relation.target_part.blob, f"a {tag} in it")


def _table_rows(frame: _Element) -> Iterator[list[Cell]]:
    """The cells of a table, those that merged ones cover left out or going on."""
    for row in (e for e in frame.iter() if local(e) == "tr"):
        cells = []
        for cell in (e for e in row if local(e) == "tc"):
            if attribute(cell, "hMerge") in ("1", "true"):
                continue
            span = attribute(cell, "gridSpan")
            goes_on = attribute(cell, "vMerge") in ("1", "true")
            wide = int(span) if span.isdecimal() and len(span) < 6 else 1
            cells.append(Cell(_cell_text(cell), wide, 0 if goes_on else 1))
        yield cells


def _cell_text(cell: _Element) -> str:
    body = child(cell, "txBody")
    said = () if body is None else lines(None, body)
    return " ".join(f"{one.mark} {one.text}" if one.mark else one.text for one in said)


def _take_out(
    builder: PageBuilder, shape: BaseShape, paragraphs: Iterable[_Paragraph], looks: SlideLooks
) -> None:
    """Empty runs of a shape that nobody sees, and tell the page of them."""
    for paragraph in paragraphs:
        for run in paragraph.runs:
            how = looks.how(run, shape)
            if how and builder.hide(how, run.text):
                run.text = ""
