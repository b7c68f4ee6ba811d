"""`footnote synth`, against a real HTTP server with scripted faults."""

import json

import numpy as np
import pytest
from authors import LINES, Author, after
from click.testing import CliRunner
from homes import add_lines
from scripted_server import Reply, scripted_server

from footnote.cli.main import main
from footnote.home import Home
from training.data.examples import read_examples


@pytest.fixture
def path(tmp_path):
    return tmp_path / "examples.jsonl"


@pytest.fixture
def run(tmp_path, tiny_embedder, monkeypatch):
    """Runs a command in a home with one document; returns click's result."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "FOOTNOTE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    home = Home.open(tmp_path / "clihome")
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    collection, vectors = home.store.create_collection("documents").id, np.eye(4, 64)
    source, fingerprint = tmp_path / "handbook.txt", home.embedder.fingerprint
    add_lines(home.store, collection, source, LINES, vectors, fingerprint)
    home.store.close()
    return lambda *arguments: CliRunner().invoke(main, ["--home", str(home.path), *arguments])


def configured(monkeypatch, script):
    monkeypatch.setenv("OPENAI_BASE_URL", script.url)
    monkeypatch.setenv("FOOTNOTE_MODEL", "tiny")


def test_the_command_writes_reports_and_estimates(run, path, monkeypatch):
    with scripted_server(answer=Author()) as script:
        configured(monkeypatch, script)
        made = run("synth", "--tasks", "-o", str(path), "-n", "6", "--price-in", "2", "--json")
        report = json.loads(made.stdout)
        grounded = run("synth", "-c", "documents", "-o", f"{path}2", "-n", "1")
        monkeypatch.setenv("FOOTNOTE_PRICE_OUT", "30")
        priced = run("synth", "-c", "documents", "-o", f"{path}3", "-n", "1")
    assert report.keys() >= {"examples", "rejected", "calls", "seconds", "file"}
    assert (report["examples"], report["calls"], report["file"]) == (6, 10, str(path))
    assert "About 10 calls" in made.stderr
    assert "costing" in made.stderr
    assert grounded.exit_code == 0, grounded.output
    assert "3 examples written in 4 calls" in grounded.stdout
    assert "costing" not in grounded.stderr
    assert "costing" in priced.stderr


def test_the_command_exits_with_one_and_keeps_what_there_is(run, path, monkeypatch):
    with scripted_server(answer=after(8, Author(), Reply(status=401))) as script:
        configured(monkeypatch, script)
        result = run("synth", "--tasks", "-o", str(path), "-n", "60")
    assert result.exit_code == 1
    assert "4 examples are kept" in result.stderr
    assert len(read_examples(path)) == 4


@pytest.mark.parametrize("source", [["--tasks"], ["-c", "documents"]])
def test_without_a_language_model_the_command_says_what_to_set(run, path, source):
    result = run("synth", *source, "-o", str(path))
    assert result.exit_code == 1
    assert "OPENAI_BASE_URL" in result.stderr
    assert not path.exists()


def test_one_source_is_asked_for(run, path):
    assert run("synth", "-o", str(path)).exit_code == 2
    assert run("synth", "--tasks", "-c", "documents", "-o", str(path)).exit_code == 2
