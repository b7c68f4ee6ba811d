"""Files of JSON lines, packed by xz or not: the written data that training comes from."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSON lines file."""
    opened = lzma.open if path.suffix == ".xz" else Path.open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
