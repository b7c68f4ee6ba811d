"""People and sharing from the command line, and who may start a server that others reach."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from footnote.accounts import audit, signin
from footnote.accounts.people import People
from footnote.cli import app
from footnote.cli.main import main
from footnote.home import Home
from indexer.ingest.sources import find

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery"


@pytest.fixture
def run(tmp_path):
    def call(*arguments, typed=""):
        return CliRunner().invoke(main, ["--home", str(tmp_path), *arguments], input=typed)

    return call


@pytest.fixture
def home(tmp_path):
    return Home.open(tmp_path)


def as_json(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_people_are_added_listed_and_removed(run, home):
    first = as_json(run("people", "add", "ann", "--password-stdin", "--json", typed=PASSWORD))
    assert (first["name"], first["role"]) == ("ann", "admin")
    more = ("--email", "bob@firm.example", "--upload", "--display-name", "Bob B.")
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    added = run("people", "add", "bob", *more, typed=typed)
    assert added.exit_code == 0
    assert PASSWORD not in added.output
    (_, bob) = as_json(run("people", "list", "--json"))["people"]
    assert bob | {"added_at": 0} == {
        "name": "bob",
        "display_name": "Bob B.",
        "email": "bob@firm.example",
        "role": "reader",
        "may_upload": True,
        "added_at": 0,
    }
    assert "may add documents" in run("people", "list").output
    assert as_json(run("people", "remove", "bob", "--json")) == {
        "removed": "bob",
        "people": ["ann"],
    }
    assert "this machine only" in run("people", "remove", "ann").output
    assert "nobody has to sign in" in run("people", "list").output
    assert {entry.who for entry in audit.entries(home.store).rows} == {"operator"}


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "said"),
    [
        (("add", "bob"), f"{PASSWORD}\nanother password\n", 1, "do not match"),
        (("add", "bob", "--password-stdin"), "short\n", 1, "at least 10"),
        (("add", "bob", "--password-stdin"), "", 1, "at least 10"),
        (("add", "b b", "--password-stdin"), PASSWORD, 1, "cannot be a name"),
        (("add", "bob", "--role", "king"), "", 2, "king"),
        (("add", "bob", "--no-password"), "", 1, "needs a password"),
        (("remove", "bob"), "", 1, "nobody called"),
        (("password", "bob", "--password-stdin"), PASSWORD, 1, "nobody called"),
    ],
)
def test_what_does_not_work_says_why(run, home, arguments, typed, code, said):
    result = run("people", *arguments, typed=typed)
    assert result.exit_code == code
    assert said in result.output
    assert not People(home.store).registered()


def test_another_password_and_profile(run, home):
    run("people", "add", "ann", "--password-stdin", typed=PASSWORD)
    run("people", "add", "bob", "--password-stdin", typed=PASSWORD)
    token = signin.sign_in(home.store, "bob", PASSWORD)
    assert run("people", "change", "bob", "--upload").exit_code == 0
    assert signin.person_of(home.store, token).may_upload
    assert run("people", "sign-out", "bob").exit_code == 0
    assert signin.person_of(home.store, token) is None
    other = "purple monkey dishwasher"
    assert run("people", "password", "bob", "--password-stdin", typed=f"{other}\n").exit_code == 0
    assert signin.sign_in(home.store, "bob", other)
    assert run("people", "change", "bob", "--role", "admin", "--no-upload").exit_code == 0
    bob = People(home.store).named("bob")
    assert (bob.role, bob.may_upload) == ("admin", False)


def test_sharing(run, home):
    home.store.create_collection("papers")
    run("people", "add", "ann", "--password-stdin", typed=PASSWORD)
    run("people", "add", "bob", "--password-stdin", typed=PASSWORD)
    shared = run("share", "papers", "--with", "bob", "--with", "everyone", "--json")
    assert as_json(shared) == {"collection": "papers", "shared_with": ["everyone", "bob"]}
    assert as_json(run("share", "papers", "--not-with", "everyone", "--json"))["shared_with"] == [
        "bob"
    ]
    assert "bob, admins" in run("share", "papers").output
    half = run("share", "papers", "--not-with", "bob", "--with", "zoe")
    assert (half.exit_code, "zoe" in half.output) == (1, True)
    assert "bob" in run("share", "papers").output  # nothing was done
    assert run("share", "nothing").exit_code == 1


@pytest.fixture
def started(monkeypatch):
    """The commands that would have taken the place of this process."""
    found = []
    monkeypatch.setattr(app.os, "execv", lambda path, arguments: found.append(arguments))
    return found


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "footnote.firm.example"])
def test_a_server_that_others_reach_needs_an_admin(run, started, address):
    refused = run("app", "--address", address)
    assert (refused.exit_code, started) == (1, [])
    assert "footnote people add" in refused.output
    run("people", "add", "bob", "--role", "reader", "--password-stdin", typed=PASSWORD)
    assert run("app", "--address", address).exit_code == 1
    run("people", "add", "ann", "--role", "admin", "--password-stdin", typed=PASSWORD)
    assert run("app", "--address", address).exit_code == 0
    assert started[0][started[0].index("--server.address") + 1] == address


def test_the_app_says_where_it_is_and_streamlit_nothing_of_its_own(run, started):
    assert "http://localhost:9000;" in run("app", "--port", "9000").output
    assert "http://[::1]:8501;" in run("app", "--address", "::1").output
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["logger"]["hideWelcomeMessage"]


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_needs_nobody(run, started, address):
    assert run("app", "--address", address, "--no-browser").exit_code == 0
    assert started


def test_untold_the_app_is_served_to_this_machine(run, started):
    assert run("app", "--no-browser").exit_code == 0
    assert started[0][started[0].index("--server.address") + 1] == "localhost"
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "localhost"  # under `streamlit run`, too
    protections = ("enableXsrfProtection", "enableCORS")
    assert not any(config["server"].get(one) is False for one in protections)


def test_the_organisations_sign_in_is_enough(run, started, tmp_path, monkeypatch):
    from footnote.web.server import oidc

    monkeypatch.setattr(oidc, "providers", lambda: ["default"])
    assert run("app", "--address", "0.0.0.0").exit_code == 0


def test_deletions_and_switches_are_noted(run, home, tiny_embedder, tmp_path):
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    (tmp_path / "note.txt").write_text("The gate opens at nine.")
    run("index", str(tmp_path / "note.txt"), "-c", "papers")
    (document,) = home.store.documents([home.collection("papers").id]).rows
    assert run("delete", document.id, "gone").exit_code == 1
    home.registry.install("other", tiny_embedder.files.folder)
    assert run("embedders", "use", "other").exit_code == 0
    assert run("embedders", "rollback").exit_code == 0
    found = [(one.who, one.what, one.document) for one in audit.entries(home.store).rows]
    assert found == [
        ("operator", "rollback", ""),
        ("operator", "promotion", ""),
        ("operator", "document deleted", document.id),
    ]


def test_what_goes_because_its_file_went_from_a_watched_folder_is_logged(bare_home, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.txt").write_text("The gate opens at nine.")
    bare_home.index(find([folder]), "papers")
    (document,) = bare_home.store.documents([bare_home.collection("papers").id]).rows
    (folder / "a.txt").unlink()
    assert next(bare_home.watch([folder], "papers")).deleted == 1
    (entry,) = audit.entries(bare_home.store, ["document deleted"]).rows
    assert (entry.who, entry.collection, entry.document) == ("operator", "papers", document.id)
