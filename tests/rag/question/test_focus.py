"""Long questions are searched by their questions; a question's language is told where it can be."""

import pytest

from rag.question.focus import asked_in, focused, foreign

LETTER = (
    "Hello, I have been with the company since 2019 and have two children. " * 20
    + "How much does the sports programme pay? My wife is self-employed. Who signs the form?"
)


def test_a_long_letter_is_searched_by_its_questions():
    assert focused(LETTER) == "How much does the sports programme pay? Who signs the form?"


def test_a_short_question_and_a_letter_without_one_stay():
    assert focused("Who signs the form? It is blue.") == "Who signs the form? It is blue."
    statement = "The form is blue and has two pages. " * 30
    assert focused(statement) == statement


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("¿Cuántos días de vacaciones tengo al año?", "es"),
        ("Wie hoch ist der Selbstbehalt?", "de"),
        ("What is the capital of France?", "en"),
        ("Сколько дней отпуска?", "ru"),
        ("年假有多少天?", "zh"),
    ],
)
def test_the_language_of_a_question(question, language):
    assert asked_in(question)[0] == language
    assert foreign(question, [language]) == ""
    assert "fr" in foreign(question, ["fr"]) or "French" in foreign(question, ["fr"])


def test_nothing_is_said_where_it_is_not_sure():
    assert foreign("dental coverage", ["fr"]) == ""
    assert foreign("Wie hoch ist der Selbstbehalt?", ["", "de", "en"]) == ""
    assert foreign("Wie hoch ist der Selbstbehalt?", [""]) == ""


def test_where_search_reaches_other_languages_that_is_said():
    question = "Who founded the project and when was it?"
    assert "does not reach" in foreign(question, ["de"])
    said = foreign(question, ["de"], crosses=True)
    assert "nearest in meaning" in said
    assert not foreign(question, ["en", "de"], crosses=True)
