"""The speeds, side by side in one run: `python -m benchmarks [EVAL]` (`make bench`).

Each part runs in a process of its own, so that its memory is its own. EVAL is the folder of
evaluation sets; without one the pipeline is left out.
"""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run embedding, search and pipeline one after the other."""
    folder = Path(sys.argv[1]) / "northwind" / "pdfs" if len(sys.argv) > 1 else None
    parts = [("Embedding", ["benchmarks.embedding"]), ("Search", ["benchmarks.search"])]
    if folder and folder.is_dir():
        parts.append(("Pipeline", ["benchmarks.pipeline", str(folder)]))
    for title, module in parts:
        print(f"\n{title}\n", flush=True)
        subprocess.run([sys.executable, "-m", *module], check=True)


if __name__ == "__main__":
    main()
