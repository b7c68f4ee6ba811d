"""OpenDocument: texts, slides and sheets as their programs show them."""

from __future__ import annotations

import pytest
from file_writers import zipped

NAMES = "urn:oasis:names:tc:opendocument:xmlns"
DECLARED = " ".join(
    f'xmlns:{short}="{NAMES}:{full}:1.0"'
    for short, full in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "form": "form", "chart": "chart", "presentation": "presentation", "svg": "svg",
    }.items()
)  # fmt: skip
DECLARED += (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def document(body, styles="", kind="text", sheets="", **parts):
    inner = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {DECLARED}>{automatic}{inner}"
            "</office:document-content>",
            "styles.xml": f"<office:document-styles {DECLARED}>{sheets}</office:document-styles>",
            **{f"{name}/content.xml": text for name, text in parts.items()},
        }
    )


def text_of(parsed):
    return "\n\n".join(page.text for page in parsed.pages)


def p(text):
    return f"<text:p>{text}</text:p>"


def style(name, properties, parent=""):
    above = f' style:parent-style-name="{parent}"' if parent else ""
    inner = f"<style:text-properties {properties}/>"
    return f'<style:style style:name="{name}"{above}>{inner}</style:style>'


RAISED = (
    style("up", 'style:text-position="super 58%"')
    + style("own", 'style:font="x"', "up")
    + style("low", 'style:text-position="-25% 58%"')
)


@pytest.mark.parametrize(
    ("paragraph", "text"),
    [
        ('10<text:span text:style-name="up">6</text:span> cells', "10^6 cells"),
        ('$320<text:span text:style-name="own">1</text:span> a year', "$320 ^1 a year"),
        ('CO<text:span text:style-name="low">2</text:span>', "CO_2"),
        ('the 2<text:span text:style-name="up">nd</text:span> day', "the 2nd day"),
        (
            "<text:ruby><text:ruby-base>契約</text:ruby-base><text:ruby-text>けいやく</text:ruby-text>"
            "</text:ruby>書",
            "契約書",
        ),
    ],
)
def test_raised_text_and_readings(read, paragraph, text):
    assert text_of(read("a.odt", document(p(paragraph), RAISED))) == text


def level(number, form, more="", kind="list-level-style-number"):
    return f'<text:{kind} text:level="{number}" style:num-format="{form}" {more}/>'


def items(*texts, inner=""):
    return "".join(f"<text:list-item>{p(text)}</text:list-item>" for text in texts) + inner


def test_lists_have_their_numbers(read):
    styles = (
        '<text:list-style style:name="L">'
        + level(1, "1", 'style:num-suffix="."')
        + level(2, "1", 'text:display-levels="2"')
        + level(3, "a", 'style:num-prefix="(" style:num-suffix=")"')
        + "</text:list-style>"
    )
    inner = f"<text:list>{items('Thirty days.', 'Interest.')}</text:list>"
    deep = f"<text:list>{items('By post.')}</text:list>"
    deep = f"<text:list><text:list-item>{deep}</text:list-item></text:list>"
    body = (
        f'<text:list text:style-name="L">{items("Scope")}<text:list-item>{p("Payment")}{inner}'
        f"{deep}</text:list-item></text:list>{p('Between.')}"
        f'<text:list text:style-name="L" text:continue-numbering="true">{items("Term")}</text:list>'
        f'<text:list text:style-name="L"><text:list-item text:start-value="9">{p("New")}'
        "</text:list-item></text:list>"
    )
    assert text_of(read("a.odt", document(body, styles))).split("\n") == [
        "1. Scope", "2. Payment", "  2.1 Thirty days.", "  2.2 Interest.", "    (a) By post.", "",
        "Between.", "", "3. Term", "9. New",
    ]  # fmt: skip


def test_headings_have_their_numbers(read):
    outline = "".join(
        level(n, "1", f'text:display-levels="{n}"', "outline-level-style") for n in (1, 2)
    )
    sheets = f"<office:styles><text:outline-style>{outline}</text:outline-style></office:styles>"
    body = "".join(
        f'<text:h text:outline-level="{depth}"{more}>{text}</text:h>'
        for depth, text, more in [
            (1, "Scope", ""), (1, "Fees", ""), (2, "Late fees", ""),
            (1, "Annex", ' text:is-list-header="true"'),
        ]
    )  # fmt: skip
    parsed = read("a.odt", document(body, sheets=sheets))
    assert text_of(parsed).split("\n\n") == ["1 Scope", "2 Fees", "2.1 Late fees", "Annex"]


def cell(text, more="", inner=""):
    return f"<table:table-cell {more}>{p(text)}{inner}</table:table-cell>"


