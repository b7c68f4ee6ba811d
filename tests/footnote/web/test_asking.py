"""Questions on their way to an answer, and the page beside them, where something goes wrong."""

import sqlite3
from dataclasses import replace

import pytest
from web_pages import add, add_handbook, ask_page, component, remember

from footnote import samples
from footnote.access import Access
from footnote.accounts.people import ONLY_USER
from footnote.web.ask import actions
from footnote.web.ask.answer import sources
from footnote.web.ask.pending import INTERRUPTED, Asking
from footnote.web.page_view import Place
from indexer.ingest.sources import find
from indexer.parsers.errors import ParserTimeoutError
from indexer.store import database
from rag.history import History


@pytest.fixture
def handbook(home):
    return add_handbook(home)


def test_a_page_whose_original_is_lost_is_shown_as_text(home, handbook):
    home.store.original(handbook.content_hash).unlink()
    app = ask_page()
    app.session_state["place"] = Place(handbook.id, 1)
    app.run()
    assert any("original file is missing" in caption.value for caption in app.caption)
    assert "Working time" in component(app)["text"]
    assert not app.error


def test_an_answer_that_cannot_be_kept_is_shown_all_the_same(home, tmp_path, monkeypatch):
    (tmp_path / "leave.txt").write_text("All staff have thirty days of leave in a year.")
    home.index(find([tmp_path / "leave.txt"]), "mine", workers=1)
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
    other = sqlite3.connect(home.store.path, isolation_level=None)
    app = ask_page()
    other.execute("BEGIN IMMEDIATE")
    app.session_state["asking"] = Asking("How many days of leave are there?")
    app.run()
    other.execute("ROLLBACK")
    assert not app.error
    assert any("could not be kept" in info.value for info in app.info)
    assert any("How many days of leave" in element.value for element in app.markdown)
    assert History(home.store).conversations() == []


def test_an_interrupted_question_waits_in_its_conversation(home, handbook):
    talk = remember(home, handbook)
    app = ask_page()
    app.session_state["asking"] = Asking("And in the first year?", talk.id, INTERRUPTED)
    app.run()  # somebody who has looked at another page comes back
    assert talk.id in app.query_params["c"]
    shown = [element.value for element in app.markdown]
    assert any("How much leave?" in text for text in shown)
    assert any("And in the first year?" in text for text in shown)
    again = next(button for button in app.button if button.label == "Ask again")
    again.click().run()
    assert [turn.question for turn in History(home.store).turns(talk.id)] == [
        "How much leave?",
        "And in the first year?",
    ]


def test_a_page_that_cannot_be_drawn_is_shown_as_text(home, tmp_path, monkeypatch):
    def given_up(*_):
        raise ParserTimeoutError("the page took longer than 20 seconds")

    monkeypatch.setattr(Access, "picture", given_up)
    drawn = next(path for path in samples.documents() if path.suffix == ".pdf")
    document = add(home, samples.COLLECTION, drawn)
    app = ask_page()
    app.session_state["place"] = Place(document.id, 1)
    app.run()
    assert any("longer than 20 seconds" in caption.value for caption in app.caption)
    assert component(app)["text"] == home.store.page(document.id, 1).text
    assert not app.error


@pytest.fixture
def manual(home):
    drawn = next(path for path in samples.documents() if path.name == "skylark-manual.pdf")
    return add(home, samples.COLLECTION, drawn)


def test_words_are_found_in_an_opened_document(home, handbook, monkeypatch):
    app = ask_page()
    app.session_state["place"] = Place(handbook.id, 1)
    app.run()
    field = next(one for one in app.text_input if one.label == "Find in this document")
    field.input("TEAM  lead").run()
    shown = component(app)
    first, other = shown["marks"][:2]
    assert shown["text"][slice(*first)].casefold() == "team lead"
    assert any("1 of" in caption.value for caption in app.caption)
    next(one for one in app.button if one.label == "Next place").click().run()
    assert component(app)["marks"][0] == other
    assert any("2 of" in caption.value for caption in app.caption)
    next(one for one in app.text_input if one.label == field.label).input("zebra").run()
    assert component(app)["marks"] == []
    assert any("Not found" in caption.value for caption in app.caption)


def test_a_search_turns_to_the_page_of_what_it_finds(home, manual, monkeypatch):
    monkeypatch.setattr(Access, "picture", lambda *_: b"drawn")
    app = ask_page()
    app.session_state["place"] = Place(manual.id, 1)
    app.run()
    field = next(one for one in app.text_input if one.label == "Find in this document")
    field.input("25 mW").run()
    assert app.session_state["place"].page == 3


def test_an_opened_page_follows_the_new_answer(home, tmp_path, monkeypatch):
    (tmp_path / "leave.txt").write_text("All staff have thirty days of leave in a year.")
    (tmp_path / "mill.txt").write_text("The mill was built in 1890 by the river.")
    home.index(find([tmp_path / "leave.txt", tmp_path / "mill.txt"]), "mine", workers=1)
    by_title = {one.title: one for one in home.store.documents([1]).rows}
    app = ask_page()
    app.session_state["place"] = Place(by_title["leave"].id, 1)
    app.session_state["asking"] = Asking("When was the mill built?")
    app.run()
    place = app.session_state["place"]
    assert (place.document, place.n) == (by_title["mill"].id, 1)
    (talk,) = History(home.store).conversations()
    (turn,) = History(home.store).turns(talk.id)
    refused = replace(turn.answer, sentences=(), footnotes=(), abstained=True)
    monkeypatch.setattr("footnote.access.asking.Asking.ask", lambda *_: refused)
    app.session_state["asking"] = Asking("Xylophone zeppelins?", talk.id)
    app.run()
    assert "place" not in app.session_state


