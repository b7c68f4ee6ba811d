"""Pictures on pages, turned scans, text layers that say nothing, vertical writing."""
# ruff: noqa: E501 (sentences and rows, a line each)

from __future__ import annotations

import io
import shutil

import pytest
from file_writers import pdf, text_at
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from indexer.parsers import ocr, parse
from indexer.parsers.pdf.gibberish import is_gibberish
from indexer.parsers.pdf.lines import Line
from indexer.parsers.pdf.vertical import in_columns

needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="needs Tesseract")
ROWS = [
    ("Plan", "Single", "Family"),
    ("Basic", "$45.00", "$160.00"),
    ("Plus", "$55.00", "$250.00"),
    ("Best", "$80.00", "$310.00"),
]


def table_picture(ground: str = "white") -> Image.Image:
    picture = Image.new("RGB", (900, 360), "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(34)
    for r, row in enumerate(ROWS):
        for c, cell in enumerate(row):
            x, y = 10 + 300 * c, 10 + 88 * r
            pen.rectangle((x, y, x + 290, y + 80), fill=ground if not c or not r else "#e8e8e8")
            pen.text((x + 30, y + 20), cell, "black", font=font)
    return picture


def page_with(picture: Image.Image, *lines: str, size=(450, 180)) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(612, 792))
    for n, line in enumerate(lines):
        canvas.drawString(72, 740 - 14 * n, line)
    canvas.drawImage(ImageReader(picture), 72, 400, *size)
    canvas.drawString(72, 300, "Below the picture the page goes on.")
    canvas.save()
    return stream.getvalue()


PROSE = (
    "The table below shows what each of the plans costs for a month, for one person",
    "and for a family; it was pasted as a picture. Prices hold until the end of the year.",
    "Whoever joins in the middle of a month pays half of it, and nothing for the first",
    "month if the plan was chosen before; see the conditions on the next page of this.",
)


@pytest.fixture
def read(tmp_path):
    def read(data: bytes, name: str = "a.pdf"):
        path = tmp_path / name
        path.write_bytes(data)
        return parse(path)

    return read


@needs_tesseract
@pytest.mark.parametrize("ground", ["white", "#929292"])
def test_a_table_pasted_as_a_picture_is_read_as_one(read, ground):
    (page,) = read(page_with(table_picture(ground), *PROSE)).pages
    table = next(page.text[b.start : b.end] for b in page.blocks if b.kind == "table")
    assert table.split("\n") == [" | ".join(row) for row in ROWS]
    assert (
        page.text.index("end of the year")
        < page.text.index("$45.00")
        < page.text.index("Below the picture")
    )
    assert page.problem == ""


def test_a_picture_with_writing_is_named_where_nothing_recognises_it(read, monkeypatch):
    monkeypatch.setattr(ocr, "available", lambda: False)
    (page,) = read(page_with(table_picture(), *PROSE)).pages
    assert page.problem.startswith("a picture on it was not read")
    assert "goes on" in page.text


def test_logos_and_photographs_are_not_asked_for_text(read, monkeypatch):
    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(ocr, "recognise_words", fail)
    photo = Image.effect_mandelbrot((300, 200), (-3, -2.5, 2, 2.5), 100).point(
        lambda v: 60 + v // 3
    )
    assert read(page_with(photo, *PROSE)).pages[0].problem == ""
    assert read(page_with(table_picture(), *PROSE, size=(60, 24))).pages[0].problem == ""


