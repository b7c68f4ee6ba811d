"""Past one machine: what a cluster, shards, several homes and several processes give and cost.

    python -m benchmarks.scale ingest [FILES] [QUICK]        a local Ray of two workers beside here
    python -m benchmarks.scale kills [FILES] [COUNT] [FIRST] [QUICK]   with workers killed at random
    python -m benchmarks.scale linear [PASSAGES ...]         time and memory a passage
    python -m benchmarks.scale sealing [VECTORS ...]         memory beside the formula
    python -m benchmarks.scale training [PASSAGES]           a whole training: minutes and memory
    python -m benchmarks.scale federation [PASSAGES] [QUESTIONS]     two and four homes beside one
    python -m benchmarks.scale serving [READERS] [SECONDS]   one process beside two
    python -m benchmarks.scale copies [READERS] [SECONDS] [ROUNDS]   replicas that follow new copies
    python -m benchmarks.scale away [QUESTIONS]              an attached home that is gone

Each prints lines of JSON. Sizes are small unless they are given: the figures hold for them.
QUICK is 1 for an embedder that costs a twelfth of the bundled one.
"""

import sys
from importlib import import_module

# Which module has it: each brings in only what it needs, or memory would be everybody's.
_WHERE = {
    "ingest": "ingest", "kills": "ingest", "linear": "linear", "sealing": "linear",
    "federation": "federation", "serving": "serving", "copies": "serving", "away": "serving",
    "training": "training",
}  # fmt: skip

if __name__ == "__main__":
    work = getattr(import_module(f"benchmarks.scale.{_WHERE[sys.argv[1]]}"), sys.argv[1])
    work(*map(int, sys.argv[2:]))
