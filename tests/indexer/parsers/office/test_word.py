"""Word: what a page shows beside the plain text of its paragraphs."""

from __future__ import annotations

import pytest
from file_writers import W, docx, paragraph


def text_of(parsed):
    return "\n\n".join(page.text for page in parsed.pages)


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def line(*runs):
    return f"<w:p>{''.join(runs)}</w:p>"


UP = '<w:vertAlign w:val="superscript"/>'
DOWN = '<w:vertAlign w:val="subscript"/>'


# Raised and lowered text, equations.

STYLES = (
    f'<w:styles {W}><w:style w:styleId="Mark" w:type="character"><w:name w:val="Mark"/><w:rPr>{UP}'
    '</w:rPr></w:style><w:style w:styleId="Small" w:type="character"><w:name w:val="Small"/>'
    '<w:basedOn w:val="Mark"/></w:style></w:styles>'
)


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ((run("10"), run("6", UP), run(" cells")), "10^6 cells"),
        ((run("10"), run("-", UP), run("3", UP), run(" M")), "10^-3 M"),
        ((run("costs $320"), run("1", UP), run(" at list price")), "costs $320 ^1 at list price"),
        ((run("CO"), run("2", DOWN), run(" and x"), run("i", DOWN)), "CO_2 and x_i"),
        ((run("the 3"), run("rd", UP), run(" of May")), "the 3rd of May"),
        ((run("in 2024"), run("2", '<w:rStyle w:val="Small"/>'), run(".")), "in 2024 ^2."),
        ((run("450"), run("1", '<w:position w:val="8"/>'), run(" euros")), "450 ^1 euros"),
    ],
)
def test_raised_text(read, runs, text):
    assert text_of(read("a.docx", docx(line(*runs), styles=STYLES))) == text


def m(text):
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("equation", "text"),
    [
        (f"<m:f><m:num>{m('3')}</m:num><m:den>{m('4')}</m:den></m:f>", "3/4"),
        (f"<m:f><m:num>{m('a+b')}</m:num><m:den>{m('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:sSup><m:e>{m('x')}</m:e><m:sup>{m('2')}</m:sup></m:sSup>", "x^2"),
        (f"<m:sSub><m:e>{m('v')}</m:e><m:sub>{m('max')}</m:sub></m:sSub>", "v_max"),
        (f"<m:rad><m:deg/><m:e>{m('2')}</m:e></m:rad>", "sqrt(2)"),
        (f"<m:rad><m:deg>{m('3')}</m:deg><m:e>{m('8')}</m:e></m:rad>", "root_3(8)"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{m("i=1")}</m:sub>'
            f"<m:sup>{m('n')}</m:sup><m:e>{m('i')}</m:e></m:nary>",
            "∑_(i=1)^n i",
        ),
        (f"<m:d><m:e>{m('a')}</m:e><m:e>{m('b')}</m:e></m:d>", "(a|b)"),
        (f"<m:func><m:fName>{m('sin')}</m:fName><m:e>{m('x')}</m:e></m:func>", "sin x"),
        (f"<m:m><m:mr><m:e>{m('1')}</m:e><m:e>{m('0')}</m:e></m:mr></m:m>", "[1, 0]"),
    ],
)
def test_equations_read_as_a_line(read, equation, text):
    body = f"<w:p>{run('It is')}<m:oMath>{equation}</m:oMath>{run('.')}</w:p>"
    said = text_of(read("a.docx", docx(body)))
    assert said.replace(" ", "") == f"Itis{text}.".replace(" ", "")
    assert text in said


# Tables.


def cell(text, properties="", inner=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}<w:p>{run(text)}</w:p></w:tc>"


def span(columns):
    return f'<w:gridSpan w:val="{columns}"/>'


def row(*cells, properties=""):
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows):
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


START, GO = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


