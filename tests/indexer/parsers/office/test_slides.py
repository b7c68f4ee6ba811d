"""Presentations: what a slide shows beside plain paragraphs."""

from __future__ import annotations

import io

import pytest
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Inches

NAMES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
SIZE = (Inches(1), Inches(1), Inches(4), Inches(2))


@pytest.fixture
def deck():
    return Presentation()


@pytest.fixture
def slide(deck):
    return deck.slides.add_slide(deck.slide_layouts[6])


@pytest.fixture
def pages(read, deck):
    """Reads the deck: the texts of its slides."""

    def read_pages():
        stream = io.BytesIO()
        deck.save(stream)
        return [page.text for page in read("a.pptx", stream.getvalue()).pages]

    return read_pages


def write(shape, *paragraphs):
    """Replace a shape's paragraphs by these, in DrawingML."""
    body = shape.text_frame._txBody
    for old in body.findall("{*}p"):
        body.remove(old)
    for paragraph in paragraphs:
        body.append(etree.fromstring(f"<a:p {NAMES}>{paragraph}</a:p>"))


def run(text, baseline="", inner=""):
    raised = f' baseline="{baseline}"' if baseline else ""
    return f"<a:r><a:rPr{raised}>{inner}</a:rPr><a:t>{text}</a:t></a:r>"


def numbered(text, scheme="arabicPeriod", level=0, start=""):
    at = f' startAt="{start}"' if start else ""
    return f'<a:pPr lvl="{level}"><a:buAutoNum type="{scheme}"{at}/></a:pPr>{run(text)}'


@pytest.mark.parametrize(
    ("paragraph", "text"),
    [
        (run("10") + run("6", "30000") + run(" cells"), "10^6 cells"),
        (run("$320") + run("1", "30000") + run(" a year"), "$320 ^1 a year"),
        (run("CO") + run("2", "-25000"), "CO_2"),
        (run("the 2") + run("nd", "30000") + run(" day"), "the 2nd day"),
        (run("ü", inner='<a:latin typeface="Wingdings"/>') + run(" Paid"), "✓ Paid"),
        (
            run("so ")
            + "<mc:AlternateContent><mc:Choice Requires='a14'><a14:m><m:oMath><m:f><m:num>"
            "<m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"
            f"</a14:m></mc:Choice><mc:Fallback>{run('12')}</mc:Fallback></mc:AlternateContent>",
            "so 1/2",
        ),
    ],
)
def test_raised_text_and_equations(slide, pages, paragraph, text):
    write(slide.shapes.add_textbox(*SIZE), paragraph)
    assert pages() == [f"Slide 1\n\n{text}"]


def test_steps_have_the_numbers_that_powerpoint_shows(slide, pages):
    write(
        slide.shapes.add_textbox(*SIZE),
        numbered("Open"), numbered("Check", "alphaLcParenR", 1),
        numbered("Note", "alphaLcParenR", 1), numbered("Close"), run("Then:"), numbered("Lock"),
        numbered("Go", start="7"),
    )  # fmt: skip
    assert pages()[0].split("\n\n", 1)[1] == (
        "1. Open\n  a) Check\n  b) Note\n2. Close\n\nThen:\n\n1. Lock\n7. Go"
    )


@pytest.mark.parametrize(
    ("scheme", "mark"),
    [
        ("romanUcPeriod", "I."),
        ("alphaUcParenBoth", "(A)"),
        ("circleNumDbPlain", "①"),
        ("arabicPlain", "1"),
        ("ea1JpnKorPeriod", "一."),
    ],
)
def test_kinds_of_numbers(slide, pages, scheme, mark):
    write(slide.shapes.add_textbox(*SIZE), numbered("Open", scheme))
    assert pages()[0].endswith(f"{mark} Open")


def test_numbers_that_the_layout_gives(deck, pages):
    layout = deck.slide_layouts[1]
    style = layout.placeholders[1].text_frame._txBody.find("{*}lstStyle")
    style.append(
        etree.fromstring(f'<a:lvl1pPr {NAMES}><a:buAutoNum type="arabicPeriod"/></a:lvl1pPr>')
    )
    slide = deck.slides.add_slide(layout)
    slide.shapes.title.text = "Steps"
    slide.placeholders[1].text = "Open\nClose"
    assert pages() == ["Steps\n\n1. Open\n2. Close"]


def test_merged_cells_of_a_table(slide, pages):
    table = slide.shapes.add_table(4, 3, *SIZE).table
    rows = ("Site", "2024", "", "", "Q1", "Q2", "Kiel", "73", "74", "Bonn", "none", "")
    for place, text in enumerate(rows):
        table.cell(place // 3, place % 3).text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(3, 1).merge(table.cell(3, 2))
    assert pages()[0].split("\n\n")[1] == (
        "Site | 2024 Q1 | 2024 Q2\nKiel | 73 | 74\nBonn | none | none"
    )


def test_charts(slide, pages):
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["Kiel", "Bonn"]
    data.add_series("2023", (0.418, 0.3))
    data.add_series("2024", (0.43, 0.25))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *SIZE, data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Share of dues"
    frame.chart.value_axis.has_title = True
    frame.chart.value_axis.axis_title.text_frame.text = "Share"
    assert pages()[0].split("\n\n", 1)[1] == (
        "Chart: Share of dues; Share\n\n"
        "Share | 2023 | 2024\nKiel | 41.8% | 43.0%\nBonn | 30.0% | 25.0%"
    )


def test_charts_of_points(slide, pages):
    from pptx.chart.data import XyChartData

    data = XyChartData()
    series = data.add_series("Depth")
    series.add_data_point(1.5, 20)
    series.add_data_point(2.5, 30)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *SIZE, data)
    assert "1.5 | 20\n2.5 | 30" in pages()[0]


