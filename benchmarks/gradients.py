"""Peak memory of a training step against the batch: whole, and with gradient caching.

    python -m benchmarks.gradients [--batches 16 32 64] [--layers 4]

Each figure is of a process of its own, which takes one step of LoRA training on the bundled
decoder: synthetic queries, their passages, one hard negative each, cut to 128 tokens. "Grew by"
is the peak less what stood in memory before the step.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path


def one(batch: int, cached: bool, layers: int, cache: Path) -> dict[str, float]:
    """Take a step in this process: megabytes before, grown by, and seconds."""
    import torch

    from embedder.model import Embedder
    from embedder.registry import BUNDLED, Registry
    from training.data.synthetic_pairs import general_examples
    from training.fit.config import Recipe
    from training.fit.student import Student
    from training.fit.trainer import Trainer

    bundled = Registry(cache / "embedders", cache / "models").load(BUNDLED)
    start = Embedder(replace(bundled.spec, layers=layers), bundled.files)
    recipe = Recipe(steps=1, batch=batch, tokens_in_memory=0 if cached else 10**9)
    with tempfile.TemporaryDirectory() as folder:
        student = Student(start, recipe, torch.device("cpu"))
        trainer = Trainer(student, general_examples(batch), recipe, Path(folder))
        before = _peak()
        began = time.monotonic()
        trainer.run()
        return {"before": before, "grew": _peak() - before, "seconds": time.monotonic() - began}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--cache", type=Path, help="Keeps converted bases.")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        found = one(int(options.one[0]), options.one[1] == "cached", options.layers, options.cache)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        cache = (options.cache or Path(folder)).absolute()
        print(f"{'queries':>8}{'way':>9}{'grew by MB':>12}{'seconds':>9}")
        for batch in options.batches:
            for way in ("whole", "cached"):
                command = [sys.executable, "-m", "benchmarks.gradients", "--cache", str(cache)]
                command += ["--layers", str(options.layers), "--one", str(batch), way]
                done = subprocess.run(
                    command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
                row = json.loads(done.stdout)
                print(f"{batch:>8}{way:>9}{row['grew']:>12.0f}{row['seconds']:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
