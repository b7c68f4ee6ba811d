"""Readers before `footnote serve`: one process and two, a replica that follows, a home gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale.measure import Meter, load, memory_mb, show

_SAMPLES = Path("footnote", "samples", "documents")
_QUESTIONS = (
    "Who may book business class?", "How much parental leave is there?", "What is error E4?",
    "What does the starter plan cost?", "Who leads the weather network?",
)  # fmt: skip
# Each reader asks a little differently: what one question cost is not kept for the next.
_BESIDES = ("Tell me:", "Please:", "I wonder:", "One more:", "And:", "Well:", "So:")


def serving(readers: int = 40, seconds: int = 30) -> None:
    """The samples behind `footnote serve`, by one process and by two, twice."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name, "home")
        _footnote(home, "index", str(_SAMPLES))
        for route in ("ask", "search"):
            for workers in (1, 2, 1, 2):
                with _served(home, "--workers", str(workers)) as server:
                    server.warm(workers)
                    show(workers=workers, readers=readers, **server.read(route, readers, seconds))


def copies(readers: int = 8, seconds: int = 60, rounds: int = 5) -> None:
    """Two replicas of a home that is changed and copied so often while they are asked."""
    with tempfile.TemporaryDirectory() as name:
        home, copied, more = (Path(name, one) for one in ("home", "copies", "more"))
        _footnote(home, "index", str(_SAMPLES), "-c", "samples")
        _footnote(home, "backup", str(copied), "--stream")
        seen: list[float] = []
        with _served(copied, "--replica", "--workers", "2") as server:
            server.warm(2)

            def change() -> None:
                for number in range(rounds):
                    more.mkdir(exist_ok=True)
                    said = f"The word of round {number} is zanzibar{number}quince.\n"
                    (more / f"{number}.md").write_text(f"# Round {number}\n\n{said}")
                    _footnote(home, "index", str(more), "-c", "samples")
                    _footnote(home, "backup", str(copied), "--stream")
                    began = time.monotonic()
                    wanted = f"zanzibar{number}quince"
                    in_a_row = 0
                    while in_a_row < 10:  # so that each process has been asked
                        found = json.dumps(server.ask("search", wanted))
                        in_a_row = in_a_row + 1 if f"round {number} is" in found else 0
                    seen.append(round(time.monotonic() - began, 1))

            changing = threading.Thread(target=change)
            changing.start()
            figures = server.read("search", readers, seconds)
            changing.join()
        show(replicas=2, readers=readers, seconds_until_seen=seen, **figures)


def away(questions: int = 30) -> None:
    """Two homes attached over HTTP; one is stopped in the middle, and goes on at the end."""
    with tempfile.TemporaryDirectory() as name:
        homes = [Path(name, one) for one in ("own", "left", "right")]
        for place, home in enumerate(homes):
            files = sorted(_SAMPLES.iterdir())[place::3]
            _footnote(home, "index", *map(str, files), "-c", "samples")
        with _served(homes[1]) as left, _served(homes[2]) as right:
            for peer in (left, right):
                peer.warm(1)
                called = "left" if peer is left else "right"
                _footnote(
                    homes[0], "attach", peer.address, "-c", "samples", "--name", called,
                )  # fmt: skip
            with _served(homes[0]) as own:
                own.warm(1)
                show(state="all there", **own.one_by_one(questions))
                os.kill(right.process.pid, signal.SIGSTOP)
                show(state="one stopped", **own.one_by_one(questions))
                os.kill(right.process.pid, signal.SIGCONT)
                began = time.monotonic()
                while own.ask("search", _QUESTIONS[0]).get("notice"):
                    time.sleep(0.5)
                show(state="there again", seconds_until_asked=round(time.monotonic() - began, 1))


@dataclass
class _Server:
    """A server of a home, and what readers saw of it."""

    process: subprocess.Popen[bytes]
    address: str
    times: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def ask(self, route: str, question: str) -> Any:
        """What it answers."""
        said = {"question" if route == "ask" else "query": question}
        request = urllib.request.Request(
            f"{self.address}/api/v1/{route}",
            json.dumps(said).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)

    def warm(self, workers: int) -> None:
        """Wait until each process has loaded its weights."""
        for number in range(20 * workers):
            while True:
                try:
                    self.ask("ask", f"{_QUESTIONS[0]} {number}")
                    break
                except (urllib.error.URLError, ConnectionError):
                    if self.process.poll() is not None:
                        raise
                    time.sleep(0.5)

    def read(self, route: str, readers: int, seconds: int) -> dict[str, Any]:
        """So many readers ask one question after the other."""
        self.times, self.failed = [], []
        ended = threading.Event()
        threads = [
            threading.Thread(target=self._reader, args=(route, number, ended))
            for number in range(readers)
        ]
        began = time.monotonic()
        with Meter(self.process.pid) as meter:
            for thread in threads:
                thread.start()
            time.sleep(seconds)
            ended.set()
            for thread in threads:
                thread.join()
        took = time.monotonic() - began
        return {
            "route": route,
            "answers_a_second": round(len(self.times) / took, 1),
            "cpu_ms_an_answer": round(1000 * meter.seconds / max(1, len(self.times))),
            "cores_used": round(meter.seconds / took, 2),
            "p50_p95_seconds": _percentiles(self.times),
            "failed": len(self.failed),
            "memory_mb": memory_mb(self.process.pid),
            "load": load(),
        }

    def one_by_one(self, count: int) -> dict[str, Any]:
        """Searches after each other: how long they take, and how many name a home that is away."""
        times, named = [], 0
        for number in range(count):
            began = time.monotonic()
            said = self.ask("search", f"{_QUESTIONS[number % len(_QUESTIONS)]} {number}")
            times.append(time.monotonic() - began)
            named += "right" in said.get("notice", "")
        return {
            "searches": count,
            "named": named,
            "p50_p95_seconds": _percentiles(times),
            "longest_seconds": round(max(times), 2),
            "longer_than_4_seconds": sum(one > 4 for one in times),
        }

    def _reader(self, route: str, number: int, ended: threading.Event) -> None:
        place = number
        while not ended.is_set():
            began = time.perf_counter()
            before = _BESIDES[place // len(_QUESTIONS) % len(_BESIDES)]
            try:
                self.ask(route, f"{before} {_QUESTIONS[place % len(_QUESTIONS)]} {place}")
                self.times.append(time.perf_counter() - began)
            except (urllib.error.URLError, ConnectionError) as error:
                self.failed.append(str(error))
            place += 1


@contextmanager
def _served(home: Path, *options: str) -> Iterator[_Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*_command(home), "serve", "--port", str(port), *options],
        env={**os.environ, "FOOTNOTE_API_RATE": "1000000"},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield _Server(process, f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _footnote(home: Path, *arguments: str) -> None:
    subprocess.run([*_command(home), *arguments], check=True, capture_output=True)


def _command(home: Path) -> list[str]:
    return [sys.executable, "-m", "footnote", "--home", str(home)]


def _percentiles(times: list[float]) -> list[float]:
    return [round(float(np.percentile(times, p)), 2) for p in (50, 95)] if times else []
