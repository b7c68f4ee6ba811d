"""The page Status, run by Streamlit's own test harness over a real home."""

import pytest
from streamlit.testing.v1 import AppTest
from web_pages import component, row_tables

from footnote.access import Door
from footnote.accounts import audit, signin
from footnote.accounts.people import People
from footnote.web.admin.status import LOG_ROWS
from footnote.web.ask import actions
from footnote.web.server import session
from indexer.store.store import Failure
from rag.history import History
from rag.records import Answer

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script> [link](http://evil.example).pdf"


@pytest.fixture
def home(papers_home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_HOME", str(papers_home.path))
    return papers_home


def status_page():
    def page():
        from footnote.web.admin import status

        status.show()

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert not app.error
    return app


def columns(app):
    """The tables by the name of their first column, as lists of rows."""
    return {next(iter(rows[0])): rows for rows in row_tables(app)}


def test_the_facts_are_there_as_tables(home):
    home.store.add_failure(home.collection("papers").id, HOSTILE, Failure("it is cut off"))
    app = status_page()
    assert "tiny" in app.markdown[0].value
    tables = row_tables(app)
    (papers,), (failed,), disk = tables
    assert {row["What"] for row in disk} >= {"The files as they were added", "Altogether"}
    assert "0 B" not in {row["Size"] for row in disk}
    assert (papers["Collection"], papers["Ready"], papers["Not readable"]) == ("papers", "24", "1")
    assert papers["Search model"] == "answered by the model tiny, complete"
    assert (failed["File"], failed["Why"]) == (HOSTILE, "it is cut off")
    assert not [one for one in app.markdown if "script" in one.value]


def test_questions_that_found_nothing_are_shown_as_text(home):
    history = History(home.store)
    talk = history.start([home.collection("papers").id], "Q")
    made = Answer(HOSTILE, HOSTILE, (), (), True, 0.1, "extractive", (), 0.1)
    history.add(talk.id, made)
    app = status_page()
    tables = row_tables(app)
    (nothing,) = [rows for rows in tables if "Perhaps" in rows[0]]
    assert nothing[0]["Question"] == HOSTILE
    assert nothing[0]["Perhaps"] == "No document seems to hold it"
    assert not [one for one in app.markdown if "script" in one.value]


def test_a_question_that_found_nothing_can_be_followed(home):
    history, papers = History(home.store), home.collection("papers").id
    talk = history.start([papers], "Q")
    made = Answer("How much leave?", "How much leave?", (), (), True, 0.1, "extractive", (), 0.1)
    history.add(talk.id, made)
    app = status_page()
    assert app.selectbox(key="found_nothing").value == "How much leave?"
    box = next(one for one in app.text_input if one.label.startswith("Is a passage missing?"))
    box.set_value("Nobody ever wrote this sentence anywhere.")
    next(one for one in app.button if one.label == "Look for it").click().run()
    assert not app.exception
    assert any("No page of these collections" in one.value for one in app.markdown)


def test_the_log_is_filtered_by_person_and_by_kind(home):
    people = People(home.store)
    people.add("ann", PASSWORD, by="this computer")
    people.set_password("ann", PASSWORD, by="ann")
    with home.store.transaction() as connection:
        audit.write(connection, "ann", "shared", collection="papers", details="bob")
    people.remove("ann", by="this computer")
    app = status_page()
    assert len(columns(app)["When"]) == 4
    app.multiselect(key="log_kinds").select("shared").run()
    (shared,) = columns(app)["When"]
    assert (shared["Who"], shared["What"], shared["Collection"]) == ("ann", "Shared", "papers")
    app.selectbox(key="log_who").select("this computer").run()
    assert "When" not in columns(app)
    app.multiselect(key="log_kinds").set_value([]).run()
    assert {row["Who"] for row in columns(app)["When"]} == {"this computer"}


def test_the_log_is_paged_and_a_filter_goes_back_to_its_first_page(home):
    with home.store.transaction() as connection:
        for number in range(LOG_ROWS + 3):
            audit.write(connection, "operator", "sign-in", details=f"entry {number}")
    app = status_page()
    assert columns(app)["When"][0]["Details"] == f"entry {LOG_ROWS + 2}"
    next(one for one in app.button if one.label == "Next").click().run()
    assert [row["Details"] for row in columns(app)["When"]] == ["entry 2", "entry 1", "entry 0"]
    app.selectbox(key="log_who").select("operator").run()
    assert len(columns(app)["When"]) == LOG_ROWS


def test_the_page_has_a_tab_for_an_admin_alone(home, monkeypatch):
    def tabs():
        app = AppTest.from_file("../../../app.py", default_timeout=60).run()
        assert not app.exception
        return set(app.session_state["pages"])

    assert "status" in tabs()
    people = People(home.store)
    people.add("ann", PASSWORD)
    door = Door(local=False, token=signin.begin(home.store, people.add("bob", PASSWORD)))
    monkeypatch.setattr(session, "door", lambda: door)
    assert tabs() == {"", "library"}


def test_why_these_passages_is_a_click_away_from_an_answer(home):
    history, papers = History(home.store), home.collection("papers").id
    hits = home.searcher.find("leave", home.scope(), 3, "keyword").hits
    talk = history.start([papers], "Q")
    turn = history.add(talk.id, Answer("Q", "Q", (), (), True, 0.1, "extractive", tuple(hits), 0.1))
    app = AppTest.from_file("../../../app.py", default_timeout=60)
    app.query_params["c"] = talk.id
    app.run()
    assert ["why", "Why these passages?"] in component(app)["buttons"]
    app.session_state[actions.OPENED] = ("why", turn.id)  # as a press of it leaves it
    app.run()
    assert not app.exception
    assert len(columns(app)["Place"]) == len(hits) > 0
    assert "Look for it" in [one.label for one in app.button]


def test_why_is_offered_where_nothing_was_found(home):
    history, papers = History(home.store), home.collection("papers").id
    talk = history.start([papers], "Q")
    turn = history.add(talk.id, Answer("Q", "Q", (), (), True, 0.1, "extractive", (), 0.1))
    app = AppTest.from_file("../../../app.py", default_timeout=60)
    app.query_params["c"] = talk.id
    app.run()
    assert ["why", "Why nothing?"] in component(app)["buttons"]
    app.session_state[actions.OPENED] = ("why", turn.id)
    app.run()
    assert not app.exception
    assert "Look for it" in [one.label for one in app.button]
