"""Whether reading a file takes time in proportion to its size, whatever stands in it.

`python -m benchmarks.scaling [NAME…]` gives hostile inputs at 1, 2 and 4 times a size to every
step from a file to its index terms, each in a process of its own, and prints the seconds of
processor time. A step whose time grows with the square shows 4 and 16 times as much; those that
take more than `SECONDS` at the largest size are stopped, and named below the table.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from indexer.chunking import cut, embedding_text
from indexer.keyword.analysis import detect_language, index_terms, query_words
from indexer.parsers import ParseError
from indexer.parsers.layout import clean
from indexer.parsers.table import parse_bytes
from indexer.records import Page
from indexer.sentences import sentences

SECONDS = 10
SIZE = 20_000  # characters at 1×

Step = Callable[[int], None]


def _repeated(unit: str, size: int, before: str = "", after: str = "") -> str:
    return before + (unit * (size // len(unit) + 1))[:size] + after


def _read(name: str, unit: str, before: str = "", after: str = "") -> Step:
    def step(size: int) -> None:
        try:
            parse_bytes(_repeated(unit, size, before, after).encode(), name)
        except ParseError:
            return

    return step


def _nested(name: str, opening: str, closing: str, before: str = "") -> Step:
    def step(size: int) -> None:
        depth = size // (len(opening) + len(closing))
        try:
            parse_bytes((before + opening * depth + "x" + closing * depth).encode(), name)
        except ParseError:
            return

    return step


def _styled(selector: str, body: str) -> Step:
    """A sheet of one rule after another over elements inside each other."""

    def step(size: int) -> None:
        rules = (selector + "{display:none}\n") * (size // 20 // len(selector))
        text = f"<style>{rules}</style><body>" + body * (size // 20 // len(body))
        try:
            parse_bytes(text.encode(), "a.html")
        except ParseError:
            return

    return step


def _of_text(work: Callable[[str], object], unit: str) -> Step:
    return lambda size: (work(_repeated(unit, size)), None)[1]


def _passages(text: str) -> None:
    found = cut([Page(1, text)], lambda texts: [len(one) // 4 + 1 for one in texts])
    for passage in found:
        embedding_text("title", passage)


_UNITS = MappingProxyType(
    {
        "quotes": "\u201c a ", "guillemets": "\u00ab a ", "brackets": "(a ", "dots": "a. ",
        "marks": "a! ", "joined": "a-", "one letter": "a", "blanks": " ", "lines": "a\n",
        "numbers": "1,000", "accents": "a\u0301\u0302", "han": "\u4fdd\u967a",
        "thai": "\u0e04\u0e48",
        "ligature": "\ufdfa", "zero width": "a\u200b", "apostrophes": "a'", "slashes": "a/",
        "camel": "aaB", "hidden": "\u200c\u200d", "dashes": "-",
    }
)  # fmt: skip
_STEPS = MappingProxyType(
    {
        "clean": clean, "sentences": sentences, "passages": _passages,
        "terms": lambda text: index_terms(text, "en"),
        "query": lambda text: query_words(text, ["en"]),
        "language": detect_language,
    }
)  # fmt: skip

FILES: Mapping[str, Step] = MappingProxyType(
    {
        "md emphasis": _read("a.md", "*a "),
        "md brackets": _read("a.md", "["),
        "md links": _read("a.md", "[a]("),
        "md quotes": _read("a.md", "> "),
        "md backticks": _read("a.md", "`a ``b "),
        "md html": _read("a.md", "<a "),
        "md comment": _read("a.md", "<!-- "),
        "md table": _read("a.md", "|a", "|a|b|\n|-|-|\n"),
        "md lists": _read("a.md", "- a\n  "),
        "md headings": _read("a.md", "# a\n\nb\n\n"),
        "md one heading": _read("a.md", "word ", "# "),
        "rst emphasis": _read("a.rst", "*a "),
        "rst bars": _read("a.rst", "|a "),
        "rst backticks": _read("a.rst", "`a "),
        "rst targets": _read("a.rst", ".. _a:\n\n"),
        "rst footnotes": _read("a.rst", "[#]_ "),
        "rst bullets": _read("a.rst", "- a\n\n  "),
        "rst sections": _read("a.rst", "a\n=\n\n"),
        "rst directive": _read("a.rst", ".. x::\n\n"),
        "rst references": _read("a.rst", "a_ "),
        "rst words": _read("a.rst", "a-" * 2_000 + " "),
        "rst quotes": _read("a.rst", "'a "),
        "rst definition": _read("a.rst", "a\n b\n"),
        "rst roles": _read("a.rst", ":a:`b` "),
        "rst table": _read("a.rst", "= =\na b\n= =\n\n"),
        "html elements": _read("a.html", "<b>", "<html><body>"),
        "html nested": _nested("a.html", "<div>", "</div>", "<html>"),
        "html attributes": _read("a.html", '<p style="color:red;top:0">a', "<html><body>"),
        "html one style": _read("a.html", "color:red;", '<html><body><p style="', '">a'),
        "html wide": _read("a.html", "a='1' ", "<html><body><p ", ">b"),
        "html tables": _nested("a.html", "<table><tr><td>", "</td></tr></table>", "<html>"),
        "html rows": _read("a.html", "<tr><td>a<td>b", "<html><table>"),
        "html items": _read("a.html", "<li>a", "<html><ol>"),
        "html breaks": _read("a.html", "<br>a", "<html><p>"),
        "html entities": _read("a.html", "&lt;", "<html><p>"),
        "css rules": _styled("p", "<p>a"),
        "css descendants": _styled("div div div div div div", "<div>a"),
        "css any": _styled("* * * * * *", "<div>a"),
        "css siblings": _styled("* ~ * ~ *", "<p>a"),
        "css not": _styled(":not(a):not(b) *", "<p>a"),
        "css has": _styled("div:nth-child(odd) > *:last-child", "<div>a"),
        "css commas": _read("a.html", "p,", "<html><style>", "p{display:none}</style>a"),
        "css braces": _read("a.html", "{", "<html><style>", "</style>a"),
        "css media": _read("a.html", "@media screen{", "<html><style>", "</style>a"),
        "css values": _read("a.html", "color:#fff;", "<html><style>p{", "}</style>a"),
        "txt lines": _read("a.txt", "a\n"),
        "txt words": _read("a.txt", "word- \n"),
        "csv cells": _read("a.csv", "a,"),
        "csv rows": _read("a.csv", "a,b\n"),
        "csv quotes": _read("a.csv", '"a'),
        "json list": _read("a.json", "1,", "[", "1]"),
        "json keys": _read("a.json", '"a":1,', "{", '"b":1}'),
        "json nested": _nested("a.json", "[", "]"),
        "json digits": _read("a.json", "1"),
        "yaml lines": _read("a.yaml", "a: b\n"),
        "yaml nested": _read("a.yaml", "- "),
        "yaml anchors": _read("a.yaml", "&a *a "),
        "xml nested": _nested("a.xml", "<a>", "</a>", "<?xml version='1.0'?>"),
        "xml wide": _read("a.xml", "<b>c</b>", "<?xml version='1.0'?><a>", "</a>"),
        "org stars": _read("a.org", "* a\n"),
        "rtf groups": _read("a.rtf", "{\\b a}", "{\\rtf1 ", "}"),
        "rtf braces": _read("a.rtf", "{", "{\\rtf1 "),
        "eml headers": _read("a.eml", "X: a\n", "From: a@b\nSubject: c\n", "\nd"),
        "eml parts": _read(
            "a.eml", "--b\n\na\n", 'From: a@b\nContent-Type: multipart/mixed; boundary="b"\n\n'
        ),
        "eml comments": _read("a.eml", "(", "From: a@b\nTo: ", "\n\nd"),
        "eml words": _read("a.eml", "=?utf-8?q?a?= ", "From: a@b\nSubject: ", "\n\nd"),
        "eml addresses": _read("a.eml", "a@b, ", "From: a@b\nTo: ", "c@d\n\ne"),
    }
)


def steps() -> dict[str, Step]:
    """Every hostile input with what it is given to."""
    found = {
        f"{name}: {label}": _of_text(work, unit)
        for name, work in _STEPS.items()
        for label, unit in _UNITS.items()
    }
    return found | dict(FILES)


def seconds(step: Step, size: int) -> float:
    """Processor time in a process of its own; infinity where it takes more than `SECONDS`."""
    there, here = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_measured, args=(step, size, there)
    )
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        return float("inf")
    finally:
        process.join()


def _measured(step: Step, size: int, pipe: multiprocessing.connection.Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    began = time.process_time()
    step(size)
    pipe.send(time.process_time() - began)


def main() -> None:
    """Print the table."""
    chosen = [one for one in steps() if not sys.argv[1:] or any(a in one for a in sys.argv[1:])]
    for name in ("sentences", "language", "a.md", "a.html"):  # what is imported first
        _warm(name)
    print(f"{'input':28} {'1×':>8} {'2×':>8} {'4×':>8}   of {SIZE:,} characters, seconds")
    slow = []
    for name in chosen:
        times = [seconds(steps()[name], factor * SIZE) for factor in (1, 2, 4)]
        quadratic = times[2] > 0.5 and times[2] > 3 * times[1]
        if quadratic or times[2] > SECONDS / 4:
            slow.append(name)
        print(f"{name:28} " + " ".join(f"{one:8.2f}" for one in times), "  <--" * quadratic)
    print(f"\n{len(chosen)} inputs; slow or growing with the square: {', '.join(slow) or 'none'}")


def _warm(name: str) -> None:
    if name.startswith("a."):
        parse_bytes(b"<p>Words.</p>", name)
    elif name == "language":
        detect_language("Words of a language that is plain enough to tell from others.")
    else:
        sentences("Words. More words.")


if __name__ == "__main__":
    main()