@needs_tesseract
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scan_is_read_whichever_way_it_lies(read, turn):
    picture = Image.new("L", (1240, 1100), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(36)
    for n in range(12):
        pen.text(
            (90, 80 + 75 * n),
            f"The gravel of load {n} was delivered on 14 May at the gate.",
            0,
            font=font,
        )
    stream = io.BytesIO()
    picture.rotate(turn, expand=True, fillcolor=255).save(stream, "PNG")
    assert "delivered on 14 May" in read(stream.getvalue(), "scan.png").pages[0].text


@needs_tesseract
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photograph_is_turned_as_the_camera_says(read, orientation):
    picture = Image.new("L", (1000, 420), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(36)
    for n, line in enumerate(
        ("Delivery receipt", "The gravel was delivered on 14 May.", "Weight: 18.6 tonnes")
    ):
        pen.text((60, 60 + 90 * n), line, 0, font=font)
    turned = picture.rotate({3: 180, 6: 90, 8: -90}[orientation], expand=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    turned.save(stream, "JPEG", exif=exif)
    text = read(stream.getvalue(), "photo.jpg").pages[0].text
    assert "The gravel was delivered on 14 May." in text
    assert "18.6" in text


NATURAL = {
    "en": "Either party may terminate this agreement with two months notice to the end of a quarter.",
    "de": "Jede Partei kann diesen Vertrag mit einer Frist von zwei Monaten zum Quartalsende kündigen.",
    "fi": "Kumpikin osapuoli voi irtisanoa sopimuksen kahden kuukauden irtisanomisajalla neljänneksen loppuun.",
    "pl": "Każda ze stron może wypowiedzieć umowę z zachowaniem dwumiesięcznego okresu wypowiedzenia.",
    "vi": "Mỗi bên có thể chấm dứt hợp đồng này với thông báo trước hai tháng đến cuối quý.",
    "cy": "Gall y naill barti neu'r llall derfynu'r cytundeb hwn gyda dau fis o rybudd hyd ddiwedd chwarter.",
}


@pytest.mark.parametrize("language", NATURAL)
def test_text_in_a_language_says_something(language):
    assert not is_gibberish(NATURAL[language] * 2)


@pytest.mark.parametrize("shift", [1, 3, 13, 20])
def test_text_with_shifted_letters_says_nothing(shift):
    def moved(text):
        return "".join(
            chr((ord(c) - 97 + shift) % 26 + 97) if "a" <= c <= "z" else c for c in text.lower()
        )

    assert is_gibberish(moved(NATURAL["en"] * 2))
    assert is_gibberish(moved(NATURAL["de"] * 2))


def test_codes_of_another_script_say_nothing():
    russian = (
        "Каждая сторона может расторгнуть настоящий договор с уведомлением за два месяца до конца"
    )
    assert is_gibberish(russian.encode("cp1251").decode("latin-1"))
    assert not is_gibberish(russian)


def test_lists_of_codes_and_short_texts_are_let_be():
    assert not is_gibberish("XK-48213 TR-99 QZX-1 BB7 " * 20)
    assert not is_gibberish("Wkh")


@needs_tesseract
def test_a_layer_of_shifted_letters_gives_way_to_what_is_drawn(read, monkeypatch):
    said = [NATURAL["en"][:60], NATURAL["en"][60:] + " It begins on the first of May."]
    content = "".join(text_at(72, 700 - 20 * n, line, 12) for n, line in enumerate(said))
    # The font says that each letter is the next but two: a ToUnicode map of another font.
    shown = pdf([content])
    from indexer.parsers.pdf import content as reading

    class Shifted(reading.Characters):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.text = "".join(
                chr((ord(c) - 97 + 3) % 26 + 97) if "a" <= c <= "z" else c for c in self.text
            )

    monkeypatch.setattr(reading, "Characters", Shifted)
    (page,) = read(shown).pages
    assert "terminate this agreement" in page.text
    assert page.problem == ""


def test_a_layer_of_control_characters_is_named(read, monkeypatch):
    monkeypatch.setattr(ocr, "available", lambda: False)
    content = text_at(
        72,
        700,
        "\x01\x04\x05\x06\x07\x08\x05\x04\x07\x05 ! \x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15",
    )
    parsed = read(pdf([content, text_at(72, 700, "A page that can be read.")]))
    assert parsed.pages[0].problem.startswith("text layer that cannot be read")
    assert parsed.pages[0].text == ""


def glyph(character: str, x: float, y: float, size: float = 16) -> list[Line]:
    return [Line(character, x, x + size, y, y + size, size, bold=False)]


COLUMNS = ("契約期間は三年です。", "更新は書面で行います。", "担当は佐藤です。")


def test_glyphs_below_each_other_are_read_down(read):
    lines = [
        glyph(c, 400 - 30 * k, 760 - 18 * n)
        for k, column in enumerate(COLUMNS)
        for n, c in enumerate(column)
    ]
    assert [line[0].text for line in in_columns(lines)] == list(COLUMNS)


def test_rows_of_glyphs_that_stand_in_columns_are_read_down():
    lines = []
    for n in range(11):
        row = [
            glyph(c[n], 400 - 30 * k, 760 - 18 * n)[0] for k, c in enumerate(COLUMNS) if n < len(c)
        ]
        lines.append(row[::-1])
    assert [line[0].text for line in in_columns(lines)] == list(COLUMNS)


def test_a_sentence_goes_on_in_the_next_column():
    columns = ("契約期間は三年とし更新", "は書面で行います。")
    lines = [
        glyph(c, 400 - 30 * k, 760 - 18 * n)
        for k, column in enumerate(columns)
        for n, c in enumerate(column)
    ]
    assert [line[0].text for line in in_columns(lines)] == ["".join(columns)]


def test_horizontal_japanese_stays_as_it_is():
    lines = [
        [Line("契約期間は三年です。", 72, 232, 700 - 20 * n, 716 - 20 * n, 16, bold=False)]
        for n in range(3)
    ]
    assert in_columns(lines) == lines
    spaced = [
        glyph(c, 72 + 18 * n, 700 - 40 * row)[0]
        for row in range(2)
        for n, c in enumerate(COLUMNS[0])
    ]
    assert in_columns([spaced]) == [spaced]


def test_a_font_that_is_nowhere_is_read_all_the_same(read):
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.setFont("HeiseiMin-W3", 16)
    for k, column in enumerate(COLUMNS):
        for n, character in enumerate(column):
            canvas.drawString(400 - 30 * k, 760 - 18 * n, character)
    canvas.save()
    text = read(stream.getvalue()).pages[0].text
    assert all(column in text for column in COLUMNS)
    assert text.index("契約") < text.index("更新") < text.index("担当")
