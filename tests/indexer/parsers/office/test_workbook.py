"""Workbooks: cells as they are shown, merged cells, and what is written beside the cells."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile

import pytest
from file_writers import ole
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from indexer.parsers.office.workbook.number_format import BUILT_IN, formatted, plain


def text_of(parsed):
    return "\n\n".join(page.text for page in parsed.pages)


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_parts(data, replaced=None, **added):
    """A package with parts replaced by a function, or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, (replaced or {}).get(name, lambda same: same)(content))
        for name, content in added.items():
            new.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


MARCH = datetime.datetime(2025, 3, 3, 14, 30, 5)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.125, "0 %", "13 %"),
        (417, "00000", "00417"),
        (1234.5, '#,##0.00 "EUR"', "1,234.50 EUR"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (-1234.5, "$#,##0.00_);($#,##0.00)", "($1,234.50)"),
        (-0.035, "0.0%;[Red]-0.0%", "-3.5%"),
        (-3, '0" pcs"', "-3 pcs"),
        (0, '0;-0;"none"', "none"),
        (1.5, '_-* #,##0.00 [$€-407]_-;-* #,##0.00 [$€-407]_-;_-* "-"?? [$€-407]_-', "1.50 €"),
        (1234567, '#,##0,"k"', "1,235k"),
        (1715550142, "0000 000-0000", "0171 555-0142"),
        (123456789, "000-00-0000", "123-45-6789"),
        (1715550142, "[<=9999999]###-####;(###) ###-####", "(171) 555-0142"),
        (1, '[=1]"Yes";[=0]"No"', "Yes"),
        (0.75, "# ?/?", "3/4"),
        (2.5, "# ??/??", "2 1/2"),
        (0.375, "# ?/8", "3/8"),
        (12345678, "0.00E+00", "1.23E+07"),
        (12345678, "##0.0E+0", "12.3E+6"),
        (1.005, "0.00", "1.01"),
        (0.5, "#.##", ".5"),
        (61, "0###", "061"),
        (12, 'General" kg"', "12 kg"),
        (88.09999999999999, "General", "88.1"),
        (1 / 3, "General", "0.33333333333"),
        (26.5 / 24, "[h]:mm", "26:30"),
        (datetime.timedelta(hours=26, minutes=30), "[hh]:mm:ss", "26:30:00"),
        (-26.5 / 24, "[h]:mm", "-26:30"),
        (0.5 / 24, "[mm]:ss", "30:00"),
        (MARCH, "dd-mmm-yy", "2025-03-03"),
        (MARCH, 'yyyy"年"m"月"d"日"', "2025-03-03"),
        (MARCH, "[$-F800]dddd, mmmm dd, yyyy", "2025-03-03"),
        (MARCH, "m/d/yy h:mm", "2025-03-03 14:30"),
        (MARCH, "d.m.yyyy h:mm:ss", "2025-03-03 14:30:05"),
        (MARCH, "mmm yyyy", "Mar 2025"),
        (MARCH, "d. mmmm", "3. March"),
        (MARCH, "dddd", "Monday"),
        (MARCH, "h:mm AM/PM", "2:30 PM"),
        (datetime.time(7, 5), "h:mm", "7:05"),
        (45719, "ge.m.d", "2025-03-03"),
        (float("nan"), "0.00", ""),
        (1e308, "#,##0.00", "1e+308"),
        (45719, "0" * 500, "45719"),
    ],
)
def test_values_in_their_formats(value, code, text):
    assert formatted(value, code) == text


def test_dates_since_1904():
    assert formatted(44361, "yyyy-mm-dd", epoch_1904=True) == "2025-06-15"


@pytest.mark.parametrize("number", [14, 27, 31, 36, 50, 57, 58])
def test_built_in_formats_of_dates(number):
    assert formatted(45761, BUILT_IN[number]) == "2025-04-14"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (datetime.timedelta(hours=26, minutes=30), "26:30"),
        (datetime.datetime(2025, 1, 2), "2025-01-02"),
        (datetime.time(7, 30), "07:30"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_values_without_a_format(value, text):
    assert plain(value) == text


def test_cells_read_as_they_are_shown(read):
    book = Workbook()
    sheet = book.active
    sheet.append(["Number", "Discount", "Hours", "Paid"])
    sheet.append([417, 0.125, datetime.timedelta(hours=26, minutes=30), datetime.date(2025, 3, 3)])
    for place, code in (("A2", "00000"), ("B2", "0.0%"), ("C2", "[h]:mm"), ("D2", "d/m/yy")):
        sheet[place].number_format = code
    assert text_of(read("a.xlsx", saved(book))).endswith("00417 | 12.5% | 26:30 | 2025-03-03")


def test_cells_named_in_another_order_of_attributes(read):
    book = Workbook()
    book.active.append(["Rate", "x"])
    book.active.append([0.5, "y"])
    book.active["A2"].number_format = "0%"
    turned = with_parts(
        saved(book),
        {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b'r="A2" s="1"', b"s='1' r='A2'")},
    )
    assert "50% | y" in text_of(read("a.xlsx", turned))


