"""HTML as a browser shows it: numbers, tables, raised figures, readings, formulas, forms."""

from __future__ import annotations

import pytest

SHOWN = {
    # Raised and lowered text.
    "a power": ("<p>10<sup>6</sup> cells</p>", "10^6 cells"),
    "a note's mark": ("<p>costs $320<sup>1</sup>.</p>", "costs $320 ^1."),
    "a lowered figure": ("<p>H<sub>2</sub>O</p>", "H_2O"),
    "an ordinal": ("<p>the 1<sup>st</sup> day</p>", "the 1st day"),
    "raised by its style": ('<p>8 m<span style="vertical-align:super">2</span></p>', "8 m^2"),
    "a fraction": ("<p>3<sup>1</sup>/<sub>2</sub> cups</p>", "3 1/2 cups"),
    "a reference": ('<p>in 1911<a role="doc-noteref" href="#n">4</a>.</p>', "in 1911 ^4."),
    "in a cell": (
        "<table><tr><th>A<th>B<tr><td>2<sup>10</sup><td>$5<sup>2</sup></table>",
        "A | B\n2^10 | $5 ^2",
    ),
    "a tip beside its picture": (
        '<table><tr><td rowspan="2"><img alt="[Tip]"></td><th>Tip</th></tr>'
        "<tr><td><p>Press the key twice.</p></td></tr></table>",
        "Tip\n\nPress the key twice.",
    ),
    "in a heading": ("<h1>Area 5 m<sup>2</sup></h1>", "Area 5 m^2"),
    "a heading's link to itself": ('<h2>The move to 3<a href="#move">¶</a></h2>', "The move to 3"),
    # Formulas.
    "a formula": (
        "<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>",
        "a/(b+1)",
    ),
    "a root": ("<math><msqrt><msup><mi>x</mi><mn>2</mn></msup></msqrt></math>", "sqrt(x^2)"),
    "a formula and its source": (
        "<math><semantics><msub><mi>x</mi><mn>1</mn></msub><annotation>x_1</annotation>"
        "</semantics></math>",
        "x_1",
    ),
    "both indices": (
        "<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><mo>=</mo><mn>4</mn></math>",
        "x_1^2 =4",
    ),
    "a formula written twice": (
        '<p><span class="katex-mathml"><math><mi>y</mi></math></span>'
        '<span class="katex-html">y</span></p>',
        "y",
    ),
    # Numbers that the browser makes.
    "start": ("<ol start=4><li>Tighten</ol>", "4. Tighten"),
    "value": ("<ol><li value=12>Call<li>Leave</ol>", "12. Call\n13. Leave"),
    "letters": ("<ol type=a start=27><li>Rinse</ol>", "aa. Rinse"),
    "Roman": ("<ol type=I start=4><li>Rinse<li>Dry</ol>", "IV. Rinse\nV. Dry"),
    "by style": ("<ol style='list-style-type:lower-roman' start=8><li>a</ol>", "viii. a"),
    "reversed": ("<ol reversed><li>a<li>b</ol>", "2. a\n1. b"),
    "comments between": ("<ol><li>a</li><!-- x --><li>b</li></ol>", "1. a\n2. b"),
    "a thousand": ("<ol start=1000><li>a</ol>", "1000. a"),
    "one in another": ("<ol><li>a<ol type=A><li>b</ol><li>c</ol>", "1. a\n  A. b\n2. c"),
    # Blanks where lines end.
    "a heading of two lines": ("<h1>Part<br>Two</h1>", "Part Two"),
    "blocks in cells": (
        "<table><tr><th>A<th>B<tr><td><ul><li>x</li><li>y</li></ul><td><p>1</p>2</table>",
        "A | B\nx y | 1 2",
    ),
    "terms in cells": (
        "<table><tr><th>A<th>B<tr><td>x<td><dl><dt>t</dt><dd>d</dd></dl></table>",
        "A | B\nx | t d",
    ),
    "a caption of two lines": (
        "<table><caption>One<br>two</caption><tr><th>A<th>B<tr><td>1<td>2</table>",
        "One two\n\nA | B\n1 | 2",
    ),
    "a summary": ("<details><summary>More</summary>Text</details>", "More\n\nText"),
    # Tables as grids.
    "rowspan": (
        "<table><tr><th>R<th>P<th>U<tr><td rowspan=2>EU<td>Cable<td>12<tr><td>Hub<td>7</table>",
        "R | P | U\nEU | Cable | 12\nEU | Hub | 7",
    ),
    "colspan": (
        "<table><tr><th>D<th colspan=2>Hours<th>Key<tr><td>S<td>9<td>21<td>Bettina</table>",
        "D | Hours | Hours | Key\nS | 9 | 21 | Bettina",
    ),
    "header rows": (
        "<table><thead><tr><th rowspan=2>R<th colspan=2>2024<tr><th>Q1<th>Q2</thead>"
        "<tr><td>EU<td>1<td>2</table>",
        "R | 2024 Q1 | 2024 Q2\nEU | 1 | 2",
    ),
    "to the end": (
        "<table><tr><th>A<th>B<tr><td rowspan=0>x<td>1<tr><td>2</table>",
        "A | B\nx | 1\nx | 2",
    ),
    "a foot before the body": (
        "<table><tr><th>A<th>B</tr><tfoot><tr><td>sum<td>3</tfoot><tbody><tr><td>x<td>3</table>",
        "A | B\nx | 3\nsum | 3",
    ),
    "a table in a cell": (
        "<table><tr><th>A<th>B<tr><td>x<td><table><tr><th>P<th>Q<tr><td>1<td>2</table></table>",
        "A | B\nx | P: 1, Q: 2",
    ),
    # Ruby.
    "readings": ("<ruby>東<rt>とう</rt>京<rt>きょう</rt></ruby>支店", "東京支店"),
    "readings in brackets": (
        "<ruby><rb>大阪</rb><rp>(</rp><rt>おおさか</rt><rp>)</rp></ruby>支店",
        "大阪支店",
    ),
    "readings in a cell": (
        "<table><tr><th><ruby>名<rt>な</rt></ruby>前<th>B<tr><td>1<td>2</table>",
        "名前 | B\n1 | 2",
    ),
    # Forms.
    "fields": ("<p>Name <input value=Ann> <input type=hidden value=x></p>", "Name Ann"),
    "ticks": ("<p><input type=checkbox checked> yes <input type=radio> no</p>", "☒ yes ☐ no"),
    "choices": ("<p><select><option>a<option selected>b</select></p>", "b"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_html_reads_as_a_browser_shows_it(read, name):
    source, shown = SHOWN[name]
    (page,) = read("a.html", f"<html><body>{source}</body></html>").pages
    assert page.text == shown


def test_rows_of_names_and_values_have_no_header(read):
    (page,) = read("a.html", "<table><tr><th>Name<td>Ann<tr><th>Phone<td>55</table>").pages
    assert page.text == "Name | Ann\nPhone | 55"
    assert page.blocks[0].header == 0


def test_a_raised_text_that_was_never_closed_does_not_swallow_the_rest(read):
    long = "word " * 40
    (page,) = read("a.html", f"<div>a<sup>1<p>{long}</p><p>End.</p></div>").pages
    assert [block.kind for block in page.blocks] == ["text", "text", "text"]


def test_spans_without_end_make_no_columns(read):
    source = "<table><tr><td colspan=999999 rowspan=999999>a<td>b<tr><td>c<td>d</table>"
    (page,) = read("a.html", source).pages
    assert len(page.text) < 10_000


def test_a_cell_that_is_the_page_is_read_as_one(read):
    page_cell = "<h2>Hardware</h2><ol><li>Does it work?<br><br>Yes, it works with all.</li></ol>"
    source = f"<table><tr><td>&nbsp;<td>{page_cell}<td>links</table>"
    (page,) = read("a.html", source).pages
    assert [block.kind for block in page.blocks][:2] == ["heading", "list"]
    assert "|" not in page.text


def test_a_list_in_a_cell_beside_others_leaves_a_table(read):
    source = "<table><tr><td>Colours<td><ul><li>red</li></ul><tr><td>Sizes<td>small</table>"
    (page,) = read("a.html", source).pages
    assert [block.kind for block in page.blocks] == ["table"]
