"""Page pictures, and the boxes that highlight a sentence on them."""

from __future__ import annotations

import io

import pytest
from file_writers import PICTURE, pdf, text_at

from indexer.pages import Box, boxes, render
from indexer.parsers import CorruptedError, parse

LINES = (
    text_at(72, 700, "Costs", 18, bold=True)
    + text_at(72, 660, "Every plan has a price. The deductible is two thousand dollars a")
    + text_at(72, 645, "year, and it applies to the out-of-")
    + text_at(72, 630, "pocket costs. Nothing else does.")
)


@pytest.fixture
def written(tmp_path):
    def written(contents, **options):
        path = tmp_path / "a.pdf"
        path.write_bytes(pdf(contents, **options))
        return path

    return written


def dark_share(path, box: Box) -> float:
    """The share of dark dots of the page's picture inside a box."""
    from PIL import Image

    picture = Image.open(io.BytesIO(render(path, 1))).convert("L")
    across, down = picture.size
    inside = picture.crop(
        (
            int(box.left * across),
            int(box.top * down),
            int(box.right * across) + 1,
            int(box.bottom * down) + 1,
        )
    )
    return sum(inside.histogram()[:128]) / (inside.size[0] * inside.size[1])


def place(text: str, quote: str) -> tuple[int, int]:
    start = text.index(quote)
    return start, start + len(quote)


def test_render_gives_a_png_of_the_page(written):
    path = written([LINES, ""])
    assert render(path, 1).startswith(b"\x89PNG")
    assert len(render(path, 1, dpi=200)) > len(render(path, 1, dpi=50))
    with pytest.raises(IndexError, match="2 pages"):
        render(path, 3)


def test_a_sentence_over_three_lines_has_three_boxes(written):
    path = written([LINES])
    text = parse(path).pages[0].text
    found = boxes(path, 1, text, *place(text, "The deductible"))
    assert len(found) == 1
    whole = text.index("The deductible"), text.index("Nothing") - 1
    found = boxes(path, 1, text, *whole)
    assert len(found) == 3
    first, second, third = found
    assert first.top < second.top < third.top
    assert first.left > second.left == pytest.approx(third.left, abs=0.01)
    assert second.left == pytest.approx(72 / 612, abs=0.01)
    assert all(dark_share(path, box) > 0.05 for box in found)


def test_boxes_do_not_reach_into_the_neighbouring_sentence(written):
    path = written([text_at(72, 700, "Nothing here matters. Yes. Nothing there does.")])
    text = parse(path).pages[0].text
    (before,) = boxes(path, 1, text, *place(text, "Nothing here matters."))
    (middle,) = boxes(path, 1, text, *place(text, "Yes."))
    (after,) = boxes(path, 1, text, *place(text, "Nothing there does."))
    assert before.right <= middle.left + 0.001
    assert middle.right <= after.left + 0.001


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_boxes_follow_the_rotation_of_the_page(written, rotate):
    path = written([text_at(72, 700, "A sentence on a page that is turned.")], rotate=rotate)
    text = parse(path).pages[0].text
    found = boxes(path, 1, text, 0, len(text))
    assert found
    assert all(dark_share(path, box) > 0.05 for box in found)


def test_a_repeated_sentence_is_highlighted_where_it_stands(written):
    path = written([text_at(72, 700, "Once more.") + text_at(72, 400, "Once more.")])
    text = parse(path).pages[0].text
    start = text.rindex("Once more.")
    (upper,) = boxes(path, 1, text, 0, len("Once more."))
    (lower,) = boxes(path, 1, text, start, len(text))
    assert lower.top > upper.top + 0.3


def test_what_is_not_on_the_page_is_not_highlighted(written):
    path = written([text_at(72, 700, "Once more. Once more."), PICTURE])
    assert boxes(path, 1, "Something else entirely.", 0, 9) == ()
    assert boxes(path, 1, "Another text. Once more.", 14, 24) == ()  # stands there twice
    assert boxes(path, 2, "Text that was recognised in a scan.", 0, 4) == ()
    assert boxes(path, 1, "Once more. Once more.", 4, 5) == ()  # a blank


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(CorruptedError, match=r"broken\.pdf"):
        render(path, 1)
