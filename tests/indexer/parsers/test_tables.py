"""Tables: workbooks, delimited text, their headers, and tables too long for one passage."""

from __future__ import annotations

import pytest
from file_writers import xlsx

from indexer.records import ParsedFile


def outline(parsed: ParsedFile) -> list[tuple[str, str]]:
    """Each block's kind (with a heading's level) and text."""
    found = []
    for page in parsed.pages:
        for block in page.blocks:
            kind = f"h{block.level}" if block.kind == "heading" else block.kind
            found.append((kind, page.text[block.start : block.end]))
    return found


def text_of(parsed: ParsedFile) -> str:
    return "\n".join(page.text for page in parsed.pages)


def test_workbook_sheets_are_pages_and_tables_keep_their_header(read):
    rows = [["Sales of 2024"], ["Town", "Sum"], ["Kiel", 12.0], ["Bonn", 0.5], [None], ["Note"]]
    parsed = read("sales.xlsx", xlsx({"North": rows, "Empty": []}))
    assert [page.label for page in parsed.pages] == ["sheet North", "sheet Empty"]
    assert parsed.pages[1].problem == "empty sheet"
    assert outline(parsed) == [
        ("h1", "North"),
        ("text", "Sales of 2024"),
        ("table", "Town | Sum\nKiel | 12\nBonn | 0.5"),
        ("table", "Note"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Town,Sum\nKiel,12\nBonn,7\n"),
        ("a.csv", 'Town;Sum\n"Kiel";12\nBonn;7\n'),
        ("a.tsv", "Town\tSum\nKiel\t12\nBonn\t7\n"),
        ("a.csv", "Town|Sum\r\nKiel|12\r\nBonn|7\r\n"),
    ],
)
def test_csv_with_any_delimiter(read, name, text):
    parsed = read(name, text)
    assert outline(parsed) == [("table", "Town | Sum\nKiel | 12\nBonn | 7")]
    assert parsed.pages[0].blocks[0].header == len("Town | Sum")


def test_decimal_commas_do_not_pass_for_delimiters(read):
    parsed = read("a.csv", "Year;Costs\n2022;1,5\n2023;22,75\n")
    assert "2022 | 1,5" in text_of(parsed)


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ("Town,Founded,Note\nKiel,1242,\nBonn,11,old\n", "Town | Founded | Note"),
        ("Plan,2023,2024\nPlus,90,95\nBasic,40,42\n", "Plan | 2023 | 2024"),
        ("Term,Meaning\nMC,Multiple choice\nTF,True or false\n", "Term | Meaning"),
        ("Kiel,12\nBonn,7\n", ""),
        ("Ann,1990\nBob,1985\nCid,1979\n", ""),
        ("2024-01-02,Kiel\n2024-01-03,Bonn\n", ""),
        ("yes,Ann,Kiel\nno,Bob,Bonn\nyes,Cid,Kiel\n", ""),
        ("ann@kiel.example,Ann\nbob@bonn.example,Bob\n", ""),
        ("Kiel,12\n", ""),
    ],
)
def test_the_first_row_is_a_header_where_it_looks_like_one(read, rows, header):
    (block,) = read("a.csv", rows).pages[0].blocks
    assert block.header == len(header)


def test_each_table_of_a_file_has_its_own_header(read):
    parsed = read("a.csv", "Town,Sum\nKiel,12\n,\nName,Age\nAnn,30\n")
    assert outline(parsed) == [
        ("table", "Town | Sum\nKiel | 12"),
        ("table", "Name | Age\nAnn | 30"),
    ]


def test_a_border_inside_a_cell_is_none_between_columns(read):
    parsed = read("a.csv", "Town,Sum,Note\nKiel,12,a | b\n")
    assert text_of(parsed).splitlines()[1] == "Kiel | 12 | a|b"


def test_a_long_table_without_header_gets_none_in_its_later_parts(read):
    lines = "\n".join(f"{n},x" if n < 2000 else "Ann,Kiel" for n in range(2500))
    parsed = read("long.csv", lines)
    assert [page.blocks[0].header for page in parsed.pages] == [0, 0]
    assert parsed.pages[1].text.startswith("Ann | Kiel\n")


def test_what_stands_above_a_wide_table_is_not_its_header(read):
    rows = [["Prices"], ["Valid from", "May"], ["Item", "Size", "Net", "Tax", "Gross", "Note"]]
    rows += [["Mast", "2 m", 100, 19, 119, "new"], ["Cable", "5 m", 10, 1.9, 11.9]]
    parsed = read("prices.xlsx", xlsx({"List": rows}))
    assert outline(parsed)[1:3] == [("text", "Prices"), ("text", "Valid from May")]
    table = parsed.pages[0].blocks[-1]
    assert table.header == len("Item | Size | Net | Tax | Gross | Note")


def test_a_long_table_is_parted_and_every_part_has_the_header(read):
    lines = "\n".join(f"{n},x" for n in range(4500))
    parsed = read("long.csv", f"Number,Letter\n{lines}\n")
    assert [page.label for page in parsed.pages] == ["part 1", "part 2", "part 3"]
    assert all(page.text.startswith("Number | Letter\n") for page in parsed.pages)
