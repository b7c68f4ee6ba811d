"""People, their passwords and sessions, and what the log says of them."""

import threading
import time

import pytest
from argon2 import PasswordHasher, extract_parameters

from footnote.accounts import audit, passwords, sharing, signin
from footnote.accounts.passwords import UnfitPasswordError
from footnote.accounts.people import EVERYONE, People, PeopleError, Profile, UnknownPersonError
from footnote.accounts.signin import ThrottledError, WrongSignInError
from indexer.store.store import Store
from rag.history import History

PASSWORD, OTHER = "correct horse battery", "purple monkey dishwasher"


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path)


@pytest.fixture
def people(store):
    made = People(store)
    made.add("ann", PASSWORD)
    made.add("Bob", PASSWORD, Profile(email="Bob@Firm.example"))
    return made


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost next to nothing, where there are many."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", lambda: hasher)
    monkeypatch.setattr(passwords, "NOBODY", hasher.hash("nobody has this"))


def log(store):
    return [(entry.who, entry.what) for entry in audit.entries(store).rows][::-1]


def everything_stored(store):
    return "\n".join(store.connection.iterdump())


def test_the_first_is_an_admin_and_keeps_what_was_asked_before(store):
    talk = History(store).start([], "Before anybody was registered")
    ann, bob = (People(store).add(name, PASSWORD) for name in ("ann", "bob"))
    assert (ann.role, bob.role) == ("admin", "reader")
    assert History(store, ann.id).conversation(talk.id)
    assert not History(store, bob.id).conversations()


def test_a_new_home_has_nobody_and_no_password_opens_it(cheap, store):
    assert People(store).all() == []
    for name in ("admin", "root", "footnote", ""):
        for password in ("admin", "password", "changeme", "nobody has this", ""):
            with pytest.raises((WrongSignInError, ThrottledError)):
                signin.sign_in(store, name, password)
    assert "$argon2" not in everything_stored(store)


@pytest.mark.parametrize(
    "name", ["", "a b", "everyone", "Operator", "a\nb", "x" * 65, "<b>", "../x"]
)
def test_what_cannot_be_a_name(store, name):
    with pytest.raises(PeopleError):
        People(store).add(name, PASSWORD)


def test_names_and_addresses_are_taken_once(people):
    for name in ("bob", "BOB", "\uff22ob"):  # a wide B is the same letter
        with pytest.raises(PeopleError, match="already"):
            people.add(name, PASSWORD)
    with pytest.raises(PeopleError, match="already"):
        people.add("carl", PASSWORD, Profile(email="bob@firm.example"))
    assert people.with_email("BOB@firm.example").name == "Bob"
    assert people.with_email("") is None


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "annann1234", "x" * 2000])
def test_what_cannot_be_a_password(store, password):
    with pytest.raises(UnfitPasswordError):
        People(store).add("annann", password)


def test_someone_who_is_let_in_by_the_organisation_alone(people, store):
    people.add("carl", None, Profile(email="carl@firm.example"))
    with pytest.raises(WrongSignInError):
        signin.sign_in(store, "carl", "")
    with pytest.raises(PeopleError, match="password"):
        people.add("dora", None)


def test_there_is_always_an_admin(people):
    with pytest.raises(PeopleError, match="only admin"):
        people.remove("ann")
    with pytest.raises(PeopleError, match="only admin"):
        people.change("ann", Profile("reader"))
    people.change("bob", Profile("admin"))
    people.remove("ann")
    people.remove("bob")  # nobody is left: back to one user
    assert not people.registered()


def test_a_name_that_comes_again_is_somebody_else(people, store):
    before = people.named("bob")
    collection = store.create_collection("papers")
    sharing.share(store, collection, "bob")
    people.remove("bob")
    after = people.add("bob", PASSWORD)
    assert after.id != before.id
    assert sharing.readable(store, after) == frozenset()


def test_sharing_with_one_and_with_everyone(people, store):
    one, two = store.create_collection("one"), store.create_collection("two")
    sharing.share(store, one, "BOB")
    sharing.share(store, two, EVERYONE)
    assert sharing.readable(store, people.named("bob")) == {one.id, two.id}
    assert sharing.shared_with(store, two.id) == [EVERYONE]
    sharing.unshare(store, one, "bob")
    assert sharing.readable(store, people.named("bob")) == {two.id}
    assert sharing.readable(store, people.named("ann")) == {one.id, two.id}
    store.delete_collection(two.id)
    assert sharing.readable(store, people.named("bob")) == frozenset()
    with pytest.raises(UnknownPersonError):
        sharing.share(store, one, "zoe")


def test_a_session_is_known_by_its_token_alone(people, store):
    token = signin.sign_in(store, "bob", PASSWORD)
    assert signin.person_of(store, token).name == "Bob"
    assert len(token) >= 43  # 256 bits
    for other in ("", token[:-1], token + "x", "\ud800", token.swapcase()):
        assert signin.person_of(store, other) is None
    assert token not in everything_stored(store)
    assert PASSWORD not in everything_stored(store)


def test_the_same_letters_however_they_are_typed(store):
    People(store).add("ann", "schöner Garten")
    assert signin.sign_in(store, "ANN ", "scho\u0308ner Garten")


@pytest.mark.parametrize(
    "end",
    [
        lambda people, store, token: signin.sign_out(store, token),
        lambda people, store, token: people.sign_out_everywhere("bob"),
        lambda people, store, token: people.set_password("bob", OTHER),
        lambda people, store, token: people.change("bob", Profile("admin")),
        lambda people, store, token: people.remove("bob"),
    ],
    ids=["signed out", "everywhere", "password", "role", "removed"],
)
def test_what_ends_a_session_at_once(people, store, end):
    token = signin.sign_in(store, "bob", PASSWORD)
    end(people, store, token)
    assert signin.person_of(store, token) is None


