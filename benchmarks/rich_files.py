"""Office files with something in every part that is read: seeds for `benchmarks.fuzz`.

Samples of real people seldom have charts, comments, forms and merged cells in one file.
"""

from __future__ import annotations

import io
import zipfile

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}" xmlns:a="{_DRAWING}/main" xmlns:c="{_DRAWING}/chart" '
    f'xmlns:dgm="{_DRAWING}/diagram" xmlns:m="{_OFFICE}/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for short, full in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"),
        ("style", "style"), ("form", "form"), ("chart", "chart"), ("svg", "svg"),
    )
)  # fmt: skip
_ODF += ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'

_CHART = (
    f"<c:chartSpace {_NAMES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Dues</a:t></a:r></a:p>"
    "</c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache>"
    '<c:pt idx="0"><c:v>2024</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:multiLvlStrRef>'
    '<c:multiLvlStrCache><c:lvl><c:pt idx="0"><c:v>Kiel</c:v></c:pt><c:pt idx="1"><c:v>Bonn</c:v>'
    '</c:pt></c:lvl><c:lvl><c:pt idx="0"><c:v>North</c:v></c:pt></c:lvl></c:multiLvlStrCache>'
    "</c:multiLvlStrRef></c:cat><c:val><c:numRef><c:numCache><c:formatCode>0.0%</c:formatCode>"
    '<c:pt idx="0"><c:v>0.418</c:v></c:pt><c:pt idx="1"><c:v>0.3</c:v></c:pt></c:numCache>'
    "</c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
)
_DIAGRAM = (
    f'<dgm:dataModel {_NAMES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/><dgm:pt modelId="1"><dgm:t>'
    '<a:p><a:r><a:t>Sign</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt modelId="2"><dgm:t><a:p><a:r>'
    '<a:t>Weigh</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst><dgm:cxnLst><dgm:cxn modelId="3" '
    'srcId="0" destId="1" srcOrd="0"/><dgm:cxn modelId="4" srcId="1" destId="2" srcOrd="0"/>'
    "</dgm:cxnLst></dgm:dataModel>"
)
_RTF = rb"""{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}
{\f2\fcharset2 Wingdings;}}{\stylesheet{\s1 heading 1;}}{\header\pard Form {\field{\*\fldinst PAGE}
{\fldrslt 3}}\par}\pard\s1{\listtext 3.2\tab}Fees\par\pard It is $320{\super\chftn{\footnote\pard No
tax.}} {\f1\'ca\'e2} {\f2\'fc}{\*\atnauthor T}\chatn{\*\annotation Raise.}{\field{\*\fldinst FORM
{\*\formfield{\fftype1\ffres1}}}{\fldrslt}}{\shp{\*\shpinst{\shptxt In a box.\par}}}\par\trowd
\clvmgf\cellx1\clmgf\cellx2\clmrg\cellx3\pard\intbl A\cell B\cell\cell\row\trowd\clvmrg\cellx1\cellx2
\cellx3\pard\intbl\cell 1\cell\pard\intbl\itap2 x\nestcell y\nestcell{\*\nesttableprops\trowd\cellx1
\cellx2\nestrow}\pard\intbl\itap1\cell\row\pard{\mmath{\*\moMath{\mf{\mnum{\mr 3}}{\mden{\mr 4}}}}}
{\upr{x}{\*\ud \uc2\u26481\'93\'8c}}\par}"""


def rich_files() -> list[tuple[str, bytes]]:
    """Names and contents of the files."""
    return [
        ("rich.docx", _docx()),
        ("rich.pptx", _pptx()),
        ("rich.xlsx", _xlsx()),
        ("rich.odt", _odf("text", _odf_text())),
        ("rich.odp", _odf("presentation", f"<draw:page>{_odf_text()}</draw:page>")),
        ("rich.ods", _odf("spreadsheet", _odf_table())),
        ("rich.rtf", _RTF),
    ]


def _zipped(members: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _related(**targets: str) -> str:
    inner = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind_target.partition(" ")[0]}" '
        f'Target="{kind_target.partition(" ")[2]}"/>'
        for name, kind_target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _types(main: str, path: str) -> str:
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
        'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="{path}" ContentType="application/'
        f'vnd.openxmlformats-officedocument.{main}+xml"/></Types>'
    )


