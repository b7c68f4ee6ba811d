"""Raised and lowered figures in PDF never join the number or word before them."""

from __future__ import annotations

import pytest
from file_writers import pdf, text_at

from indexer.parsers import parse

# Widths of Helvetica at 11 points.
_WIDE = {" ": 3.06, "$": 6.12, ".": 3.06, ",": 3.06}


def width(text: str, size: float = 11) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return stringWidth(text, "Helvetica", size)


def line(*parts: str, y: float = 700) -> str:
    """Text in which "^1" is raised and "_2" lowered, each in type of seven points."""
    x, content = 72.0, ""
    for part in parts:
        script = {"^": 4.0, "_": -2.0}.get(part[0], 0.0) if len(part) > 1 else 0.0
        text, size = (part[1:], 7) if script else (part, 11)
        content += text_at(x, y + script, text, size)
        x += width(text, size)
    return content


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "a.pdf"
        path.write_bytes(pdf([content]))
        return parse(path).pages[0].text

    return read


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("The kit costs $320", "^1", " at list price."), "The kit costs $320 ^1 at list price."),
        (("Seeded with 10", "^6", " cells overnight."), "Seeded with 10^6 cells overnight."),
        (("The tank holds 45 m", "^3", " of water."), "The tank holds 45 m^3 of water."),
        (("Add H", "_2", "O to the glass."), "Add H_2O to the glass."),
        (("In all 5,000", "^b", " people came."), "In all 5,000 ^b people came."),
        (("It opens on the 1", "^st", " of May."), "It opens on the 1st of May."),
        (("The dose was 10", "^-3", " mol in all."), "The dose was 10^-3 mol in all."),
        (("The limit is 60 units.", "^12"), "The limit is 60 units. ^12"),
    ],
)
def test_what_is_raised_or_lowered_is_set_apart(read, parts, text):
    assert read(line(*parts)) == text


def test_the_mark_before_a_note_is_a_word_of_its_own(read):
    content = line("^1", "Excluding tax and freight.", y=100)
    assert read(content) == "1 Excluding tax and freight."


def test_small_print_is_not_raised(read):
    content = text_at(72, 700, "Large words", 14) + text_at(72, 686, "small words below them", 8)
    assert "^" not in read(content)
    assert "_" not in read(content)


def test_letters_drawn_apart_are_a_word(read):
    content = text_at(72, 700, "T E R M I N A T I O N", 12) + text_at(
        72, 680, "Either party may leave."
    )
    assert read(content).startswith("TERMINATION")


def test_words_of_letters_drawn_apart_stay_apart(read):
    content = text_at(72, 700, "F I N A L   T E R M S", 12) + text_at(
        72, 680, "Nothing else holds."
    )
    assert read(content).startswith("FINAL TERMS")


def test_single_letters_in_prose_stay_single(read):
    assert read(text_at(72, 700, "Plan A or B is a choice.")) == "Plan A or B is a choice."
