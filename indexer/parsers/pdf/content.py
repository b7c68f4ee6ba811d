"""One page of a PDF as a person sees it: lines and tables, with where each stands.

Reading and highlighting both come here, so that a highlight is where the text was read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from indexer.parsers.pdf.annotations import read_annotations, with_annotations
from indexer.parsers.pdf.characters import Characters, read_lines, turned
from indexer.parsers.pdf.drawn import read_drawing
from indexer.parsers.pdf.hidden import hidden_characters, in_plain_sight, is_recognised
from indexer.parsers.pdf.lines import PageLines, Table
from indexer.parsers.pdf.tables.find import with_tables
from indexer.parsers.pdf.vertical import in_columns

_MEANINGLESS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage


def read_content(
    page: PdfPage, text_page: PdfTextPage, *, keep: bool, before: Table | None = None
) -> PageLines:
    """Read a page; `keep` keeps text that nobody sees.

    `before` is the table that the page before ends with.
    """
    from pypdfium2 import raw

    drawing = read_drawing(page)
    found = hidden_characters(page, text_page, drawing)
    turn, size = page.get_rotation() // 90, page.get_size()
    characters = Characters(text_page, turn, size)
    if turn:
        drawing.across, drawing.down = (
            [turned(box, turn, size) for box in boxes]
            for boxes in (
                (drawing.down, drawing.across) if turn % 2 else (drawing.across, drawing.down)
            )
        )
        drawing.edges = []
    lines = in_columns(read_lines(characters, {} if keep else found, drawing))
    hidden = _hidden(characters.text, found)
    notes: tuple[str, ...] = ()
    annotations = read_annotations(page, text_page)
    if annotations is not None:
        hidden += tuple(annotations.hidden)
        notes = tuple(annotations.notes)
        lines = with_annotations(lines, annotations)
    pictures = [
        one.box
        for one in drawing.shapes
        if one.kind == raw.FPDF_PAGEOBJ_IMAGE and not is_recognised(one.box, drawing.texts)
    ]
    return PageLines(
        tuple(with_tables(lines, drawing, before)),
        size[1],
        hidden,
        notes,
        pinned=annotations is not None and annotations.pinned,
        pictures=tuple(turned(box, turn, size) if turn else box for box in pictures),
        unreadable=_unreadable(characters.text),
        unmapped=not characters.text.strip() and in_plain_sight(drawing.texts),
    )


def _unreadable(text: str) -> float:
    """The share of characters that mean nothing: fonts that do not say what their glyphs are."""
    said = len(text) - sum(map(text.count, " \r\n\t"))
    return len(_MEANINGLESS.findall(text)) / said if said else 0.0


def _hidden(text: str, characters: Mapping[int, str]) -> tuple[tuple[str, str], ...]:
    """What is hidden on a page, with how it is, in the order of the text layer."""
    if not characters:
        return ()
    found: list[tuple[str, str]] = []
    for at, character in enumerate(text):
        how = characters.get(at)
        if how is None:
            if found and character.isspace() and not found[-1][1].endswith(" "):
                found[-1] = (found[-1][0], found[-1][1] + " ")
        elif found and found[-1][0] == how:
            found[-1] = (how, found[-1][1] + character)
        else:
            found.append((how, character))
    return tuple(found)
