"""What each parser makes of a small file of its format."""

from __future__ import annotations

import io
import json

import pytest
from file_writers import docx, epub, odt, ole, paragraph, xlsx, zipped

from indexer.parsers import SUFFIXES
from indexer.parsers.layout import PageBuilder
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


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Ünïcödé – “quoted”"),
        ("utf-8-sig", "Grüße"),
        ("utf-16", "Zażółć gęślą jaźń"),
        ("utf-16-le", "Plain words in wide letters"),
        ("cp1252", "Straßen können schön sein"),
        ("cp932", "名前は佐藤太郎です"),
        ("koi8-r", "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 12),
        ("cp1251", "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 12),
    ],
)
def test_text_in_any_common_encoding(read, encoding, text):
    assert text.strip() in text_of(read("note.txt", text.encode(encoding)))


def test_wrapped_lines_of_a_text_become_paragraphs(read):
    parsed = read(
        "note.txt",
        "The committee met on Tuesday and talked at some length about\n"
        "the new rules for travel.\n\n- trains first\n- flights with consent\n  of the head\n",
    )
    assert outline(parsed) == [
        (
            "text",
            "The committee met on Tuesday and talked at some length about "
            "the new rules for travel.",
        ),
        ("list", "- trains first"),
        ("list", "- flights with consent of the head"),
    ]
    assert parsed.title == "note"


def test_markdown(read):
    parsed = read(
        "guide.md",
        "---\ntags: x\n---\n# The *Guide*\n\nA [link](http://x.example) and `code`.\n\n"
        "1. one\n2. two\n   - deeper\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n```sh\nmake run\n```\n",
    )
    assert parsed.title == "The Guide"
    assert outline(parsed) == [
        ("code", "tags: x"),
        ("h1", "The Guide"),
        ("text", "A link and code."),
        ("list", "1. one"),
        ("list", "2. two"),
        ("list", "  - deeper"),
        ("table", "A | B\n1 | 2"),
        ("code", "make run"),
    ]
    table = next(b for b in parsed.pages[0].blocks if b.kind == "table")
    assert table.header == len("A | B")


def test_restructured_text(read):
    text = (
        "=====\nTitle\n=====\n\nSome *words*.\n\nPart\n----\n\n- one\n- two\n\n"
        "=== ===\nA   B\n=== ===\n1   2\n=== ===\n\n"
        ".. include:: /etc/passwd\n\n.. tip:: Mind this.\n\n"
        ".. automodule:: some.module\n   :members:\n\nSee :ref:`there`.\n"
    )
    parsed = read("a.rst", text)
    assert parsed.title == "Title"
    found = outline(parsed)
    assert found[:6] == [
        ("h1", "Title"),
        ("text", "Some words."),
        ("h2", "Part"),
        ("list", "- one"),
        ("list", "- two"),
        ("table", "A | B\n1 | 2"),
    ]
    assert ("text", "Mind this.") in found
    assert ("text", "See :ref:`there`.") in found
    assert "automodule:: some.module" in text_of(parsed)
    assert "root:" not in text_of(parsed)


def test_restructured_text_that_would_take_minutes_is_read_as_plain_text(read):
    parsed = read("a.rst", "Part\n====\n\nthe pump fails\n\n" + "a-" * 20_000)
    assert "plain text" in parsed.problems[0]
    assert "the pump fails" in text_of(parsed)


def test_org(read):
    assert outline(read("a.org", "* Top\nwords\n** Below\nmore\n")) == [
        ("h1", "Top"),
        ("text", "words"),
        ("h2", "Below"),
        ("text", "more"),
    ]


def test_html(read):
    parsed = read(
        "page.html",
        "<html><head><title>My page</title><style>x{}</style></head><body>"
        "<nav>Home Shop</nav><h2>News</h2><p>One<br>line &amp; more.</p><ul><li>a<li>b</ul>"
        "<table><tr><th>K<th>V<tr><td>x<td>y</table><script>alert(1)</script>"
        "<div>loose <b>text</b></div></body>",
    )
    assert parsed.title == "My page"
    assert outline(parsed) == [
        ("h2", "News"),
        ("text", "One line & more."),
        ("list", "- a"),
        ("list", "- b"),
        ("table", "K | V\nx | y"),
        ("text", "loose text"),
    ]


def test_html_in_its_declared_encoding_and_without_a_suffix(read):
    page = '<!DOCTYPE html><meta charset="iso-8859-2"><p>Zażółć gęślą jaźń</p>'
    parsed = read("upload", page.encode("iso-8859-2"))
    assert parsed.kind == "html"
    assert "Zażółć" in text_of(parsed)


def test_html_nested_beyond_reason_keeps_its_text(read):
    assert "deep down" in text_of(read("x.html", "<div>" * 1500 + "deep down"))


