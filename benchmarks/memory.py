"""Memory of this process and of those that it started, sampled while something runs (Linux)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes: of this process, and of all beneath it together."""

    own: int
    children: int


@dataclass(frozen=True)
class Sampler:
    """Looks at `read` each second until it is left; `samples` are in order."""

    read: Callable[[], Memory]
    samples: list[Memory] = field(default_factory=list)
    _left: Event = field(default_factory=Event)

    def __enter__(self) -> Sampler:
        """Take the first sample, and begin."""
        self.samples.append(self.read())
        Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the last sample."""
        self._left.set()
        self.samples.append(self.read())

    def _run(self) -> None:
        while not self._left.wait(1.0):
            self.samples.append(self.read())


def memory(process: int = 0) -> Memory:
    """As it is now, of this process or another."""
    process = process or os.getpid()
    own = resident(process)
    return Memory(own, sum(map(resident, family(process))) - own)


def family(process: int) -> set[int]:
    """A process and all beneath it."""
    parents, beneath = _parents(), {process}
    while more := {pid for pid, parent in parents.items() if parent in beneath} - beneath:
        beneath |= more
    return beneath


def processor(process: int) -> float:
    """Seconds of processor time that a process has taken; 0 where it is gone."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    fields = told.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def _parents() -> dict[int, int]:
    """The parent of each process that there is."""
    found: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything.
            fields = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        found[int(place.parent.name)] = int(fields[1])
    return found