def test_merged_header_and_side_labels_of_a_table(read):
    body = table(
        row(cell("Region", START), cell("2023", span(2)), cell("2024", span(2))),
        row(cell("", GO), cell("Q1"), cell("Q2"), cell("Q1"), cell("Q2")),
        row(cell("North", START), cell("51"), cell("52"), cell("73"), cell("74")),
        row(cell("", GO), cell("61"), cell("62"), cell("83"), cell("84")),
    )
    page = read("a.docx", docx(body)).pages[0]
    assert page.text.splitlines() == [
        "Region | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2",
        "North | 51 | 52 | 73 | 74",
        "North | 61 | 62 | 83 | 84",
    ]
    assert page.blocks[0].header == len("Region | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2")


def test_a_merged_value_stands_in_its_columns(read):
    body = table(
        row(cell("Shift"), cell("Opens"), cell("Closes"), cell("Keyholder")),
        row(cell("Late"), cell("21:00", span(2)), cell("Ines")),
    )
    assert "Late | 21:00 | 21:00 | Ines" in text_of(read("a.docx", docx(body)))


def test_two_marked_header_rows_are_one(read):
    mark = "<w:tblHeader/>"
    body = table(
        row(cell("Cost"), cell("Cost"), properties=mark),
        row(cell("net"), cell("gross"), properties=mark),
        row(cell("90"), cell("107")),
    )
    assert text_of(read("a.docx", docx(body))) == "Cost net | Cost gross\n90 | 107"


def test_columns_left_out_before_a_row_and_rows_deleted_by_a_change(read):
    body = table(
        row(cell("Plan"), cell("Fee")),
        row(cell("12"), properties='<w:gridBefore w:val="1"/>'),
        row(cell("Old"), cell("99"), properties='<w:del w:id="1" w:author="x"/>'),
    )
    assert text_of(read("a.docx", docx(body))) == "Plan | Fee\n | 12"


def test_a_table_in_a_cell_is_read_with_its_names(read):
    inner = table(row(cell("Size"), cell("Price")), row(cell("4 mm"), cell("7")))
    body = table(row(cell("Part"), cell("Sizes")), row(cell("Bolt"), cell("", inner=inner)))
    assert "Bolt | Size: 4 mm, Price: 7" in text_of(read("a.docx", docx(body)))


# Generated numbers.


def level(number, text, form="decimal", more=""):
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(*levels, lists='<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'):
    return (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>'
        f"{lists}</w:numbering>"
    )


def numbered(text, depth=0, number=1):
    place = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{place}</w:pPr>{run(text)}</w:p>"


def test_clauses_have_the_numbers_that_word_shows(read):
    part = numbering(level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter"))
    body = "".join(
        numbered(text, depth)
        for text, depth in [
            ("Scope", 0), ("Payment", 0), ("Thirty days.", 1), ("Interest.", 1),
            ("Two percent.", 2),
            ("A month.", 2), ("No set-off.", 1), ("Term", 0), ("One year.", 1),
        ]
    )  # fmt: skip
    assert text_of(read("a.docx", docx(body, numbering=part))).splitlines() == [
        "1. Scope", "2. Payment", "  2.1 Thirty days.", "  2.2 Interest.", "    (a) Two percent.",
        "    (b) A month.", "  2.3 No set-off.", "3. Term", "  3.1 One year.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        ("upperRoman", ["I.", "II.", "III."]),
        ("upperLetter", ["A.", "B.", "C."]),
        ("decimalZero", ["01.", "02.", "03."]),
        ("ordinal", ["1st.", "2nd.", "3rd."]),
        ("japaneseCounting", ["一.", "二.", "三."]),
        ("russianLower", ["а.", "б.", "в."]),
        ("decimalEnclosedCircle", ["①.", "②.", "③."]),
    ],
)
def test_forms_of_numbers(read, form, marks):
    body = numbered("x") * 3
    lines = text_of(read("a.docx", docx(body, numbering=numbering(level(0, "%1.", form)))))
    assert lines.splitlines() == [f"{mark} x" for mark in marks]


