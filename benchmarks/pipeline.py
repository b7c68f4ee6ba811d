"""Pages per second from PDF files to a searchable index, and the memory that it takes.

`python -m benchmarks.pipeline FOLDER` runs `footnote index` on the PDFs of a folder, in a fresh
home, as a person would: a process of its own, start-up included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What an indexing run did. `megabytes` is the peak of its largest process."""

    pages: int
    passages: int
    seconds: float
    seconds_with_start: float
    megabytes: float

    def lines(self) -> list[str]:
        """The report as a table."""
        return [
            f"{'pages':>8}{'passages':>10}{'pages/s':>10}{'with start':>12}{'peak MB':>10}",
            f"{self.pages:>8}{self.passages:>10}{self.pages / self.seconds:>10.1f}"
            f"{self.pages / self.seconds_with_start:>12.1f}{self.megabytes:>10.0f}",
        ]


def measure(folder: Path) -> PipelineReport:
    """Index the files of `folder` once into a fresh home.

    The bundled decoder is converted beforehand: that happens once in a home's life.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"FOOTNOTE_HOME": home}
        warm = Path(home) / "warm.txt"
        warm.write_text("A first document, so that the decoder's weights are converted.\n")
        _footnote(["index", str(warm), "-c", "warm"], environment)
        started = time.monotonic()
        report = _footnote(["index", str(folder), "-c", "bench"], environment)
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return PipelineReport(report["pages"], report["passages"], report["seconds"], seconds, peak)


def _footnote(arguments: list[str], environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "footnote", *arguments, "--json"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


if __name__ == "__main__":
    print("\n".join(measure(Path(sys.argv[1])).lines()))
