"""People and programs: Python, the command line, the web pages, the API, settings, jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footnote.library import Footnote

__all__ = ["Footnote"]


def __getattr__(name: str) -> object:
    """`Footnote`, imported when it is asked for: the command line does without."""
    if name != "Footnote":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from footnote.library import Footnote

    return Footnote
