"""The command line, as scripts and people use it: JSON keys, exit codes, what is printed."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from footnote.cli.main import main
from footnote.cli.progress_bars import indexing_phase
from footnote.home import Home
from indexer.ingest.pipeline import Pipeline
from indexer.ingest.sources import find

ROOT = Path(__file__).parents[3]
HANDBOOK = """# Handbook

## Parental leave

Parents may take paid leave of 26 weeks after the birth of a child.

## Travel

Business class is repaid for overnight flights only.
"""


@pytest.fixture
def home(tmp_path, tiny_embedder):
    """A home that uses the tiny embedder, with one document."""
    opened = Home.open(tmp_path / "home")
    opened.registry.install("tiny", tiny_embedder.files.folder)
    opened.registry.use("tiny")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "handbook.md").write_text(HANDBOOK)
    return opened


@pytest.fixture
def run(home):
    """Runs a command in the home; returns click's result."""

    def call(*arguments):
        return CliRunner().invoke(main, ["--home", str(home.path), *arguments])

    return call


@pytest.fixture
def indexed(run, tmp_path):
    """The same, with the folder of papers indexed."""
    assert run("index", str(tmp_path / "papers"), "-c", "staff").exit_code == 0
    return run


def as_json(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_index_reports_what_it_did_and_does_nothing_twice(run, tmp_path):
    first = as_json(run("index", str(tmp_path / "papers"), "--json"))
    again = as_json(run("index", str(tmp_path / "papers"), "--json"))
    assert first["added"] == 1
    assert first["passages"] > 0
    assert first["failed"] == []
    assert (again["added"], again["unchanged"]) == (0, 1)


def test_dry_run_writes_nothing(run, tmp_path):
    plan = as_json(run("index", str(tmp_path / "papers"), "--dry-run", "--json"))
    assert plan["added"] == [str(tmp_path / "papers" / "handbook.md")]
    assert as_json(run("documents", "--json"))["total"] == 0


def test_a_file_that_fails_is_named_and_alone_exits_with_one(run, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing more")
    result = run("index", str(broken))
    assert result.exit_code == 1
    assert str(broken) in result.stdout


@pytest.mark.parametrize("mode", ["fused", "dense", "keyword"])
def test_search_has_the_keys_that_scripts_rely_on(indexed, mode):
    hits = as_json(indexed("search", "overnight flights", "--mode", mode, "--json"))["hits"]
    keys = {"rank", "score", "document", "title", "path", "pages", "text", "passage", "collection"}
    assert keys <= hits[0].keys()
    assert hits[0]["rank"] == 1
    assert hits[0]["collection"] == "staff"


def test_search_says_what_it_could_not_search(indexed, home):
    assert "notice" not in as_json(indexed("search", "overnight flights", "--json"))
    shutil.rmtree(home.path / "embedders" / "tiny")
    found = indexed("search", "overnight flights", "--json")
    assert found.exit_code == 0
    assert "not installed" in found.stderr
    answer = json.loads(found.stdout)
    assert answer["hits"]
    assert answer["notice"] in found.stderr


def test_ask_has_the_keys_that_scripts_rely_on(indexed, home):
    answer = as_json(indexed("ask", "How many weeks of paid leave may parents take?", "--json"))
    keys = {"answer", "abstained", "sentences", "footnotes", "seconds"}
    assert keys <= answer.keys()
    assert "26 weeks" in answer["answer"]
    note = answer["footnotes"][0]
    assert {"n", "document", "title", "path", "pages", "quote", "passage"} <= note.keys()
    page = home.store.page(note["document"], note["span"]["page"])
    assert page.text[note["span"]["start"] : note["span"]["end"]] == note["quote"]


def test_ask_prints_sentences_with_their_numbers(indexed):
    printed = indexed("ask", "How many weeks of paid leave may parents take?").stdout
    assert re.search(r"26 weeks .*\[1\]", printed)
    assert "[1] Handbook, page" in printed


def test_a_document_is_summed_up_in_its_own_sentences(indexed, home):
    summed = as_json(indexed("summary", "Handbook", "--json"))
    assert summed["mode"] == "extractive"
    assert summed["sentences"]
    for note in summed["footnotes"]:
        page = home.store.page(note["document"], note["span"]["page"])
        assert page.text[note["span"]["start"] : note["span"]["end"]] == note["quote"]
    assert "[1]" in indexed("summary", "Handbook").stdout
    assert indexed("summary", "No such thing").exit_code == 1


def test_delete_leaves_a_receipt_and_nothing_to_find(indexed):
    document = as_json(indexed("documents", "--json"))["documents"][0]["id"]
    receipt = as_json(indexed("delete", document, "--json"))
    assert receipt["documents"] == [document]
    assert receipt["passages"] == receipt["vectors"] > 0
    assert as_json(indexed("search", "overnight flights", "--json"))["hits"] == []


def test_doctor_says_ok(indexed):
    assert as_json(indexed("doctor", "--json")) == {"ok": True, "problems": []}


def test_why_says_where_a_passage_was_lost(indexed):
    found = as_json(
        indexed("why", "What about flights?", "--passage", "Dogs may not be brought.", "--json")
    )
    assert found["stage"] == "not extracted"
    assert found["remedies"]


def test_eval_measures_a_folder(run, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    words = ("leave", "policy", "weeks", "premium", "deductible")
    rows = [{"_id": word, "title": word, "text": f"All about {word}."} for word in words]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    queries = [{"_id": f"q-{word}", "text": f"What of {word}?"} for word in words]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    judged = "".join(f"q-{word}\t{word}\t1\n" for word in words)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    report = as_json(run("eval", str(folder), "--mode", "keyword", "--json"))
    assert (report["documents"], report["queries"]) == (5, 5)
    assert report["modes"]["keyword"] == {
        "ndcg@10": 1.0,
        "recall@10": 1.0,
        "recall@100": 1.0,
        "mrr@10": 1.0,
    }


def test_help_says_which_queries_a_limit_keeps(run):
    assert "spread over the file" in run("eval", "--help").stdout


def test_embedders_are_switched_and_rolled_back_with_their_collections(indexed, home, tmp_path):
    tiny = home.registry.spec("tiny")
    assert as_json(indexed("embedders", "--json"))["current"] == "tiny"
    other = tmp_path / "other"
    home.registry.install("other", home.path / "embedders" / "tiny")
    spec = home.path / "embedders" / "other" / "spec.json"
    spec.write_text(spec.read_text().replace('"max_tokens": 256', '"max_tokens": 128'))
    assert not other.exists()
    assert indexed("embedders", "use", "other").exit_code == 0
    number = home.collection("staff").id
    assert home.store.generation(number) == home.registry.spec("other").fingerprint
    assert indexed("embedders", "rollback").exit_code == 0
    assert home.store.generation(number) == tiny.fingerprint
    assert as_json(indexed("doctor", "--json"))["ok"]


def test_an_unknown_document_is_named_and_the_others_are_deleted(indexed):
    (document,) = as_json(indexed("documents", "--json"))["documents"]
    nothing = indexed("delete", "nope")
    assert nothing.exit_code == 1
    assert nothing.stdout == ""
    assert "'nope'" in nothing.stderr
    some = indexed("delete", "nope", document["id"], "never")
    assert some.exit_code == 1
    assert "'nope', 'never'" in some.stderr
    assert some.stdout.startswith("Deleted 1 document: 1 page, ")
    assert as_json(indexed("documents", "--json"))["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["search", "x", "-c", "nowhere"], 1, "there is no collection 'nowhere'"),
        (["ask", " "], 1, "the question is empty"),
        (["embedders", "use", "nothing"], 1, "there is no embedder 'nothing'"),
        (["search"], 2, "Missing argument"),
        (["index", "no-such-file"], 2, "does not exist"),
    ],
)
def test_errors_say_what_is_wrong_and_set_the_exit_code(indexed, arguments, code, said):
    result = indexed(*arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_settings_tell_where_they_come_from(home, run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-very-secret-key")
    monkeypatch.setenv("FOOTNOTE_MODEL", "from-environment")
    (home.path / "settings.toml").write_text('model = "from-file"\nworkers = 3\n')
    told = as_json(run("settings", "--json"))["settings"]
    assert told["model"] == {"value": "from-environment", "source": "environment"}
    assert told["workers"] == {"value": "3", "source": "settings.toml"}
    assert told["llm_timeout"]["source"] == "default"
    assert "very-secret" not in told["api_key"]["value"]


def test_a_key_goes_only_to_the_address_beside_it(home, run, monkeypatch):
    """A home's own address, which may have come with it, does not get the operator's key."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-very-secret-key")
    (home.path / "settings.toml").write_text('base_url = "https://elsewhere.example/v1"\n')
    key = as_json(run("settings", "--json"))["settings"]["api_key"]
    assert key["value"] == ""
    assert "not sent" in key["source"]
    assert Home.open(home.path).llm._api_key == ""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://here.example/v1")
    assert Home.open(home.path).llm._api_key == "a-very-secret-key"
    monkeypatch.delenv("OPENAI_BASE_URL")
    (home.path / "settings.toml").write_text(
        'base_url = "https://elsewhere.example/v1"\napi_key = "its own"\n'
    )
    monkeypatch.delenv("OPENAI_API_KEY")
    assert Home.open(home.path).llm._api_key == "its own"
    monkeypatch.setenv("OPENAI_API_KEY", "a-very-secret-key")
    assert Home.open(home.path).llm._api_key == "its own"


def test_an_unknown_setting_is_named(home, run):
    (home.path / "settings.toml").write_text("wrokers = 3\n")
    result = run("documents")
    assert result.exit_code == 1
    assert "wrokers" in result.stderr


def test_every_command_in_the_readme_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^footnote (.+?)(?:\s+#.*)?$", text, flags=re.MULTILINE)
    assert lines
    for line in lines:
        name, *rest = shlex.split(line)
        command = main.commands[name]
        if isinstance(command, click.Group) and rest:
            command = command.commands[rest.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_reference_is_fresh():
    from footnote.cli.docs import reference

    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference()


def test_the_app_asks_a_new_user_nothing_before_it_starts(tmp_path):
    """Streamlit asks for an e-mail address where none of its files is in the home folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HOME": str(tmp_path), "BROWSER": "true"}
    command = [sys.executable, "-m", "footnote", "--home", str(tmp_path / "home"), "app"]
    with subprocess.Popen(
        [*command, "--port", str(port)], env=environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as app:  # fmt: skip
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    with urllib.request.urlopen(f"http://localhost:{port}/", timeout=5) as page:
                        assert page.status == 200
                    break
                except OSError:
                    assert time.monotonic() < until
                    time.sleep(0.2)
        finally:
            app.kill()
        assert "Email" not in app.stdout.read()


TABLE = """# Fees

| Code | Fee |
| --- | --- |
| E4 | 35 |

<!-- pay nobody -->
"""


def test_show_prints_what_was_read_as_markdown(run, tmp_path):
    (tmp_path / "papers" / "fees.md").write_text(TABLE)
    run("index", str(tmp_path / "papers"), "-c", "staff")
    shown = run("show", "Fees").output
    assert "# Fees\n" in shown
    assert "| Code | Fee |\n| --- | --- |\n| E4 | 35 |" in shown
    assert "Hidden text, in a comment of the source, 10 characters, left out" in shown
    data = as_json(run("show", "Fees", "--page", "1", "--json"))
    assert [block["kind"] for block in data["pages"][0]["blocks"]] == ["heading", "table"]
    assert data["pages"][0]["hidden"][0]["excerpt"] == "pay nobody"


def test_show_finds_a_document_by_id_path_and_title(indexed, tmp_path):
    (row,) = as_json(indexed("documents", "--json"))["documents"]
    for name in (row["id"], row["path"], row["title"], "handbook"):
        assert as_json(indexed("show", name, "--json"))["document"] == row["id"]
    assert "there is no document 'elsewhere'" in indexed("show", "elsewhere").output
    (tmp_path / "papers" / "handbook 2.md").write_text(HANDBOOK + "\nMore.")
    indexed("index", str(tmp_path / "papers"), "-c", "staff")
    assert "may be 2 documents" in indexed("show", "handbook").output
    assert indexed("show", row["id"], "--page", "9").exit_code == 1


def test_documents_of_an_earlier_revision_are_read_again_and_index_says_so(indexed, home, tmp_path):
    with home.store.transaction() as connection:
        connection.execute("UPDATE documents SET parser = 0")
    assert "read by an earlier version" in indexed("documents").output
    assert (
        "1 document read again" in indexed("index", str(tmp_path / "papers"), "-c", "staff").output
    )
    report = as_json(indexed("index", str(tmp_path / "papers"), "-c", "staff", "--json"))
    assert (report["reread"], report["unchanged"]) == (0, 1)


def test_an_interrupted_run_says_how_far_it_came_and_a_repeat_goes_on(run, tmp_path, monkeypatch):
    for number in range(5):
        (tmp_path / "papers" / f"{number}.md").write_text(f"# Paper {number}\n\nIt says {number}.")
    tell = Pipeline._tell

    def interrupted(self, source, *share):
        tell(self, source, *share)
        if self._tally.report().added == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "_tell", interrupted)
        stopped = run("index", str(tmp_path / "papers"))
    assert stopped.exit_code == 130
    assert stopped.stderr.strip().endswith("3 of 6 done; repeat the command to continue")
    rest = as_json(run("index", str(tmp_path / "papers"), "--json"))
    assert (rest["added"], rest["unchanged"]) == (3, 3)


def test_the_bar_says_the_phase_and_how_many_files_from_the_start(home, tmp_path):
    (tmp_path / "papers" / "second.md").write_text("# Second\n\nAnother one.")
    seen = []
    home.index(find([tmp_path / "papers"]), "staff", workers=1, progress=seen.append)
    assert (seen[0].files_done, seen[0].files_total) == (0, 2)
    phases = [indexing_phase(state) for state in seen]
    assert phases[0].startswith("reading ")
    assert any(phase.startswith("embedding ") for phase in phases)
    assert phases[-1] == "finishing the index"
    page = replace(seen[0], page=2, page_of=9)
    assert indexing_phase(page).endswith(", page 2 of 9")


def test_collections_are_named_in_any_case(indexed):
    assert as_json(indexed("search", "leave", "-c", "STAFF", "--json"))["hits"]
    assert indexed("share", "Staff").exit_code == 0


def test_what_libraries_say_stays_with_them(home, tmp_path):
    program = (
        "import sys\n"
        "from footnote.cli.main import main\n"
        "try:\n"
        "    main(['--home', sys.argv[1], 'settings'], standalone_mode=False)\n"
        "finally:\n"
        "    import logging, warnings\n"
        "    logging.getLogger('pypdf').warning('Ignoring wrong pointing object')\n"
        "    warnings.warn('is deprecated', FutureWarning)\n"
        "    from tqdm.auto import tqdm\n"
        "    list(tqdm(range(3), desc='Converting and de-quantizing'))\n"
        "    import footnote.web.server.session\n"
    )
    command = [sys.executable, "-c", program, str(home.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_collections_are_made_renamed_and_deleted_and_documents_moved(indexed):
    document = as_json(indexed("documents", "--json"))["documents"][0]["id"]
    assert as_json(indexed("collections", "make", "Rules", "--json")) == {"name": "Rules"}
    assert indexed("collections", "make", "rules").exit_code == 1
    moved = as_json(indexed("move", document, "--to", "rules", "--json"))
    assert moved == {"moved": [document], "collection": "Rules"}
    assert as_json(indexed("search", "leave", "-c", "Rules", "--json"))["hits"]
    assert indexed("collections", "rename", "Rules", "Laws").exit_code == 0
    listed = as_json(indexed("collections", "list", "--json"))["collections"]
    assert {"name": "Laws", "documents": 1} in listed
    gone = as_json(indexed("collections", "delete", "Laws", "--yes", "--json"))
    assert gone["documents"] == [document]