def table(*rows):
    inner = "".join(f"<table:table-row>{''.join(cells)}</table:table-row>" for cells in rows)
    return f"<table:table>{inner}</table:table>"


COVERED = "<table:covered-table-cell/>"


def test_merged_cells_of_a_table(read):
    down, over = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
    body = table(
        (cell("Region", down), cell("2024", over), COVERED),
        (COVERED, cell("Q1"), cell("Q2")),
        (cell("North", down), cell("73"), cell("74")),
        (COVERED, cell("closed", over), COVERED),
    )
    assert text_of(read("a.odt", document(body))) == (
        "Region | 2024 Q1 | 2024 Q2\nNorth | 73 | 74\nNorth | closed | closed"
    )


def test_a_table_in_a_cell(read):
    inner = table((cell("Size"), cell("Price")), (cell("4 mm"), cell("7")))
    body = table((cell("Part"), cell("Sizes")), (cell("Bolt"), cell("", inner=inner)))
    assert text_of(read("a.odt", document(body))) == "Part | Sizes\nBolt | Size: 4 mm, Price: 7"


def test_headers_and_footers_are_read_once(read):
    page = p("Page <text:page-number>1</text:page-number>")
    master = (
        f"<style:master-page><style:header>{p('Form B-12')}</style:header><style:footer>{page}"
        f"</style:footer><style:header-first style:display='false'>{p('Never')}"
        f"</style:header-first></style:master-page><style:master-page><style:header>"
        f"{p('Form B-12')}</style:header></style:master-page>"
    )
    parsed = read("a.odt", document(p("Text."), sheets=master))
    assert text_of(parsed) == "Form B-12\n\nText."


NOTE = (
    '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>Without tax.</text:p></text:note-body></text:note>"
)


def test_notes_comments_and_boxes(read):
    comment = f"<office:annotation><dc:creator>Ann</dc:creator>{p('Check it.')}</office:annotation>"
    box = f"<draw:frame><draw:text-box>{p('In a box.')}</draw:text-box></draw:frame>"
    body = p(f"It is $320{NOTE} now.{comment}{box}") + '<text:h text:outline-level="1">End</text:h>'
    assert text_of(read("a.odt", document(body))).split("\n\n") == [
        "It is $320 ^1 now.", "Comment by Ann: Check it.", "In a box.", "Footnote 1: Without tax.",
        "End",
    ]  # fmt: skip


CHART = (
    f"<office:document-content {DECLARED}><office:body><office:chart><chart:chart><chart:title>"
    f"{p('Dues')}</chart:title>{table((cell(''), cell('2024')), (cell('Kiel'), cell('418')))}"
    "</chart:chart></office:chart></office:body></office:document-content>"
)
OBJECT = {"Object 1": CHART}
FRAME = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'


def test_charts(read):
    parsed = read("a.odt", document(p(FRAME), **OBJECT))
    assert text_of(parsed) == "Chart: Dues\n\n | 2024\nKiel | 418"


def test_pictures_by_their_description(read):
    frame = "<draw:frame><draw:image/><svg:desc>Map of the quay</svg:desc></draw:frame>"
    assert text_of(read("a.odt", document(p(frame)))) == "Picture: Map of the quay"


def test_boxes_of_forms(read):
    forms = (
        '<office:forms><form:form><form:checkbox form:id="c" form:label="Nuts" '
        'form:current-state="checked"/><form:checkbox form:id="d" form:label="Milk"/>'
        '<form:text form:id="e" form:current-value="Ines"/></form:form></office:forms>'
    )
    body = forms + "".join(p(f'<draw:control draw:control="{one}"/>') for one in "cde")
    assert text_of(read("a.odt", document(body))) == "☒ Nuts\n\n☐ Milk\n\nInes"


def test_slides_with_notes_comments_charts_and_what_repeats(read):
    master = (
        f"<style:master-page><draw:frame><draw:text-box>{p('Restricted')}</draw:text-box></draw:frame>"
        f'<draw:frame presentation:class="title"><draw:text-box>{p("Click")}</draw:text-box>'
        "</draw:frame></style:master-page>"
    )
    notes = f"<draw:frame><draw:text-box>{p('Slowly.')}</draw:text-box></draw:frame>"
    notes = f"<presentation:notes>{notes}</presentation:notes>"
    comment = f"<office:annotation><dc:creator>Bo</dc:creator>{p('Why?')}</office:annotation>"
    body = f"<draw:page>{FRAME}{comment}{notes}</draw:page><draw:page>{p('x')}</draw:page>"
    parsed = read("a.odp", document(body, kind="presentation", sheets=master, **OBJECT))
    assert [page.text.split("\n\n") for page in parsed.pages] == [
        ["Slide 1", "Chart: Dues", " | 2024\nKiel | 418", "Comment by Bo: Why?", "Restricted",
         "Notes", "Slowly."],
        ["Slide 2", "x"],
    ]  # fmt: skip


