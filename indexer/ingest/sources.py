"""What is to be indexed: files, and the names that they are stored under."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A file at `path`, stored under `name`: its absolute path, or what an upload is called.

    The same name again is a new revision of the same document.
    """

    path: Path
    name: str

    @classmethod
    def of(cls, path: Path) -> Source:
        """A file that is known by its place."""
        place = os.path.normpath(path.absolute())
        # SQLite takes no lone surrogates, as which Python holds names that are not UTF-8.
        return cls(path, os.fsencode(place).decode("utf-8", "replace"))

    @property
    def size(self) -> int:
        """Bytes; 0 where the file cannot be reached."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


def find(paths: Iterable[Path]) -> list[Source]:
    """The files at and under `paths`, in order, each once.

    In folders, hidden files are skipped, and so are links that lead out of the folder. What
    cannot be read is listed all the same, so that it is reported by name.
    """
    found: dict[str, Source] = {}
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            source = Source.of(file)
            found.setdefault(source.name, source)
    return list(found.values())


def is_gone(name: str) -> bool:
    """Whether the file of that name was somewhere and no longer is. Uploads never are."""
    exact = "\N{REPLACEMENT CHARACTER}" not in name
    return exact and Path(name).is_absolute() and not Path(name).exists()


def is_hidden(path: Path, root: Path) -> bool:
    """Whether a folder walk from `root` passes a path over."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _walk(root: Path) -> Iterator[Path]:
    home = root.resolve()
    unreadable: list[Path] = []
    walked = os.walk(root, onerror=lambda error: unreadable.append(Path(error.filename)))
    for folder, folders, files in walked:
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and not (file.is_symlink() and leads_out(file, home)):
                yield file
    yield from unreadable


def leads_out(path: Path, root: Path) -> bool:
    """Whether a file or folder under `root` is, by links on the way, somewhere else."""
    try:
        return not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link in a circle, which reading reports
        return False
