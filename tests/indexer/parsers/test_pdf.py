"""PDF pages: lines become headings, paragraphs and lists; running headers leave the blocks."""

from __future__ import annotations

import pytest
from file_writers import pdf, text_at

from indexer.parsers import parse

BODY = (
    "The plan covers visits to every doctor of the network and to most of the",
    "hospitals, as long as the visit was announced in time, and it pays for the",
    "treatment that follows.",
)


def lines(top: float, texts, **style) -> str:
    return "".join(text_at(72, top - 14 * n, text, **style) for n, text in enumerate(texts))


@pytest.fixture
def read(tmp_path):
    def read(contents, name="a.pdf", **options):
        path = tmp_path / name
        path.write_bytes(pdf(contents, **options))
        return parse(path)

    return read


def outline(page):
    return [
        (f"h{b.level}" if b.kind == "heading" else b.kind, page.text[b.start : b.end])
        for b in page.blocks
    ]


def test_lines_are_joined_to_paragraphs_and_large_ones_are_headings(read):
    content = (
        text_at(72, 740, "The Plan", 24)
        + text_at(72, 700, "Doctors", 14, bold=True)
        + lines(670, BODY)
        + lines(610, ["Nothing else is covered by it."])
        + text_at(72, 570, "• first thing")
        + text_at(72, 556, "• second thing")
    )
    (page,) = read([content]).pages
    assert outline(page) == [
        ("h1", "The Plan"),
        ("h2", "Doctors"),
        ("text", " ".join(BODY)),
        ("text", "Nothing else is covered by it."),
        ("list", "• first thing"),
        ("list", "• second thing"),
    ]


def test_many_sizes_of_drawings_leave_sections_and_what_is_below_them_apart(read):
    drawn = "".join(text_at(72, 760 - 40 * n, f"Volt{n}", 40 - 3 * n) for n in range(6))
    content = (
        text_at(72, 420, "2.11 Resistance", 17)
        + text_at(72, 390, "Equipment", 14)
        + lines(370, BODY)
        + text_at(72, 300, "Procedure", 14)
        + lines(280, BODY)
    )
    _, page = read([drawn, content]).pages
    levels = [kind for kind, _ in outline(page) if kind != "text"]
    assert levels == ["h4", "h5", "h5"]


def test_a_sentence_goes_on_behind_a_comma_at_the_end_of_a_line(read):
    texts = [
        "The package will try to turn off the machine every hour on the hour,",
        "but will not turn it off if it seems to have users, whoever they are, at all.",
    ]
    wide = "A line that is quite a lot wider than the two of the paragraph that stand above it."
    (page,) = read([lines(700, texts) + lines(640, [wide])]).pages
    assert ("text", " ".join(texts)) in outline(page)


def test_a_sentence_goes_on_in_another_type_behind_a_word_that_none_ends_on(read):
    content = (
        lines(740, BODY)
        + text_at(72, 680, "When a plug-in is loaded its full path is saved in")
        + text_at(72, 664, "~/.mail/mailrc.", 11)
        + lines(620, BODY)
    )
    (page,) = read([content]).pages
    assert ("text", "When a plug-in is loaded its full path is saved in ~/.mail/mailrc.") in (
        outline(page)
    )


def test_broken_words_are_mended_and_hyphenated_ones_kept(read):
    texts = [
        "The insurance pays for the inter-",
        "national transport of the patient, and for all of the out-",
        "of-pocket costs that go out of the usual, up to the limit of the plan.",
    ]
    (page,) = read([lines(700, texts)]).pages
    assert "international transport" in page.text
    assert "out-of-pocket" in page.text


def test_running_headers_are_on_the_page_but_in_no_block(read):
    contents = [
        text_at(72, 770, "Acme Corp. Confidential", 8)
        + lines(700, [f"Page number {n} says something of its own.", *BODY])
        + text_at(300, 20, f"Page {n} of 5", 8)
        for n in range(1, 6)
    ]
    for page in read(contents).pages:
        held = " ".join(text for _, text in outline(page))
        assert "Confidential" in page.text
        assert "Confidential" not in held
        assert "of 5" not in held
        assert f"Page number {page.number} says" in held


def test_a_chapter_of_a_long_book_has_a_running_header_of_its_own(read):
    contents = [
        text_at(72, 770, f"The {'harbour' if n < 5 else 'lighthouse'}", 8)
        + lines(700, [f"Page number {n} says something of its own.", *BODY])
        for n in range(1, 12)
    ]
    contents += [lines(700, BODY)] * 10
    pages = read(contents).pages
    held = " ".join(text for page in pages[:11] for _, text in outline(page))
    assert "The harbour" not in held
    assert "The lighthouse" not in held


def test_columns_are_read_one_after_the_other(read):
    left = [f"left column line {n} with words" for n in range(4)]
    right = [f"right column line {n} with words" for n in range(4)]
    content = lines(700, left) + "".join(
        text_at(330, 700 - 14 * n, text) for n, text in enumerate(right)
    )
    (page,) = read([content]).pages
    assert page.text.index("left column line 3") < page.text.index("right column line 0")


def test_the_title_is_the_documents_own_or_the_files(read):
    content = [text_at(72, 700, "Words.")]
    assert read(content, title="Employee Handbook").title == "Employee Handbook"
    assert read(content, "my_plan.pdf", title="Microsoft Word - x.docx").title == "my plan"


def test_pages_are_counted_as_they_are_read(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([text_at(72, 700, "Words.")] * 3))
    seen = []
    parse(path, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_pdf_by_another_name_is_read_as_one(read):
    assert read([text_at(72, 700, "Words.")], "upload.txt").kind == "pdf"


def test_a_sentence_that_counts_is_one_paragraph_where_a_line_begins_with_a_number(read):
    content = lines(
        700,
        [
            "The steps of the procedure are these: (1) fit a model to all of the data set,",
            "(2) test whether its parameters are stable, (3) split it where they are not, and",
            "(4) repeat all of this.",
        ],
    )
    (page,) = read([content]).pages
    assert [kind for kind, _ in outline(page)] == ["text"]
    assert "data set, (2) test" in page.text


def test_page_numbers_that_stand_a_little_further_in_are_no_text(read):
    pages = read([lines(700, BODY) + text_at(300, 90, str(number)) for number in (1, 2, 3)]).pages
    assert [outline(page)[-1] for page in pages] == [("text", " ".join(BODY))] * 3
