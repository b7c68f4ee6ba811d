"""The home that the app serves, opened once for the process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from footnote.home import Home
from footnote.settings import home_path


def home() -> Home:
    """The home that the environment names."""
    return _open(home_path())


@cache
def _open(path: Path) -> Home:
    return Home.open(path)