# Sheets.


def value(kind, number, text, more=""):
    what = "date-value" if kind == "date" else "time-value" if kind == "time" else "value"
    return cell(text, f'office:value-type="{kind}" office:{what}="{number}" {more}')


def sheet(name, *rows, more=""):
    inner = "".join(f"<table:table-row>{''.join(cells)}</table:table-row>" for cells in rows)
    return f'<table:table table:name="{name}" {more}>{inner}</table:table>'


def ods(*tables, styles="", sheets="", **parts):
    return document("".join(tables), styles, "spreadsheet", sheets, **parts)


def test_cells_of_sheets_as_they_are_shown(read):
    names = [cell(text) for text in ("Number", "Share", "Hours", "Paid", "Month", "Plain")]
    cells = (
        value("float", "417", "00417"), value("percentage", "0.125", "12.5%"),
        value("time", "PT26H30M", "26:30"), value("date", "2025-03-03", "03/03/25"),
        value("date", "2025-03-01", "Mar 25"),
        '<table:table-cell office:value-type="float" office:value="7.50"/>',
    )  # fmt: skip
    said = text_of(read("a.ods", ods(sheet("S", names, cells))))
    assert said.endswith("00417 | 12.5% | 26:30 | 2025-03-03 | Mar 25 | 7.5")


def test_merged_cells_and_comments_of_sheets(read):
    over = 'table:number-columns-spanned="2"'
    comment = f"<office:annotation><dc:creator>Ann</dc:creator>{p('Sure?')}</office:annotation>"
    page = read(
        "a.ods",
        ods(
            sheet(
                "S",
                (cell("Town"), cell("2024", over), COVERED),
                ("<table:table-cell/>", cell("Q1"), cell("Q2")),
                (cell("Kiel"), value("float", "1", "1"), cell("2", inner=comment)),
            )
        ),
    ).pages[0]
    assert page.text == (
        "S\n\nTown | 2024 Q1 | 2024 Q2\nKiel | 1 | 2\n\nComment by Ann on C3 (Kiel, 2): Sure?"
    )


def test_repeated_cells_and_rows_end_somewhere(read):
    many = 'table:number-columns-repeated="16384"'
    rows = (
        (cell("a"), cell("b"), f"<table:table-cell {many}/>"),
        (cell("1", 'table:number-columns-repeated="2"'),),
    )
    last = (
        f'<table:table-row table:number-rows-repeated="1048576"><table:table-cell {many}/>'
        "</table:table-row>"
    )
    table_ = sheet("S", *rows).replace("</table:table>", f"{last}</table:table>")
    assert text_of(read("a.ods", ods(table_))) == "S\n\na | b\n1 | 1"


def test_formulas_without_values_and_hidden_sheets(read):
    unseen = (
        '<style:style style:name="h" style:family="table"><style:table-properties '
        'table:display="false"/></style:style>'
    )
    formula = '<table:table-cell table:formula="of:=SUM([.B1:.B2])"/>'
    parsed = read(
        "a.ods",
        ods(
            sheet("S", (cell("Item"), cell("Cost")), (cell("Total"), formula)),
            sheet("H", (cell("secret"), cell("x")), more='table:style-name="h"'),
            styles=unseen,
        ),
    )
    assert "Total | =SUM(B1:B2)" in parsed.pages[0].text
    assert "formulas whose results" in parsed.problems[0]
    assert "secret" not in text_of(parsed)
    assert parsed.pages[1].hidden[0].how == "on a hidden sheet"


def test_drawings_on_sheets(read):
    shapes = f"<table:shapes>{FRAME}</table:shapes>"
    table_ = sheet("S", (cell("a"), cell("b"))).replace("</table:table>", f"{shapes}</table:table>")
    said = text_of(read("a.ods", ods(table_, **OBJECT)))
    assert said.endswith("Chart: Dues\n\n | 2024\nKiel | 418")


def test_equations(read):
    half = "<m:mfrac><m:mn>3</m:mn><m:mn>4</m:mn></m:mfrac>"
    math = f'<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:semantics>{half}</m:semantics></m:math>'
    said = text_of(read("a.odt", document(p(FRAME), **{"Object 1": math})))
    assert said.replace(" ", "") == "3/4"
