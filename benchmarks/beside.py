"""What works on a home beside its readers: bulk indexing and training, as processes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.kills import ROOT
from benchmarks.readers import OPEN
from footnote.home import Home
from footnote.jobs import queue
from footnote.runs import service

_DOCUMENTS = 2_000  # more than can be indexed while anybody measures
_SENTENCES = 120  # in a document
_PATIENCE = 120.0  # seconds to wait for work that was told to stop


class Work(Protocol):
    """Something that goes on beside the readers."""

    def start(self) -> None:
        """Begin."""
        ...

    def look(self) -> None:
        """See that it goes on: begin again where it has come to its end."""
        ...

    def stop(self) -> str:
        """End it; what it came to, and what went wrong."""
        ...


@dataclass
class Indexing:
    """`footnote index` over new documents, into the collection that is being asked."""

    home: Home
    folder: Path
    failures: int = 0

    def start(self) -> None:
        """Write documents out of the collection's own sentences, shuffled, and index them."""
        self._before = self._indexed()
        texts = self.home.store.sample_passages(self.home.collection(OPEN).id, 500)
        sentences = [one for passage in texts for one in passage.text.split(". ") if one.strip()]
        self.folder.mkdir(parents=True, exist_ok=True)
        draw = random.Random(time.time_ns())
        for number in range(_DOCUMENTS):
            lines = [f"# Report {number}", *draw.choices(sentences, k=_SENTENCES)]
            path = self.folder / f"report-{number}.md"
            path.write_text(".\n\n".join(lines), encoding="utf-8")
        self._begin()

    def look(self) -> None:
        """Begin again where it has ended, whichever way."""
        if self._process.poll() is not None:
            self.failures += self._process.returncode != 0
            self._begin()

    def stop(self) -> str:
        """Interrupt it, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_PATIENCE)
        self._log.close()
        came = self._indexed() - self._before
        return f"indexing: {came} documents, {self.failures} runs failed"

    def _begin(self) -> None:
        self._log = (self.home.path / "load-index.log").open("ab")
        command = ["index", str(self.folder), "-c", OPEN, "--json"]
        self._process = footnote(self.home.path, *command, output=self._log)

    def _indexed(self) -> int:
        return self.home.store.documents([self.home.collection(OPEN).id], limit=1).total


@dataclass
class Training:
    """A job of small steps over the same collection; the embedder is not switched."""

    home: Home
    done: int = 0
    failures: str = ""

    def start(self) -> None:
        """Order a run, and hand it in as the page *Training* does."""
        recipe = {"steps": 60, "batch": 8, "rank": 4}
        options = service.TrainingOptions(collection=OPEN, promote=False, overrides=recipe)
        self._run = service.order(self.home, options)
        self._job = queue.submit(self.home, "train", {"run": self._run.id})

    def look(self) -> None:
        """Order another where it has ended."""
        if not (found := queue.job(self.home, self._job)).active:
            self.failures += f" {found.error}"
            self.done += not found.error
            self.start()

    def stop(self) -> str:
        """Cancel it, and wait until it has seen that."""
        queue.cancel(self.home, self._job)
        deadline = time.monotonic() + _PATIENCE
        while (found := queue.job(self.home, self._job)).active and time.monotonic() < deadline:
            time.sleep(0.5)
        log = self._run.folder / "log.jsonl"
        lines = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
        stage = found.progress.get("stage", "")
        return (
            f"training: {self.done} runs done, the last {found.state} in {stage or 'no stage'},"
            f" {lines} lines of its log; failures:{self.failures or ' none'} {found.error}"
        )


def footnote(home: Path, *arguments: str, output: object = None) -> subprocess.Popen[bytes]:
    """Begin a command in a process of its own."""
    command = [sys.executable, "-m", "footnote", "--home", str(home), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
