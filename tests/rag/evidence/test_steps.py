"""Steps: what a "how do I" is answered by."""

import pytest

from rag.evidence.instructions import instructs
from rag.evidence.quotables import Quotable
from rag.evidence.steps import begins_with, first_step, last_step
from rag.question.form import defined, is_procedure


@pytest.mark.parametrize(
    "text",
    ["First send a mail to the list.", "Click Save.", "You should set the maintainer.",
     "To reconcile an account, select it in the tree.", "Don't forget the flag.",
     "Klicken Sie auf Speichern.", "For backup management point your browser to the page.",
     "In that case you will have to lock it by hand."],
)  # fmt: skip
def test_instructions(text):
    assert instructs(text)


def test_what_steps_are_announced_by_begins_with_what_is_to_be_done():
    question = "How do I set a password?"
    assert begins_with(question, "To set a new password for a user")
    assert begins_with(question, "To quickly set one, press F2.")
    assert not begins_with(question, "To set a password is easy.")
    assert not begins_with(question, "To print a page")


@pytest.mark.parametrize(
    "text",
    [
        "For more information see below.",
        "The list is read by all.",
        "Use of the list is free.",
        "Tea.",
    ],
)
def test_statements_are_none(text):
    assert not instructs(text)


@pytest.mark.parametrize(
    "text", ["How do I leave?", "How to leave", "What should I do before leaving?",
             "Wie kann ich kündigen?", "Wie erkenne ich das?", "The mouse is gone. What can I do?"],
)  # fmt: skip
def test_questions_for_a_procedure(text):
    assert is_procedure(text)


@pytest.mark.parametrize("text", ["Wie viele Tage habe ich?", "Wie alt muss man sein?"])
def test_a_figure_is_no_procedure(text):
    assert not is_procedure(text)


@pytest.mark.parametrize(
    ("question", "name"),
    [("Wozu dient der Agent?", "Agent"), ("Was macht Snort?", "Snort"), ("Was heißt CVE?", "CVE")],
)
def test_what_a_german_question_wants_explained(question, name):
    assert defined(question).strip() == name


def test_a_fact_is_no_procedure():
    assert not is_procedure("How many days of leave do I have?")


@pytest.mark.parametrize(
    ("begins", "last"),
    [("There are three ways of holding a package back.", 2), ("It is held back.", 0)],
)
def test_the_ways_that_are_announced_belong_to_the_announcement(begins, last):
    texts = [begins, "With dpkg the list has to be written, with:", "dpkg --get-selections"]
    told = [Quotable(0, order, 0, 1, text) for order, text in enumerate(texts)]
    assert last_step(told[0], dict(enumerate(told)).get) == last


def test_another_way_comes_with_the_first():
    texts = ["Press alt-enter.", "Alternatively: edit the file."]
    told = [Quotable(0, order, 0, 1, text) for order, text in enumerate(texts)]
    assert first_step(told[1], dict(enumerate(told)).get) == 0
    assert first_step(told[0], dict(enumerate(told)).get) == 0


def test_below_a_heading_for_steps_all_are_steps():
    said = ["Two wires.", "Set it to 500", "through your body", "Adjust the scale.", "It was seen."]
    topics = ["Equipment", "2. Procedure", "2. Procedure", "2. Procedure", "Observation"]
    lines = [Quotable(0, n, 0, 9, text, topic)
             for n, (text, topic) in enumerate(zip(said, topics, strict=True))]  # fmt: skip
    at = dict(enumerate(lines)).get
    assert (first_step(lines[2], at), last_step(lines[2], at)) == (1, 3)
