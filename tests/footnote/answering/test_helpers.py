"""Many questions at once: another process helps, and whatever befalls it, all are answered."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from footnote.access import Access
from footnote.accounts.people import ONLY_USER
from footnote.answering import helpers
from footnote.answering.helpers import Helpers
from indexer.ingest.sources import find
from rag.answer import EmptyQuestionError

MANY = 6


@pytest.fixture
def home(papers_home, tmp_path):
    (tmp_path / "Salaries.txt").write_text("The salary of the director is a secret of the board.")
    papers_home.index(find([tmp_path / "Salaries.txt"]), "board", workers=1)
    return papers_home


@pytest.fixture
def helped(home, monkeypatch):
    """Helpers of which one has begun, without a question having been asked here before."""
    made = Helpers(home, 1)
    yield made
    made.end()


def ask_many(home, helped, question, scope):
    """So many answers to a question, asked at the same moment; and how many were made here."""
    here, start = [], Barrier(MANY)

    def asked(_):
        def answer():
            here.append(question)
            return home.answerer.ask(question, scope)

        start.wait()
        return helped.ask(question, scope, (), answer)

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(asked, range(MANY))), len(here)


def begun(helped):
    deadline = time.monotonic() + 60
    while not helped._free and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(helped._free)


def test_several_at_once_are_answered_alike_by_two_processes(home, helped):
    question, scope = "How many weeks of paid leave are there?", home.scope(["papers"])
    alone = home.answerer.ask(question, scope)
    ask_many(home, helped, question, scope)
    assert begun(helped)
    answers, made_here = ask_many(home, helped, question, scope)
    assert made_here < MANY
    assert {replace(one, seconds=0.0) for one in answers} == {replace(alone, seconds=0.0)}


def test_one_reader_alone_costs_no_process(home, helped):
    helped.ask("leave", home.scope(), (), lambda: home.answerer.ask("leave", home.scope()))
    assert not helped._all
    assert not helped._beginning


def test_a_helper_reads_what_the_scope_names_and_no_more(home, helped):
    ask_many(home, helped, "leave", home.scope())
    assert begun(helped)
    (helper,) = helped._free
    secret = "What is the salary of the director?"
    told = helper.ask(secret, home.scope(["papers"]), ())
    assert {hit.document.collection for hit in told.hits} == {home.collection("papers").id}
    told = helper.ask(secret, home.scope(["board"]), ())
    assert {hit.document.collection for hit in told.hits} == {home.collection("board").id}


def test_what_answering_raises_comes_back_and_the_helper_stays(home, helped):
    ask_many(home, helped, "leave", home.scope())
    assert begun(helped)
    with pytest.raises(EmptyQuestionError):
        helped.ask("  ", home.scope(), (), lambda: home.answerer.ask("  ", home.scope()))
    assert len(helped._free) == 1


def test_a_helper_that_dies_costs_no_answer(home, helped):
    scope = home.scope(["papers"])
    ask_many(home, helped, "leave", scope)
    assert begun(helped)
    helped._free[0]._process.kill()
    answer = helped.ask("leave", scope, (), lambda: home.answerer.ask("leave", scope))
    assert answer.hits
    assert not helped._all


def test_other_settings_end_the_helpers_that_knew_the_old_ones(home, helped):
    ask_many(home, helped, "leave", home.scope())
    assert begun(helped)
    home.configure({"reader": "off"})
    ask_many(home, helped, "leave", home.scope())
    assert all(one.settings is home.settings for one in helped._all)


def test_with_a_language_model_each_question_waits_in_its_own_thread(home, helped, monkeypatch):
    home.configure({"base_url": "http://localhost:9/v1"})
    monkeypatch.setattr(helpers, "HERE", 0)  # nobody is let in here
    assert helped.ask("leave", home.scope(), (), lambda: "written") == "written"


def test_the_pages_answer_through_it(home):
    class Noted:
        def ask(self, question, scope, before, here):
            return question, scope, here()

    access = Access(home, lambda: ONLY_USER, helpers=Noted())
    question, scope, answer = access.asking.ask("leave", [home.collection("papers").id])
    assert (question, scope) == ("leave", home.scope(["papers"]))
    assert answer.hits
