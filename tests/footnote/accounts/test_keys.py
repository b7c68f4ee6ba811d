"""Keys: made once, kept as a hash, good for one person until they end."""

import pytest

from footnote.access import Door, NotSignedInError, visitor
from footnote.accounts import audit, keys
from footnote.accounts.people import ONLY_USER, People, PeopleError, Profile
from footnote.home import Home


@pytest.fixture
def home(tmp_path):
    home = Home.open(tmp_path)
    for name in ("ann", "bob"):
        People(home.store).add(name, None, Profile(email=f"{name}@firm.example"))
    return home


@pytest.fixture
def bob(home):
    return People(home.store).named("bob")


def test_a_key_is_256_random_bits_and_nowhere_in_the_home(home, bob):
    made = keys.make(home.store, bob, "the agent")
    assert made.secret.startswith("fn_")
    assert len(made.secret) == 3 + 43  # 43 letters of base 64 hold 256 bits
    assert made.secret != keys.make(home.store, bob).secret
    home.store.close()
    for path in home.path.rglob("*"):
        assert path.is_dir() or made.secret[3:].encode() not in path.read_bytes()


def test_a_key_acts_for_its_person_and_nobody_else(home, bob):
    secret = keys.make(home.store, bob).secret
    assert keys.holder(home.store, secret) == bob
    assert visitor(home, Door(local=False, key=secret)) == bob
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "\udcff"):
        assert keys.holder(home.store, wrong) is None


def test_a_wrong_key_is_not_made_up_for_by_a_session(home, bob):
    from footnote.accounts import signin

    token = signin.begin(home.store, bob)
    with pytest.raises(NotSignedInError, match="unknown, revoked or expired"):
        visitor(home, Door(local=True, token=token, key="fn_made_up"))


def test_a_key_ends_when_its_time_is_over(home, bob, monkeypatch):
    made = keys.make(home.store, bob, seconds=3600)
    assert not made.key.expired
    now = keys.time.time()
    monkeypatch.setattr(keys.time, "time", lambda: now + 3601)
    assert keys.holder(home.store, made.secret) is None
    assert keys.keys(home.store, bob.id)[0].expired


@pytest.mark.parametrize("end", ["revoke", "remove"])
def test_a_key_ends_with_its_revocation_and_with_its_person(home, bob, end):
    made = keys.make(home.store, bob)
    if end == "revoke":
        keys.revoke(home.store, made.key.id)
    else:
        People(home.store).remove("bob")
    assert keys.holder(home.store, made.secret) is None
    assert keys.keys(home.store) == []


def test_the_rights_are_those_that_the_person_has_now(home, bob):
    secret = keys.make(home.store, bob).secret
    People(home.store).change("bob", Profile("admin"))
    assert visitor(home, Door(local=False, key=secret)).admin


def test_nobody_revokes_anothers(home, bob):
    made = keys.make(home.store, bob)
    ann = People(home.store).named("ann")
    with pytest.raises(keys.UnknownKeyError) as foreign:
        keys.revoke(home.store, made.key.id, person=ann.id)
    with pytest.raises(keys.UnknownKeyError) as missing:
        keys.revoke(home.store, "00000000", person=ann.id)
    assert str(foreign.value).replace(made.key.id, "…") == str(missing.value).replace(
        "00000000", "…"
    )
    assert keys.holder(home.store, made.secret) == bob


def test_keys_are_listed_with_what_they_are_for_and_when_they_were_used(home, bob):
    made = keys.make(home.store, bob, "  the\n agent " + "x" * 200)
    assert made.key.label.startswith("the agent x")
    assert len(made.key.label) == keys.LABEL_CHARACTERS
    assert keys.keys(home.store, bob.id)[0].used_at is None
    keys.note_use(home.store, made.secret)
    keys.note_use(home.store, "fn_made_up")
    first = keys.keys(home.store, bob.id)[0].used_at
    keys.note_use(home.store, made.secret)
    assert first is not None
    assert keys.keys(home.store, bob.id)[0].used_at == first  # within the minute


def test_where_nobody_signs_in_and_past_the_most_there_are_none(home, bob, tmp_path):
    with pytest.raises(PeopleError, match="people add"):
        keys.make(home.store, ONLY_USER)
    for _ in range(keys.MOST):
        keys.make(home.store, bob)
    with pytest.raises(PeopleError, match="revoke"):
        keys.make(home.store, bob)


def test_the_log_tells_of_keys_and_holds_none(home, bob):
    made = keys.make(home.store, bob, "the agent", by="ann")
    keys.revoke(home.store, made.key.id, "ann")
    entries = audit.entries(home.store, ["key made", "key revoked"]).rows
    said = f"bob: {made.key.id}, the agent"
    assert [(one.who, one.what, one.details) for one in entries] == [
        ("ann", "key revoked", said),
        ("ann", "key made", said),
    ]