def test_headings_numbered_by_their_style(read):
    styles = (
        f'<w:styles {W}><w:style w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:styleId="H2"><w:name '
        'w:val="heading 2"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>'
        "</w:pPr></w:style></w:styles>"
    )
    part = numbering(
        level(0, "Article %1", "upperRoman", '<w:pStyle w:val="H1"/>'),
        level(1, "%1.%2", more='<w:isLgl/><w:pStyle w:val="H2"/>'),
    )
    body = paragraph("Scope", "H1") + paragraph("Fees", "H1") + paragraph("Late fees", "H2")
    parsed = read("a.docx", docx(body, styles=styles, numbering=part))
    assert text_of(parsed).split("\n\n") == ["Article I Scope", "Article II Fees", "2.1 Late fees"]
    assert [block.kind for block in parsed.pages[0].blocks] == ["heading"] * 3


def test_a_list_that_begins_again_and_one_that_goes_on(read):
    lists = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2">'
        '<w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>'
        "</w:lvlOverride></w:num>"
        '<w:num w:numId="3"><w:abstractNumId w:val="0"/></w:num>'
    )
    part = numbering(level(0, "%1)"), lists=lists)
    body = "".join(numbered("x", number=number) for number in (1, 1, 3, 2, 2))
    lines = text_of(read("a.docx", docx(body, numbering=part))).splitlines()
    assert lines == ["1) x", "2) x", "3) x", "5) x", "6) x"]


def test_numbers_in_the_cells_of_a_table(read):
    body = table(
        row(cell("No"), cell("Step")),
        *(f"<w:tr><w:tc>{numbered('')}</w:tc>{cell(step)}</w:tr>" for step in ("Open", "Close")),
    )
    body += numbered("Lock")
    said = text_of(read("a.docx", docx(body, numbering=numbering(level(0, "%1.")))))
    assert "3. Lock" in said


def test_a_numbering_that_names_nothing_is_a_list_without_numbers(read):
    assert text_of(read("a.docx", docx(numbered("x", 12, 7)))).strip() == "- x"


# Parts beside the body.

SECTION = "<w:sectPr>{}</w:sectPr>"


def running(kind, text, inner=""):
    tag = "hdr" if kind == "header" else "ftr"
    return kind, f"<w:{tag} {W}>{paragraph(text) if text else ''}{inner}</w:{tag}>"


def reference(kind, path, when="default"):
    return f'<w:{kind}Reference w:type="{when}" r:id="{path}"/>'


def test_headers_and_footers_are_read_once(read):
    section = SECTION.format(reference("header", "h.xml") + reference("footer", "f.xml"))
    body = paragraph("One.") + f"<w:p><w:pPr>{section}</w:pPr></w:p>" + paragraph("Two.") + section
    more = {"h.xml": running("header", "Form QP-7"), "f.xml": running("footer", "Confidential")}
    said = text_of(read("a.docx", docx(body, more=more)))
    assert said == "Form QP-7\n\nConfidential\n\nOne.\n\nTwo."


def test_the_header_of_a_first_page_counts_where_there_is_one(read):
    references = reference("header", "h.xml", "first") + reference("header", "e.xml", "even")
    more = {"h.xml": running("header", "Draft 9"), "e.xml": running("header", "Never shown")}
    shown = docx(paragraph("x") + SECTION.format(references + "<w:titlePg/>"), more=more)
    assert text_of(read("a.docx", shown)) == "Draft 9\n\nx"
    assert (
        text_of(read("b.docx", docx(paragraph("x") + SECTION.format(references), more=more))) == "x"
    )


def test_page_numbers_are_no_text(read):
    field = '<w:fldSimple w:instr=" PAGE "><w:r><w:t>3</w:t></w:r></w:fldSimple>'
    pages = line(run("Page "), field, run(" of "), field.replace("PAGE", "NUMPAGES"))
    more = {"f.xml": running("footer", "", pages)}
    body = paragraph("x") + SECTION.format(reference("footer", "f.xml"))
    assert text_of(read("a.docx", docx(body, more=more))) == "x"


def test_a_table_in_a_header(read):
    rows = table(row(cell("Owner"), cell("Rev")), row(cell("Ines"), cell("5")))
    more = {"h.xml": running("header", "", rows)}
    body = paragraph("x") + SECTION.format(reference("header", "h.xml"))
    assert text_of(read("a.docx", docx(body, more=more))).startswith("Owner | Rev\nInes | 5")