def _run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def _paragraph(inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def _docx() -> bytes:
    raised = '<w:vertAlign w:val="superscript"/>'
    number = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    box = f"<w:txbxContent>{_paragraph(_run('In a box.'))}</w:txbxContent>"
    both = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice><mc:Fallback>"
        f"<w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    cell = "<w:tc><w:tcPr>{}</w:tcPr>{}</w:tc>".format
    inner = f"<w:tbl><w:tr>{cell('', _paragraph(_run('x')))}</w:tr></w:tbl>"
    down, over = '<w:vMerge w:val="restart"/>', '<w:gridSpan w:val="2"/>'
    table = (
        f"<w:tbl><w:tr>{cell(down, _paragraph(_run('A')))}"
        f"{cell(over, _paragraph(_run('2024')))}</w:tr><w:tr>"
        f"{cell('<w:vMerge/>', _paragraph(''))}{cell('', inner + _paragraph(both))}"
        f"{cell('', _paragraph(_run('Q2'), number.format(0)))}</w:tr></w:tbl>"
    )
    math = "<m:oMath><m:f><m:num><m:r><m:t>3</m:t></m:r></m:num><m:den><m:r><m:t>4</m:t></m:r></m:den></m:f></m:oMath>"
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox>'
        "</w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    marks = (
        '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r><w:sdt><w:sdtPr><w14:checkbox>'
        '<w14:checked w14:val="1"/></w14:checkbox></w:sdtPr></w:sdt><w:r><w:ruby><w:rt>'
        f"{_run('b')}</w:rt><w:rubyBase>{_run('a')}</w:rubyBase></w:ruby></w:r>"
    )
    graphics = '<w:r><w:drawing><c:chart r:id="c"/><dgm:relIds r:dm="d"/></w:drawing></w:r>'
    notes = '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>'
    body = (
        _paragraph(_run("Scope"), number.format(0))
        + _paragraph(_run("10") + _run("6", raised) + math + field + marks, number.format(1))
        + _paragraph(_run("Fee") + notes + graphics + both)
        + table
        + '<w:altChunk r:id="k"/><w:sectPr><w:headerReference w:type="default" r:id="h"/></w:sectPr>'
    )
    level = '<w:lvl w:ilvl="{}"><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'.format
    numbering = (
        f'<w:numbering {_NAMES}><w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.")}'
        f'{level(1, "lowerRoman", "%1.%2")}</w:abstractNum><w:num w:numId="1"><w:abstractNumId '
        'w:val="0"/></w:num></w:numbering>'
    )
    return _zipped(
        {
            "[Content_Types].xml": _types(
                "wordprocessingml.document.main", "/word/document.xml"
            ),
            "_rels/.rels": _related(m="officeDocument word/document.xml"),
            "word/document.xml": f"<w:document {_NAMES}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": _related(
                c="chart c.xml", d="diagramData d.xml", h="header h.xml", f="footnotes f.xml",
                n="numbering n.xml", o="comments o.xml", k="aFChunk k.rtf.xml",
            ),
            "word/c.xml": _CHART,
            "word/d.xml": _DIAGRAM,
            "word/h.xml": f"<w:hdr {_NAMES}>{_paragraph(_run('Form QP-7'))}</w:hdr>",
            "word/f.xml": f'<w:footnotes {_NAMES}><w:footnote w:id="2">'
            f"{_paragraph(_run('No tax.'))}</w:footnote></w:footnotes>",
            "word/n.xml": numbering,
            "word/o.xml": f'<w:comments {_NAMES}><w:comment w:id="0" w:author="T">'
            f"{_paragraph(_run('Raise it.'))}</w:comment></w:comments>",
            "word/k.rtf.xml": _RTF.decode("latin-1"),
        }
    )  # fmt: skip


