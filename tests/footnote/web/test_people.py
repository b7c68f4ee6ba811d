"""The pages as readers and admins see them, run by Streamlit's own test harness."""

import pytest
from streamlit.testing.v1 import AppTest
from web_pages import add, add_handbook, ask_page, labels, library_page, table

from footnote.access import Door
from footnote.accounts import sharing, signin
from footnote.accounts.people import People, Profile


@pytest.fixture
def handbook(home):
    return add_handbook(home)


@pytest.fixture
def signed_in(home, monkeypatch):
    """Signs the reader bob in for the pages that come; gives what else is to be told of him."""
    from footnote.web.server import session

    people = People(home.store)
    people.add("ann", "correct horse battery")

    def sign_in(**told):
        bob = people.add("bob", "correct horse battery", Profile(**told))
        door = Door(local=False, token=signin.begin(home.store, bob))
        monkeypatch.setattr(session, "door", lambda: door)

    return sign_in


def test_elsewhere_with_nobody_registered_the_pages_themselves_refuse(home, handbook, monkeypatch):
    from footnote.web.server import session

    monkeypatch.setattr(session, "door", lambda: Door(local=False))
    app = ask_page()
    assert "people add" in app.error[0].value
    assert not app.title
    assert not app.get("chat_input")


def test_without_a_session_the_pages_themselves_show_nothing(home, handbook, signed_in):
    signed_in()
    People(home.store).remove("bob")
    app = ask_page()
    assert "signed out" in app.error[0].value
    assert not app.title


def test_a_reader_sees_the_collections_shared_with_them(home, handbook, tmp_path, signed_in):
    note = tmp_path / "note.txt"
    note.write_text("One line.")
    add(home, "mine", note, title="Blue submarine")
    signed_in()
    assert "shared with you" in library_page().markdown[0].value
    sharing.share(home.store, home.collection("mine"), "bob")
    app = library_page()
    assert [row["title"] for row in table(app)["rows"]] == ["Blue submarine"]
    assert not {"Add files", "Delete", "Move", "Let others in"} & set(labels(app))
    foreign, missing = (library_page(document=one) for one in (handbook.id, "0" * 16))
    assert foreign.error[0].value.replace(handbook.id, "0" * 16) == missing.error[0].value


def test_a_reader_who_may_add_documents_adds_them_where_they_read(home, handbook, signed_in):
    home.store.create_collection("mine")
    signed_in(may_upload=True)
    sharing.share(home.store, home.collection("mine"), "bob")
    app = library_page()
    assert "Add files" in labels(app)
    assert app.selectbox(key="collection_to_add_to").options == ["mine"]
    assert not [one for one in app.text_input if one.key == "folder_path"]


def test_an_admins_page_refuses_a_reader(home, handbook, signed_in):
    signed_in()

    for name in ("training.page", "admin.people", "admin.status"):

        def page(name):
            from importlib import import_module

            import_module(f"footnote.web.{name}").show()

        app = AppTest.from_function(page, default_timeout=60, args=(name,)).run()
        assert "Only an admin" in app.error[0].value
        assert not app.button
