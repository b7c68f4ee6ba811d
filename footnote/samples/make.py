"""Writes the sample documents that are not written by hand: `python -m footnote.samples.make`.

The texts are in `sources/`; this gives them the formats that people have: PDF, DOCX, XLSX.
Needs reportlab, which the app itself does not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

HERE = Path(__file__).parent
INK, ACCENT, LINE = "#1f2a2e", "#1f6f78", "#c9d4d6"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a Markdown text. `rows` are a table's rows, or a list's items as one cell."""

    kind: Literal["h1", "h2", "paragraph", "list", "table"]
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def pieces(markdown: str) -> Iterator[Piece]:
    """Cut the Markdown used in `sources/` (headings, paragraphs, lists, tables) into pieces."""
    for block in markdown.strip().split("\n\n"):
        lines = block.splitlines()
        if block.startswith("# "):
            yield Piece("h1", block[2:])
        elif block.startswith("## "):
            yield Piece("h2", block[3:])
        elif block.startswith("1. "):
            yield Piece("list", rows=tuple((line.split(". ", 1)[1],) for line in lines))
        elif block.startswith("|"):
            cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
            yield Piece("table", rows=(cells[0], *cells[2:]))  # line 1 is the rule under the header
        else:
            yield Piece("paragraph", " ".join(lines))


def write_pdf(source: Path, target: Path) -> None:
    """A PDF with a coloured title, ruled tables and page numbers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    parts = list(pieces(source.read_text(encoding="utf-8")))
    document = SimpleDocTemplate(
        str(target),
        pagesize=A4,
        leftMargin=26 * mm,
        rightMargin=26 * mm,
        topMargin=24 * mm,
        bottomMargin=24 * mm,
        title=parts[0].text,
        author="Brightwater Instruments Ltd",
        invariant=1,  # the same bytes each time
    )

    def furniture(canvas: Any, page: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(ACCENT)
        canvas.rect(0, A4[1] - 5 * mm, A4[0], 5 * mm, stroke=0, fill=1)
        canvas.drawString(26 * mm, 13 * mm, parts[0].text)
        canvas.drawRightString(A4[0] - 26 * mm, 13 * mm, f"page {page.page}")

    document.build(
        [flowable for piece in parts for flowable in _flowables(piece)],
        onFirstPage=furniture,
        onLaterPages=furniture,
    )


def _flowables(piece: Piece) -> Iterator[Flowable]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import ListFlowable, Paragraph, Spacer

    body = ParagraphStyle(
        "body", fontName="Helvetica", fontSize=10.5, leading=15.5, textColor=INK, spaceAfter=7
    )
    heads = {
        "h1": ParagraphStyle(
            "h1", body, fontName="Times-Bold", fontSize=25, leading=30, spaceAfter=8
        ),
        "h2": ParagraphStyle(
            "h2",
            body,
            fontName="Times-Bold",
            fontSize=15,
            leading=19,
            spaceBefore=12,
            textColor=ACCENT,
            keepWithNext=1,
        ),
    }
    if piece.kind == "list":
        yield ListFlowable([Paragraph(row[0], body) for row in piece.rows], leftIndent=16)
    elif piece.kind == "table":
        yield _table(piece, body)
        yield Spacer(1, 9)
    else:
        yield Paragraph(piece.text, heads.get(piece.kind, body))


def _table(piece: Piece, body: Any) -> Flowable:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Table

    cell = ParagraphStyle("cell", body, fontSize=9.5, leading=12.5, spaceAfter=0)
    header = ParagraphStyle("header", cell, fontName="Helvetica-Bold")
    rows = [
        [Paragraph(text, cell if number else header) for text in row]
        for number, row in enumerate(piece.rows)
    ]
    longest = [max(len(row[column]) for row in piece.rows) for column in range(len(piece.rows[0]))]
    share = [max(length, 12) / sum(max(length, 12) for length in longest) for length in longest]
    return Table(
        rows,
        colWidths=[450 * part for part in share],
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            ("LINEBELOW", (0, 0), (-1, 0), 1, ACCENT),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )


def write_docx(source: Path, target: Path) -> None:
    """A Word document with real heading styles."""
    from docx import Document

    document = Document()
    for piece in pieces(source.read_text(encoding="utf-8")):
        if piece.kind in ("h1", "h2"):
            document.add_heading(piece.text, level=int(piece.kind[1]))
        else:
            document.add_paragraph(piece.text)
    document.core_properties.title = "Employee handbook"
    document.core_properties.author = "Brightwater Instruments Ltd"
    document.save(str(target))


def write_xlsx(source: Path, target: Path) -> None:
    """A workbook with one sheet for each value of the CSV's first column."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    with source.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    for name, *values in rows:
        if name not in book.sheetnames:
            book.create_sheet(name).append(header[1:])
            for cell in book[name][1]:
                cell.font = Font(bold=True)
            book[name].column_dimensions["A"].width = 42
        book[name].append([int(value) if value.isdecimal() else value for value in values])
    book.properties.title = "Price list 2025"
    book.save(target)


def main() -> None:
    """Write all of them."""
    sources, documents = HERE / "sources", HERE / "documents"
    write_pdf(sources / "travel-policy.md", documents / "travel-policy.pdf")
    write_pdf(sources / "skylark-manual.md", documents / "skylark-manual.pdf")
    write_docx(sources / "employee-handbook.md", documents / "employee-handbook.docx")
    write_xlsx(sources / "prices.csv", documents / "Price list 2025.xlsx")


if __name__ == "__main__":
    main()
