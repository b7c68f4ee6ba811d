"""The pages in the language of the browser: what stands in them has a German translation."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from web_pages import add_handbook, ask_page, labels

from footnote.jobs.queue import Job
from footnote.web import language, progress
from footnote.web.library.documents import COLUMNS, HEALTH

WEB = Path(language.__file__).parent
NAMED = {"_", "dialog", "components.dialog"}
GERMAN = language.catalogue("de")


def shown():
    """The texts that are handed to `_` in the pages."""
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in NAMED:
                for given in node.args:
                    if isinstance(given, ast.Constant):
                        yield given.value


def test_every_text_is_translated():
    texts = set(shown()) | set(HEALTH.values()) | {one["label"] for one in COLUMNS}
    assert not texts - GERMAN.keys()


def test_a_translation_fills_in_the_same(monkeypatch):
    names = re.compile(r"\{\w+\}")
    for text, translated in GERMAN.items():
        assert sorted(names.findall(text)) == sorted(names.findall(translated)), text
        assert text.count("**") == translated.count("**")


@pytest.mark.parametrize(
    ("said", "expected"), [(None, "en"), ("de-DE", "de"), ("de", "de"), ("pt_BR", "pt")]
)
def test_the_browser_chooses(said, expected, monkeypatch):
    context = type("Context", (), {"locale": said})
    monkeypatch.setattr(language.st, "context", context)
    assert language.language() == expected


def test_no_catalogue_is_read_but_ours():
    assert language.catalogue("../../etc") == language.catalogue("xx") == {}


def test_a_german_reader_sees_german(home, monkeypatch):
    add_handbook(home)
    monkeypatch.setattr(language, "language", lambda: "de")
    app = ask_page()
    assert app.title[0].value == "Was möchten Sie wissen?"
    assert "Neues Gespräch" in labels(app)
    assert any("Fragen Sie 1 Dokument" in one.value for one in app.markdown)


def test_the_settings_are_german_too(home, monkeypatch):
    monkeypatch.setattr(language, "language", lambda: "de")

    def page():
        from footnote.web.admin import language_model

        language_model.show()

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Einstellungen"
    assert "Speichern und verwenden" in labels(app)


def test_a_job_is_told_in_german(monkeypatch):
    monkeypatch.setattr(language, "language", lambda: "de")
    arguments = {"collection": "Verträge", "names": None, "documents": [], "paths": ["/a/b", "/c"]}
    job = Job("1", "index", arguments, "running", {}, {}, "", "", None, 0.0, None)
    assert progress.title(job) == "Wird in Verträge gelesen: b und c"
    assert progress.details(job, first=True) == "Dateien werden gesucht …"
    done = {"added": 2, "unchanged": 1, "failed": [{}], "pages": 9, "seconds": 130.0}
    ended = replace(job, state="done", result=done)
    said = (
        "Fertig: 2 hinzugefügt, 1 unverändert und 1 nicht lesbar · Verträge · 9 Seiten · 2 Minuten"
    )
    assert progress.summary(ended) == said
    assert language.lasting(3) == "einige Sekunden"
    assert language.enumerated([*"abcde"]) == "a, b, c und 2 weitere"
