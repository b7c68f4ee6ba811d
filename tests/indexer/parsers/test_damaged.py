"""Files that are broken, locked, empty, oversized or hostile: each is named with its reason."""

from __future__ import annotations

import contextlib
import struct
import time
from io import BytesIO

import pytest
from file_writers import PICTURE, docx, epub, odt, ole, paragraph, pdf, text_at, xlsx, zipped
from PIL import Image, ImageDraw, ImageFont

from indexer.parsers import (
    CorruptedError,
    EmptyFileError,
    EncryptedError,
    ParseError,
    ScannedError,
    TooLargeError,
    UnsupportedError,
    ocr,
)


@pytest.fixture
def no_tesseract(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")


def locked_zip(data: bytes) -> bytes:
    """Set the encryption flag of every member."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = changed.find(mark, at + 4)
    return bytes(changed)


LOCKED = {
    "a.xlsx": ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}),
    "a.zip": locked_zip(zipped({"a.txt": "secret"})),
    "a.odt": odt("", manifest="<encryption-data/>"),
    "a.epub": epub(["<p>x</p>"], "T", rights="<rights/>"),
    "a.eml": "From: a@x\nContent-Type: multipart/encrypted; boundary=B\n\n--B--\n",
    "b.eml": "From: a@x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAAAA",
    "a.msg": ole(
        {
            "__properties_version1.0": b"",
            "__substg1.0_001A001F": "IPM.Note.SMIME".encode("utf-16-le"),
        }
    ),
    "a.doc": ole({"WordDocument": struct.pack("<10xH", 0x0100).ljust(0x200, b"\0")}),
}


@pytest.mark.parametrize("name", LOCKED)
def test_locked_files(read, name):
    with pytest.raises(EncryptedError) as caught:
        read(name, LOCKED[name])
    assert caught.value.code == "encrypted"


EMPTY = {
    "a.txt": "",
    "b.txt": " \n\t ",
    "a.md": "\n\n",
    "a.csv": " \n",
    "a.eml": "   \n  ",
    "a.json": " ",
    "a.xml": "<a><b/></a>",
    "a.pdf": "",
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty_files(read, name):
    with pytest.raises(EmptyFileError):
        read(name, EMPTY[name])


def test_blank_sheets_and_slides_are_pages_without_text(read):
    parsed = read("a.xlsx", xlsx({"One": []}))
    assert [(page.text, page.problem) for page in parsed.pages] == [("", "empty sheet")]


UNSUPPORTED = {
    "a.bin": bytes(range(256)) * 4,
    "a.txt": bytes(range(256)) * 4,
    "a.p7s": "MIME-Version: 1.0\n\nsigned",
    "a.xsl": '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
    "a.exe": b"MZ\x90\0\3\0\0\0",
    "a.pyc": "print(1)",
    "a.mpp": ole({"Props": b"x"}),
    "a.zip": zipped({"a.exe": b"MZ\0\0"}),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_files(read, name):
    with pytest.raises(UnsupportedError):
        read(name, UNSUPPORTED[name])


CORRUPTED = {
    "a.docx": docx(paragraph("x"))[:150],
    "b.docx": zipped({"word/other.xml": "<x/>"}),
    "a.xlsx": zipped({"xl/workbook.xml": "nonsense"}),
    "a.epub": zipped({"META-INF/container.xml": "<container/>"}),
    "a.pdf": b"%PDF-1.7 and then nothing",
    "a.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "a.doc": ole({"WordDocument": b""})[:600],
    "c.docx": zipped({"word/document.xml": ""}),
}


@pytest.mark.parametrize("name", CORRUPTED)
def test_corrupted_files(read, name):
    with pytest.raises(CorruptedError):
        read(name, CORRUPTED[name])


def test_a_pdf_whose_bytes_went_through_a_text_conversion(read):
    """The streams are damaged, the pages are still found: it is not an empty document."""
    whole = pdf([text_at(72, 700, "Lost for ever.")])
    with pytest.raises(CorruptedError):
        read("a.pdf", whole.decode("utf-8", errors="replace").encode("utf-8"))


def test_a_pdf_behind_junk_is_read_by_the_second_reader(read):
    parsed = read("a.pdf", b"junk \n" * 900 + pdf([text_at(72, 700, "Not lost at all.")]))
    assert parsed.pages[0].text == "Not lost at all."
    assert "damaged" in parsed.problems[0]


def test_scanned_files_without_text_recognition(read, no_tesseract):
    with pytest.raises(ScannedError, match="install Tesseract"):
        read("scan.pdf", pdf([PICTURE]))
    parsed = read("mixed.pdf", pdf([text_at(72, 700, "One page of text."), PICTURE, ""]))
    assert [bool(page.text) for page in parsed.pages] == [True, False, False]
    assert "scanned" in parsed.pages[1].problem
    assert "install Tesseract" in parsed.pages[1].problem
    assert parsed.pages[2].problem == ""  # nothing is missing of a page left blank


def test_a_picture_without_text_recognition(read, no_tesseract):
    stream = BytesIO()
    Image.new("RGB", (60, 40), "white").save(stream, "PNG")
    with pytest.raises(ScannedError, match="install Tesseract"):
        read("a.png", stream.getvalue())


@pytest.mark.skipif(not ocr.available(), reason="Tesseract is not installed")
def test_text_recognition_of_pictures_and_scanned_pages(read):
    picture = Image.new("RGB", (1000, 200), "white")
    font = ImageFont.load_default(60)
    ImageDraw.Draw(picture).text((40, 60), "The premium is 30 dollars", "black", font)
    png, scan = BytesIO(), BytesIO()
    picture.save(png, "PNG")
    picture.save(scan, "PDF")
    assert "premium is 30" in read("a.png", png.getvalue()).pages[0].text
    page = read("scan.pdf", scan.getvalue()).pages[0]
    assert "premium is 30" in page.text
    assert page.problem == ""


def sheet(lines: list[str], paper: int = 250, ink: int = 10) -> Image.Image:
    """A scanned page: a picture of lines of writing."""
    picture = Image.new("L", (1275, 1650), paper)
    for number, line in enumerate(lines):
        place = (120, 200 + 80 * number)
        ImageDraw.Draw(picture).text(place, line, ink, ImageFont.load_default(48))
    return picture


def stamped(picture: Image.Image, stamp: str, mode: int = 0) -> bytes:
    """A PDF page that is filled with a picture, with a few words of real text over it."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(612, 792))
    canvas.drawImage(ImageReader(picture), 0, 0, 612, 792)
    text = canvas.beginText(58, 680)
    text.setTextRenderMode(mode)
    text.textLines(stamp)
    canvas.drawText(text)
    canvas.save()
    return stream.getvalue()


STAMP = "Received 12 March, page 2 of 3"


def test_a_scan_under_a_stamp_is_not_taken_for_a_page_of_text(read, no_tesseract):
    (page,) = read("a.pdf", stamped(sheet(["The premium is 30 dollars."]), STAMP)).pages
    assert page.text == STAMP
    assert "scanned image" in page.problem
    assert "install Tesseract" in page.problem


NO_SCANS = {
    "a title over a plain background": stamped(sheet([]), "Annual report"),
    "a title over a dark picture": stamped(sheet(["x"], 30, 235), "Annual report"),
    "what a scanner has recognised": stamped(sheet(["The premium"]), "The premium", mode=3),
    "a page of text over its paper": stamped(
        sheet(["The premium"]), "Much to read in a line.\n" * 20
    ),
}


@pytest.mark.parametrize("name", NO_SCANS)
def test_a_page_with_a_picture_behind_its_text_is_no_scan(read, no_tesseract, name):
    (page,) = read("a.pdf", NO_SCANS[name]).pages
    assert page.text
    assert page.problem == ""


@pytest.mark.skipif(not ocr.available(), reason="Tesseract is not installed")
def test_a_scan_under_a_stamp_is_recognised(read):
    (page,) = read("a.pdf", stamped(sheet(["The premium is 30 dollars."]), STAMP)).pages
    assert "premium is 30" in page.text
    assert page.text.count(STAMP) == 1
    assert page.problem == ""


def test_zip_bombs(read):
    with pytest.raises(TooLargeError):
        read("bomb.zip", zipped({"zeros.txt": b"\0" * (40 << 20)}))
    with pytest.raises(TooLargeError):
        read("bomb.docx", zipped({"word/document.xml": b" " * (40 << 20)}))
    with pytest.raises(TooLargeError):
        read("bomb.xlsx", zipped({"xl/workbook.xml": b" " * (40 << 20)}))


def test_a_zip_bomb_that_lies_about_its_size(read):
    data = bytearray(zipped({"word/document.xml": b" " * (40 << 20)}))
    entry = data.find(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    with pytest.raises(ParseError):
        read("bomb.docx", bytes(data))


def test_archives_in_archives_end_somewhere(read):
    data = zipped({"a.txt": "Deep."})
    for depth in range(6):
        data = zipped({f"level{depth}.zip": data, "note.txt": "Here."})
    parsed = read("nest.zip", data)
    assert "Here." in parsed.pages[-1].text
    assert any("archives deep" in problem for problem in parsed.problems)


def test_xml_entities_are_neither_expanded_nor_fetched(read, tmp_path):
    (tmp_path / "secret.txt").write_text("top secret")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>x &l11;</a>'
    started = time.monotonic()
    parsed = read("bomb.xml", bomb)
    assert time.monotonic() - started < 20
    assert len(parsed.pages[0].text) < 100
    outside = f'<!DOCTYPE a [<!ENTITY s SYSTEM "file://{tmp_path}/secret.txt">]><a>x &s;</a>'
    assert "secret" not in read("outside.xml", outside).pages[0].text
    word = docx(paragraph("x &s;"), prolog=outside.split("<a>", maxsplit=1)[0])
    assert "secret" not in read("outside.docx", word).pages[0].text


def test_deeply_nested_json_and_xml_do_not_take_the_parser_down(read):
    assert read("deep.json", "[" * 100_000).problems
    with pytest.raises(ParseError):
        read("deep.xml", "<a>" * 100_000)


def test_damage_at_every_place_is_an_error_of_ours_or_a_reading(read):
    """Cut off or with a byte changed, a file never raises anything but a `ParseError`."""
    whole = {
        "a.docx": docx(paragraph("Words of the document.") * 5),
        "a.pdf": pdf([text_at(72, 700, "Words of the document.")]),
        "a.odt": odt("<text:p>Words</text:p>"),
        "a.doc": ole({"WordDocument": bytes(2000), "0Table": bytes(100)}),
        "a.msg": ole({"__properties_version1.0": b"x", "__substg1.0_0037001F": b"a\0b\0"}),
        "a.xlsx": xlsx({"S": [["a", "b"], [1, 2]]}),
        "a.rtf": rb"{\rtf1\ansi Words {\b of} \'e9 it\par}",
    }
    for name, data in whole.items():
        for step in range(1, 12):
            cut_off = data[: len(data) * step // 12]
            at = len(data) * step // 12
            changed = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
            for broken in (cut_off, changed):
                with contextlib.suppress(ParseError):
                    read(name, broken)