def test_docx(read):
    number = '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr></w:pPr>'
    table = (
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Plan</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>Cost</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:tc><w:p><w:r><w:t>Plus</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>90</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    body = (
        paragraph("Staff Handbook", "Title")
        + paragraph("Leave", "berschrift1")
        + f"<w:p>{number}<w:r><w:t>thirty</w:t><w:tab/><w:t>days</w:t></w:r></w:p>"
        + table
        + "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>kept</w:t></w:r></w:ins></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    styles = (
        f'<w:styles {names}><w:style w:styleId="berschrift1"><w:name w:val="heading 2"/>'
        '</w:style><w:style w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>'
    )
    notes = (
        f"<w:footnotes {names}><w:footnote>{paragraph('See the law.')}</w:footnote></w:footnotes>"
    )
    parsed = read("handbook.docx", docx(body, styles=styles, footnotes=notes))
    assert parsed.title == "Staff Handbook"
    assert outline(parsed) == [
        ("h1", "Staff Handbook"),
        ("h2", "Leave"),
        ("list", "  - thirty days"),
        ("table", "Plan | Cost\nPlus | 90"),
        ("text", "kept"),
        ("text", "controlled"),
        ("text", "See the law."),
    ]


def test_docx_has_the_pages_that_word_last_printed(read):
    body = (
        paragraph("First page.")
        + "<w:p><w:r><w:t>A sentence that </w:t></w:r><w:r><w:lastRenderedPageBreak/>"
        "<w:t>goes on.</w:t></w:r></w:p>"
    )
    parsed = read("a.docx", docx(body))
    assert [page.text for page in parsed.pages] == ["First page.\n\nA sentence that", "goes on."]
    assert [page.label for page in parsed.pages] == ["page 1", "page 2"]


def test_a_docx_called_doc_is_read_as_what_it_is(read):
    assert read("old.doc", docx(paragraph("New wine."))).kind == "docx"


def test_pptx_slides_with_tables_groups_and_notes(read):
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Plans"
    first.placeholders[1].text = "Plus\nStandard"
    first.notes_slide.notes_text_frame.text = "Speak slowly."
    second = deck.slides.add_slide(deck.slide_layouts[6])
    size = (0, 0, Inches(3), Inches(1))
    second.shapes.add_group_shape().shapes.add_textbox(*size).text = "A text box."
    table = second.shapes.add_table(2, 2, *size).table
    for place, text in enumerate(("Plan", "Cost", "Plus", "90")):
        table.cell(place // 2, place % 2).text = text
    deck.slides.add_slide(deck.slide_layouts[6])
    stream = io.BytesIO()
    deck.save(stream)
    parsed = read("talk.pptx", stream.getvalue())
    assert parsed.title == "Plans"
    assert [page.problem for page in parsed.pages] == ["", "", "no text"]
    assert outline(parsed) == [
        ("h1", "Plans"),
        ("list", "- Plus"),
        ("list", "- Standard"),
        ("h2", "Notes"),
        ("text", "Speak slowly."),
        ("h1", "Slide 2"),
        ("text", "A text box."),
        ("table", "Plan | Cost\nPlus | 90"),
    ]


def test_opendocument(read):
    body = (
        '<text:h text:outline-level="1">Rules</text:h><text:p>Be<text:s/>kind.</text:p>'
        "<text:list><text:list-item><text:p>first</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell>"
        "<table:table-cell><text:p>B</text:p></table:table-cell></table:table-row></table:table>"
    )
    parsed = read("rules.odt", odt(body))
    assert parsed.title == "Rules"
    assert outline(parsed) == [
        ("h1", "Rules"),
        ("text", "Be kind."),
        ("list", "- first"),
        ("table", "A | B"),
    ]


def test_opendocument_slides(read):
    frame = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    page = f"<draw:page>{frame}</draw:page>"
    parsed = read("talk.odp", odt(page.format("One") + page.format("Two"), "presentation"))
    assert [page.text for page in parsed.pages] == ["Slide 1\n\nOne", "Slide 2\n\nTwo"]


def test_epub_follows_the_spine(read):
    parsed = read("book.epub", epub(["<h1>One</h1><p>First.</p>", "<p>Second.</p>"], "The Book"))
    assert parsed.title == "The Book"
    assert [page.text for page in parsed.pages] == ["One\n\nFirst.", "Second."]
    assert [page.number for page in parsed.pages] == [1, 2]


def test_old_word_document(read):
    text = "Caf\xe9 rules\rBe \x13 HYPERLINK x \x14kind\x15.\rA\x07B\x07\x071\x072\x07\x07"
    pieces = b"\x02" + (4 + 4 + 8).to_bytes(4, "little")
    pieces += (0).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    pieces += b"\0\0" + (0x4000_0000 | 2 * 0x400).to_bytes(4, "little") + b"\0\0"
    main = bytearray(0x400) + text.encode("cp1252")
    main[0x0A:0x0C] = (0x0200).to_bytes(2, "little")
    main[0x01A2:0x01AA] = (0).to_bytes(4, "little") + len(pieces).to_bytes(4, "little")
    parsed = read("old.doc", ole({"WordDocument": bytes(main), "1Table": pieces}))
    assert outline(parsed) == [
        ("text", "Café rules"),
        ("text", "Be kind."),
        ("table", "A | B\n1 | 2"),
    ]


def test_old_presentation(read):
    def record(kind, body, version=0):
        return (
            version.to_bytes(2, "little") + kind.to_bytes(2, "little")
            + len(body).to_bytes(4, "little") + body
        )  # fmt: skip

    texts = record(0x03F3, b"") + record(0x0F9F, (0).to_bytes(4, "little"))
    texts += record(0x0FA0, "Plans".encode("utf-16-le"))
    texts += record(0x0F9F, (1).to_bytes(4, "little")) + record(0x0FA8, b"Plus\rStandard")
    data = record(0x03E8, record(0x0FF0, texts, 0xF), 0xF)
    parsed = read("old.ppt", ole({"PowerPoint Document": data}))
    assert outline(parsed) == [("h1", "Plans"), ("list", "- Plus"), ("list", "- Standard")]


def test_rtf(read):
    parsed = read("a.rtf", r"{\rtf1\ansi\ansicpg1252 Caf\'e9 \b rules\b0.\par Second.\par}")
    assert outline(parsed) == [("text", "Café rules."), ("text", "Second.")]


def test_json_and_jsonl(read):
    data = {"plan": {"name": "Plus", "prices": [1, 2]}, "notes": [{"a": "x"}, {"a": "y"}]}
    assert text_of(read("a.json", json.dumps(data))) == (
        "plan.name: Plus; plan.prices: 1, 2; notes.a: x; notes.a: y"
    )
    parsed = read("a.jsonl", '{"a": 1}\nbroken\n{"a": 2}\n')
    assert [t for _, t in outline(parsed)] == ["a: 1", "broken", "a: 2"]
    assert "1 lines are not valid JSON (first: 2)" in parsed.problems[0]
    assert read("half.json", '{"a": ').problems


def test_xml_yaml_and_notebook(read):
    xml = (
        "<r><c><n>Paris</n><k>France</k></c><c><n>Rome</n><k>Italy</k></c><p>So <b>on</b>.</p></r>"
    )
    assert [t for _, t in outline(read("a.xml", xml))] == [
        "Paris | France",
        "Rome | Italy",
        "So on.",
    ]
    assert "pi: 3.14" in text_of(read("a.yaml", "pi: 3.14\nlist:\n  - a\n"))
    cells = [
        {"cell_type": "markdown", "source": ["# Study\n", "Words."]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"text/plain": ["2"]}}]},
    ]
    parsed = read("a.ipynb", json.dumps({"cells": cells}))
    assert parsed.title == "Study"
    assert [t for _, t in outline(parsed)] == ["Study", "Words.", "1 + 1", "2"]


