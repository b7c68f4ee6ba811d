"""Markdown, reStructuredText, EPUB: the same kinds of fault as in HTML."""

from __future__ import annotations

import pytest
from file_writers import epub, zipped


def text(parsed) -> str:
    return "\n\n".join(page.text for page in parsed.pages)


MARKDOWN = {
    "a power": ("10<sup>6</sup> cells", "10^6 cells"),
    "a note's mark": ("It costs $320<sup>1</sup>.", "It costs $320 ^1."),
    "a line in a cell": ("| A | B |\n|---|---|\n| x<br>y | 1 |", "A | B\nx y | 1"),
    "a table in HTML": (
        "<table><tr><th>Bird</th><th>Span</th></tr><tr><td>Rook</td><td>70</td></tr></table>",
        "Bird | Span\nRook | 70",
    ),
    "a table with empty lines": (
        "<table>\n\n<tr><th>A</th>\n\n<th>B</th></tr>\n\n<tr><td rowspan=1>1</td><td>2</td></tr>\n"
        "\n</table>",
        "A | B\n1 | 2",
    ),
    "a note of one word": (
        "Dusk.[^1]\n\n[^1]: Counted.\n[^2]: Too.",
        "Dusk.[^1]\n\n[^1]: Counted.\n\n[^2]: Too.",
    ),
    "readings": ("<ruby>東<rt>とう</rt>京</ruby>支店", "東京支店"),
    "tasks": ("- [x] done\n- [ ] open", "- [x] done\n- [ ] open"),
    "a list that goes on": ("4. four\n5. five", "4. four\n5. five"),
    "HTML lists": ("<ol start=3>\n<li>c</li>\n</ol>", "3. c"),
    "tags of programs": ('<Note title="x">\nText\n</Note>', '<Note title="x">\nText\n</Note>'),
}


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown(read, name):
    source, shown = MARKDOWN[name]
    assert text(read("a.md", source)) == shown


RST = {
    "a power": ("10\\ :sup:`6` cells", "10^6 cells"),
    "an index": ("H\\ :sub:`2`\\ O", "H_2O"),
    "a note's mark": (
        "costs $320\\ [1]_ net\n\n.. [1] The note.",
        "costs $320 [1] net\n\n[1] The note.",
    ),
    "numbers": ("3. three\n4. four", "3. three\n4. four"),
    "letters": ("(c) three\n(d) four", "(c) three\n(d) four"),
    "spans": (
        "+---+-------+\n| A | B     |\n|   +---+---+\n|   | C | D |\n+===+===+===+\n| 1 | 2 | 3 |\n"
        "+---+---+---+",
        "A | B C | B D\n1 | 2 | 3",
    ),
    "cells that reach down": (
        "+---+---+\n| A | B |\n+===+===+\n| x | 1 |\n|   +---+\n|   | 2 |\n+---+---+",
        "A | B\nx | 1\nx | 2",
    ),
    "a title in the text": (".. topic:: Aims\n\n   To count.", "Aims\n\nTo count."),
}


@pytest.mark.parametrize("name", RST)
def test_restructured_text(read, name):
    source, shown = RST[name]
    assert text(read("a.rst", source)) == shown


def book(items: str, spine: str, **chapters: str) -> bytes:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="p.opf"/>'
            "</rootfiles></container>",
            "p.opf": package,
            **{
                f"{name}.xhtml": f"<html><body>{body}</body></html>"
                for name, body in chapters.items()
            },
        }
    )


def item(name: str, properties: str = "") -> str:
    kind = "application/xhtml+xml"
    return f'<item id="{name}" href="{name}.xhtml" media-type="{kind}" properties="{properties}"/>'


def test_notes_of_a_book_that_its_spine_leaves_out_or_sets_aside(read):
    data = book(
        item("nav", "nav") + item("one") + item("notes") + item("plan"),
        '<itemref idref="one"/><itemref idref="notes" linear="no"/>',
        nav="<p>Contents</p>",
        one='<p>Cut until 1911<a epub:type="noteref" href="notes.xhtml">1</a>.</p>',
        notes="<p>Peat, by hand.</p>",
        plan="<p>Nine sluices.</p>",
    )
    assert text(read("a.epub", data)) == "Cut until 1911 ^1.\n\nPeat, by hand.\n\nNine sluices."


def test_figures_and_tables_of_a_book(read):
    data = epub(
        ["<p>10<sup>3</sup> and <ruby>東<rt>とう</rt></ruby>京</p><ol start='7'><li>x</li></ol>"],
        "T",
    )
    assert text(read("a.epub", data)) == "10^3 and 東京\n\n7. x"


XML = {
    "a power": ("<a><p>10<sup>6</sup> cells</p></a>", "10^6 cells"),
    "a note's mark": (
        "<a><p>costs $320<superscript>1</superscript>.</p></a>",
        "costs $320 ^1.",
    ),
    "a formula": (
        "<a><p>So <math xmlns='http://www.w3.org/1998/Math/MathML'><mfrac><mi>a</mi><mn>2</mn>"
        "</mfrac></math> holds</p></a>",
        "So a/2 holds",
    ),
    "records": (
        "<r><o><n>Ann</n><c>3</c></o><o><n>Bob</n><c/></o><o><c>4</c></o></r>",
        "n | c\nAnn | 3\nBob\n | 4",
    ),
    "records in attributes": (
        '<r><o name="Ann" age="3"/><o name="Bob" age="4"/></r>',
        "name | age\nAnn | 3\nBob | 4",
    ),
    "a table of XHTML": (
        "<a><table><tr><th>A</th><th>B</th></tr><tr><td rowspan='2'>x</td><td>1</td></tr>"
        "<tr><td>2</td></tr></table></a>",
        "A | B\nx | 1\nx | 2",
    ),
    "a table of DocBook": (
        "<a><table><title>T</title><tgroup><thead><row><entry>A</entry><entry>B</entry></row>"
        "</thead><tbody><row><entry morerows='1'>x</entry><entry>1</entry></row>"
        "<row><entry>2</entry></row></tbody></tgroup></table></a>",
        "T\n\nA | B\nx | 1\nx | 2",
    ),
}


@pytest.mark.parametrize("name", XML)
def test_xml(read, name):
    source, shown = XML[name]
    assert text(read("a.xml", source)) == shown