def test_sessions_end_by_time(people, store, monkeypatch):
    token, now = signin.sign_in(store, "bob", PASSWORD), time.time()

    def at(seconds):
        monkeypatch.setattr(signin.time, "time", lambda: now + seconds)
        return signin.person_of(store, token) is not None

    assert at(signin.IDLE_SECONDS - 60)
    assert not at(signin.IDLE_SECONDS + 60)
    assert at(-60)
    assert not at(-86_400)  # the clock was set back, or was wrong when it began
    passed = 0.0
    while passed < signin.LONGEST_SECONDS - signin.IDLE_SECONDS:
        passed += signin.IDLE_SECONDS / 2
        assert at(passed)
        signin.note_click(store, token)
    assert not at(signin.LONGEST_SECONDS + 60)  # however busy it is


def test_unknown_names_cost_what_wrong_passwords_cost():
    # The same cost, and the same words, so that neither time nor text tells them apart.
    assert extract_parameters(passwords.NOBODY) == extract_parameters(PasswordHasher().hash("x"))


def test_what_is_wrong_is_not_said(people, store):
    said = set()
    for name, password in (("bob", OTHER), ("zoe", PASSWORD), ("", "")):
        with pytest.raises(WrongSignInError) as caught:
            signin.sign_in(store, name, password)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_name_is_throttled_and_no_other(cheap, store, monkeypatch):
    People(store).add("ann", PASSWORD)
    People(store).add("bob", PASSWORD)
    for _ in range(signin.FAILURES_OF_A_NAME):
        with pytest.raises(WrongSignInError):
            signin.sign_in(store, "bob", OTHER)
    with pytest.raises(ThrottledError, match="10 minutes"):
        signin.sign_in(store, "BOB", PASSWORD)  # not even with the right one
    assert signin.sign_in(store, "ann", PASSWORD)
    now = time.time()
    monkeypatch.setattr(signin.time, "time", lambda: now + signin.WINDOW_SECONDS + 1)
    assert signin.sign_in(store, "bob", PASSWORD)


def test_unknown_names_are_throttled_alike(cheap, store):
    for _ in range(signin.FAILURES_OF_A_NAME):
        with pytest.raises(WrongSignInError):
            signin.sign_in(store, "zoe", OTHER)
    with pytest.raises(ThrottledError):
        signin.sign_in(store, "zoe", OTHER)


def test_all_names_together_are_throttled(cheap, store):
    People(store).add("ann", PASSWORD)
    for number in range(signin.FAILURES_OF_ALL):
        with pytest.raises(WrongSignInError):
            signin.sign_in(store, f"guess{number}", OTHER)
    with pytest.raises(ThrottledError):
        signin.sign_in(store, "ann", PASSWORD)


def test_many_at_once_do_not_get_past_the_limit(cheap, tmp_path):
    People(Store.open(tmp_path)).add("ann", PASSWORD)
    outcomes = []

    def guess(store):
        try:
            signin.sign_in(store, "ann", OTHER)
        except (WrongSignInError, ThrottledError) as error:
            outcomes.append(type(error))

    # Stores of their own, as processes have them.
    stores = [Store.open(tmp_path) for _ in range(4)]
    threads = [threading.Thread(target=guess, args=(stores[n % 4],)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(WrongSignInError) == signin.FAILURES_OF_A_NAME
    assert len(outcomes) == 24


def test_success_forgets_the_mistakes_before(cheap, store):
    People(store).add("ann", PASSWORD)
    for _ in range(2):
        for _ in range(signin.FAILURES_OF_A_NAME - 1):
            with pytest.raises(WrongSignInError):
                signin.sign_in(store, "ann", OTHER)
        signin.sign_in(store, "ann", PASSWORD)


def test_a_hash_of_lesser_cost_is_renewed(store, cheap, monkeypatch):
    People(store).add("ann", PASSWORD)
    costly = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", lambda: costly)
    signin.sign_in(store, "ann", PASSWORD)
    (kept,) = store.connection.execute("SELECT password FROM people").fetchone()
    assert extract_parameters(kept).time_cost == 2
    assert signin.sign_in(store, "ann", PASSWORD)


def test_the_log_tells_who_came_and_holds_no_secret(people, store):
    typed_for_a_name = "my secret password"
    with pytest.raises(WrongSignInError):
        signin.sign_in(store, typed_for_a_name, "x")
    with pytest.raises(WrongSignInError):
        signin.sign_in(store, "bob", OTHER)
    signin.sign_out(store, signin.sign_in(store, "bob", PASSWORD))
    people.set_password("bob", OTHER, by="ann")
    sharing.share(store, store.create_collection("papers"), "bob", by="ann")
    people.remove("bob", by="ann")
    assert log(store) == [
        ("operator", "person added"),
        ("operator", "person added"),
        ("unknown name", "sign-in failed"),
        ("Bob", "sign-in failed"),
        ("Bob", "sign-in"),
        ("Bob", "sign-out"),
        ("ann", "password set"),
        ("ann", "shared"),
        ("ann", "person removed"),
    ]
    stored = everything_stored(store)
    assert not any(secret in stored for secret in (typed_for_a_name, OTHER, PASSWORD))
    found = audit.entries(store, ["shared"])
    assert (found.total, found.rows[0].collection, found.rows[0].details) == (1, "papers", "bob")
    assert audit.entries(store, limit=2, offset=1).rows[0].what == "shared"
    assert audit.entries(store, who="Bob").total == 3
