"""A run's training alone, on several GPUs: `accelerate launch -m footnote.runs.multi_gpu HOME RUN`.

The run's examples have been made before (`footnote train`, or the Training page); afterwards
`footnote train --resume RUN` proves and promotes what came out.
"""

from __future__ import annotations

import sys

from embedder.errors import FootnoteError
from footnote.home import Home
from footnote.runs import service


def main() -> None:
    """Train; every process of the launch runs this."""
    folder, name = sys.argv[1:]
    home = Home.open(folder)
    run = service.runs(home).get(name)
    if not run.examples.exists():
        raise FootnoteError(f"run {name} has no examples yet; begin it with `footnote train`")
    service.learning(home, run).train()


if __name__ == "__main__":
    main()
