"""The embedder that suits a collection's languages is suggested, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from embedder.registry import BUNDLED
from footnote import languages
from footnote.cli.main import main
from footnote.languages import Suggestion, sentence, suggestion
from footnote.status import status

GERMAN = (
    "Der bezahlte Urlaub beträgt sechsundzwanzig Wochen nach der Geburt eines Kindes. "
    "Die Mitarbeiter melden eine Abwesenheit vor neun Uhr morgens bei ihrer Abteilung an."
)
ENGLISH = (
    "The paid leave is twenty-six weeks after the birth of a child, and all of the employees "
    "report an absence before nine in the morning to their team."
)


@pytest.fixture
def home(bare_home, tmp_path, monkeypatch):
    """A home whose embedder says that it stands on the bundled one's base."""
    (tmp_path / "files").mkdir()
    spec = bare_home.registry.spec("tiny")
    real = bare_home.registry.spec
    monkeypatch.setattr(
        type(bare_home.registry),
        "spec",
        lambda self, name: replace(real(name), base=spec.base) if name == BUNDLED else real(name),
    )
    return bare_home


def index(home, tmp_path, **texts):
    from indexer.ingest.sources import find

    for name, text in texts.items():
        (tmp_path / "files" / f"{name}.txt").write_text(text)
    home.index(find([tmp_path / "files"]), "contracts", workers=1)
    return home.collection("contracts")


def test_a_collection_in_another_language_is_named(home, tmp_path):
    collection = index(home, tmp_path, a=GERMAN, b=ENGLISH)
    found = suggestion(home, collection)
    assert found == Suggestion("contracts", ("German",), "")
    assert "`footnote embedders add multilingual`" in sentence(found)
    assert "use multilingual -c contracts" in sentence(found)
    (shown,) = status(home).collections
    assert shown.suggestion == sentence(found)


def test_english_ones_are_not(home, tmp_path):
    assert suggestion(home, index(home, tmp_path, a=ENGLISH)) is None
    assert status(home).collections[0].suggestion == ""


def test_a_few_others_are_passed_over(home, tmp_path):
    texts = {f"e{number}": f"{ENGLISH} {number}" for number in range(4)}
    assert suggestion(home, index(home, tmp_path, g=GERMAN, **texts)) is None


def test_nobody_knows_what_an_embedder_of_another_base_knows(bare_home, tmp_path):
    (tmp_path / "files").mkdir()
    assert suggestion(bare_home, index(bare_home, tmp_path, a=GERMAN)) is None


def test_one_that_is_installed_is_only_to_be_used(home, tmp_path, monkeypatch):
    monkeypatch.setattr(languages, "installed", lambda home: "multilingual")
    found = suggestion(home, index(home, tmp_path, a=GERMAN))
    assert "embedders add" not in sentence(found)


def test_indexing_says_so_beside_its_report(home, tmp_path):
    (tmp_path / "files" / "a.txt").write_text(GERMAN)
    done = CliRunner().invoke(
        main,
        ["--home", str(home.path), "index", str(tmp_path / "files"), "-c", "contracts",
         "--workers", "1", "--json"],
    )  # fmt: skip
    assert json.loads(done.stdout)["added"] == 1
    assert "contracts holds documents in German" in done.stderr
