"""The pages, run by Streamlit's own test harness over a real home."""

import json
import os
import time
from types import SimpleNamespace

import pytest
from web_pages import (
    add,
    add_handbook,
    add_pages,
    ask_page,
    component,
    labels,
    library_page,
    remember,
    row_tables,
    table,
)

from footnote import samples
from footnote.home import Home
from footnote.jobs import queue
from footnote.web.library.document import PROBLEM_ROWS
from footnote.web.page_view import Place
from footnote.web.server import shared_home
from footnote.worker import runner
from indexer.records import Page
from indexer.store.store import Failure, Store

HOSTILE = "<script>alert(1)</script> [link](http://evil.example) **bold**"


@pytest.fixture
def handbook(home):
    return add_handbook(home)


def test_an_empty_home_offers_the_sample(home):
    app = ask_page()
    assert app.title[0].value == "Ask your documents"
    assert "Try it with the sample documents" in labels(app)


def test_the_way_to_own_documents_leads_to_the_library(home):
    app = ask_page()
    next(b for b in app.button if b.label == "Add your own documents").click().run()
    assert not app.exception
    assert app.title[0].value == "Library"


def test_with_one_user_nothing_is_there_of_people_but_a_way_to_let_others_in(home):
    app = ask_page()
    assert "account-menu" not in [element.key for element in app.get("menu_button")]
    app = library_page()
    assert "Let others in" in labels(app)


def test_the_sample_comes_with_questions(home, handbook):
    app = ask_page()
    assert app.title[0].value == "What would you like to know?"
    assert len([label for label in labels(app) if label.endswith("?")]) == len(samples.QUESTIONS)


def test_files_that_could_not_be_read_cannot_be_asked(home, handbook):
    home.store.add_failure(handbook.collection, "b.pdf", Failure("is damaged"))
    assert any("Ask 1 document " in element.value for element in ask_page().markdown)
    home.store.delete([handbook.id])
    assert ask_page().title[0].value == "Ask your documents"


def test_own_documents_come_without_the_sample_questions(home):
    add(home, "mine", samples.documents()[0])
    assert not [label for label in labels(ask_page()) if label.endswith("?")]


def test_a_conversation_is_there_again_at_its_address(home, handbook):
    talk = remember(home, handbook)
    data = component(ask_page(c=talk.id))
    assert data["sentences"][0]["text"] == "Staff have 30 days of leave."
    assert data["sentences"][0]["mark"] == ""
    assert data["sentences"][0]["notes"] == [1]
    assert data["footnotes"][0]["source"].startswith("Employee handbook")


@pytest.mark.parametrize("verdict", ["partly", "unsupported"])
def test_a_claim_that_does_not_hold_is_marked_in_plain_words(home, handbook, verdict):
    sentence = component(ask_page(c=remember(home, handbook, verdict).id))["sentences"][0]
    assert sentence["mark"] == verdict
    assert len(sentence["explanation"].split()) > 5


def test_an_answer_no_longer_quotes_a_deleted_document(home, handbook):
    talk = remember(home, handbook)
    add(home, samples.COLLECTION, samples.documents()[-1])
    home.store.delete([handbook.id])
    data = component(ask_page(c=talk.id))
    (sentence,) = data["sentences"]
    assert "deleted" in sentence["text"]
    assert (sentence["mark"], data["footnotes"]) == ("deleted", [])


def test_an_address_of_nothing_begins_a_new_conversation(home, handbook):
    app = ask_page(c="0123456789abcdef")
    assert app.title[0].value == "What would you like to know?"
    assert "c" not in app.query_params


def test_conversations_are_searched(home, handbook):
    remember(home, handbook)
    app = ask_page()
    app.text_input(key="conversation_search").set_value("submarine").run()
    assert "How much leave?" not in [b.label.replace("\\", "") for b in app.sidebar.button]
    app.text_input(key="conversation_search").set_value("leave").run()
    assert "How much leave?" in [b.label.replace("\\", "") for b in app.sidebar.button]


def test_a_title_with_markup_is_shown_as_it_is(home, tmp_path):
    path = tmp_path / "note.txt"
    path.write_text(f"About us. {HOSTILE}")
    document = add(home, "mine", path, title=HOSTILE)
    app = library_page(document=document.id)
    assert "\\<script\\>" in app.title[0].value
    for element in app.markdown:
        assert not element.allow_html
        assert "[link](http" not in element.value


def test_the_library_lists_searches_and_filters(home, tmp_path, handbook):
    note = tmp_path / "note.txt"
    note.write_text("One line.")
    add(home, "mine", note, title="Blue submarine")
    app = library_page()
    assert {row["title"] for row in table(app)["rows"]} == {"Employee handbook", "Blue submarine"}
    app.text_input(key="document_search").set_value("submarine").run()
    assert [row["title"] for row in table(app)["rows"]] == ["Blue submarine"]
    app.text_input(key="document_search").set_value("").run()
    app.segmented_control(key="document_state").set_value("failed").run()
    assert not app.exception
    assert "No document matches." in [element.value for element in app.markdown]