def notes(kind, *texts):
    inner = "".join(
        f'<w:{kind} w:id="{n}">{paragraph(t)}</w:{kind}>' for n, t in enumerate(texts, 2)
    )
    separator = f'<w:{kind} w:type="separator" w:id="0"><w:p/></w:{kind}>'
    return f"<w:{kind}s {W}>{separator}{inner}</w:{kind}s>"


def test_notes_stand_behind_what_they_are_about(read):
    body = (
        line(run("The fee is $320"), '<w:r><w:footnoteReference w:id="2"/></w:r>', run(" a year."))
        + paragraph("Late", "H")
        + line(run("See tides"), '<w:r><w:endnoteReference w:id="2"/></w:r>')
    )
    styles = (
        f'<w:styles {W}><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>'
    )
    parts = {
        "footnotes": notes("footnote", "Without tax."),
        "endnotes": notes("endnote", "At noon."),
    }
    assert text_of(read("a.docx", docx(body, styles=styles, **parts))).split("\n\n") == [
        "The fee is $320 ^1 a year.", "Footnote 1: Without tax.", "Late", "See tides ^i",
        "Endnote i: At noon.",
    ]  # fmt: skip


def test_comments_name_their_author(read):
    comments = (
        f'<w:comments {W}><w:comment w:id="0" w:author="Tamsin Vale">{paragraph("Raise it.")}'
        f'</w:comment><w:comment w:id="1" w:author="">{paragraph("Agreed.")}</w:comment>'
        f'<w:comment w:id="9" w:author="Bo">{paragraph("Lost.")}</w:comment></w:comments>'
    )
    marks = '<w:r><w:commentReference w:id="0"/></w:r><w:r><w:commentReference w:id="1"/></w:r>'
    body = line(run("The cap is 50,000."), marks) + paragraph("End.")
    assert text_of(read("a.docx", docx(body, comments=comments))).split("\n\n") == [
        "The cap is 50,000.", "Comment by Tamsin Vale: Raise it.", "Comment: Agreed.", "End.",
        "Comment by Bo: Lost.",
    ]  # fmt: skip


BOX = "<w:txbxContent>{}</w:txbxContent>"


def test_text_boxes_are_read_once(read):
    inner = BOX.format(paragraph("Box about gulls"))
    both = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{inner}</w:drawing></mc:Choice><mc:Fallback>"
        f"<w:pict>{inner}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    body = line(run("Before."), both) + table(row(cell("A"), f"<w:tc>{line(both)}</w:tc>"))
    assert text_of(read("a.docx", docx(body))).split("\n\n") == [
        "Before.", "Box about gulls", "A | Box about gulls",
    ]  # fmt: skip


def test_what_pictures_show_by_their_description(read):
    picture = '<w:r><w:drawing><wp:docPr id="1" name="P" descr="{}"/></w:drawing></w:r>'
    body = line(run("See."), picture.format("Map of the quay")) + line(picture.format("image1.png"))
    assert text_of(read("a.docx", docx(body))) == "See.\n\nPicture: Map of the quay"


def values(kind, *points):
    inner = "".join(f'<c:pt idx="{n}"><c:v>{one}</c:v></c:pt>' for n, one in enumerate(points))
    return f"<c:{kind}Cache>{inner}</c:{kind}Cache>"


