"""The container and the service: what they name exists, and they give away nothing."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from footnote.api.app import api
from footnote.cli.main import main
from footnote.settings import Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = (ROOT / "docs" / "footnote.service").read_text(encoding="utf-8")
TEXTS = [DOCKERFILE, (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")]


def exists(line):
    """See that a command line of Footnote's is one."""
    name, *rest = shlex.split(line)
    command = main.commands[name]
    if hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_container_runs_as_nobody_and_says_whether_it_is_well():
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)
    assert "FOOTNOTE_HOME=/data" in last
    health = re.search(r"localhost:8501(/\S+?)'", last)[1]
    assert health in api.openapi()["paths"]
    command = re.search(r"^CMD (\[.*\])", last, re.MULTILINE)[1]
    exists(" ".join(yaml.safe_load(command)))


def test_what_the_image_is_made_of_is_sent_to_the_builder():
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sent[0] == "*"
    for line in sent[1:]:
        assert line == "**/__pycache__" or (ROOT / line.removeprefix("!")).exists()
    packages = re.search(r"include = \[(.*?)\]", (ROOT / "pyproject.toml").read_text())[1]
    assert {f"!{name}" for name in re.findall(r'"(\w+)\*"', packages)} <= set(sent)


def test_compose_gives_nothing_away():
    service = COMPOSE["services"]["footnote"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    known = {one.variable for one in _known()}
    assert set(service["environment"]) <= known
    assert COMPOSE["services"]["ollama"]["profiles"] == ["ollama"]
    assert "ports" not in COMPOSE["services"]["ollama"]


def _known():
    from footnote import settings

    assert Settings
    return settings._KNOWN


def test_the_commands_of_the_docs_exist():
    said = re.findall(
        r"(?:footnote|-m footnote) ((?:people|index|doctor|backup) [^`\n]*)", TEXTS[1]
    )
    said += re.findall(r"^#   docker run .* footnote (\S.*)$", DOCKERFILE, re.MULTILINE)
    assert len(said) >= 4
    for line in said:
        exists(line.partition("#")[0])
    exists(re.search(r"-m footnote (.*)", SERVICE)[1])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_the_unit_is_one(tmp_path):
    unit = tmp_path / "footnote.service"
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", SERVICE))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert "footnote.service" not in done.stderr, done.stderr