def test_a_large_library_is_paged(home):
    collection = home.store.create_collection("many").id
    rows = [
        (f"d{n}", collection, f"f{n}.txt", f"Paper {n:04}", f"h{n}", time.time(), f"paper {n:04}")
        for n in range(1_230)
    ]
    with home.store.transaction() as connection:
        connection.executemany(
            "INSERT INTO documents (id, collection, path, title, content_hash, size, kind,"
            " revision, current, state, pages, pages_without_text, passages, indexed_at,"
            " sought) VALUES (?, ?, ?, ?, ?, 10, 'text', 1, 1, 'ready', 1, 0, 1, ?, ?)",
            rows,
        )
    app = library_page()
    assert len(table(app)["rows"]) == 50
    assert "1–50 of 1,230" in [caption.value for caption in app.caption]
    app.button(key="to-Next").click().run()
    assert table(app)["rows"][0]["title"] == "Paper 0050"
    app.button(key="to-Last").click().run()
    assert "1,201–1,230 of 1,230" in [caption.value for caption in app.caption]
    app.text_input(key="document_search").set_value("Paper 0007").run()
    assert [row["title"] for row in table(app)["rows"]] == ["Paper 0007"]


@pytest.fixture
def no_processes(monkeypatch):
    """Jobs are noted and never run."""
    process = SimpleNamespace(pid=os.getpid())
    monkeypatch.setattr(queue, "_started", lambda home, identifier: process)


def test_an_upload_of_any_kind_is_handed_over_once(home, no_processes):
    """The browser is asked for no type; what a file is, indexing tells from its content."""
    app = library_page()
    (zone,) = app.file_uploader
    assert zone.allowed_type == []
    zone.set_value([("note.txt", b"The gate opens.", "text/plain"), ("a.exe", b"MZ", "text/plain")])
    app.run()
    next(b for b in app.button if b.label == "Add 2 files").click().run()
    for _ in range(3):
        app.run()
    assert not app.exception
    (job,) = queue.jobs(home)
    assert job.arguments["names"] == ["note.txt", "a.exe"]
    assert "Add files" in labels(app)


def test_a_name_that_is_taken_is_shown_with_the_choice_to_replace(home, no_processes, tmp_path):
    (tmp_path / "note.txt").write_text("The gate is closed.")
    add(home, "mine", tmp_path / "note.txt")
    for choice, replaced in ((None, []), ("Replace", ["note.txt"])):
        app = library_page()
        app.file_uploader[0].set_value([("note.txt", b"The gate opens.", "text/plain")]).run()
        assert r"note\.txt is there already." in [element.value for element in app.markdown]
        (radio,) = app.radio
        assert radio.value == "Keep both"
        if choice:
            radio.set_value(choice).run()
        next(b for b in app.button if b.label == "Add 1 file").click().run()
        assert not app.exception
        assert queue.jobs(home)[0].arguments["replace"] == replaced


def test_how_far_reading_is_and_how_long_it_takes_is_shown(home, no_processes):
    arguments = {"paths": ["x"], "names": ["scan.pdf"], "collection": "mine", "staged": []}
    identifier = queue.submit(home, "index", arguments)
    said = {
        "files_done": 0, "files_total": 1, "bytes_done": 0, "bytes_total": 9, "pages": 0,
        "passages_per_second": 0.0, "seconds_left": 120.0, "current": "scan.pdf",
        "page": 12, "page_of": 300,
    }  # fmt: skip
    with home.store.transaction() as connection:
        connection.execute(
            "UPDATE jobs SET state = 'running', progress = ? WHERE id = ?",
            (json.dumps(said), identifier),
        )
    shown = [caption.value for caption in library_page().caption]
    assert any("2 minutes left" in caption for caption in shown)
    assert r"scan\.pdf, page 12 of 300" in shown  # as Markdown


def test_a_collection_whose_embedder_is_gone_answers_by_words_and_one_button_mends_it(
    home, handbook, no_processes
):
    tiny = home.registry.spec("tiny")
    home.registry.install("other", home.path / "embedders" / "tiny")
    spec = home.path / "embedders" / "other" / "spec.json"
    spec.write_text(spec.read_text().replace('"max_tokens": 256', '"max_tokens": 128'))
    home.registry.use("other")
    home.registry.remove("tiny")
    found = home.searcher.find("working time", home.scope())
    assert found.hits
    assert "not installed" in found.notice
    app = library_page()
    next(b for b in app.button if b.label == "Bring up to date").click().run()
    assert not app.exception
    (job,) = queue.jobs(home)
    runner.work(Home.open(), job.id)
    assert queue.job(home, job.id).state == "done"
    assert home.store.generation(handbook.collection) == home.registry.spec("other").fingerprint
    assert home.store.generation(handbook.collection) != tiny.fingerprint
    after = Home.open().searcher.find("working time", home.scope())
    assert (bool(after.hits), after.notice) == (True, "")
    assert after.hits[0].dense_rank
    assert "Bring up to date" not in labels(library_page())


