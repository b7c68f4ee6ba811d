"""Numbers of clauses and marks of notes lead from one text to another."""

from __future__ import annotations

import pytest

from rag.evidence.marks import asked_number, asked_option, has_number, implied, part_of, with_notes
from rag.evidence.quotables import Quotable


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("What does clause 3.2 say?", "3.2"),
        ("Was steht in § 12?", "12"),
        ("What is in section 4?", "4"),
        ("What does 3.2.1 say?", "3.2.1"),
        ("Who pays 3.2% of it?", ""),
        ("Who pays 30 euros?", ""),
    ],
)
def test_the_number_that_a_question_names(question, number):
    assert asked_number(question) == number


@pytest.mark.parametrize(
    ("text", "bears"),
    [
        ("3.2 Interest is charged.", True),
        ("- 3.2. Interest is charged.", True),
        ("Article 3.2 Interest", True),
        ("4.2 Clause 3.2 survives.", False),
        ("Clause 3.2 survives termination.", False),
        ("3.21 Interest", False),
    ],
)
def test_a_text_that_bears_a_number(text, bears):
    assert has_number("3.2", [text]) is bears
    assert not has_number("", [text])


def quotable(order, text, hit=0):
    return Quotable(hit, order, 0, len(text), text, "")


def test_a_sentence_brings_the_note_that_its_mark_leads_to():
    said = quotable(0, "The tent is lent for a week. ^1")
    note = quotable(3, "Footnote 1: Only for members.")
    others = [said, quotable(2, "Footnote 10: x."), note, quotable(1, "Footnote 1: y.", hit=1)]
    assert with_notes([said], others) == [said, note]


def test_an_exponent_leads_to_no_note():
    said = quotable(0, "It needs 10^1 cells.")
    assert with_notes([said], [said, quotable(1, "Footnote 1: x.")]) == [said]


def test_who_comments_says_something():
    assert "asked" in implied("Comment by Tamsin Vale: Raise the cap.")
    assert not implied("The comment by her was short.")


def test_what_a_question_calls_a_numbered_part():
    assert part_of("What is step 4?") == "step 4"
    assert not part_of("What is the fee?")


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What does the key z do?", "z"),
        ("What does the key F5 do?", "F5"),
        ("What does the button “Go” do?", "Go"),
        ("What does -q do?", "-q"),
        ("What are the keys to success?", ""),
        ("Which key is pressed first?", ""),
        ("What is the key a person needs?", ""),
    ],
)
def test_only_what_is_named_as_a_key_is_one(question, named):
    assert asked_option(question) == named