def chart(title, *series):
    said = (
        f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    )
    inner = "".join(
        f"<c:ser><c:tx>{values('str', name)}</c:tx><c:cat>{values('str', *names)}</c:cat>"
        f"<c:val>{values('num', *numbers)}</c:val></c:ser>"
        for name, names, numbers in series
    )
    return (
        f"<c:chartSpace {W}><c:chart>{said if title else ''}<c:plotArea><c:barChart>{inner}"
        "</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )


def graphic(inner):
    return f"<w:r><w:drawing><a:graphic>{inner}</a:graphic></w:drawing></w:r>"


def test_charts_are_tables_with_a_title(read):
    towns = ("Kiel", "Bonn")
    part = chart("Dues", ("2023", towns, ("418", "12.5")), ("2024", towns, ("430", "13")))
    body = line(graphic('<c:chart r:id="c.xml"/>'))
    said = text_of(read("a.docx", docx(body, more={"c.xml": ("chart", part)})))
    assert said == "Chart: Dues\n\n | 2023 | 2024\nKiel | 418 | 430\nBonn | 12.5 | 13"


def test_a_chart_of_one_series_has_its_name(read):
    part = chart("", ("Tugboat hours", ("Q1", "Q2"), ("1640", "1870")))
    body = line(graphic('<c:chart r:id="c.xml"/>'))
    said = text_of(read("a.docx", docx(body, more={"c.xml": ("chart", part)})))
    assert said == "Chart: Tugboat hours\n\n | Tugboat hours\nQ1 | 1640\nQ2 | 1870"


def test_diagrams_are_lists(read):
    def point(number, text):
        said = f"<dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t>"
        return f'<dgm:pt modelId="{number}">{said}</dgm:pt>'

    links = "".join(
        f'<dgm:cxn modelId="x{n}" srcId="{a}" destId="{b}" srcOrd="{o}"/>'
        for n, (a, b, o) in enumerate([(0, 1, 0), (0, 3, 1), (1, 2, 0)])
    )
    part = (
        f'<dgm:dataModel {W}><dgm:ptLst><dgm:pt modelId="0" type="doc"/>{point(3, "Close")}'
        f"{point(1, 'Notify')}{point(2, 'by radio')}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst>"
        "</dgm:dataModel>"
    )
    body = line(graphic('<dgm:relIds r:dm="d.xml"/>'))
    said = text_of(read("a.docx", docx(body, more={"d.xml": ("diagramData", part)})))
    assert said == "- Notify\n  - by radio\n- Close"


@pytest.mark.parametrize(
    ("kind", "chunk"),
    [
        ("html", "<h1>Tariff</h1><p>The toll is 9.</p>"),
        ("rtf", r"{\rtf1 Tariff\par The toll is 9.\par}"),
        ("text", "Tariff\n\nThe toll is 9."),
    ],
)
def test_foreign_chunks_are_read_in_their_place(read, kind, chunk):
    body = paragraph("Before.") + '<w:altChunk r:id="x"/>' + paragraph("After.")
    said = text_of(read("a.docx", docx(body, more={"x": (f"aFChunk {kind}", chunk)})))
    assert said.split("\n\n") == ["Before.", "Tariff", "The toll is 9.", "After."]


def test_a_chunk_that_is_not_read_is_named(read):
    body = paragraph("Before.") + '<w:altChunk r:id="x"/>'
    parsed = read("a.docx", docx(body, more={"x": ("aFChunk mht", "MIME-Version: 1.0\n\nx")}))
    assert "was not read" in parsed.problems[0]


# Marks of forms, symbols, fields, readings.


def form_field(inner, code):
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{inner}</w:ffData></w:fldChar></w:r>'
        f'<w:r><w:instrText>{code}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def control(checked):
    state = f'<w14:checkbox><w14:checked w14:val="{checked}"/></w14:checkbox>'
    return f"<w:sdt><w:sdtPr>{state}</w:sdtPr><w:sdtContent>{run('?')}</w:sdtContent></w:sdt>"


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (control(1), "☒ Latex"),
        (control(0), "☐ Latex"),
        (form_field("<w:checkBox><w:checked/></w:checkBox>", "FORMCHECKBOX"), "☒ Latex"),
        (form_field('<w:checkBox><w:default w:val="1"/></w:checkBox>', "FORMCHECKBOX"), "☒ Latex"),
        (form_field('<w:checkBox><w:checked w:val="0"/></w:checkBox>', "FORMCHECKBOX"), "☐ Latex"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "☑ Latex"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>', "☐ Latex"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F052"/></w:r>', "☑ Latex"),
        ('<w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r>', "≥ Latex"),
        (run("þ", '<w:rFonts w:ascii="Wingdings"/>'), "☑ Latex"),
        (
            form_field(
                '<w:ddList><w:result w:val="1"/><w:listEntry w:val="never"/>'
                '<w:listEntry w:val="often"/></w:ddList>',
                "FORMDROPDOWN",
            ),
            "often Latex",
        ),
    ],
)
def test_marks_of_forms(read, mark, text):
    assert text_of(read("a.docx", docx(line(mark, run(" Latex"))))) == text


