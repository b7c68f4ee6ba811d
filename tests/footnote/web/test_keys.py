"""Keys on the pages: one's own under one's name, others' on *People*."""

import pytest
from streamlit.testing.v1 import AppTest

from footnote.access import Door, visitor
from footnote.accounts import keys, signin
from footnote.accounts.people import People


def own():
    from footnote.web.admin import keys

    keys.show()


def of_bob():
    from footnote.accounts.people import People
    from footnote.web.admin import keys
    from footnote.web.server.shared_home import home

    keys.show_of(People(home().store).named("bob"))


@pytest.fixture
def signed_in(home, monkeypatch):
    from footnote.web.server import session

    people = People(home.store)
    for name in ("ann", "bob"):
        people.add(name, "correct horse battery")

    def sign_in(name):
        door = Door(local=False, token=signin.begin(home.store, people.named(name)))
        monkeypatch.setattr(session, "door", lambda: door)

    return sign_in


def text(app):
    return " ".join(one.value for one in app.markdown)


def test_a_key_is_made_shown_once_and_revoked(home, signed_in):
    signed_in("bob")
    app = AppTest.from_function(own).run(timeout=60)
    assert "no keys" in text(app)
    app.text_input[0].input("the agent")
    app.button[0].click().run(timeout=60)
    secret = app.code[0].value
    assert visitor(home, Door(local=False, key=secret)).name == "bob"
    (key,) = keys.keys(home.store)
    assert key.expires_at - key.made_at == pytest.approx(90 * 86_400)
    app = AppTest.from_function(own).run(timeout=60)
    assert "the agent" in text(app)
    assert not app.code
    app.button(key=f"revoke-{key.id}").click().run(timeout=60)
    assert keys.keys(home.store) == []


def test_an_admin_revokes_anothers_and_a_reader_sees_none(home, signed_in):
    made = keys.make(home.store, People(home.store).named("bob"), "the agent")
    signed_in("ann")
    app = AppTest.from_function(of_bob).run(timeout=60)
    assert "the agent" in text(app)
    signed_in("bob")
    refused = AppTest.from_function(of_bob).run(timeout=60)
    assert "only an admin" in refused.error[0].value.casefold()
    signed_in("ann")
    app.button(key=f"revoke-{made.key.id}").click().run(timeout=60)
    assert keys.keys(home.store) == []
