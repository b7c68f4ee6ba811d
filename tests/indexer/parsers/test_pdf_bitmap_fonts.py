"""Papers set by TeX in bitmap fonts, whose codes have no names."""

from __future__ import annotations

import pytest
from file_writers import pdf_file

from indexer.pages import boxes
from indexer.parsers import parse

T1 = (
    b"The di\x1berence is signi\x1ccant: the \x1ductuation was e\x1ecient.",
    b"\x10Quoted\x11 \x15 and ba\x1fing",
    b"\x88 An item of a list",
)
OT1 = (
    b"The di\x0berence is signi\x0ccant and e\x0ecient, in ba\x0fing.",
    b"\x0f An item of a list",
)


def bitmap_pdf(lines: tuple[bytes, ...]) -> bytes:
    """A page in a Type 3 font whose characters are called /a0 to /a255, as dvips calls them."""
    names = " ".join(f"/a{code}" for code in range(256)).encode()
    glyph = b"500 0 0 0 400 700 d1 0 0 400 700 re f"
    glyphs = b" ".join(b"/a%d 5 0 R" % code for code in range(256))
    shown = b"".join(
        b"BT /F 11 Tf 72 %d Td <%s> Tj ET\n" % (720 - 28 * n, line.hex().encode())
        for n, line in enumerate(lines)
    )
    return pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R"
            b" /Resources << /Font << /F 4 0 R >> >> >>",
            b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 800]"
            b" /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 0 /LastChar 255"
            b" /Widths [%s] /Encoding << /Type /Encoding /Differences [0 %s] >>"
            b" /CharProcs << %s >> /Resources << >> >>"
            % (b" ".join([b"500"] * 256), names, glyphs),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(glyph), glyph),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
        ]
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            T1,
            "The difference is significant: the fluctuation was efficient.\n\n"
            "“Quoted” – and baffling\n\n• An item of a list",
        ),
        (OT1, "The difference is significant and efficient, in baffling.\n\n• An item of a list"),
    ],
)
def test_ligatures_and_bullets_of_bitmap_fonts_are_read(tmp_path, lines, expected):
    path = tmp_path / "paper.pdf"
    path.write_bytes(bitmap_pdf(lines))
    assert parse(path).pages[0].text == expected


def test_a_quote_with_ligatures_is_found_on_the_page(tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(bitmap_pdf(T1))
    text = parse(path).pages[0].text
    start = text.index("significant")
    (found,) = boxes(path, 1, text, start, start + len("significant"))
    assert found.right > found.left
