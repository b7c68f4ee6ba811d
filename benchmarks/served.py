"""Readers' tabs asking at once through the real server of the pages (`benchmarks.load --server`).

The app is served over a home by Streamlit, in a process of its own; each reader signs in with the
form and has one tab (`benchmarks/tab.py`), which asks on the page *Ask* and waits until the answer
and the page are drawn. Beside them somebody looks every tenth of a second whether the server is
there, on a connection that is kept: how long that takes is how long its event loop is stuck.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import numpy as np

from benchmarks.beside import Work
from benchmarks.kills import ROOT
from benchmarks.memory import Memory, Sampler, family, memory, processor
from benchmarks.tab import RefusedError, Seen, Tab, sign_in

_TURNS = 8  # of a conversation, before another is begun
_LOOK = 0.1  # seconds between two looks whether the server is there
_LOGGED = "server.log"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The app over a home: its address and its process."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (folder / _LOGGED).open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"FOOTNOTE_HOME": str(folder)},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        address = f"http://localhost:{port}"
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
                break
            except OSError:
                time.sleep(0.25)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question of a tab: seconds until all was drawn, and what came."""

    tab: int
    seconds: float
    seen: Seen


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was asked for a while by so many tabs; times in seconds.

    `processor` is what the server took with all its processes, `alone` its first process, `own`
    what the tabs took. `looks` are how long each look took whether the server is there.
    """

    name: str
    load: tuple[float, float, float]
    tabs: int
    seconds: float
    processor: float
    alone: float
    own: float
    drawn: tuple[Drawn, ...]
    looks: tuple[float, ...]
    memory: tuple[Memory, ...]
    notes: tuple[str, ...] = ()


@dataclass
class Looker:
    """Looks again and again whether the server is there, until it is left."""

    port: int
    took: list[float] = field(default_factory=list)
    _left: Event = field(default_factory=Event)

    def __enter__(self) -> Looker:
        """Begin."""
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._left.set()
        self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        while not self._left.wait(_LOOK):
            began = time.monotonic()
            try:
                connection.request("GET", "/_stcore/health")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
            self.took.append(time.monotonic() - began)


class Tabs:
    """Tabs of readers who are signed in, over a served home."""

    def __init__(self, port: int, process: int, questions: Sequence[str], think: float) -> None:
        self._port, self._process = port, process
        self._questions, self._think = questions, think

    def measure(
        self, name: str, cookies: Sequence[str], seconds: float, works: Sequence[Work] = ()
    ) -> Stretch:
        """Open a tab for each cookie, let all ask for so long, and close them."""
        return asyncio.run(self._measure(name, cookies, seconds, works))

    async def _measure(
        self, name: str, cookies: Sequence[str], seconds: float, works: Sequence[Work]
    ) -> Stretch:
        tabs = [Tab("localhost", self._port, cookie) for cookie in cookies]
        for tab in tabs:
            await tab.__aenter__()
        for number, tab in enumerate(tabs[:4]):  # makes warm what is only made once
            await tab.ask(self._questions[number])
        for work in works:
            work.start()
        load, drawn = os.getloadavg(), list[Drawn]()
        beneath = family(self._process)
        before, own = {one: processor(one) for one in beneath}, time.process_time()
        started = time.monotonic()
        with Looker(self._port) as looker, Sampler(lambda: memory(self._process)) as sampled:
            async with asyncio.TaskGroup() as group:
                for number, tab in enumerate(tabs):
                    group.create_task(self._reader(number, tab, started + seconds, drawn))
                for work in works:
                    group.create_task(_looked_after(work, started + seconds))
        took, own = time.monotonic() - started, time.process_time() - own
        beneath |= family(self._process)
        spent = {one: processor(one) - before.get(one, 0.0) for one in beneath}
        for tab in tabs:
            await tab.__aexit__(None, None, None)
        notes = tuple(work.stop() for work in works)
        return Stretch(
            name, load, len(tabs), took, sum(spent.values()), spent[self._process], own,
            tuple(drawn), tuple(looker.took), tuple(sampled.samples), notes,
        )  # fmt: skip

    async def _reader(self, number: int, tab: Tab, end: float, drawn: list[Drawn]) -> None:
        """Think, ask, wait; another conversation after so many turns."""
        draw, turns = random.Random(number), 0
        while True:
            await asyncio.sleep(draw.uniform(0, self._think))
            if time.monotonic() > end:
                return
            if turns == _TURNS:
                await tab.begin_anew()
                turns = 0
            began = time.monotonic()
            try:
                seen = await tab.ask(draw.choice(self._questions))
            except (TimeoutError, RefusedError, OSError) as error:
                seen = Seen(failures=[f"{type(error).__name__}: {error}"])
            turns += 1
            drawn.append(Drawn(number, time.monotonic() - began, seen))


async def _looked_after(work: Work, end: float) -> None:
    while time.monotonic() < end:
        await asyncio.sleep(1.0)
        work.look()


def table(rows: Sequence[Stretch]) -> Iterator[str]:
    """A line a stretch; then what failed, and what was done beside."""
    yield (
        "| run | load average | answers | a second | server's CPU ms each (first process)"
        " | tabs' CPU ms each | p50 s | p95 s | max s | looks p99, max s"
        " | fewest, most a tab | messages, kB each | MB start, peak | errors |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        good = [one for one in row.drawn if not one.seen.failures]
        times = [one.seconds for one in good] or [float("nan")]
        p50, p95 = np.percentile(times, (50, 95))
        count = max(1, len(good))
        each = Counter(one.tab for one in good)
        most = [(one.own + one.children) / 1e6 for one in row.memory]
        yield (
            f"| {row.name} | {' '.join(f'{one:.1f}' for one in row.load)} | {len(good)}"
            f" | {len(good) / row.seconds:.2f} | {1000 * row.processor / count:.0f}"
            f" ({1000 * row.alone / count:.0f}) | {1000 * row.own / count:.0f}"
            f" | {p50:.2f} | {p95:.2f} | {max(times):.2f}"
            f" | {np.percentile(row.looks, 99):.3f}, {max(row.looks):.3f}"
            f" | {min(each[one] for one in range(row.tabs))}, {max(each.values(), default=0)}"
            f" | {sum(one.seen.messages for one in good) / count:.0f},"
            f" {sum(one.seen.bytes for one in good) / count / 1000:.0f}"
            f" | {most[0]:.0f}, {max(most):.0f} | {len(row.drawn) - len(good)} |"
        )
    yield ""
    for row in rows:
        failures = Counter(one for each in row.drawn for one in each.seen.failures)
        yield from (f"{row.name}: {count} × {said}" for said, count in failures.items())
        yield from (f"{row.name}: {note}" for note in row.notes)


def signed_in(port: int, names: Sequence[str], password: str) -> list[str]:
    """The cookies of these people."""
    return [sign_in("localhost", port, name, password) for name in names]
