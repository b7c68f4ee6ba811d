"""What a question asks for, in languages that are written out and in others."""

from __future__ import annotations

import pytest

from indexer.keyword.analysis import query_words
from indexer.keyword.bm25 import TermStatistics
from rag.languages import language_of
from rag.question.analysis import expected_kind, holds_kind, read
from rag.question.form import form_of
from rag.question.makers import names_maker


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When does it end?", "date"),
        ("契約日はいつですか", "date"),
        ("Сколько стоит квартира?", "number"),
        ("Hoeveel dagen vakantie krijg ik?", "number"),
        ("谁负责付款？", "name"),
        ("Gdzie odbywa się spotkanie?", "name"),
        ("Who signs?", "name"),
        ("Tell me about the dam.", "any"),
    ],
)
def test_the_kind_that_is_asked_for(question, kind):
    assert expected_kind(question, language_of(question)) == kind


def asked(text):
    words = query_words(text, ["en"])
    return read(text, TermStatistics((), 10, 10, {word.terms: 1 for word in words}), ["en"])


def test_what_frames_a_question_weighs_nothing():
    framed = asked("What are the key points to understand about the deductible?")
    assert set(framed.weights) == set(asked("the deductible").weights)
    framed = asked("Which hospital should be selected according to the text?")
    assert not any("text" in word for word in framed.weights)


def test_a_script_without_capitals_names_without_them():
    assert holds_kind(asked("谁负责付款？"), "承租人负责付款。")


def test_what_something_says_is_asked_of_it_alone():
    assert [word[0] for word in asked("What does the endnote say?").weights] == ["endnot"]


def test_the_number_of_an_item_is_no_figure():
    assert not holds_kind(asked("How many stones are there?"), "8. All stones shall be round.")
    assert holds_kind(asked("How many stones are there?"), "8. There are 16 stones.")


@pytest.mark.parametrize(
    ("question", "sentence", "holds"),
    [
        (
            "Where are the settings kept?",
            "They are written to ~/.config/kite/kite.ini at exit.",
            True,
        ),
        ("Where are the settings kept?", "They are kept when the program ends.", False),
        ("Where does the program store its log?", r"See C:\\Kite\\log.txt for more.", True),
        (
            "Where does the log go?",
            "It is 50/50 whether you and/or they see https://kite.org.",
            False,
        ),
        ("Where is the office?", "The plans lie in /srv/plans.", False),
    ],
)
def test_where_a_file_is_kept_is_a_path(question, sentence, holds):
    assert holds_kind(asked(question), sentence) is holds


def test_who_made_something_is_no_abbreviation():
    assert not holds_kind(
        asked("Who created Kite Mail?"), "You can create IMAP folders in Kite Mail."
    )
    assert holds_kind(asked("Who created Kite Mail?"), "Kite Mail was begun by Hanna Weber.")
    assert holds_kind(asked("Who runs it?"), "It is run by NASA.")


def test_a_version_is_no_price():
    question = asked("What is the price of the kit?")
    assert not holds_kind(question, "The disc is made from release 10.10.")
    assert holds_kind(question, "The kit costs 10.10.")
    assert holds_kind(question, "The kit costs five dollars.")
    assert not holds_kind(question, "Its low price takes it outside the four walls of the school.")
    assert holds_kind(question, "The disc is made for €5.")


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("Kite Mail was begun by Hanna Weber in 2001.", True),
        ("Hanna Weber first designed it.", True),
        ("Its author lives in Oslo.", True),
        ("When you create a News account a folder is made.", False),
        ("Choose “by From” to create a filter in Kite Mail.", False),
    ],
)
def test_a_sentence_that_says_who_made_something(sentence, says):
    assert names_maker(sentence) is says


def test_the_page_of_a_cited_book_is_no_figure():
    question = asked("How many people went on strike?")
    assert not holds_kind(question, "[Op. Cit., p. 168 and p. 167] It was a strike.")
    assert holds_kind(question, "Six million went (see p. 4).")


@pytest.mark.parametrize("text", ["Was macht Snort?", "Was bedeutet CVE?", "Was kostet das?"])
def test_was_is_german_beside_a_german_verb(text):
    assert language_of(text).code == "de"
    assert form_of(text, language_of(text)) == "fact"


def test_how_long_a_leave_is_paid_is_no_price():
    assert holds_kind(asked("How long is paid leave?"), "Paid leave lasts sixteen weeks.")
    assert holds_kind(asked("How many charges are there?"), "There are three charges.")