def test_the_page_gets_ready_the_embedder_that_will_be_asked_and_no_other(home):
    fingerprints = {}
    for name, tokens in (("answers", 200), ("for-new-ones", 100)):
        home.registry.install(name, home.path / "embedders" / "tiny")
        spec = home.path / "embedders" / name / "spec.json"
        spec.write_text(spec.read_text().replace('"max_tokens": 256', f'"max_tokens": {tokens}'))
        home.registry.use(name)
        home.__dict__.pop("embedder", None)
        fingerprints[name] = home.embedder.fingerprint
        if name == "answers":
            add(home, "papers", next(iter(samples.documents())))
    ask_page()
    loaded = shared_home.home().registry._loaded
    deadline = time.monotonic() + 30
    while fingerprints["answers"] not in loaded._asked and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fingerprints["answers"] in loaded._asked
    assert fingerprints["for-new-ones"] not in loaded._asked


def test_a_document_is_shown_with_pages_and_passages(home, handbook):
    app = library_page(document=handbook.id)
    assert app.title[0].value == "Employee handbook"
    assert any("passages to search" in element.value for element in app.markdown)
    assert "Working time" in component(app)["text"] or "Working time" in str(app.text)


def test_of_a_long_document_only_what_is_shown_is_fetched(home, monkeypatch):
    pages = [Page(n, f"Rule {n} is new. It holds.", problem="dim" * (n > 2)) for n in range(1, 61)]
    document = add_pages(home, "rules", pages)
    asked = []
    monkeypatch.setattr(Store, "pages", lambda *of: asked.append("all pages"))
    monkeypatch.setattr(Store, "passages_of", lambda *of: asked.append("all passages"))
    page = Store.page
    monkeypatch.setattr(Store, "page", lambda *of: asked.append(of[2]) or page(*of))
    app = library_page(document=document.id)
    assert asked == [*range(3, 3 + PROBLEM_ROWS), 1]
    assert [row["Page"] for row in row_tables(app)[0]][:2] == ["Page 3 of 60", "Page 4 of 60"]
    assert "1 passage on this page" in "".join(element.value for element in app.markdown)
    (passage,) = app.text
    assert passage.value.startswith("Rule 1 is new.")
    asked.clear()
    next(b for b in app.button if b.key == f"problems-{document.id}-Next").click().run()
    assert asked == [*range(23, 43), 1]
    assert [row["Page"] for row in row_tables(app)[0]][:1] == ["Page 23 of 60"]


def test_a_document_that_is_gone_is_said_to_be_gone(home, handbook):
    app = library_page(document="0123456789abcdef")
    assert "deleted" in app.error[0].value


def test_the_address_of_an_old_version_leads_to_the_one_in_use(home, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("The gate opens at nine.")
    old = add(home, "mine", note)
    note.write_text("The gate opens at ten.")
    new = add(home, "mine", note)
    app = library_page(document=old.id)
    assert app.query_params["document"] == new.id
    assert "1 passage on this page" in "".join(element.value for element in app.markdown)


def test_a_page_that_was_open_when_its_document_was_deleted(home, handbook):
    add(home, samples.COLLECTION, samples.documents()[-1])
    home.store.delete([handbook.id])
    app = ask_page()
    app.session_state["place"] = Place(handbook.id, 1)
    app.run()
    assert [element.value for element in app.info] == ["This document has been deleted."]
    assert not app.error


def test_what_could_not_be_read_is_not_offered_to_be_read_again(home, handbook):
    failed = home.store.add_failure(handbook.collection, "b.pdf", Failure("is damaged"))
    app = library_page()
    for chosen, offered in (([failed.id], False), ([failed.id, handbook.id], True)):
        app.session_state["selected_documents"] = [*chosen, "gone"]
        app.run()
        again = next(button for button in app.button if button.label == "Read again")
        assert again.disabled != offered


def test_a_file_that_cannot_be_read_any_more_has_its_earlier_text_and_a_warning(home, handbook):
    home.store.add_failure(handbook.collection, handbook.path, Failure("is damaged"))
    assert [row["health"] for row in table(library_page())["rows"]] == [
        "Ready, newest version not readable"
    ]
    (warning,) = library_page(document=handbook.id).warning
    assert "is damaged" in warning.value


def test_a_folder_that_is_not_there_is_said_to_be_missing(home, tmp_path):
    app = library_page()
    app.segmented_control(key="way_to_add").set_value("A folder of the server").run()
    app.text_input(key="folder_path").set_value(str(tmp_path / "nowhere"))
    next(b for b in app.button if b.label == "Add the folder").click().run()
    assert "no such" in app.error[0].value


def test_hidden_text_is_shown_in_a_documents_health_as_text(home, tmp_path):
    path = tmp_path / "note.html"
    path.write_text(f"<p>About us.</p><p hidden>{HOSTILE.replace('<', '&lt;')}</p>")
    document = add(home, "mine", path)
    app = library_page(document=document.id)
    (warning,) = app.warning
    assert "marked as hidden" in warning.value
    assert "left out" in warning.value
    assert "\\<script\\>" in warning.value
    assert "[link](http" not in warning.value
    assert [row["health"] for row in table(library_page())["rows"]] == ["Ready, hidden text"]
