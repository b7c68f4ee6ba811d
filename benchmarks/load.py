"""Readers asking at once, alone and beside bulk indexing and training: speed, errors, memory.

    python -m benchmarks.load FOLDER --home DIR [--readers 20] [--seconds 120]
        [--beside indexing training] [--questions FILE] [--soak MINUTES]
    python -m benchmarks.load FOLDER --home DIR --server [--tabs 5 20 50] [--seconds 120] …

FOLDER is indexed into the home DIR, once; a part of it also into a collection that nobody may
read, from which a hit counts as a failure. Readers (`benchmarks/readers.py`) are threads of this
process, which stands for the app; answers quote, no language model is asked. A latency is what
a reader waits for: from the click until the answer is kept. With `--beside`, the readers ask
alone first, then beside it. At the end the doctor looks at the home.

With `--server`, so many tabs (`--tabs 5 20 50`) ask through the real server of the pages instead,
over Streamlit's own connections (`benchmarks/served.py`).

With `--soak`, the readers ask gently, together one question in two seconds, for so many minutes;
DIR/soak.csv has a line a minute, and the slope of the memory over the second half is printed.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import numpy as np

from benchmarks import served
from benchmarks.beside import Indexing, Training, Work, footnote
from benchmarks.memory import Memory, Sampler, memory
from benchmarks.readers import (
    CLOSED,
    OPEN,
    PASSWORD,
    Asked,
    Manner,
    Reader,
    names,
    pool,
    register,
)
from footnote import doctor
from footnote.home import Home

_THINK = 2.0  # seconds at most between an answer and the next question
_GENTLE = 4.0  # the same in a soak, times the number of readers: one question in two seconds
_FINISH = 120.0  # seconds to wait for readers who are still being answered


@dataclass(frozen=True, slots=True)
class Measured:
    """One stretch of asking. Times in seconds; `wal` is the log's largest size in bytes.

    `processor` is what this process took, `stuck` how many readers were never answered.
    """

    name: str
    load: tuple[float, float, float]
    passages: int
    seconds: float
    processor: float
    asked: tuple[Asked, ...]
    memory: tuple[Memory, ...]
    wal: int
    stuck: int
    notes: tuple[str, ...] = ()

    @property
    def answered(self) -> tuple[Asked, ...]:
        """What went well."""
        return tuple(one for one in self.asked if not one.failure)


class Load:
    """The home with its readers."""

    def __init__(self, home: Home, tokens: Sequence[str], manner: Manner) -> None:
        self.home = home
        self.readers = [Reader(n, home, token, manner) for n, token in enumerate(tokens)]

    def measure(
        self, name: str, seconds: float, works: Sequence[Work], each: Callable[[float], None]
    ) -> Measured:
        """Let all readers ask for so long; `each` is called with the time every second."""
        load, passages = os.getloadavg(), self._passages()
        for work in works:
            work.start()
        asked: list[Asked] = []
        wal, stop, processor, started = 0, Event(), time.process_time(), time.monotonic()
        threads = [
            Thread(target=reader.run, args=(started, stop, asked.append), daemon=True)
            for reader in self.readers
        ]
        self.asked = asked
        with Sampler(memory) as sampled:
            for thread in threads:
                thread.start()
            while (gone := time.monotonic() - started) < seconds:
                time.sleep(1.0)
                wal = max(wal, self._wal())
                for work in works:
                    work.look()
                each(gone)
            stop.set()
            deadline = time.monotonic() + _FINISH
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            took, processor = time.monotonic() - started, time.process_time() - processor
        notes = tuple(work.stop() for work in works)
        stuck = sum(thread.is_alive() for thread in threads)
        samples = tuple(sampled.samples)
        return Measured(
            name, load, passages, took, processor, tuple(asked), samples, wal, stuck, notes
        )

    def _passages(self) -> int:
        return self.home.store.count_passages(self.home.collection(OPEN).id)

    def _wal(self) -> int:
        path = self.home.store.path.with_name(self.home.store.path.name + "-wal")
        return path.stat().st_size if path.exists() else 0


def opened(folder: Path, path: Path) -> Home:
    """A home with its collections."""
    home = Home.open(path)
    first = min(one for one in folder.iterdir() if one.is_file())
    for place, collection in ((folder, OPEN), (first, CLOSED)):
        if home.store.collection(collection) is None:
            _done(footnote(home.path, "index", str(place), "-c", collection, output=None))
    return home


def prepared(home: Home, count: int, manner: Manner) -> Load:
    """Readers over a home whose embedder is there, ready to ask."""
    load = Load(home, register(home, count), manner)
    began = time.monotonic()
    embedder = home.embedder_of(home.collection(OPEN).id)
    embedder.embed_queries(manner.questions[:1])  # as the page does while somebody types
    print(f"{len(manner.questions)} questions; embedder loaded in {time.monotonic() - began:.1f} s")
    return load


def _done(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise SystemExit(f"indexing failed: exit {process.returncode}")


def table(rows: Sequence[Measured]) -> Iterator[str]:
    """Speed and memory, a line a stretch; then errors and what was done beside."""
    yield (
        "| run | load average | passages | answers | a second | CPU ms each"
        " | p50 s | p95 s | p99 s | max s | fewest, most a reader | errors"
        " | app MB start, peak, end | beside MB peak | WAL MB |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        latencies = [one.seconds for one in row.answered] or [float("nan")]
        p50, p95, p99 = np.percentile(latencies, (50, 95, 99))
        each = Counter(one.reader for one in row.answered)
        readers = {one.reader for one in row.asked}
        own = [one.own / 1e6 for one in row.memory]
        yield (
            f"| {row.name} | {' '.join(f'{one:.1f}' for one in row.load)} | {row.passages}"
            f" | {len(row.answered)} | {len(row.answered) / row.seconds:.2f}"
            f" | {1000 * row.processor / max(1, len(row.answered)):.0f}"
            f" | {p50:.2f} | {p95:.2f} | {p99:.2f} | {max(latencies):.2f}"
            f" | {min((each[one] for one in readers), default=0)},"
            f" {max(each.values(), default=0)} | {len(row.asked) - len(row.answered) + row.stuck}"
            f" | {own[0]:.0f}, {max(own):.0f}, {own[-1]:.0f}"
            f" | {max(one.children for one in row.memory) / 1e6:.0f} | {row.wal / 1e6:.0f} |"
        )
    yield ""
    for row in rows:
        for failure, count in Counter(one.failure for one in row.asked if one.failure).items():
            yield f"{row.name}: {count} × {failure}"
        if row.stuck:
            yield f"{row.name}: {row.stuck} readers still waited {_FINISH:.0f} s after the end"
        yield from (f"{row.name}: {note}" for note in row.notes)


def soak(load: Load, minutes: float, works: Sequence[Work], output: Path) -> Measured:
    """Ask gently for so long, and write a line a minute."""
    with output.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("minute", "rss_mb", "answers", "p95_seconds", "errors", "wal_mb", "load"))
        written = [0, 0]  # minutes, and questions that they had

        def each(gone: float) -> None:
            if gone < 60 * (written[0] + 1):
                return
            fresh = list(load.asked[written[1] :])
            written[:] = [written[0] + 1, written[1] + len(fresh)]
            good = [one.seconds for one in fresh if not one.failure]
            p95 = float(np.percentile(good, 95)) if good else float("nan")
            now = (memory().own / 1e6, len(good), p95, len(fresh) - len(good), load._wal() / 1e6)
            numbers = [f"{one:.2f}" if isinstance(one, float) else one for one in now]
            lines.writerow((written[0], *numbers, f"{os.getloadavg()[0]:.1f}"))
            file.flush()

        return load.measure("soak", 60 * minutes, works, each)


def slope(samples: Sequence[Memory]) -> float:
    """Megabytes an hour over the second half of samples a second apart."""
    half = [one.own / 1e6 for one in samples[len(samples) // 2 :]]
    if len(half) < 2:
        return 0.0
    return float(np.polyfit(np.arange(len(half)) / 3600, half, 1)[0])


def _works(names: Sequence[str], home: Home) -> list[Work]:
    kinds: dict[str, Callable[[], Work]] = {
        "indexing": lambda: Indexing(home, home.path / "arriving"),
        "training": lambda: Training(home),
    }
    return [kinds[name]() for name in names]


def through_the_server(options: argparse.Namespace, home: Home, manner: Manner) -> bool:
    """Let tabs ask through the real server, print; whether something failed."""
    people, rows = names(home, max(options.tabs)), []
    works = _works(options.beside, home)
    with served.served(home.path) as (address, process):
        port = int(address.rpartition(":")[2])
        cookies = served.signed_in(port, people, PASSWORD)
        tabs = served.Tabs(port, process, manner.questions, manner.think)
        for count in options.tabs:
            rows.append(tabs.measure(f"{count} tabs", cookies[:count], options.seconds))
            if works:
                name = f"{count} tabs beside {' and '.join(options.beside)}"
                rows.append(tabs.measure(name, cookies[:count], options.seconds, works))
    print("\n".join(served.table(rows)))
    return any(one.seen.failures for row in rows for one in row.drawn)


def among_threads(options: argparse.Namespace, home: Home, manner: Manner) -> bool:
    """Let threads of this process ask, print; whether something failed."""
    load = prepared(home, options.readers, manner)
    works = _works(options.beside, home)
    if options.soak:
        rows = [soak(load, options.soak, works, home.path / "soak.csv")]
        print(f"memory over the second half: {slope(rows[0].memory):+.1f} MB an hour")
    else:
        rows = [load.measure("alone", options.seconds, [], lambda _: None)]
        if works:
            row = load.measure("beside", options.seconds, works, lambda _: None)
            rows.append(replace(row, name=f"beside {' and '.join(options.beside)}"))
    print("\n".join(table(rows)))
    return any(len(row.asked) > len(row.answered) or row.stuck for row in rows)


def main() -> None:
    """Measure, print, and ask the doctor. Exit 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--server", action="store_true", help="through the real server, by tabs")
    parser.add_argument("--tabs", nargs="*", type=int, default=[5, 20, 50])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--beside", nargs="*", choices=("indexing", "training"), default=[])
    parser.add_argument("--questions", type=Path, help="JSON lines with a `question` each")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    options = parser.parse_args()
    think = _GENTLE * options.readers if options.soak else _THINK
    home = opened(options.folder, options.home.absolute())
    measure = through_the_server if options.server else among_threads
    failed = measure(options, home, Manner(pool(home, options.questions), think))
    problems = doctor.examine(home)
    print("\n".join(["doctor: " + ("not ok" if problems else "ok"), *map(str, problems)]))
    sys.exit(1 if problems or failed else 0)


if __name__ == "__main__":
    main()
