"""Tables in PDF: rows and columns as a person sees them, with rules and without."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from file_writers import pdf, text_at

from indexer.pages import boxes
from indexer.parsers import parse
from indexer.parsers.grid import Area
from indexer.parsers.pdf.lines import Line, Table
from indexer.parsers.pdf.tables.names import name_spans


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"0.5 w {x0} {y0} m {x1} {y1} l S\n"


def cells(rows, lefts, top=700.0, step=20.0, bold_head=False):
    """Rows of cells; a cell of several lines is a tuple. Content in the order of the rows."""
    content, y = "", top
    for number, row in enumerate(rows):
        deepest = 1
        for left, cell in zip(lefts, row, strict=False):
            lines = cell if isinstance(cell, tuple) else (cell,)
            deepest = max(deepest, len(lines))
            for n, line in enumerate(lines):
                if line:
                    content += text_at(left, y - 12 * n, line, 10, bold=bold_head and not number)
        y -= step + 12 * (deepest - 1)
    return content


def grid(lefts, tops):
    across = "".join(rule(lefts[0], y, lefts[-1], y) for y in tops)
    return across + "".join(rule(x, tops[-1], x, tops[0]) for x in lefts)


@pytest.fixture
def read(tmp_path):
    def read(*contents, **options):
        path = tmp_path / "a.pdf"
        path.write_bytes(pdf(list(contents), **options))
        return path, parse(path)

    return read


def tables(parsed):
    return [
        (page.text[b.start : b.start + b.header], page.text[b.start : b.end].split("\n"))
        for page in parsed.pages
        for b in page.blocks
        if b.kind == "table"
    ]


ROWS = [
    ("Code", "Meaning", "What to do"),
    ("E1", ("Door is open, or its", "latch is broken"), "Close the door"),
    ("E4", "Motor too hot", ("Wait for half an hour", "with the door open")),
    ("E7", "No water", "Open the tap"),
]
READ = [
    "Code | Meaning | What to do",
    "E1 | Door is open, or its latch is broken | Close the door",
    "E4 | Motor too hot | Wait for half an hour with the door open",
    "E7 | No water | Open the tap",
]
LEFTS = (72, 130, 290)


def test_cells_over_several_lines_stay_whole_without_any_rule(read):
    content = text_at(72, 740, "Error codes of the machine and what they mean.")
    content += cells(ROWS, LEFTS) + text_at(72, 560, "Call us where nothing of this helps.")
    _, parsed = read(content)
    assert tables(parsed) == [(READ[0], READ)]
    (page,) = parsed.pages
    assert page.text.startswith("Error codes of the machine")
    assert page.text.endswith("Call us where nothing of this helps.")


def test_rules_part_cells_that_stand_close_together(read):
    rows = [("Ref", "Old", "New"), ("1001", "55", "60"), ("1002", "70", "65")]
    content = grid((70, 98, 120, 145), (712, 696, 680, 664)) + cells(rows, (72, 100, 122), step=16)
    _, parsed = read(content)
    assert tables(parsed) == [
        ("Ref | Old | New", ["Ref | Old | New", "1001 | 55 | 60", "1002 | 70 | 65"])
    ]


def test_lines_under_the_rows_part_them_where_white_space_does_not(read):
    rows = [ROWS[0], *ROWS[1:]]
    content = cells(rows, LEFTS, step=12)
    content += "".join(rule(70, y, 450, y) for y in (710, 697, 673, 649, 637))
    _, parsed = read(content)
    assert tables(parsed)[0][1] == READ


def test_a_merged_cell_is_said_in_each_place_that_it_covers(read):
    content = cells(
        [("Time", "Key", "Guest"), ("12:00", "open", ""), ("21:00", "open", "closed")],
        (72, 152, 232),
    )
    content += "".join(rule(70, y, 310, y) for y in (714, 694, 674, 654))
    content += rule(70, 654, 70, 714) + rule(310, 654, 310, 714) + rule(150, 654, 150, 714)
    content += rule(230, 654, 230, 674) + rule(230, 694, 230, 714)
    _, parsed = read(content)
    assert tables(parsed)[0][1][1] == "12:00 | open | open"


def test_names_over_several_columns_go_with_the_names_below_them(read):
    content = text_at(181, 700, "2023", 10) + text_at(331, 700, "2024", 10)
    content += cells(
        [("Item", "Plan", "Done", "Plan", "Done"), ("Lamps", "10", "12", "14", "19"),
         ("Desks", "31", "28", "35", "40"), ("Beds", "5", "6", "4", "9")],
        (72, 150, 220, 300, 370), top=686,
    )  # fmt: skip
    _, parsed = read(content)
    header, rows = tables(parsed)[0]
    assert header == "Item | 2023 Plan | 2023 Done | 2024 Plan | 2024 Done"
    assert "Lamps | 10 | 12 | 14 | 19" in rows


def test_a_name_over_the_middle_of_three_columns_reaches_to_both_sides():
    def cell(left, text, bottom):
        return [Line(text, left, left + 40, bottom, bottom + 10, 10, bold=False)]

    names = [cell(72, "Item", 700), [], cell(240, "First quarter", 700), []]
    months = [[], cell(150, "Jan", 686), cell(230, "Feb", 686), cell(310, "Mar", 686)]
    row = [cell(left, "7", 666) for left in (72, 150, 230, 310)]
    columns = [(72.0, 112.0), (150.0, 190.0), (230.0, 280.0), (310.0, 350.0)]
    table = Table([names, months, row], [], columns, ruled=False)
    name_spans(table)
    assert [line.text for line in table.cells[0][1]] == ["First quarter"]
    assert Area(0, 1, 0, 3) in table.areas


def test_a_table_goes_on_under_its_header_on_the_next_page(read):
    first = cells(
        [("Part", "Shelf", "Price"), *((f"Bolt {n}", f"S{n}", f"{n}.50") for n in range(1, 30))],
        LEFTS,
    )
    second = cells([(f"Bolt {n}", f"S{n}", f"{n}.50") for n in range(30, 33)], LEFTS)
    _, parsed = read(first, second + text_at(72, 600, "These are all the parts that we have."))
    assert [header for header, _ in tables(parsed)] == ["Part | Shelf | Price"] * 2
    assert tables(parsed)[1][1][1] == "Bolt 30 | S30 | 30.50"
    assert parsed.pages[1].text.endswith("These are all the parts that we have.")


def test_columns_of_prose_are_no_table(read):
    left = [f"the left column has line {n} of its prose" for n in range(9)]
    right = [f"the right column has line {n} of its own" for n in range(9)]
    content = "".join(text_at(72, 700 - 13 * n, t) for n, t in enumerate(left))
    content += "".join(text_at(330, 700 - 13 * n, t) for n, t in enumerate(right))
    _, parsed = read(content)
    assert not tables(parsed)
    assert parsed.pages[0].text.index("left column has line 8") < parsed.pages[0].text.index(
        "right column"
    )


def test_bullets_and_contents_are_no_table(read):
    content = "".join(
        text_at(72, 700 - 16 * n, "•") + text_at(90, 700 - 16 * n, f"Thing number {n}")
        for n in range(5)
    )
    content += "".join(
        text_at(72, 500 - 16 * n, f"{n} Chapter")
        + text_at(140, 500 - 16 * n, ". . . . . . . . . . . " + str(n))
        for n in range(5)
    )
    _, parsed = read(content)
    assert not tables(parsed)


def test_names_with_a_colon_and_what_they_stand_for_are_no_table(read):
    pairs = [
        ("Name:", "Ada Lind"),
        ("Born:", "4 May 1990"),
        ("Town:", "Leeds"),
        ("Trade:", "Smith"),
    ]
    _, parsed = read(cells(pairs, (72, 200)))
    assert not tables(parsed)
    assert "Born: 4 May 1990" in parsed.pages[0].text


def test_two_columns_of_words_have_no_header_unless_something_says_so(read):
    rows = [
        ("-c, --check", "looks at the syntax"),
        ("-h, --help", "says how it is used"),
        ("-v", "version"),
    ]
    _, parsed = read(cells(rows, (72, 200)))
    assert tables(parsed)[0][0] == ""
    _, parsed = read(cells([("Option", "Effect"), *rows], (72, 200), bold_head=True))
    assert tables(parsed)[0][0] == "Option | Effect"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_row_is_highlighted_where_its_cells_stand(read, rotate):
    path, parsed = read(cells(ROWS, LEFTS), rotate=rotate)
    (page,) = parsed.pages
    start = page.text.index("with the door open" if rotate else "E4 |")
    found = boxes(path, 1, page.text, start, page.text.index("with the door open") + 18)
    assert found
    if not rotate:
        assert len(found) == 2  # the row's line, and the last cell's second
        assert all(0.15 < box.top < 0.21 for box in found)


def test_a_merged_cell_is_highlighted_where_it_stands_once(read):
    content = grid((70, 150, 230), (714, 694, 674)) + cells(
        [("Ward", "Nurse"), ("A", "Mara Lind")], (72, 152)
    )
    content += text_at(152, 662, "Jon Bark", 10)
    content += "".join(rule(x, 654, x, 674) for x in (70, 150, 230)) + rule(150, 654, 230, 654)
    content = content.replace(rule(70, 674, 230, 674), rule(150, 674, 230, 674)) + rule(
        70, 654, 150, 654
    )
    path, parsed = read(content)
    (page,) = parsed.pages
    assert "A | Jon Bark" in page.text
    start = page.text.index("A | Jon Bark")
    assert boxes(path, 1, page.text, start, start + 12)


def test_reportlabs_spans_are_read(tmp_path):
    from reportlab.platypus import SimpleDocTemplate, Table

    stream = io.BytesIO()
    table = Table([["Plan", "Employee", ""], ["", "monthly", "yearly"], ["Plus", "$55", "$660"]])
    table.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, "black"),
            ("SPAN", (1, 0), (2, 0)),
            ("SPAN", (0, 0), (0, 1)),
        ]
    )
    SimpleDocTemplate(stream).build([table])
    path = Path(tmp_path / "plans.pdf")
    path.write_bytes(stream.getvalue())
    assert tables(parse(path))[0][1] == [
        "Plan | Employee monthly | Employee yearly",
        "Plus | $55 | $660",
    ]
