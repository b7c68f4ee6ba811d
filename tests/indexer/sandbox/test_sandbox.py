"""Parsing in processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from file_writers import PICTURE, pdf, text_at, zipped

from indexer.chunking import PassageLimits, cut
from indexer.parsers import (
    EmptyFileError,
    ParseError,
    ParserMemoryError,
    ParserTimeoutError,
    parse,
)
from indexer.records import ParsedFile
from indexer.sandbox.pool import Cutting, ParserPool, _seconds


def children() -> set[int]:
    found = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, check=False
    )
    rows = found.stdout.decode().splitlines()
    return {int(row.split()[0]) for row in rows if "indexer.sandbox.child" in row} - BEFORE


# Parser processes that earlier tests of this process have left to be used again.
BEFORE: set[int] = set()


@pytest.fixture(autouse=True)
def before():
    BEFORE.clear()
    BEFORE.update(children())


def test_a_file_comes_back_as_it_is_parsed_here(tmp_path):
    path = tmp_path / "plan.pdf"
    path.write_bytes(pdf([text_at(72, 700, "Übermut tut selten gut.", 20)] * 3))
    with ParserPool() as pool:
        assert pool.parse(path).result() == parse(path)
        assert pool.parse(path, "My Plan.pdf").result().title == "My Plan"


def test_errors_come_back_as_what_they_are(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    with ParserPool() as pool:
        with pytest.raises(EmptyFileError, match="0 bytes"):
            pool.parse(empty).result()
        with pytest.raises(ParseError, match="cannot be opened"):
            pool.parse(tmp_path / "absent.txt").result()


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.txt"
    path.write_text("Fine.")
    return path


def hold(pool: ParserPool, good: Path) -> int:
    """Start the pool's worker and stop it in its tracks: whatever it gets next hangs."""
    pool.parse(good).result(timeout=60)
    (process,) = children()
    os.kill(process, signal.SIGSTOP)
    return process


def test_a_file_that_hangs_is_stopped_and_the_others_go_on(good):
    with ParserPool(workers=1, seconds=2) as pool:
        hold(pool, good)
        hanging, after = pool.parse(good), pool.parse(good)
        with pytest.raises(ParserTimeoutError, match="more than 2 seconds"):
            hanging.result(timeout=60)
        assert after.result(timeout=60).pages[0].text == "Fine."


def test_memory_is_bounded(tmp_path, good):
    path = tmp_path / "large.txt"
    path.write_bytes(b"many words of it " * (15 << 20))
    with ParserPool(memory_bytes=500 << 20) as pool:
        with pytest.raises(ParserMemoryError, match="memory"):
            pool.parse(path).result(timeout=60)
        assert pool.parse(good).result(timeout=30).pages[0].text == "Fine."


HIDDEN = "1 1 1 rg " + text_at(72, 700, "White words.") + "0 0 0 rg " + text_at(72, 600, "Shown.")


@pytest.mark.parametrize("content", [PICTURE + HIDDEN, PICTURE], ids=["drawn to compare", "scans"])
def test_a_long_pdf_takes_no_more_memory_than_a_short_one(tmp_path, slow_recognition, content):
    """Every page is drawn; all the pictures together would not fit into what there is."""
    slow_recognition(0)
    path = tmp_path / "long.pdf"
    written = pdf([content] * 12).replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 1500 1500]")
    path.write_bytes(written)
    with ParserPool(memory_bytes=400 << 20) as pool:
        parsed = pool.parse(path).result(timeout=120)
    assert len(parsed.pages) == 12
    assert all(page.text and (page.hidden or not page.problem) for page in parsed.pages)
    assert bool(parsed.pages[11].hidden) == (content != PICTURE)


def test_a_worker_that_dies_costs_its_file_only(good):
    with ParserPool(workers=1) as pool:
        process = hold(pool, good)
        hanging = pool.parse(good)
        time.sleep(0.5)  # until the worker has been sent the file
        os.kill(process, signal.SIGKILL)
        with pytest.raises(ParserMemoryError):
            hanging.result(timeout=60)
        assert pool.parse(good).result(timeout=60).pages[0].text == "Fine."


def test_many_files_stream_back_as_they_are_done(tmp_path):
    paths = []
    for number in range(30):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"File {number}." if number % 5 else "")
        paths.append(path)
    with ParserPool(workers=2) as pool:
        found = dict(pool.imap(iter(paths)))
    assert set(found) == set(paths)
    for number, path in enumerate(paths):
        if number % 5:
            assert isinstance(found[path], ParsedFile)
            assert found[path].pages[0].text == f"File {number}."
        else:
            assert isinstance(found[path], EmptyFileError)


def test_imap_reads_its_paths_as_it_gets_on(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Fine.")
    taken = 0

    def paths():
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield path

    with ParserPool() as pool:
        stream = pool.imap(paths())
        next(stream)
        assert taken < 10
        stream.close()


def test_closing_kills_what_is_running(good):
    pool = ParserPool(seconds=600)
    hold(pool, good)
    running = pool.parse(good)
    while not running.running():
        time.sleep(0.01)
    closing = threading.Thread(target=pool.close)
    closing.start()
    closing.join(timeout=30)
    assert not closing.is_alive()
    assert not children()
    assert running.done()


def test_large_results_pass_the_pipe(tmp_path):
    path = tmp_path / "large.zip"
    path.write_bytes(zipped({f"{n}.txt": f"{n} words and words. " * 40_000 for n in range(5)}))
    with ParserPool() as pool:
        parsed = pool.parse(path).result(timeout=60)
    assert sum(len(page.text) for page in parsed.pages) > 3_000_000


def test_a_worker_imports_no_model_code():
    listed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, indexer.sandbox.child, indexer.parsers.table; print(*sys.modules)",
        ],
        capture_output=True,
        check=True,
    )
    modules = set(listed.stdout.decode().split())
    assert not {"torch", "transformers", "faiss", "streamlit", "numpy", "pandas"} & modules


def words(texts):
    return [len(text.split()) for text in texts]


def test_passages_come_back_as_they_are_cut_here(tmp_path):
    path, limits = tmp_path / "a.md", PassageLimits(20, 30)
    path.write_text(
        "# Leave\n\n" + "Full-time staff have thirty days of it. " * 40 + "\n\n# End\n\nOf."
    )
    with ParserPool() as pool:
        found = pool.parse_and_cut(path, "a.md", Cutting(words, limits)).result(timeout=60)
    assert found.parsed == parse(path, "a.md")
    assert found.passages == cut(found.parsed.pages, words, limits)
    assert len(found.passages) > 5


def test_a_counter_that_fails_costs_its_file_and_no_other(good):
    def fails(texts):
        raise ValueError("no tokenizer")

    with ParserPool(workers=1) as pool:
        with pytest.raises(ValueError, match="no tokenizer"):
            pool.parse_and_cut(good, "a.txt", Cutting(fails, PassageLimits())).result(timeout=60)
        after = pool.parse_and_cut(good, "a.txt", Cutting(words, PassageLimits()))
        assert [one.text for one in after.result(timeout=60).passages] == ["Fine."]


def test_a_small_file_gets_less_time_than_a_large_one(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x" * 9_000)
    large.write_bytes(b"x" * (3 << 20))
    assert (_seconds(small), _seconds(large)) == (60, 120)
