"""From a bare start to a cited answer on two PDFs of one's own, in a real browser."""

import os
from pathlib import Path

import pytest

from tests.file_writers import pdf, text_at
from tests.footnote.web.test_browser import browser, empty, pytestmark, reading

__all__ = ["browser", "empty", "pytestmark"]  # the fixtures and the marks of the other walks

PICTURES = os.environ.get("PICTURES")  # a folder: the walk leaves pictures there
UPLOAD = "[data-testid=stFileUploaderDropzone] button"
MOST = 8  # clicks, a question that is sent being one


class Newcomer:
    """Somebody at the page who counts their clicks."""

    def __init__(self, page):
        self.page, self.clicks = page, 0

    def click(self, place):
        place.click()
        self.clicks += 1
        if PICTURES:
            self.page.wait_for_timeout(700)
            self.page.screenshot(path=Path(PICTURES) / f"newcomer-{self.clicks}.png")

    def button(self, name):
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def choose(self, place, files):
        """Choose files in the window that the browser opens at a click."""
        with self.page.expect_file_chooser() as chooser:
            self.click(place)
        chooser.value.set_files(files)


@pytest.fixture
def own(tmp_path):
    """A folder with two PDFs."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in (
        ("Mill.pdf", "The mill was built in 1890 by the river."),
        ("Yard.pdf", "Visitors park in the yard behind the mill."),
    ):
        (folder / name).write_bytes(pdf([text_at(72, 700, text)]))
    return folder


def ask_and_open(newcomer, title):
    """Ask, and open what the answer cites."""
    page = newcomer.page
    newcomer.click(page.get_by_role("link", name="Ask"))
    page.get_by_placeholder("Ask your documents").fill("When was the mill built?")
    newcomer.click(page.get_by_test_id("stChatInputSubmitButton"))
    newcomer.click(page.locator(".prose .number").first)
    page.locator(".sheet .highlight").first.wait_for()
    assert title in page.locator(".footnote.opened .source").inner_text()


def test_two_pdfs_of_ones_own_are_asked_within_eight_clicks(browser, empty, own):
    with reading(browser, empty) as page:
        newcomer = Newcomer(page)
        newcomer.button("Add your own documents")
        newcomer.choose(page.locator(UPLOAD), sorted(own.iterdir()))
        newcomer.button("Add 2 files")
        page.get_by_text("Done: 2 added").wait_for()
        ask_and_open(newcomer, "Mill")
        assert newcomer.clicks <= MOST