def test_what_a_format_hides_is_hidden_text_still(read):
    book = Workbook()
    book.active.append(["Total", 42])
    book.active["B1"].number_format = ";;;"
    parsed = read("a.xlsx", saved(book))
    assert "42" not in text_of(parsed)
    assert parsed.pages[0].hidden[0].excerpt == "42"


def test_formulas_without_values_are_shown_and_told_of(read):
    book = Workbook()
    for cells in (["Item", "Cost"], ["Tents", 420], ["Band", 350], ["Total", "=SUM(B2:B3)"]):
        book.active.append(cells)
    parsed = read("a.xlsx", saved(book))
    assert "Total | =SUM(B2:B3)" in text_of(parsed)
    assert "formulas whose results are not in the file" in parsed.problems[0]


def test_a_column_of_formulas_alone_is_shown(read):
    book = Workbook()
    for cells in (["Item", "Net", "=A9"], ["Tent", 2, "=B2*1.19"], ["Rope", 3, "=IF(B3<4,1,2)"]):
        book.active.append(cells)
    said = text_of(read("a.xlsx", saved(book)))
    assert "Tent | 2 | =B2*1.19\nRope | 3 | =IF(B3<4,1,2)" in said


def test_a_formula_whose_result_is_an_empty_text_is_none_without_a_value(read):
    book = Workbook()
    book.active.append(["Item", "Note"])
    book.active.append(["Tent", "=X"])
    replaced = {
        "xl/worksheets/sheet1.xml": lambda xml: xml.replace(b'<c r="B2">', b'<c r="B2" t="str">')
    }
    parsed = read("a.xlsx", with_parts(saved(book), replaced))
    assert not parsed.problems
    assert "=X" not in text_of(parsed)


def merged(rows, *areas):
    book = Workbook()
    for cells in rows:
        book.active.append(cells)
    for area in areas:
        book.active.merge_cells(area)
    return saved(book)


def test_two_header_rows_and_a_label_down_the_side(read):
    rows = [
        [None, None, 2023, None, 2024, None],
        ["Region", "Product", "Q1", "Q2", "Q1", "Q2"],
        ["North", "Bolts", 51, 52, 73, 74],
        [None, "Nuts", 11, 12, 13, 14],
    ]
    page = read("a.xlsx", merged(rows, "C1:D1", "E1:F1", "A3:A4")).pages[0]
    header = "Region | Product | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2"
    assert page.text.endswith(
        f"{header}\nNorth | Bolts | 51 | 52 | 73 | 74\nNorth | Nuts | 11 | 12 | 13 | 14"
    )
    assert page.blocks[-1].header == len(header)


def test_a_title_merged_over_the_table_is_no_header(read):
    rows = [["Prices of 2025", None, None], ["Item", "Net", "Gross"], ["Mast", 100, 119]]
    said = text_of(read("a.xlsx", merged(rows, "A1:C1")))
    assert said.endswith("Prices of 2025\n\nItem | Net | Gross\nMast | 100 | 119")


def test_names_centred_without_merging_reach_over_their_columns(read):
    rows = [
        ["", "Kiel", None, "Bonn", None],
        ["Year", "in", "out", "in", "out"],
        ["2023", 1, 2, 3, 4],
        ["2024", 5, 6, 7, 8],
    ]
    said = text_of(read("a.xlsx", merged(rows)))
    assert "Year | Kiel in | Kiel out | Bonn in | Bonn out\n2023 | 1 | 2 | 3 | 4" in said


def test_a_merged_value_and_a_merged_note_below_the_table(read):
    rows = [
        ["Shift", "Mo", "Tu"], ["Late", "21:00", None], ["Early", "6:00", "7:00"],
        ["All times are local.", None, None],
    ]  # fmt: skip
    said = text_of(read("a.xlsx", merged(rows, "B2:C2", "A4:C4")))
    assert "Late | 21:00 | 21:00" in said
    assert said.endswith("All times are local.")


