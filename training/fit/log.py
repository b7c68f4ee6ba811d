"""What a run has logged, read without loading what it takes to train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOG = "log.jsonl"


def history(folder: Path) -> list[dict[str, Any]]:
    """A run's steps, a row each (the fields of `training.fit.trainer.StepProgress`).

    A row that is just being written is left out.
    """
    path = folder / LOG
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
