"""Tables as grids: merged cells, several header rows, labels over and beside the rows."""

from __future__ import annotations

import pytest

from indexer.parsers.grid import Cell, inner_text, laid_out, write_grid
from indexer.parsers.layout import PageBuilder


def written(rows, heads=None):
    """The page's text, and the header of its table."""
    cells = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
    builder = PageBuilder()
    write_grid(builder, laid_out(cells, heads))
    page = builder.page(1)
    table = page.blocks[-1]
    return page.text, page.text[table.start : table.start + table.header]


def test_names_over_several_columns_are_part_of_each_name_below_them():
    text, header = written(
        [
            [Cell("Region", rows=2), Cell("Product", rows=2), Cell("2023", 2), Cell("2024", 2)],
            ["Q1", "Q2", "Q1", "Q2"],
            [Cell("North", rows=2), "Bolts", "51", "52", "73", "74"],
            ["Nuts", "11", "12", "13", "14"],
        ]
    )
    assert header == "Region | Product | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2"
    assert text.splitlines()[1:] == [
        "North | Bolts | 51 | 52 | 73 | 74",
        "North | Nuts | 11 | 12 | 13 | 14",
    ]


def test_three_header_rows_are_joined():
    _, header = written(
        [
            [Cell("Site", rows=3), Cell("Output", 4)],
            [Cell("2023", 2), Cell("2024", 2)],
            ["Q1", "Q2", "Q1", "Q2"],
            ["Kiel", "1", "2", "3", "4"],
        ]
    )
    assert header == ("Site | Output 2023 Q1 | Output 2023 Q2 | Output 2024 Q1 | Output 2024 Q2")


def test_a_merged_value_stands_in_every_column_that_it_covers():
    text, header = written([["Post", "Mo", "Tu", "Keyholder"], ["Night", Cell("21:00", 2), "Ines"]])
    assert header == "Post | Mo | Tu | Keyholder"
    assert text.splitlines()[1] == "Night | 21:00 | 21:00 | Ines"


def test_a_cell_that_goes_on_with_the_one_above_has_its_text():
    text, _ = written(
        [["Zone", "Fee"], ["A", "1"], [Cell("", rows=0), "2"], [Cell("", rows=0), "3"]]
    )
    assert text.splitlines()[1:] == ["A | 1", "A | 2", "A | 3"]


def test_a_name_over_two_columns_of_data_takes_no_row_into_the_header():
    text, header = written([[Cell("Name", 2), "Town"], ["Ann", "Lee", "Kiel"]])
    assert header == "Name | Name | Town"
    assert text.splitlines()[1] == "Ann | Lee | Kiel"


def test_what_stands_over_the_whole_table_is_no_header():
    text, header = written([[Cell("Pay", 2)], ["Role", "Sum"], ["Cook", "9"]])
    assert text.startswith("Pay\n\n")
    assert header == "Role | Sum"


def test_a_merged_row_between_others_labels_those_below_it():
    text, header = written(
        [
            ["Role", "Pay"],
            [Cell("Full-time", 2)],
            ["Nurse", "12"],
            [Cell("Part-time", 2)],
            ["Cook", "9"],
            [Cell("All sums are gross.", 2)],
        ]
    )
    assert header == " | Role | Pay"
    assert text.splitlines()[1:] == [
        "Full-time | Nurse | 12",
        "Part-time | Cook | 9",
        "All sums are gross.",
    ]


def test_names_with_gaps_reach_to_the_next():
    _, header = written(
        [
            ["", "2023", "", "2024", ""],
            ["Region", "Q1", "Q2", "Q1", "Q2"],
            ["North", "1", "2", "3", "4"],
        ]
    )
    assert header == "Region | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2"


@pytest.mark.parametrize("second", [["Lee", "Kiel", "Bonn"], ["1", "2", "3"]])
def test_gaps_alone_make_no_second_header(second):
    _, header = written([["Name", "", "Town"], second, ["x", "y", "z"]])
    assert header == "Name |  | Town"


def test_header_rows_are_those_that_the_file_says():
    _, header = written([["A", "B"], ["x", "y"], ["1", "2"]], heads=2)
    assert header == "A x | B y"
    _, header = written([["Kiel", "1"], ["Bonn", "2"]], heads=0)
    assert header == ""


def test_a_long_merged_text_is_said_once():
    text, _ = written([["A", "B", "C"], ["x", Cell("word " * 60, 2)]])
    assert text.count("word") == 60


def test_spans_beyond_reason_make_no_columns_and_no_rows():
    text, _ = written([["A", Cell("x", 10**9, 10**9)], ["B"]])
    assert text == "A | x\nB | x"
    assert written([[Cell("x", 10**9), Cell("y", -5, 10**12)]] * 3)[0].count("x") <= 3


def test_a_table_inside_a_cell_reads_as_pairs():
    inner = laid_out(
        [[Cell("Part"), Cell("Size")], [Cell("bolt"), Cell("4")], [Cell("nut"), Cell("6")]]
    )
    assert inner_text(inner) == "Part: bolt, Size: 4; Part: nut, Size: 6"


def test_names_beside_values_are_no_header():
    text, header = written([[Cell("Contact", 2)], ["Phone", "0171 555"], ["Mail", "a@b.example"]])
    assert text == "Contact\n\nPhone | 0171 555\nMail | a@b.example"
    assert header == ""


def test_a_line_merged_over_some_of_the_columns_labels_what_is_below_it():
    text, _ = written([["Role", "Pay", "Hours"], [Cell("Nights", 2), ""], ["Nurse", "12", "8"]])
    assert text.splitlines() == [" | Role | Pay | Hours", "Nights | Nurse | 12 | 8"]