def related(deck, sheet, kind, xml, name):
    part = Part(PackURI(f"/ppt/{name}.xml"), "application/xml", deck.part.package, xml.encode())
    return sheet.part.relate_to(part, kind)


def test_diagrams(deck, slide, pages):
    texts = "".join(
        f'<dgm:pt modelId="{n}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for n, text in enumerate(("Sign the manifest", "Weigh it"))
    )
    xml = f"<dgm:dataModel {NAMES}><dgm:ptLst>{texts}</dgm:ptLst></dgm:dataModel>"
    number = related(deck, slide, f"{RELATIONSHIP_TYPE.CHART}/diagramData", xml, "d")
    frame = slide.shapes.add_table(1, 1, *SIZE)._element
    frame.find(".//{*}tbl").getparent().replace(
        frame.find(".//{*}tbl"), etree.fromstring(f'<dgm:relIds {NAMES} r:dm="{number}"/>')
    )
    assert pages() == ["Slide 1\n\n- Sign the manifest\n- Weigh it"]


def test_comments_name_their_author(deck, slide, pages):
    slide.shapes.add_textbox(*SIZE).text_frame.text = "The cap is 50,000."
    kind = "http://x/relationships/"
    authors = f'<p:cmAuthorLst {NAMES}><p:cmAuthor id="0" name="Tamsin Vale"/></p:cmAuthorLst>'
    related(deck, deck, f"{kind}commentAuthors", authors, "a")
    comments = f'<p:cmLst {NAMES}><p:cm authorId="0"><p:text>Raise it.</p:text></p:cm></p:cmLst>'
    related(deck, slide, f"{kind}comments", comments, "c")
    newer = (
        f'<p:cmLst {NAMES}><p:cm authorId="9"><p:txBody><a:p>{run("To 80,000.")}</a:p></p:txBody>'
        "</p:cm></p:cmLst>"
    )
    related(deck, slide, f"{kind}comments", newer, "n")
    assert pages()[0].split("\n\n")[1:] == [
        "The cap is 50,000.", "Comment by Tamsin Vale: Raise it.", "Comment: To 80,000.",
    ]  # fmt: skip


def test_what_repeats_on_slides_is_read_once(deck, pages):
    layout = deck.slide_layouts[6]
    box = parse_xml(
        f'<p:sp {NAMES}><p:nvSpPr><p:cNvPr id="77" name="B"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr>'
        f"<p:spPr/><p:txBody><a:bodyPr/><a:p>{run('Restricted to staff')}</a:p></p:txBody></p:sp>"
    )
    layout.shapes._spTree.append(box)
    for text in ("One.", "Two."):
        deck.slides.add_slide(layout).shapes.add_textbox(*SIZE).text_frame.text = text
    assert pages() == ["Slide 1\n\nOne.\n\nRestricted to staff", "Slide 2\n\nTwo."]


def test_notes_keep_their_numbers(slide, pages):
    write(slide.notes_slide.notes_placeholder, numbered("Greet"), numbered("Begin"))
    assert pages() == ["Slide 1\n\nNotes\n\n1. Greet\n2. Begin"]


def test_what_pictures_show_by_their_description(slide, pages):
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    picture = slide.shapes.add_picture(stream, *SIZE)
    picture._element.find(".//{*}cNvPr").set("descr", "Map of the quay")
    assert pages() == ["Slide 1\n\nPicture: Map of the quay"]


def test_one_of_several_forms_of_a_shape_is_read(slide, pages):
    def shape(text):
        return (
            '<p:sp><p:nvSpPr><p:cNvPr id="9" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
            f"<p:txBody><a:bodyPr/><a:p>{run(text)}</a:p></p:txBody></p:sp>"
        )

    several = (
        f"<mc:AlternateContent {NAMES}><mc:Choice Requires='x'>{shape('Shown once')}</mc:Choice>"
        f"<mc:Fallback>{shape('Shown once, too')}</mc:Fallback></mc:AlternateContent>"
    )
    slide.shapes._spTree.append(etree.fromstring(several))
    assert pages() == ["Slide 1\n\nShown once"]


@pytest.mark.parametrize("kind", ["slideshow", "template"])
def test_slide_shows_and_templates_are_presentations(read, deck, slide, kind):
    import zipfile

    slide.shapes.add_textbox(*SIZE).text_frame.text = "Words."
    saved, changed = io.BytesIO(), io.BytesIO()
    deck.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            plain = b"presentationml.presentation.main"
            new.writestr(
                name, old.read(name).replace(plain, f"presentationml.{kind}.main".encode())
            )
    assert read("a.ppsx", changed.getvalue()).pages[0].text == "Slide 1\n\nWords."
