"""How long the app's pages take to open in a browser where a collection holds 100,000 documents.

    python -m benchmarks.opening EVAL --home DIR [--documents 100000]

Two homes below DIR, one of ten documents and one of so many, filled once from the sentences of
EVAL's BEIR folders: a page, a passage and a random unit vector each, so that what search finds
means nothing and all else is as it would be. Each home is served by Streamlit, and each page opened
in Chromium, anew each time; what counts is the time until the page has drawn and the server has
come to rest. Printed are the medians, what they are in parts of the small home's, and the memory of
the server at its end. An answer is asked for as a reader would, in the field of the page.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.memory import resident
from benchmarks.served import served
from benchmarks.store import SENTENCES_A_PASSAGE, SETS, sentences
from footnote.home import Home
from indexer.chunking import cut
from indexer.parsers.text import parse_plain
from indexer.store.store import NewDocument

SMALL = 10
ROUNDS = 5
_PATIENCE = 120_000  # milliseconds
_COLLECTION = "archive"
_FIELD = "textarea[placeholder='Ask your documents']"


def fill(folder: Path, pool: list[str], count: int) -> Home:
    """A home whose collection holds so many documents; it goes on where it was broken off."""
    home = Home.open(folder)
    collection = home.store.create_collection(_COLLECTION).id
    there = home.store.connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    for number in range(there, count):
        draw = random.Random(number)
        text = " ".join(draw.choices(pool, k=SENTENCES_A_PASSAGE))
        file = folder / "document.txt"
        file.write_text(text, encoding="utf-8")
        parsed = parse_plain(text.encode(), f"{number}.txt")
        passages = cut(parsed.pages, lambda texts: [len(one) // 5 for one in texts])
        vectors = np.random.default_rng(number).standard_normal(
            (len(passages), home.embedder.dimension)
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        title = f"{' '.join(text.split()[:5])} {number}"
        new = NewDocument(
            collection, f"/archive/{number}.txt", title, "txt", home.store.originals.stage(file)
        )
        home.store.add(
            new, parsed.pages, passages, vectors.astype(np.float16), home.embedder.fingerprint
        )
        if number % 1000 == 999:
            print(f"\r{number + 1:,} documents", end="", file=sys.stderr, flush=True)
    return home


def opened(page: Page, address: str, shown: str) -> float:
    """Seconds until a page shows what it is for (a selector) and its script has run to the end."""
    began = time.monotonic()
    page.goto(address)
    page.locator(shown).first.wait_for()
    _rested(page)
    return time.monotonic() - began


def _rested(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def answered(page: Page, address: str, question: str) -> float:
    """Seconds from the question until its answer stands on the page."""
    opened(page, address, _FIELD)
    field = page.locator(_FIELD)
    field.fill(question)
    began = time.monotonic()
    field.press("Enter")
    page.get_by_text("Why these passages?").first.wait_for()
    _rested(page)
    return time.monotonic() - began


def searched(page: Page, address: str, title: str) -> float:
    """Seconds from a search in the library until its page of documents stands there."""
    opened(page, f"{address}/library", "text=.txt")
    field = page.get_by_placeholder("Search by title or file name")
    field.fill(title)
    began = time.monotonic()
    field.press("Enter")
    page.get_by_text(f"{title}.txt").first.wait_for()
    _rested(page)
    return time.monotonic() - began


def figures(folder: Path, home: Home, pool: list[str]) -> dict[str, float]:
    """Median seconds by page, and the server's megabytes."""
    count = home.store.connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    ids = [row[0] for row in home.store.connection.execute("SELECT id FROM documents LIMIT 20")]
    draw = random.Random(0)
    with served(folder) as (address, process), sync_playwright() as driver:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found: dict[str, float] = {}

        def measure(name: str, work: Callable[[Page], float], rounds: int = ROUNDS) -> None:
            times = []
            for _ in range(rounds + 1):  # the first one warms what is only made once
                context = browser.new_context(viewport={"width": 1400, "height": 900})
                context.set_default_timeout(_PATIENCE)
                times.append(work(context.new_page()))
                context.close()
            found[name] = statistics.median(times[1:])

        measure("Ask", lambda page: opened(page, address, _FIELD))
        measure("an answer", lambda page: answered(page, address, draw.choice(pool)))
        measure("Library", lambda page: opened(page, f"{address}/library", "text=.txt"))
        measure("Library, search", lambda page: searched(page, address, f"{count // 2}"))
        measure(
            "a document",
            lambda page: opened(
                page, f"{address}/library?document={draw.choice(ids)}", "text=Delete"
            ),
        )
        measure(
            "Training",
            lambda page: opened(page, f"{address}/training", "h3:has-text('New training')"),
        )
        measure("Status", lambda page: opened(page, f"{address}/status", "h3:has-text('Disk')"))
        browser.close()
        found["server, MB"] = resident(process) / 1e6
    return found


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=100_000)
    options = parser.parse_args()
    pool = [one for name in SETS for one in sentences(options.evaluation / name)]
    rows = {}
    for count in (SMALL, options.documents):
        folder = options.home / str(count)
        folder.mkdir(parents=True, exist_ok=True)
        rows[count] = figures(folder, fill(folder, pool, count), pool)
    small, large = rows.values()
    print(f"\n{'':<20}{SMALL:>10}{options.documents:>10,}{'ratio':>8}")
    for name in small:
        print(
            f"{name:<20}{small[name]:>10.2f}{large[name]:>10.2f}{large[name] / small[name]:>8.2f}"
        )


if __name__ == "__main__":
    main()
