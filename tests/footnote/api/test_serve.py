"""Several processes behind one address: each answers, and one that dies is replaced."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WAIT = 120.0


@contextmanager
def serving(home, *options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "footnote", "--home", str(home.path), "serve"]
    server = subprocess.Popen([*command, "--port", str(port), *options], cwd=ROOT)
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def answer(address, **body):
    """What the server says to a search, when it is up."""
    began = time.monotonic()
    request = urllib.request.Request(
        f"{address}/api/v1/search", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as said:
                return json.load(said)
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() - began > WAIT:
                raise
            time.sleep(0.2)


def processes(server):
    """Those that serve: children that spawned ones began with."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == server.pid and b"spawn_main" in command:
            found.append(int(place.name))
    return found


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
def test_two_processes_answer_and_a_dead_one_is_replaced(asked_home):
    with serving(asked_home, "--workers", "2") as (server, address):
        first = answer(address, query="paid leave", k=2)
        assert first["hits"]
        before = processes(server)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        for _ in range(10):
            assert answer(address, query="paid leave", k=2) == first
        began = time.monotonic()
        while len(set(processes(server)) - {before[0]}) < 2:
            assert time.monotonic() - began < WAIT
            time.sleep(0.1)
