"""What docs/api.md says is done: the walk by curl, the commands, the paths, the settings."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from footnote.api.app import api
from footnote.cli.main import main
from tests.api_server import served

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_walk_leads_from_an_empty_home_to_a_cited_answer(home):
    assert home.store.collections() == []
    with served() as address:
        script = blocks("sh")[0].replace("localhost:8501", address.removeprefix("http://"))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    said = done.stdout
    assert '"status":"ok"' in said
    assert "event: end" in said
    assert "2 added" in said
    decoder, found = json.JSONDecoder(), []
    for start in (place.start() for place in re.finditer(r"\{", said)):
        if said[start - 1 : start] not in ("", "\n", "}", " "):
            continue
        found.append(decoder.raw_decode(said, start)[0])
    (answer,) = (one for one in found if "sentences" in one and "choices" not in one)
    assert "until a child's eighth birthday" in answer["answer"]
    assert {one["verdict"] for one in answer["sentences"]} == {"supported"}
    assert answer["footnotes"][0]["title"] == "Employee handbook"
    (chat,) = (one for one in found if "choices" in one)
    assert "eighth birthday.[^1]" in chat["choices"][0]["message"]["content"]


def test_the_commands_exist():
    lines = re.findall(r"^footnote (.+?)(?:\s+#.*)?$", "\n".join(blocks("sh")), re.MULTILINE)
    assert lines
    for line in lines:
        name, *rest = shlex.split(line)
        command = main.commands[name].commands[rest.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options


def test_the_paths_and_settings_exist(home):
    described = set(api.openapi()["paths"])
    named = set(re.findall(r"(?:GET|POST|DELETE) (/api/v1/[\w/{}]*)", TEXT))
    assert len(named) > 5
    known = {re.sub(r"\{\w+(:\w+)?\}", "{}", path) for path in described}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in named} <= known
    for setting, value in (("api_rate", "600"), ("api_at_once", "32"), ("file_mb", "512")):
        assert f"`{setting}`, {value}" in TEXT
        assert home.settings.text(setting) == value