def test_a_page_has_the_whole_window_and_gives_it_back(home, handbook):
    app = ask_page()
    app.session_state["place"] = Place(handbook.id, 1)
    app.run()
    assert component(app)["full"] is False
    next(one for one in app.button if one.label == "Whole window").click().run()
    assert component(app)["full"] is True
    next(one for one in app.button if one.label == "Back to its place").click().run()
    assert component(app)["full"] is False


def test_some_documents_are_asked_alone_and_then_everything(home, tmp_path):
    for name, text in (("old", "The mill was built in 1890."), ("new", "It was built in 2020.")):
        (tmp_path / f"{name}.txt").write_text(text)
    home.index(find([tmp_path / "old.txt", tmp_path / "new.txt"]), "mine", workers=1)
    by_title = {one.title: one.id for one in home.store.documents([1]).rows}
    app = ask_page(d=by_title["new"])
    assert any("Ask 1 document" in one.value for one in app.markdown)
    app.session_state["asking"] = Asking("When was the mill built?")
    app.run()
    (talk,) = History(home.store).conversations()
    (turn,) = History(home.store).turns(talk.id)
    assert {hit.document.title for hit in turn.answer.hits} == {"new"}
    next(one for one in app.button if one.label == "Ask everything").click().run()
    assert not any(one.label == "Ask everything" for one in app.button)


def test_all_collections_stay_all_when_others_come(home, handbook):
    app = ask_page()
    app.session_state["asking"] = Asking("How much leave?")
    app.run()
    (talk,) = History(home.store).conversations()
    assert talk.collections == ()


def test_who_puts_a_thumb_down_is_asked_what_was_wrong(home, handbook):
    talk = remember(home, handbook)
    (turn,) = History(home.store).turns(talk.id)
    app = ask_page(c=talk.id)
    app.session_state["what_was_wrong"] = turn.id
    app.run()
    app.button_group(key=f"wrong-{turn.id}").set_value(["Incomplete"]).run()
    app.text_input(key=f"wrong-words-{turn.id}").input("the part-time rule is missing").run()
    (rated,) = History(home.store).turns(talk.id)
    assert (rated.feedback, rated.reason) == (-1, "Incomplete · the part-time rule is missing")


def test_own_documents_suggest_what_they_are_about(home, tmp_path):
    (tmp_path / "rules.md").write_text("# Rules\n\n## Opening hours\n\nWe open at nine.\n")
    add(home, "mine", tmp_path / "rules.md", title="Rules")
    assert "Opening hours" in [button.label for button in ask_page().button]


def test_an_answer_is_taken_away_as_a_word_document_with_its_page(home, manual, monkeypatch):
    import io

    from docx import Document
    from PIL import Image

    drawn = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(drawn, "PNG")
    monkeypatch.setattr(Access, "picture", lambda *_: drawn.getvalue())
    monkeypatch.setattr(Access, "boxes", lambda *_: ())
    talk = remember(home, manual, text="It has a \x07 bell.")
    (turn,) = History(home.store).turns(talk.id)
    access = Access(home, lambda: ONLY_USER)
    made = actions.as_word(access, [(turn, sources(access, turn.answer))])
    written = Document(io.BytesIO(made))
    text = "\n".join(one.text for one in written.paragraphs)
    assert "How much leave?" in text
    assert "It has a  bell.[1]" in text
    assert len(written.inline_shapes) == 1


def test_an_answer_is_taken_away_as_a_pdf_with_its_page(home, manual, monkeypatch):
    import io

    from PIL import Image
    from pypdf import PdfReader

    drawn = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(drawn, "PNG")
    monkeypatch.setattr(Access, "picture", lambda *_: drawn.getvalue())
    monkeypatch.setattr(Access, "boxes", lambda *_: ())
    hostile = "It <img src='http://evil.example/x.png'/> has a \x07 <b>bell</b> & Größe."
    talk = remember(home, manual, text=hostile)
    (turn,) = History(home.store).turns(talk.id)
    access = Access(home, lambda: ONLY_USER)
    written = PdfReader(io.BytesIO(actions.as_pdf(access, [(turn, sources(access, turn.answer))])))
    text = " ".join(written.pages[0].extract_text().split())
    assert "How much leave?" in text
    assert "<img src='http://evil.example/x.png'/> has a <b>bell</b> & Größe." in text
    assert "could not be set" not in text
    assert not any("/Annots" in page for page in written.pages)
    assert len(written.pages) == 2
    assert len(written.pages[1].images) == 1


def test_a_pdf_says_that_it_lacks_letters(home, handbook):
    import io

    from pypdf import PdfReader

    talk = remember(home, handbook, text="שלום and 你好 are greetings.")
    (turn,) = History(home.store).turns(talk.id)
    access = Access(home, lambda: ONLY_USER)
    made = actions.as_pdf(access, [(turn, sources(access, turn.answer))])
    text = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "???? and" in text
    assert "could not be set in this file" in " ".join(text.split())


def test_a_piece_of_a_heading_is_no_suggestion(home, tmp_path):
    (tmp_path / "perks.md").write_text(
        "# Perks\n\n## Q Contoso Electronics G\n\nWe pay.\n\n## A plan for all\n\nIt pays.\n"
    )
    add(home, "mine", tmp_path / "perks.md", title="Perks")
    offered = [button.label for button in ask_page().button]
    assert "A plan for all" in offered
    assert not [one for one in offered if "Contoso" in one]