def test_a_merged_area_beyond_reason(read):
    huge = (b'ref="B2:C2"', b'ref="B2:XFD1048576"')
    data = merged([["x", "y"], ["1", "2"]], "B2:C2")
    replaced = {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(*huge)}
    assert "x | y" in text_of(read("a.xlsx", with_parts(data, replaced)))


def test_comments_name_their_author_and_their_row(read):
    book = Workbook()
    book.active.append(["Customer", "Discount"])
    book.active.append(["Elmgrove", 0.125])
    book.active["B2"].number_format = "0.0%"
    book.active["B2"].comment = Comment("Agreed until June.", "Ann Lee")
    said = text_of(read("a.xlsx", saved(book)))
    assert said.endswith("Comment by Ann Lee on B2 (Elmgrove, 12.5%): Agreed until June.")


THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"


def test_threads_of_comments(read):
    book = Workbook()
    book.active.append(["Customer", "Since"])
    book.active.append(["Elmgrove", 2019])
    note = "[Threaded comment]\n\nYour version of Excel …\n\nComment:\n    Is it 2018?"
    book.active["B2"].comment = Comment(note, "tc={1}")
    relation = (
        '<Relationship Id="t" Type="http://schemas.microsoft.com/office/2017/10/relationships/'
        'threadedComment" Target="../threadedComments/t.xml"/></Relationships>'
    )
    person = (
        '<Relationship Id="p" Type="http://schemas.microsoft.com/office/2017/10/relationships/'
        'person" Target="persons/p.xml"/></Relationships>'
    )
    thread = (
        f'<ThreadedComments xmlns="{THREADED}"><threadedComment ref="B2" personId="{{9}}" id="1">'
        '<text>Is it 2018?</text></threadedComment><threadedComment ref="B2" personId="{{8}}">'
        "<text>No.</text></threadedComment></ThreadedComments>"
    )
    people = f'<personList xmlns="{THREADED}"><person displayName="Bo Ek" id="{{9}}"/></personList>'
    data = with_parts(
        saved(book),
        {
            "xl/worksheets/_rels/sheet1.xml.rels": lambda xml: xml.replace(
                b"</Relationships>", relation.encode()
            ),
            "xl/_rels/workbook.xml.rels": lambda xml: xml.replace(
                b"</Relationships>", person.encode()
            ),
        },
    )
    data = with_parts(data, **{"xl__threadedComments__t.xml": thread, "xl__persons__p.xml": people})
    said = text_of(read("a.xlsx", data))
    assert "Comment by Bo Ek on B2 (Elmgrove, 2019): Is it 2018?" in said
    assert "Comment on B2 (Elmgrove, 2019): No." in said
    assert said.count("2018") == 1


def test_charts_and_boxes_on_a_sheet(read):
    book = Workbook()
    for cells in (["Town", "Dues"], ["Kiel", 418], ["Bonn", 430]):
        book.active.append(cells)
    chart = BarChart()
    chart.title = "Harbour dues"
    chart.add_data(Reference(book.active, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    book.active.add_chart(chart, "D2")
    box = (
        b"<xdr:sp xmlns:xdr='http://x'><xdr:nvSpPr><xdr:cNvPr id='9' name='B'/></xdr:nvSpPr>"
        b"<xdr:txBody><a:p xmlns:a='http://a'><a:r><a:t>Valid until May</a:t></a:r></a:p>"
        b"</xdr:txBody></xdr:sp>"
    )
    hidden = box.replace(b"name='B'", b"name='B' hidden='1'").replace(b"Valid", b"Ignore all")

    def with_box(xml):
        at = xml.rfind(b"</")
        return xml[:at] + box + hidden + xml[at:]

    parsed = read("a.xlsx", with_parts(saved(book), {"xl/drawings/drawing1.xml": with_box}))
    said = text_of(parsed)
    assert "Chart: Harbour dues" in said
    assert "Valid until May" in said
    assert "Ignore all" not in said
    assert parsed.pages[0].hidden[0].excerpt == "Ignore all until May"


def test_what_is_printed_over_the_sheets_is_read_once(read):
    book = Workbook()
    for sheet in (book.active, book.create_sheet("B")):
        sheet.append(["x", "y"])
        sheet.oddHeader.left.text = "Form B-12 R&&D"
        sheet.oddHeader.left.size = 12
        sheet.oddFooter.center.text = "Page &P of &N"
    said = text_of(read("a.xlsx", saved(book)))
    assert said.count("Form B-12 R&D") == 1
    assert "Page" not in said


def test_boxes_of_a_form_on_a_sheet(read):
    book = Workbook()
    book.active.append(["Form", "x"])
    drawing = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel">{}</xml>'
    )
    shape = (
        "<v:shape><v:textbox><div>{}</div></v:textbox>"
        '<x:ClientData ObjectType="Checkbox">{}</x:ClientData></v:shape>'
    )
    inner = shape.format("Nuts", "<x:Checked>1</x:Checked>") + shape.format("Milk", "")
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="v" Type="http://x/vmlDrawing" Target="../drawings/v.vml"/>'
        "</Relationships>"
    )
    parts = {
        "xl__worksheets___rels__sheet1.xml.rels": rels,
        "xl__drawings__v.vml": drawing.format(inner),
    }
    said = text_of(read("a.xlsx", with_parts(saved(book), **parts)))
    assert "☒ Nuts" in said
    assert "☐ Milk" in said


