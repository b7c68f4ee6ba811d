"""The multilingual model on the pages: terms before anything, then a job; the switch; the hint."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from web_pages import add_handbook, library_page

from footnote import languages
from footnote.jobs import queue
from footnote.languages import Suggestion
from footnote.web.training import multilingual
from indexer.search.similar import SimilarDocument

GERMAN = [Suggestion("papers", ("German", "Spanish"), "")]


@pytest.fixture
def home(papers_home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_HOME", str(papers_home.path))
    return papers_home


@pytest.fixture
def submitted(monkeypatch):
    found = []
    monkeypatch.setattr(
        queue, "submit", lambda home, kind, values, owner: found.append((kind, values))
    )
    return found


def part(name):
    def page(name):
        from footnote.web.server import session
        from footnote.web.training import multilingual

        if name == "terms":
            multilingual.confirm_terms()
        else:
            multilingual.show(session.access().everything())

    app = AppTest.from_function(page, default_timeout=60, args=(name,)).run()
    assert not app.exception
    return app


def said(app):
    return " ".join(one.value for one in (*app.markdown, *app.info, *app.caption))


def test_it_is_offered_and_installed_only_once_its_terms_are_accepted(home, submitted):
    assert [button.key for button in part("line").button] == ["add-model"]
    app = part("terms")
    assert "Prohibited Use Policy" in said(app)
    assert app.button(key="confirm-add").disabled
    app.checkbox(key="accept-terms").check().run()
    app.button(key="confirm-add").click().run()
    assert submitted == [("add", {})]


def test_a_collection_is_switched_to_it_by_a_job(home, submitted, monkeypatch):
    monkeypatch.setattr(multilingual, "installed", lambda home: "multilingual")
    app = part("line")
    app.button(key="switch-model").click().run()
    assert submitted == [("switch", {"collection": "papers", "embedder": "multilingual"})]


def test_work_on_it_is_shown_in_its_place(home, monkeypatch):
    job = queue.Job(
        "1", "switch", {"collection": "papers", "embedder": "multilingual"}, "running",
        {"done": 5, "total": 10}, {}, "", "", None, 0.0, None,
    )  # fmt: skip
    monkeypatch.setattr(queue, "jobs", lambda home, kinds: [job])
    app = part("line")
    assert "5 of 10 passages" in said(app)
    assert not app.button


def test_where_the_languages_are_others_both_pages_say_so(home, monkeypatch):
    monkeypatch.setattr(multilingual, "suggestions", lambda home: GERMAN)
    assert "German and Spanish" in said(part("line"))
    monkeypatch.setattr("footnote.web.library.languages.suggestions", lambda home: GERMAN)
    app = library_page()
    assert "German and Spanish" in said(app)
    assert "model-for-papers" in [button.key for button in app.button]


def test_english_collections_are_left_in_peace(home):
    assert languages.suggestions(home) == []
    assert "hardly" not in said(library_page())


def test_more_like_a_document(home, monkeypatch):
    document = add_handbook(home)
    other = home.store.documents([home.collection("papers").id]).rows[0]
    passage = home.store.passages_of(other.id)[0]
    monkeypatch.setattr(
        "footnote.access.asking.Asking.similar",
        lambda self, identifier: [SimilarDocument(other, 3.0, passage)],
    )
    app = library_page(document=document.id)
    app.button(key=f"ask-similar-{document.id}").click().run()
    assert not app.exception
    app.button(key=f"open-similar-{document.id}-{other.id}").click().run()
    assert not app.exception
    assert app.title[0].value == other.title
