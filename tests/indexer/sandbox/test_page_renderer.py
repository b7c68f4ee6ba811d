"""Pages drawn in a process that can be killed."""

import io
from types import SimpleNamespace

import pytest
from file_writers import pdf, text_at

from indexer.pages import boxes, render
from indexer.parsers import CorruptedError, ParserTimeoutError
from indexer.sandbox import page_renderer
from indexer.sandbox.page_renderer import PagePictures


@pytest.fixture
def pictures():
    made = PagePictures()
    yield made
    made.close()


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.pdf"
    path.write_bytes(pdf([text_at(72, 700, "The premium is 30 dollars.")] * 2))
    return path


def test_a_page_is_drawn_as_it_would_be_here(pictures, plan):
    assert pictures.render(plan, 2, 50) == render(plan, 2, 50)
    text = "The premium is 30 dollars."
    assert pictures.boxes(plan, 1, text, 4, 11) == boxes(plan, 1, text, 4, 11) != ()


def test_what_cannot_be_drawn_is_said_and_the_next_page_is_drawn(pictures, plan, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(CorruptedError, match="cannot be drawn"):
        pictures.render(broken, 1, 50)
    with pytest.raises(CorruptedError, match="no page 9"):
        pictures.render(plan, 9, 50)
    assert pictures.render(plan, 1, 50)


def slow_page() -> bytes:
    """A page that fills itself again and again with half-seen circles: minutes of drawing."""
    circle = "300 0 m 600 0 600 792 300 792 c 0 792 0 0 300 0 c f\n"
    state = b"/Resources << /ExtGState << /G << /ca 0.5 /BM /Luminosity >> >> /Font"
    data = pdf(["/G gs\n" + circle * 200_000])
    return data.replace(b"/Resources << /Font", state, 1)


def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_drawn(plan, tmp_path):
    slow = tmp_path / "slow.pdf"
    slow.write_bytes(slow_page())
    pictures = PagePictures(seconds=1)
    try:
        with pytest.raises(ParserTimeoutError, match="more than 1 seconds to draw"):
            pictures.render(slow, 1, 110)
        assert pictures.boxes(slow, 1, "x", 0, 1) == ()
        assert io.BytesIO(pictures.render(plan, 1, 50)).read(8) == b"\x89PNG\r\n\x1a\n"
    finally:
        pictures.close()


def test_a_page_that_was_given_up_is_not_tried_again_for_a_while(plan, monkeypatch):
    pictures, tried, now = PagePictures(), [], [0.0]

    def answers(worker, request, seconds, closed):
        ((what, about),) = request.items()
        tried.append((what, about[1]))
        if about[1] == 1:
            raise ParserTimeoutError("took too long")
        yield {"picture": "", "boxes": []}

    monkeypatch.setattr(page_renderer.Worker, "answers", answers)
    monkeypatch.setattr(page_renderer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    try:
        for _ in range(3):
            with pytest.raises(ParserTimeoutError, match="to draw and was given up"):
                pictures.render(plan, 1, 110)
        assert tried == [("draw", 1)]
        assert pictures.boxes(plan, 1, "x", 0, 1) == pictures.boxes(plan, 1, "x", 0, 1) == ()
        assert tried == [("draw", 1), ("boxes", 1)]  # where words stand is another question
        assert pictures.render(plan, 2, 110) == b""
        now[0] += page_renderer._GIVEN_UP_SECONDS
        with pytest.raises(ParserTimeoutError):
            pictures.render(plan, 1, 110)
        assert tried[-1] == ("draw", 1)
        monkeypatch.setattr(page_renderer, "_GIVEN_UP_PAGES", 1)  # more are forgotten, oldest first
        pictures.boxes(plan, 1, "x", 0, 1)
        assert list(pictures._given_up) == [("boxes", str(plan), 1)]
    finally:
        pictures.close()
