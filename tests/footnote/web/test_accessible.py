"""axe-core over every page, in light and dark: no serious finding."""

import pytest

from footnote.home import Home
from indexer.ingest.sources import find
from tests.footnote.web.test_browser import ask, browser, pytestmark, serving

__all__ = ["browser", "pytestmark"]

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
PAGES = ("/library", "/status", "/settings", "/training")


@pytest.fixture(scope="module")
def address(tmp_path_factory, tiny_embedder):
    """An app with one document in it."""
    folder = tmp_path_factory.mktemp("accessible")
    (folder / "Mill.txt").write_text("The mill was built in 1890. The yard lies behind the mill.")
    with serving(folder, tiny_embedder) as here:
        Home.open(folder / "home").index(list(find([folder / "Mill.txt"])), "mine", workers=1)
        yield here


def serious(page):
    page.wait_for_timeout(1000)
    found = axe.Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(browser, address, scheme):
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(address)
    ask(page, "When was the mill built?")
    page.locator(".footnote").first.click()
    page.locator(".sheet").wait_for()
    assert serious(page) == []
    for path in PAGES:
        page.goto(address + path)
        page.get_by_role("heading", level=1).first.wait_for()
        assert serious(page) == []
    context.close()
