"""The format of a backup: one zip file, its manifest first, every part with its checksum.

What is in it: the database, the originals, installed embedders and which is in use, training
runs, questions that a language model wrote, the settings without secrets. What is not: FAISS
files, converted bases and measurements (made anew), job logs, uploads on their way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from embedder.errors import FootnoteError

MANIFEST = "manifest.json"
FORMAT = 1
DATABASE = "footnote.db"
SETTINGS = "settings.toml"

# Folders that are copied as they are; no file in them is ever run or unpickled.
FOLDERS = ("embedders", "runs", "written")

_ORIGINAL = re.compile(r"files/([0-9a-f]{2})/\1[0-9a-f]{62}")
# No part may begin with a dot: neither the way up, nor what is hidden or still being written.
_PART = r"[^/\\:\x00-\x1f.][^/\\:\x00-\x1f]{0,199}"
_OTHER = re.compile(rf"(?:{'|'.join(FOLDERS)})(?:/{_PART}){{1,5}}")
_REFUSED = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".py", ".so", ".faiss")


class ArchiveError(FootnoteError):
    """A backup that is damaged, foreign or hostile."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a backup: its place in the home, bytes, SHA-256."""

    name: str
    size: int
    sha256: str


def is_part(name: str) -> bool:
    """Whether a backup may hold a file of this name; nothing outside the home has one."""
    if name in (DATABASE, SETTINGS) or _ORIGINAL.fullmatch(name):
        return True
    return bool(_OTHER.fullmatch(name)) and not name.lower().endswith(_REFUSED)