def _pptx() -> bytes:
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck, size = Presentation(), (Inches(1), Inches(1), Inches(4), Inches(2))
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Fees"
    slide.placeholders[1].text = "Scope\nPayment"
    table = slide.shapes.add_table(3, 3, *size).table
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(0, 0).merge(table.cell(1, 0))
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["Kiel", "Bonn"]
    data.add_series("2024", (0.418, 0.3))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *size, data)
    slide.notes_slide.notes_text_frame.text = "Slowly."
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _xlsx() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1" t="str"><v>Town</v></c>'
        '<c r="B1" t="str"><v>2024</v></c></row><row r="2"><c r="B2" t="str"><v>Q1</v></c>'
        '<c r="C2" t="str"><v>Q2</v></c></row><row r="3"><c r="A3" t="str"><v>Kiel</v></c>'
        '<c r="B3" s="1"><v>0.125</v></c><c r="C3" s="2"><v>45719</v></c></row><row r="4">'
        '<c r="B4"><f>SUM(B3:B3)</f></c></row></sheetData><mergeCells><mergeCell ref="B1:C1"/>'
        "</mergeCells><headerFooter><oddHeader>&amp;LForm QP-7</oddHeader></headerFooter></worksheet>"
    )
    styles = (
        f'<styleSheet xmlns="{main}"><numFmts><numFmt numFmtId="170" formatCode="[&gt;1]0.0%;# ?/?"/>'
        '<numFmt numFmtId="171" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>'
    )
    book = f'<workbook xmlns="{main}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="s"/></sheets></workbook>'
    comments = (
        f'<comments xmlns="{main}"><authors><author>Ann</author></authors><commentList>'
        '<comment ref="B3" authorId="0"><text><t>Sure?</t></text></comment></commentList></comments>'
    )
    drawing = (
        f"<xdr:wsDr xmlns:xdr='http://x' {_NAMES}><xdr:sp><xdr:txBody><a:p><a:r><a:t>Valid</a:t></a:r>"
        '</a:p></xdr:txBody></xdr:sp><xdr:graphicFrame><c:chart r:id="c"/></xdr:graphicFrame>'
        "</xdr:wsDr>"
    )
    controls = (
        f'<xml {_NAMES}><v:shape><v:textbox>Nuts</v:textbox><x:ClientData ObjectType="Checkbox">'
        "<x:Checked>1</x:Checked></x:ClientData></v:shape></xml>"
    )
    return _zipped(
        {
            "[Content_Types].xml": _types("spreadsheetml.sheet.main", "/xl/workbook.xml"),
            "_rels/.rels": _related(m="officeDocument xl/workbook.xml"),
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": _related(s="worksheet sheet1.xml", t="styles styles.xml"),
            "xl/sheet1.xml": sheet,
            "xl/styles.xml": styles,
            "xl/_rels/sheet1.xml.rels": _related(
                d="drawing d.xml", c="comments c.xml", v="vmlDrawing v.vml"
            ),
            "xl/d.xml": drawing,
            "xl/_rels/d.xml.rels": _related(c="chart chart.xml"),
            "xl/chart.xml": _CHART,
            "xl/c.xml": comments,
            "xl/v.vml": controls,
        }
    )


def _odf(kind: str, body: str) -> bytes:
    styles = (
        '<style:style style:name="up"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><text:list-style style:name="L"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-suffix="."/></text:list-style>'
    )
    chart = (
        f"<chart:chart><chart:title><text:p>Dues</text:p></chart:title>{_odf_table()}</chart:chart>"
    )
    return _zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {_ODF}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
            "</office:body></office:document-content>",
            "styles.xml": f"<office:document-styles {_ODF}><style:master-page><style:header><text:p>"
            "Form QP-7</text:p></style:header></style:master-page></office:document-styles>",
            "Object 1/content.xml": f"<office:document-content {_ODF}><office:body><office:chart>"
            f"{chart}</office:chart></office:body></office:document-content>",
        }
    )


def _odf_table() -> str:
    cell = "<table:table-cell {}><text:p>{}</text:p>{}</table:table-cell>".format
    note = (
        "<office:annotation><dc:creator>Ann</dc:creator><text:p>Sure?</text:p></office:annotation>"
    )
    share = 'office:value-type="percentage" office:value="0.125"'
    return (
        '<table:table table:name="S"><table:table-row>'
        + cell('table:number-rows-spanned="2"', "Town", "")
        + cell('table:number-columns-spanned="2"', "2024", note)
        + "</table:table-row><table:table-row><table:covered-table-cell/>"
        + cell("", "Q1", "")
        + cell(share, "12.5%", "")
        + '</table:table-row><table:table-row table:number-rows-repeated="3">'
        + cell('table:number-columns-repeated="2"', "x", "")
        + "</table:table-row></table:table>"
    )


def _odf_text() -> str:
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>No tax.</text:p>"
        "</text:note-body></text:note>"
    )
    frame = (
        '<draw:frame><draw:object xlink:href="./Object 1"/><svg:desc>Map</svg:desc></draw:frame>'
    )
    box = "<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>"
    return (
        '<text:h text:outline-level="1">Fees</text:h><text:p>10<text:span text:style-name="up">6'
        f"</text:span>{note}{frame}{box}</text:p>{_odf_table()}"
        '<text:list text:style-name="L"><text:list-item><text:p>Scope</text:p></text:list-item>'
        "</text:list>"
    )
