"""One page of a PDF as a person sees it: lines and tables, with where each stands.

Reading and highlighting both come here, so that a highlight is where the text was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from indexer.parsers.pdf.characters import Characters, read_lines, turned
from indexer.parsers.pdf.drawn import read_drawing
from indexer.parsers.pdf.hidden import hidden_characters
from indexer.parsers.pdf.lines import PageLines, Table
from indexer.parsers.pdf.tables.find import with_tables

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage


def read_content(
    page: PdfPage, text_page: PdfTextPage, *, keep: bool, before: Table | None = None
) -> PageLines:
    """Read a page; `keep` keeps text that nobody sees.

    `before` is the table that the page before ends with.
    """
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
    lines = read_lines(characters, {} if keep else found, drawing)
    items = with_tables(lines, drawing, before)
    return PageLines(tuple(items), size[1], _hidden(characters.text, found))


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
