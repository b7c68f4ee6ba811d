"""Processor time and memory, of this process and of those under it."""

from __future__ import annotations

import json
import os
import resource
import threading
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS = 0.25


def spent() -> float:
    """Seconds of processor that this process and those it has waited for took."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_mb() -> int:
    """The most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def load() -> float:
    """How many processes of this machine want a core, of the last minute."""
    return round(os.getloadavg()[0], 1)


class _Looking:
    """A thread that looks while the context lasts: `_look` ends once `_ended` is set."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        raise NotImplementedError


class Meter(_Looking):
    """Processor seconds of all processes under one, looked at while the context lasts."""

    def __init__(self, root: int) -> None:
        super().__init__()
        self._root = root
        self._seconds: dict[tuple[int, int], float] = {}
        self._before: dict[tuple[int, int], float] = {}

    def __enter__(self) -> Self:
        self._before = processes(self._root)
        return super().__enter__()

    @property
    def seconds(self) -> float:
        """What they took since the context was entered."""
        return sum(took - self._before.get(key, 0.0) for key, took in self._seconds.items())

    def _look(self) -> None:
        while True:
            self._seconds |= processes(self._root)
            if self._ended.wait(_LOOK_SECONDS):
                self._seconds |= processes(self._root)
                return


class OwnMemory(_Looking):
    """The most memory of this process that is its own, files that it has mapped left out."""

    def __init__(self) -> None:
        super().__init__()
        self.most_mb = 0

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS / 5):
            said = Path("/proc/self/status").read_text()
            self.most_mb = max(self.most_mb, int(said.split("RssAnon:")[1].split()[0]) >> 10)


def processes(root: int) -> dict[tuple[int, int], float]:
    """A process and all under it: by number and beginning, the seconds of processor of each."""
    parents: dict[int, int] = {}
    took: dict[int, tuple[tuple[int, int], float]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(place.name)
        parents[number] = int(fields[1])
        key = (number, int(fields[19]))
        took[number] = (key, (int(fields[11]) + int(fields[12])) / _TICKS)
    return dict(took[number] for number in took if _is_under(number, root, parents))


def memory_mb(root: int) -> int:
    """Proportional memory of a process and of all under it."""
    total = 0
    for number, _ in processes(root):
        try:
            rollup = Path(f"/proc/{number}/smaps_rollup").read_text()
            total += int(rollup.split("Pss:")[1].split()[0])
        except (OSError, IndexError):
            continue
    return total >> 10


def show(**found: object) -> None:
    """Print one line."""
    print(json.dumps(found), flush=True)


def _is_under(number: int, root: int, parents: dict[int, int]) -> bool:
    while number and number != root:
        number = parents.get(number, 0)
    return number == root
