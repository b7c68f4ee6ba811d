"""The way of a reader through the pages, in a real browser over a real server."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from footnote.home import Home

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ROOT = Path(__file__).parent.parent
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


@pytest.fixture
def server(tmp_path, monkeypatch, tiny_embedder):
    """The app over a fresh home whose embedder is the tiny one; yields its address."""
    folder = tmp_path / "home"
    monkeypatch.setenv("FOOTNOTE_HOME", str(folder))
    registry = Home.open().registry
    registry.install("tiny", tiny_embedder.files.folder)
    registry.use("tiny")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://localhost:{port}"
    wait_for(f"{address}/_stcore/health")
    yield address
    process.terminate()
    process.wait(timeout=20)


def wait_for(address):
    for _ in range(240):
        try:
            return urllib.request.urlopen(address, timeout=1).read()
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(address)


@pytest.fixture
def page(browser, server):
    """A page of the app that must neither fail nor talk to anything but the server."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults, elsewhere = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: elsewhere.append(request.url))
    page.goto(server)
    yield page
    context.close()
    assert not faults
    assert not [url for url in elsewhere if not url.startswith((server, "data:", "blob:", "ws:"))]


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def upload(page, server, files):
    page.goto(f"{server}/library")
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name=re.compile(r"^Add \d+ files?$")).click()
    page.get_by_text(re.compile("^Done:")).wait_for()


def ask(page, question):
    page.get_by_placeholder("Ask your documents").fill(question)
    page.keyboard.press("Enter")


def test_the_first_cited_answer_is_three_clicks_away(page):
    button(page, "Try it with the sample documents").click()
    page.get_by_role("button", name=re.compile("error code E4")).click()
    number = page.locator(".prose .number").first
    number.click()
    highlight = page.locator(".sheet .highlight").first
    highlight.wait_for()
    page.wait_for_timeout(500)
    box, view = highlight.bounding_box(), page.locator(".sheet").bounding_box()
    assert view["y"] <= box["y"] <= view["y"] + view["height"]

    page.reload()  # the conversation is there again
    page.locator(".prose .number").first.wait_for()
    assert "c=" in page.url
    assert page.get_by_text("What does error code E4 mean?").first.is_visible()


def test_files_are_added_named_when_unreadable_and_deleted(page, server, tmp_path):
    good, bad = tmp_path / "Parking rules.txt", tmp_path / "broken.pdf"
    good.write_text("Visitors park in the yard behind the mill. Bicycles go to the shed.")
    bad.write_bytes(b"%PDF-1.7\nnothing of the kind")
    upload(page, server, [good, bad])
    page.get_by_text("1 file could not be read").wait_for()
    rows = page.locator("tbody tr")
    assert rows.count() == 2
    assert page.locator(".dot.failed").count() == 1

    page.locator("tbody tr", has_text="Parking rules").locator("input").check()
    button(page, "Delete").click()
    button(page, "Delete 1 document").click()
    page.get_by_text("Deleted:").wait_for()
    page.get_by_text("Parking rules").first.wait_for(state="detached")


def test_what_a_document_says_is_never_carried_out(page, server, tmp_path):
    file = tmp_path / "<img src=x onerror=alert(1)>.txt"
    file.write_text(
        "The password of the cellar is <script>alert('pwned')</script> and "
        "<img src=http://evil.example/pixel.png> [click](http://evil.example) **today**."
    )
    upload(page, server, [file])
    page.goto(server)
    ask(page, "What is the password of the cellar?")
    page.locator(".footnote").first.click()
    page.locator(".writing").wait_for()
    assert "<script>alert('pwned')</script>" in page.locator(".writing").inner_text()
    assert page.locator("img[src*=evil], a[href*=evil], .answer script, .sheet script").count() == 0


def test_conversations_are_renamed_and_deleted(page, server, tmp_path):
    file = tmp_path / "parking.txt"
    file.write_text("Visitors park in the yard behind the mill.")
    upload(page, server, [file])
    page.goto(server)
    ask(page, "Where do visitors park?")
    page.locator(".footnote").first.wait_for()
    entries = page.locator(".st-key-conversations")
    entries.get_by_role("button").nth(1).click()
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name").fill("Parking")
    button(page, "Save").click()
    entries.get_by_role("button", name="Parking").wait_for()
    entries.get_by_role("button").nth(1).click()
    page.get_by_text("Delete", exact=True).click()
    button(page, "Delete").click()
    entries.wait_for(state="detached")
    page.get_by_text("What would you like to know?").wait_for()
