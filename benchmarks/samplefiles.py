"""Checks the parsers against a folder of sample files with an `index.csv` of expectations.

    python -m benchmarks.samplefiles $EVAL/samplefiles [--all]

Prints a line for each file that does not behave as expected (with --all, for every file) and
exits with 1 where there is any. Each file is parsed in a sandboxed process, as in indexing.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.parsers import ParseError
from indexer.records import ParsedFile
from indexer.sandbox.pool import ParserPool

# Files of these kinds may or may not give text where Tesseract is installed.
_RECOGNISED = "scanned without text"
_MUST_FAIL = {
    "empty": {"empty"},
    "encrypted": {"encrypted"},
    "corrupted": {"corrupted"},
    "unsupported": {"unsupported"},
}


@dataclass(frozen=True, slots=True)
class Check:
    """What was expected of a file, and what came."""

    file: str
    expected: str
    outcome: str
    right: bool


def judge(row: dict[str, str], result: ParsedFile | ParseError) -> Check:
    """Compare a row of the index with what the parser gave."""
    if isinstance(result, ParseError):
        outcome = f"{result.code}: {result}"
        allowed = _MUST_FAIL.get(row["expected"], set())
        scanned = row["expected"] == _RECOGNISED and result.code == "scanned"
        return Check(row["file"], row["expected"], outcome, scanned or result.code in allowed)
    text = "\n".join(page.text for page in result.pages)
    missing = _missing(row["expected_snippet"], f"{result.title}\n{text}")
    without = sum(not page.text for page in result.pages)
    outcome = f"{result.kind}, {len(result.pages)} pages, {len(text)} characters"
    outcome += f", {without} without text" if without else ""
    outcome += f", problems: {'; '.join(result.problems)}" if result.problems else ""
    outcome += f", MISSING {missing[:8]}" if missing else ""
    right = row["expected"] not in _MUST_FAIL and not missing
    return Check(row["file"], row["expected"], outcome, right)


def _missing(snippet: str, text: str) -> list[str]:
    """Words of the snippet that the text lacks; its last word is cut off in the index."""
    words, held = _words(snippet), set(_words(text))
    missing = [word for word in words[:-1] if word not in held]
    cut_off = [last for last in words[-1:] if not any(word.startswith(last) for word in held)]
    return missing + cut_off


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def checks(folder: Path) -> Iterator[Check]:
    """Parse every file of the index and compare."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    by_path = {folder / row["file"]: row for row in rows}
    with ParserPool(workers=2) as pool:
        for path, result in pool.imap(by_path):
            yield judge(by_path[path], result)


def main() -> int:
    """Print the table; 1 where a file did not behave."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--all", action="store_true", help="print the files that are right too")
    options = arguments.parse_args()
    started = time.perf_counter()
    found = list(checks(options.folder))
    for check in sorted(found, key=lambda c: (c.right, c.expected, c.file)):
        if options.all or not check.right:
            mark = "ok  " if check.right else "FAIL"
            print(f"{mark} {check.expected:24} {check.file:52} {check.outcome}")
    right = sum(check.right for check in found)
    print(f"{right} of {len(found)} as expected, {time.perf_counter() - started:.1f} s")
    return 0 if right == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
