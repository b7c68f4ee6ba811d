"""The way of a reader through the pages, in a real browser over a real server."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from footnote.home import Home
from footnote.runs import service
from indexer.ingest.sources import find
from rag.history import TITLE_CHARACTERS

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ROOT = Path(__file__).parents[3]
PARKING, BROKEN, HOSTILE = "Parking rules.txt", "broken.pdf", "<img src=x onerror=alert(1)>.txt"
PATIENCE = 60_000  # milliseconds; a busy machine indexes slowly

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serving(folder, embedder, **settings):
    """The app over a fresh home whose embedder is the tiny one; yields its address."""
    registry = Home.open(folder / "home").registry
    registry.install("tiny", embedder.files.folder)
    registry.use("tiny")
    with serving_home(folder, **settings) as address:
        yield address


@contextmanager
def serving_home(folder, **settings):
    """The app over the home in this folder; yields its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=os.environ
            | {"OMP_NUM_THREADS": "1", "FOOTNOTE_HOME": str(folder / "home")}
            | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://localhost:{port}"
    try:
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def empty(tmp_path, tiny_embedder):
    """The address of an app with nothing in it."""
    with serving(tmp_path, tiny_embedder) as address:
        yield address


@pytest.fixture(scope="module")
def filled(browser, tmp_path_factory, tiny_embedder):
    """The address of an app to which a reader has added three files, one of them broken."""
    folder = tmp_path_factory.mktemp("filled")
    files = [folder / name for name in (PARKING, BROKEN, HOSTILE)]
    files[0].write_text("Visitors park in the yard behind the mill. Bicycles go to the shed.")
    files[1].write_bytes(b"%PDF-1.7\nnothing of the kind")
    files[2].write_text(
        "The password of the cellar is <script>alert('pwned')</script> and "
        "<img src=http://evil.example/pixel.png> [click](http://evil.example) **today**."
    )
    with serving(folder, tiny_embedder) as address, reading(browser, address, "/library") as page:
        page.locator("input[type=file]").set_input_files(files)
        button(page, "Add 3 files").click()
        page.get_by_text("Done: 2 added and 1 not readable").wait_for()
        assert page.get_by_text("1 file could not be read").is_visible()
        yield address


def wait_for(address):
    for _ in range(240):
        try:
            return urllib.request.urlopen(address, timeout=1).read()
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(address)