def test_the_code_of_a_field_is_no_text_and_its_result_is(read):
    def mark(kind):
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    inner = mark("begin") + run("MERGEFIELD x") + mark("separate") + run("y") + mark("end")
    field = mark("begin") + run("IF ") + inner + mark("separate") + run("kept") + mark("end")
    body = (
        line(run("It is "), field, run(".")) + line(mark("begin"), run("cut")) + paragraph("End.")
    )
    assert text_of(read("a.docx", docx(body))) == "It is kept.\n\nEnd."


def test_the_reading_over_a_word_stays_out_of_it(read):
    def ruby(base, reading):
        return (
            f"<w:r><w:ruby><w:rt>{run(reading)}</w:rt><w:rubyBase>{run(base)}</w:rubyBase></w:ruby>"
            "</w:r>"
        )

    body = line(ruby("契", "けい"), ruby("約", "やく"), run("書は金庫にあります。"))
    assert text_of(read("a.docx", docx(body))) == "契約書は金庫にあります。"


def test_an_initial_that_is_set_large_joins_its_word(read):
    drop = f'<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr>{run("T")}</w:p>'
    assert text_of(read("a.docx", docx(drop + paragraph("he quay opens.")))) == "The quay opens."


def test_moved_and_deleted_text_is_gone(read):
    body = line(
        run("Pay within "), f"<w:del>{run('ten')}</w:del>", f"<w:ins>{run('thirty')}</w:ins>",
        f"<w:moveFrom>{run('gone')}</w:moveFrom>", f"<w:moveTo>{run(' days')}</w:moveTo>",
    )  # fmt: skip
    assert text_of(read("a.docx", docx(body))) == "Pay within thirty days"


def test_objects_that_are_not_read_are_told_of(read):
    parsed = read("a.docx", docx(line(run("See "), "<w:r><w:object/></w:r>")))
    assert parsed.problems == (
        "objects embedded in it (old equations, sheets, drawings) were not read: 1",
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (r"EQ \f(3,4)", "3/4"),
        (r"EQ \f(a+b;2)", "a+b/2"),
        (r"eq x\s\up8(2)", "x^2"),
        (r"EQ \r(3,8)", "root_3(8)"),
        (r"EQ \r(,2)", "sqrt(2)"),
        (r'EQ \* jc2 \* "Font:MS Mincho" \* hps10 \o\ad(\s\up 9(けい),契)', "契"),
        (r'SYMBOL 254 \f "Wingdings" \s 12', "☑"),
        ("SYMBOL 8364", "€"),
        ("TC hidden", ""),
    ],
)
def test_fields_that_hold_no_result(read, code, text):
    def mark(kind):
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    inner = f"<w:r><w:instrText>{code}</w:instrText></w:r>"
    body = line(run("It: "), mark("begin"), inner, mark("end"), run("."))
    said = text_of(read("a.docx", docx(body)))
    assert said.replace(" ", "") == f"It:{text}.".replace(" ", "")


def test_a_code_beyond_reason_takes_no_time():
    from indexer.parsers.office.word.fields import shown

    assert shown("EQ " + "\\a1 " * 400) is not None
    assert shown("EQ " + "\\f(" * 500) is not None


@pytest.mark.parametrize(
    "kind",
    [
        "ms-word.document.macroEnabled",
        "ms-word.template.macroEnabledTemplate",
        "openxmlformats-officedocument.wordprocessingml.template",
    ],
)
def test_templates_and_files_with_macros_are_documents(read, kind):
    import io
    import zipfile

    stream = io.BytesIO()
    words = io.BytesIO(docx(paragraph("Words.")))
    with zipfile.ZipFile(words) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            plain = b"openxmlformats-officedocument.wordprocessingml.document.main"
            new.writestr(name, old.read(name).replace(plain, f"{kind}.main".encode()))
    assert text_of(read("a.docm", stream.getvalue())) == "Words."
