"""Cutting pages into passages: exact spans, headings, tables, sizes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunking import PassageLimits, cut, embedding_text, locate
from indexer.parsers.layout import PageBuilder
from indexer.records import Page, Passage, Span
from indexer.sentences import sentences

LIMITS = PassageLimits(target=20, maximum=30)


def words(texts):
    """A token a word, and one for every ten letters of a long one."""
    return [sum(1 + len(word) // 10 for word in text.split()) for text in texts]


def assert_exact(passages, pages):
    texts = {page.number: page.text for page in pages}
    for ordinal, passage in enumerate(passages):
        spans = [texts[s.page][s.start : s.end] for s in passage.spans]
        assert passage.text == "\n".join(spans)
        assert passage.ordinal == ordinal


def handbook() -> Page:
    builder = PageBuilder()
    builder.heading("Handbook", 1)
    builder.heading("Leave", 2)
    builder.paragraph("Full-time staff have thirty days. Part-time staff have their share. " * 3)
    builder.heading("Travel", 2)
    builder.paragraph("Trains come first. Flights need the written consent of the head. " * 3)
    return builder.page(1)


def test_passages_keep_to_sections_and_name_their_headings():
    page = handbook()
    passages = cut([page], words, LIMITS)
    assert_exact(passages, [page])
    for passage in passages:
        assert ("staff" in passage.text) != ("Flights" in passage.text)
    assert {p.headings for p in passages} == {("Handbook", "Leave"), ("Handbook", "Travel")}


def test_passages_end_with_sentences_and_keep_to_the_maximum():
    text = "The premium is paid each month. It may change in January. " * 20
    passages = cut([Page(1, text)], words, LIMITS)
    assert len(passages) > 5
    assert all(p.text.endswith(".") for p in passages)
    assert max(words([p.text for p in passages])) <= LIMITS.maximum


def test_tiny_sections_share_a_passage_but_not_across_chapters():
    builder = PageBuilder()
    for name in ("Alpha", "Beta"):
        builder.heading(f"Chapter {name}", 1)
        for number in range(3):
            builder.heading(f"{name} {number}", 2)
            builder.paragraph("Yes.")
    passages = cut([builder.page(1)], words, LIMITS)
    assert len(passages) == 2
    assert passages[0].headings == ("Chapter Alpha",)
    assert "Alpha 2" in passages[0].text


def numbered(*headings):
    """The heading paths of a page of such headings, all of one level, a paragraph below each."""
    builder = PageBuilder()
    for heading in headings:
        builder.heading(heading, 2)
        builder.paragraph("Connect the resistor to the ground and read the voltage. " * 4)
    return [passage.headings for passage in cut([builder.page(1)], words, LIMITS)]


def test_numbers_of_headings_tell_what_is_part_of_what():
    paths = numbered("3 Currents", "3.1 Resistors", "3.1.2 In series", "3.2 Coils", "4 Light")
    assert ("3 Currents", "3.1 Resistors", "3.1.2 In series") in paths
    assert ("3 Currents", "3.2 Coils") in paths
    assert paths[-1] == ("4 Light",)


def test_a_number_that_only_begins_alike_is_no_part():
    assert ("3.10 Diodes",) in numbered("3.1 Resistors", "3.10 Diodes")


def test_a_heading_is_never_cut_off_from_its_text():
    builder = PageBuilder()
    for number in range(10):
        builder.heading(f"Section {number}", 2)
        builder.paragraph("One two three four five six seven eight nine ten eleven. " * 3)
    for passage in cut([builder.page(1)], words, LIMITS):
        assert not passage.text.split("\n")[-1].startswith("Section")


def test_table_rows_carry_their_header_row():
    builder = PageBuilder()
    builder.table([["City", "Rain in mm"], *([f"Town {n}", str(n)] for n in range(60))])
    page = builder.page(1)
    passages = cut([page], words, LIMITS)
    assert_exact(passages, [page])
    assert len(passages) > 5
    assert all(p.text.startswith("City | Rain in mm\nTown") for p in passages)
    assert max(words([p.text for p in passages])) <= LIMITS.maximum
    rows = [line for p in passages for line in p.text.split("\n")[1:]]
    assert rows == [f"Town {n} | {n}" for n in range(60)]


def test_a_passage_may_run_over_a_page_break():
    pages = [
        Page(1, "The deductible is what you pay before the plan begins to pay, and the"),
        Page(2, "deductible of this plan is two thousand dollars."),
    ]
    (passage,) = cut(pages, words, LIMITS)
    assert passage.pages == (1, 2)
    assert_exact([passage], pages)


def test_a_cut_avoids_the_middle_of_a_sentence_that_runs_over_a_page_break():
    before = "One two three four five. Six seven eight nine ten. The plan pays for"
    pages = [Page(1, before), Page(2, "half of it. " + "Eleven twelve thirteen fourteen. " * 4)]
    passages = cut(pages, words, LIMITS)
    assert len(passages) == 2
    assert passages[0].pages == (1, 2) or passages[1].text.startswith("The plan pays for\nhalf")


@pytest.mark.parametrize(
    "text",
    [
        "QUJD" * 3000,
        "保険料は毎月支払われます" * 300,
        "ค่าเบี้ยประกันจ่ายทุกเดือน" * 200,
        "word " * 2000,
        "a" * 5000,
    ],
)
def test_text_without_sentence_ends_is_cut_within_the_maximum(text):
    def letters(texts):
        return [max(1, len(t) // 2) for t in texts]

    page = Page(1, text)
    passages = cut([page], letters, PassageLimits(100, 150))
    assert_exact(passages, [page])
    assert max(letters([p.text for p in passages])) <= 150
    assert sum(len(p.text.replace(" ", "")) for p in passages) == len(text.replace(" ", ""))


def test_nothing_is_lost_and_blank_pages_are_skipped():
    pages = [handbook(), Page(2, ""), Page(3, "  \n "), Page(4, "The end of it.")]
    passages = cut(pages, words, LIMITS)
    found = "".join("".join(p.text.split()) for p in passages)
    assert found == "".join("".join(page.text.split()) for page in pages)


def test_text_outside_of_blocks_is_in_no_passage():
    builder = PageBuilder()
    builder.aside("Acme confidential")
    builder.paragraph("The plan pays half.")
    builder.aside("Page 3")
    page = builder.page(1)
    assert [p.text for p in cut([page], words, LIMITS)] == ["The plan pays half."]
    assert "confidential" in page.text


def test_no_pages_no_passages():
    assert cut([], words) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["heading", "paragraph", "item", "code"]),
                st.text(alphabet="ab. \n|é漢-", max_size=80),
            ),
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_spans_are_exact_and_complete_for_any_structure(shapes):
    pages = []
    for number, blocks in enumerate(shapes, 1):
        builder = PageBuilder()
        for kind, text in blocks:
            if kind == "heading":
                builder.heading(text, len(text) % 7)
            else:
                getattr(builder, kind)(text)
        pages.append(builder.page(number))
    passages = cut(pages, words, LIMITS)
    assert_exact(passages, pages)
    letters = "".join("".join(p.text.split()) for p in passages)
    assert letters == "".join("".join(page.text.split()) for page in pages)


def test_locate_finds_pages_and_places():
    passage = Passage("ab\ncde", (), (Span(1, 5, 7), Span(2, 0, 3)), 0)
    assert locate(passage, 0, 2) == [Span(1, 5, 7)]
    assert locate(passage, 1, 5) == [Span(1, 6, 7), Span(2, 0, 2)]
    assert locate(passage, 2, 3) == []  # the newline between them is on no page
    with pytest.raises(ValueError, match="outside"):
        locate(passage, 0, 9)


def test_embedding_text_says_title_and_headings_once():
    passage = Passage("Leave\n\nThirty days.", ("Handbook", "Leave"), (Span(1, 0, 19),), 0)
    assert embedding_text("Staff", passage) == "Staff > Handbook\nLeave\n\nThirty days."
    assert embedding_text("", Passage("Yes.", (), (Span(1, 0, 4),), 0)) == "Yes."
    long = embedding_text("T" * 5000, passage)
    assert len(long) < 400
    assert long.endswith("Thirty days.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith paid $3.50. He left.", ["Dr. Smith paid $3.50.", "He left."]),
        ("• One thing\n• Another\nTotal", ["• One thing", "• Another", "Total"]),
        ("a | 1\nb | 2", ["a | 1", "b | 2"]),
        ("これは一つ。これは二つ。", ["これは一つ。", "これは二つ。"]),
        (
            "The plan begins to pay for your treatment, and the\ndeductible is low. Good.",
            ["The plan begins to pay for your treatment, and the\ndeductible is low.", "Good."],
        ),
        ("  \n\n ", []),
    ],
)
def test_sentences(text, expected):
    spans = sentences(text)
    assert [text[a:b] for a, b in spans] == expected


def test_a_header_too_wide_to_be_carried_stands_once():
    builder = PageBuilder()
    names = [f"column{n}" for n in range(40)]
    builder.table([names, *([f"{row}" for _ in names] for row in range(6))])
    passages = cut([builder.page(1)], words, LIMITS)
    assert max(words([passage.text for passage in passages])) <= LIMITS.maximum
    assert sum("column7" in passage.text for passage in passages) == 1


def test_what_stands_before_a_passage_leaves_it_room_in_any_script():
    passage = Passage("Text.", (), (Span(1, 0, 5),), 0)
    assert len(embedding_text("長" * 500, passage)) <= 50


def test_the_mark_of_a_note_belongs_to_the_sentence_before_it():
    text = "It is for members. ^1 Ask early. ^2,3 Bring rope."
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ["It is for members. ^1", "Ask early. ^2,3", "Bring rope."]


def written(title: str, passages) -> int:
    """Bytes that the passages themselves bring into a database, vectors of 512 with them."""
    per = [p.text + "".join(p.headings) + embedding_text(title, p) for p in passages]
    return sum(len(one.encode()) + 1024 for one in per)


def test_a_heading_that_is_a_whole_file_is_not_copied_to_every_passage():
    builder = PageBuilder()
    for level in range(1, 7):
        builder.heading(f"level{level} " * 5_000, level)
    builder.paragraph("The text beneath. " * 200)
    page = builder.page(1)
    passages = cut([page], words, LIMITS)
    assert_exact(passages, [page])
    assert "".join(p.text for p in passages).count("level3") == 5_000  # found as text all the same
    assert max(sum(map(len, p.headings)) for p in passages) < 1_300
    assert written("Title", passages) < 60 * len(page.text)


def test_tiny_chapters_do_not_each_become_a_passage_without_end():
    """Six characters a chapter would each take a vector, a keyword row and a path."""
    builder = PageBuilder()
    for number in range(6_000):
        builder.heading(f"h{number}", 1)
        builder.paragraph("b")
    page = builder.page(1)
    passages = cut([page], words, LIMITS)
    assert_exact(passages, [page])
    assert len(passages) < 1_000 + len(page.text) // 60
    assert all(f"h{number}\n" in page.text for number in (0, 5_999))
    few = PageBuilder()
    for number in range(50):
        few.heading(f"h{number}", 1)
        few.paragraph("b")
    assert len(cut([few.page(1)], words, LIMITS)) == 50  # chapters of a real book stay apart


def test_a_wide_header_row_is_not_copied_to_every_passage():
    builder = PageBuilder()
    builder.table([["-" * 50_000, "b"], *([str(n), "x"] for n in range(2_000))])
    passages = cut([builder.page(1)], lambda texts: [len(t.split()) for t in texts], LIMITS)
    assert sum(len(p.text) for p in passages) < 150_000


@pytest.mark.parametrize("unit", ["\u201c a ", "\u00ab b ", "x" * 90, "Rain. ", "a! "])
def test_the_splitter_gets_no_long_line_and_nothing_is_lost(unit, monkeypatch):
    """Its time grows with the square of a line: 10 s for 320,000 characters."""
    import sentencex

    real, lengths = sentencex.get_sentence_boundaries, []

    def noted(language, text):
        lengths.append(len(text))
        return real(language, text)

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", noted)
    text = unit * (40_000 // len(unit))
    found = sentences(text)
    assert max(lengths) <= 4_000
    assert "".join("".join(text[a:b] for a, b in found).split()) == "".join(text.split())
    if unit == "Rain. ":
        assert {text[a:b] for a, b in found} == {"Rain."}


def test_the_number_of_an_item_is_no_sentence():
    text = "1. Switch it off.\n2. Drain it. Wait.\n(c) Rinse it.\nXII. Leave."
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ["1. Switch it off.", "2. Drain it.", "Wait.", "(c) Rinse it.", "XII. Leave."]


def test_a_term_stays_with_what_explains_it():
    builder = PageBuilder()
    for term, said in (
        ("disk", "Raw access to the disks of a machine. " * 2),
        ("kmem", "Reading the memory of the kernel is for this group. " * 2),
        ("tape", "The drives for tapes belong to this group. " * 2),
    ):
        builder.paragraph(term)
        builder.paragraph(said)
    passages = cut([builder.page(1)], words, PassageLimits(target=16, maximum=24))
    assert [passage.text.split()[0] for passage in passages] == ["disk", "kmem", "tape"]


def test_a_stop_inside_a_name_ends_no_sentence():
    text = "Can it read .zip archives? See v.2.Then stop."
    assert next(text[a:b] for a, b in sentences(text)) == "Can it read .zip archives?"