@contextmanager
def reading(browser, address, path=""):
    """A page of the app that must neither fail nor talk to anything but its server."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults, addresses = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(address + path)
    yield page
    context.close()
    assert not faults
    assert not [url for url in addresses if not url.startswith((address, "data:", "blob:"))]


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def ask(page, question):
    page.get_by_placeholder("Ask your documents").fill(question)
    page.keyboard.press("Enter")


def test_the_first_cited_answer_is_three_clicks_away(browser, empty):
    with reading(browser, empty) as page:
        button(page, "Try it with the sample documents").click()
        page.get_by_role("button", name=re.compile("error code E4")).click()
        page.locator(".prose .number").first.click()
        highlight = page.locator(".sheet .highlight").first
        highlight.wait_for()
        page.wait_for_timeout(500)
        box, view = highlight.bounding_box(), page.locator(".sheet").bounding_box()
        assert view["y"] <= box["y"] <= view["y"] + view["height"]

        page.reload()  # the conversation is there again
        page.locator(".prose .number").first.wait_for()
        assert "c=" in page.url
        assert page.get_by_text("What does error code E4 mean?").first.is_visible()


def test_an_opened_page_is_zoomed_searched_and_filled_into_the_window(browser, filled):
    with reading(browser, filled) as page:
        ask(page, "Where do visitors park?")
        page.locator(".footnote").first.click()
        sheet = page.locator(".sheet")
        size = "e => parseFloat(getComputedStyle(e).fontSize)"
        before = page.locator(".writing").evaluate(size)
        button(page, "Larger").click()
        assert page.locator(".writing").evaluate(size) > before
        page.get_by_label("Find in this document").fill("bicycles GO")
        page.keyboard.press("Enter")
        page.locator(".highlight:not(.other)", has_text="Bicycles go").wait_for()
        button(page, "Whole window").first.click()
        page.locator(".st-key-pane-full .reader.full").wait_for()
        width = page.evaluate("innerWidth")
        assert sheet.bounding_box()["width"] > 0.9 * width
        page.keyboard.press("Escape")
        page.locator(".st-key-pane-full").wait_for(state="detached")
        button(page, "Close").first.click()
        sheet.wait_for(state="detached")


def test_the_library_names_what_it_could_not_read(browser, filled):
    with reading(browser, filled, "/library") as page:
        row = page.locator("tr", has=page.locator(".dot.failed"))
        row.wait_for()
        assert "broken.pdf is damaged" in row.inner_text()
        assert page.locator("tbody tr").count() == 3
        row.locator("td").last.click()
        page.get_by_role("heading", name=BROKEN).wait_for()
        assert page.get_by_text("broken.pdf is damaged").first.is_visible()


def test_what_a_document_says_is_never_carried_out(browser, filled):
    with reading(browser, filled) as page:
        ask(page, "What is the password of the cellar? http://evil.example me@evil.example")
        page.locator(".footnote").first.click()
        page.locator(".writing").wait_for()
        assert "<script>alert('pwned')</script>" in page.locator(".writing").inner_text()
        active = "img[src*=evil], a[href*=evil], .answer script, .sheet script"
        assert page.locator(active).count() == 0


def test_conversations_are_renamed_and_deleted(browser, filled):
    with reading(browser, filled) as page:
        ask(page, "Where do visitors park?")
        page.locator(".footnote").first.wait_for()
        entry = page.locator("[class*=st-key-talk-open-]")
        entry.get_by_role("button").last.click()
        page.get_by_text("Rename", exact=True).click()
        name = page.get_by_role("textbox", name="Name")
        name.fill("x" * (TITLE_CHARACTERS + 1))  # more than is kept is not taken
        assert name.input_value() != "x" * (TITLE_CHARACTERS + 1)
        name.fill("Parking")
        page.get_by_test_id("stBaseButton-primaryFormSubmit").click()
        entry.get_by_role("button", name="Parking").wait_for()
        entry.get_by_role("button").last.click()
        page.get_by_text("Delete", exact=True).click()
        button(page, "Delete").click()
        entry.wait_for(state="detached")
        page.get_by_text("What would you like to know?").wait_for()


def test_a_deleted_document_is_gone_and_a_receipt_says_so(browser, filled):
    with reading(browser, filled, "/library") as page:
        page.locator("tbody tr", has_text=PARKING).locator("input").check()
        button(page, "Delete").click()
        button(page, "Delete 1 document").click()
        page.get_by_text("Deleted:").wait_for()
        page.locator("tbody tr", has_text=PARKING).wait_for(state="detached")


def test_an_answer_that_does_not_come_can_be_stopped(browser, tmp_path, tiny_embedder):
    (tmp_path / "Mill.txt").write_text("The mill was built in 1890.")
    with socket.socket() as silent:
        silent.bind(("localhost", 0))
        silent.listen()
        model = f"http://localhost:{silent.getsockname()[1]}/v1"
        with serving(tmp_path, tiny_embedder, OPENAI_BASE_URL=model, FOOTNOTE_MODEL="m") as address:
            Home.open(tmp_path / "home").index(list(find([tmp_path / "Mill.txt"])), "mine")
            with reading(browser, address) as page:
                ask(page, "When was the mill built?")
                page.get_by_text("Reading your documents").wait_for()
                page.get_by_test_id("stChatInputStopButton").click()
                page.get_by_text("The answer was interrupted").wait_for(timeout=30_000)
                assert button(page, "Ask again").is_visible()


def test_a_folder_is_added_and_its_form_goes(browser, filled, tmp_path):
    (tmp_path / "Mill.txt").write_text("The mill was built in 1890.")
    with reading(browser, filled, "/library") as page:
        page.get_by_text("A folder of the server").click()
        page.get_by_label("Path of the folder", exact=True).fill(str(tmp_path))
        button(page, "Add the folder").click()
        page.locator("tbody tr", has_text="Mill").wait_for()


def test_a_folder_of_the_server_is_kept_in_step_until_it_is_stopped(browser, empty, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "Mill.txt").write_text("The mill was built in 1890.")
    with reading(browser, empty, "/library") as page:
        page.get_by_text("A folder of the server").click()
        page.get_by_label("Path of the folder", exact=True).fill(str(folder))
        page.get_by_text("Keep in step").click()
        button(page, "Add the folder").click()
        page.get_by_text("Keeping My documents in step with papers").wait_for()
        page.get_by_text("Followed: 1 added").wait_for()
        (folder / "Yard.txt").write_text("The yard lies behind the mill.")
        page.get_by_text("Followed: 2 added").wait_for()
        button(page, "Stop").click()
        page.get_by_text("Keeping My documents in step").wait_for(state="detached")
        page.locator("tbody tr", has_text="Yard").wait_for()


def test_from_documents_to_a_proof_in_five_steps(browser, papers_home):
    with (
        serving_home(papers_home.path.parent) as address,
        reading(browser, address, "/training") as page,
    ):
        page.get_by_text("Train the whole model").click()
        page.locator("summary").filter(has_text="Settings").click()
        for label, value in (("Steps", "2"), ("Batch", "4")):
            page.get_by_role("spinbutton", name=label).fill(value)
            page.keyboard.press("Enter")
        page.get_by_text("papers is searched with the model tiny").wait_for()
        button(page, "Make the examples").click()
        page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
        button(page, "Start training").click()
        page.get_by_text("Question by question").wait_for()
        # The grid is drawn on a canvas; its cells stand beside it for screen readers.
        page.get_by_text("By meaning and words (fused)").first.wait_for(state="attached")
        page.locator("[data-testid=stVegaLiteChart] .marks").first.wait_for()
        (run,) = service.runs(papers_home)
        assert (run.proof is None, run.request.recipe.steps) == (False, 2)