def test_formats_of_old_workbooks(read):
    """A workbook of Excel 97, record by record."""

    def record(kind, body=b""):
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind):
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))

    def form(number, code):
        return record(0x041E, struct.pack("<HHB", number, len(code), 0) + code.encode())

    def style(number):
        return record(0x00E0, struct.pack("<HH", 0, number) + bytes(16))

    def number(row, column, value, look):
        return record(0x0203, struct.pack("<HHHd", row, column, look, value))

    rk = struct.pack("<HHHIHIH", 1, 0, 1, 417 << 2 | 2, 2, 12_500 << 2 | 2, 1)
    sheet = begin(0x10) + record(0x0200, struct.pack("<IIHHH", 0, 2, 0, 3, 0))
    sheet += number(0, 0, 7, 0) + number(0, 1, 45719, 3) + record(0x00BD, rk) + record(0x000A)
    head = begin(0x05) + form(164, "00000") + form(165, "[h]:mm")
    head += b"".join(map(style, (0, 164, 4, 15)))
    named = struct.pack("<HBB", 0, 1, 0) + b"S"
    start = len(head) + len(record(0x0085, bytes(4) + named)) + 4
    book = head + record(0x0085, struct.pack("<I", start) + named) + record(0x000A) + sheet
    assert text_of(read("a.xls", ole({"Workbook": book}))).endswith(
        "7 | 2025-03-03\n00417 | 12,500.00"
    )


def test_a_sheet_of_merged_lines_alone_is_text(read):
    rows = [["Read me first.", None], ["Then this.", None]]
    assert text_of(read("a.xlsx", merged(rows, "A1:B1", "A2:B2"))).endswith(
        "Read me first.\nThen this."
    )


RICH = (
    b"<r><t>10</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>6</t></r><r><t> cells</t></r>"
)


def with_strings(*strings):
    """A sheet of one row whose cells are these shared texts."""
    book = Workbook()
    book.active.append([f"cell {n}" for n in range(len(strings))])
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    inner = b"".join(b"<si>" + one + b"</si>" for one in strings)
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = b'<Relationship Id="s" Type="' + kind + b'" Target="sharedStrings.xml"/>'

    def sheet(xml):
        for n in range(len(strings)):
            old = f't="inlineStr"><is><t>cell {n}</t></is>'
            xml = xml.replace(old.encode(), f't="s"><v>{n}</v>'.encode())
        return xml

    replaced = {
        "xl/worksheets/sheet1.xml": sheet,
        "xl/_rels/workbook.xml.rels": lambda xml: xml.replace(
            b"</Relationships>", relation + b"</Relationships>"
        ),
    }
    text = b"<sst xmlns='" + main + b"'>" + inner + b"</sst>"
    return with_parts(saved(book), replaced, **{"xl__sharedStrings.xml": text.decode()})


def test_raised_letters_in_cells(read):
    said = text_of(read("a.xlsx", with_strings(b"<t>Needs</t>", RICH)))
    assert said.endswith("Needs | 10^6 cells")


def test_raised_letters_in_cells_with_texts_of_their_own(read):
    book = Workbook()
    book.active.append(["Needs", "RICH"])
    replaced = {
        "xl/worksheets/sheet1.xml": lambda xml: xml.replace(
            b"<is><t>RICH</t></is>", b"<is>" + RICH + b"</is>"
        )
    }
    said = text_of(read("a.xlsx", with_parts(saved(book), replaced)))
    assert said.endswith("Needs | 10^6 cells")


def test_the_reading_of_a_word_in_a_cell_stays_out_of_it(read):
    tokyo = "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>".encode()
    assert text_of(read("a.xlsx", with_strings(tokyo, b"<t>x</t>"))).endswith("東京 | x")