def test_archive_reads_its_members_and_names_those_it_cannot(read):
    inner = zipped({"deep.txt": "Deep words."})
    members = {"a.md": "# A", "dir/b.xlsx": xlsx({"S": [["x", "y"], [1, 2]]}), "c.zip": inner}
    parsed = read("all.zip", zipped({**members, "../../evil.txt": "Evil.", "d.exe": b"MZ\0\0\0"}))
    assert [page.label for page in parsed.pages] == [
        "a.md",
        "dir/b.xlsx, sheet S",
        "c.zip, deep.txt",
        "../../evil.txt",
    ]
    assert [page.number for page in parsed.pages] == [1, 2, 3, 4]
    assert parsed.problems[0].startswith("d.exe is a kind of file that is not read")


def test_long_texts_without_pages_are_parted_at_headings(read):
    text = "".join(f"# Part {n}\n\n{'Words of this part. ' * 150}\n\n" for n in range(5))
    parsed = read("long.md", text)
    assert len(parsed.pages) > 1
    assert all(page.text.startswith("Part") for page in parsed.pages)
    assert [page.label for page in parsed.pages] == [
        f"section {page.number}" for page in parsed.pages
    ]


def test_blocks_lie_in_order_and_cover_the_text():
    builder = PageBuilder()
    builder.heading("  A\u00adcme\x00 ", 9)
    builder.paragraph("ﬁne e\u0301tude 10²\r\nnext")
    builder.item("x", 2)
    builder.table([["", ""], ["a", "b", ""], ["c"]])
    page = builder.page(1)
    assert page.text == "Acme\n\nfine étude 10² next\n\n    - x\n\na | b\nc"
    assert "".join(page.text[b.start : b.end] for b in page.blocks).replace(
        "\n", ""
    ) == page.text.replace("\n", "")


def test_the_suffixes_a_folder_walk_picks_up():
    assert {".pdf", ".docx", ".eml", ".ipynb", ".md", ".xls"} <= SUFFIXES
    assert not {".exe", ".p7s", ".xsl", ".pyc", ""} & SUFFIXES
