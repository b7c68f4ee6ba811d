"""Programs asking at once through the real server, alone and beside indexing.

    python -m benchmarks.api FOLDER --home DIR [--clients 20] [--seconds 60] [--beside indexing]

FOLDER is indexed into the home DIR, once; each client has a key of its own and asks over HTTP,
one question after the other. The same questions are asked in one process, without a server, for
what HTTP, guard and JSON add. Answers quote, no language model is asked. Under a load that others
make, only the ratios within one run say anything.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import numpy as np

from benchmarks.beside import Indexing, footnote
from benchmarks.readers import OPEN, pool, register
from footnote.accounts import keys
from footnote.accounts.people import People
from footnote.home import Home

_HEADERS = {"content-type": "application/json"}
_FIRST = 20  # questions whose first byte is waited for, and that are asked in one process


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over HTTP: seconds, and what went wrong."""

    seconds: float
    failure: str = ""


class Server:
    """`footnote serve` over a home, in a process of its own."""

    def __init__(self, home: Home) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = ["-m", "footnote", "--home", str(home.path), "serve", "--port", str(self.port)]
        environment = os.environ | {"FOOTNOTE_API_RATE": "100000"}
        self._process = subprocess.Popen([sys.executable, *command], env=environment)

    def __enter__(self) -> Server:
        while True:
            try:
                self.get("/api/v1/health")
            except OSError:
                time.sleep(0.2)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def processor(self) -> float:
        """Seconds of processor time that it has taken (Linux)."""
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str) -> None:
        """Fetch a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        connection.getresponse().read()

    def ask(self, connection: http.client.HTTPConnection, key: str, question: str) -> Asked:
        """Ask over a connection that is kept."""
        began = time.monotonic()
        body = json.dumps({"question": question})
        try:
            connection.request("POST", "/api/v1/ask", body, _HEADERS | _key(key))
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            connection.close()
            return Asked(time.monotonic() - began, type(error).__name__)
        failure = "" if response.status == 200 else str(response.status)
        found = answer.get("sentences") or answer.get("nearest")
        return Asked(time.monotonic() - began, failure or ("" if found else "nothing found"))

    def first_bytes(self, key: str, question: str) -> tuple[float, float, float]:
        """Seconds of a streamed answer to: its first byte, its first word, its end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"question": question, "stream": True})
        began = time.monotonic()
        connection.request("POST", "/api/v1/ask", body, _HEADERS | _key(key))
        response = connection.getresponse()
        first = word = 0.0
        while line := response.readline():
            first = first or time.monotonic() - began
            if line.startswith(b"data: "):
                word = word or time.monotonic() - began
        return first, word, time.monotonic() - began


def _key(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def asked(
    server: Server, secrets: Sequence[str], questions: Sequence[str], seconds: float
) -> list[Asked]:
    """What all clients asked in so many seconds."""
    stop, found = Event(), list[Asked]()

    def client(number: int, key: str) -> None:
        draw = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        while not stop.is_set():
            found.append(server.ask(connection, key, draw.choice(questions)))

    threads = [Thread(target=client, args=pair, daemon=True) for pair in enumerate(secrets)]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return found


def row(name: str, found: Sequence[Asked], seconds: float, processor: float) -> str:
    """A line of the table."""
    good = [one.seconds for one in found if not one.failure] or [float("nan")]
    p50, p95 = np.percentile(good, (50, 95))
    failures = {one.failure for one in found if one.failure}
    return (
        f"| {name} | {len(good)} | {len(good) / seconds:.2f} | {p50:.3f} | {p95:.3f}"
        f" | {1000 * processor / max(1, len(good)):.0f}"
        f" | {len(found) - len(good)} {' '.join(sorted(failures))} |"
    )


def overhead(home: Home, server: Server, key: str, questions: Sequence[str]) -> Iterator[str]:
    """What one client waits beyond the answer itself, and for the first of a streamed one."""
    scope, inside, outside, streamed = home.scope([OPEN]), [], [], []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    own, served = [], []  # processor time, which others' work does not change much
    for question in questions:  # in turn, so that whatever else the machine does falls on both
        began, worked = time.monotonic(), time.process_time()
        home.answerer.ask(question, scope)
        inside.append(time.monotonic() - began)
        own.append(time.process_time() - worked)
        worked = server.processor
        outside.append(server.ask(connection, key, question).seconds)
        served.append(server.processor - worked)
        streamed.append(server.first_bytes(key, question))
    within, without = np.median(inside), np.median(outside)
    first, word, end = np.median(np.array(streamed), axis=0)
    yield (
        f"one client, {len(questions)} questions, medians: in one process {1000 * within:.1f} ms,"
        f" over HTTP {1000 * without:.1f} ms ({without / within:.2f} times); of processor time"
        f" {1000 * np.mean(own):.1f} and {1000 * np.mean(served):.1f} ms"
        f" ({np.mean(served) / np.mean(own):.2f} times)"
    )
    yield (
        f"streamed: first byte {1000 * first:.1f} ms, first word {1000 * word:.1f} ms,"
        f" whole {1000 * end:.1f} ms"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--beside", choices=("indexing",))
    options = parser.parse_args()
    home = Home.open(options.home.absolute())
    if home.store.collection(OPEN) is None:
        footnote(home.path, "index", str(options.folder), "-c", OPEN, output=None).wait()
    register(home, options.clients)
    people = [one for one in People(home.store).all() if one.name.startswith("reader-")]
    secrets = [keys.make(home.store, one).secret for one in people[: options.clients]]
    questions = pool(home, None)
    with Server(home) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        server.ask(connection, secrets[0], questions[0])  # loads the embedder
        home.answerer.ask(questions[0], home.scope([OPEN]))
        print("\n".join(overhead(home, server, secrets[0], questions[:_FIRST])))
        print("| clients | answers | a second | p50 s | p95 s | server's CPU ms each | failures |")
        print("|---|--:|--:|--:|--:|--:|---|")

        def measured(name: str, count: int) -> None:
            before = server.processor
            found = asked(server, secrets[:count], questions, options.seconds)
            print(row(name, found, options.seconds, server.processor - before), flush=True)

        for count in (1, options.clients):
            measured(f"{count} alone", count)
        if options.beside:
            work = Indexing(home, home.path / "arriving")
            work.start()
            measured(f"{options.clients} beside indexing", options.clients)
            print(work.stop())


if __name__ == "__main__":
    main()
