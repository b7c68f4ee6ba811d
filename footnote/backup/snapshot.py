"""Copies of a home for reading, one after the other in a folder, for replicas that follow them.

    FOLDER/current          the name of the newest copy
    FOLDER/000007/          a copy: database, embedders, FAISS files, settings without secrets
    FOLDER/files/           the originals of all copies, by content hash

A copy is one state of the home, made while others work in it, and put in place by renaming. It
holds everybody's documents, keys and rights as they were: whoever reads the folder reads them all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import LEFT, storage_error, write_text, writing, writing_folder
from embedder.errors import FootnoteError
from footnote.backup.backup import OnProgress, held, settings_text
from footnote.backup.format import DATABASE, SETTINGS
from indexer.store.database import SNAPSHOT, connect
from indexer.store.migrations import LATEST

if TYPE_CHECKING:
    from footnote.home import Home

CURRENT = "current"
_FILES, _EMBEDDERS, _INDEX = "files", "embedders", "index"


class NoSnapshotError(FootnoteError):
    """There is no copy in a folder that is to be followed."""


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What a copy holds. `copied` originals were not in the folder before."""

    folder: str
    documents: int
    copied: int
    bytes: int
    seconds: float


def snapshot(
    home: Home,
    folder: Path,
    keep: int = 3,
    progress: OnProgress = lambda stage, done, total: None,
) -> SnapshotReport:
    """Put a new copy of the home into `folder`, and let go of those before the last `keep`.

    Raises `StorageError` where it cannot be written.
    """
    began = time.monotonic()
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = f"{int(_newest(folder) or 0) + 1:06}"
        # Beside what it will be: the home's own disk may have no room for a second database.
        with tempfile.TemporaryDirectory(dir=folder, prefix=LEFT) as aside:
            copy = Path(aside) / DATABASE
            with held(home, copy, progress) as originals:
                copied = _add_originals(folder / _FILES, originals)
            with writing_folder(folder / number) as left:
                copy.replace(left / DATABASE)
                documents = _settle(home, left)
        write_text(folder / CURRENT, number)
        _let_go(folder, keep)
    except OSError as error:
        raise storage_error(error, folder) from error
    size = (folder / number / DATABASE).stat().st_size
    return SnapshotReport(str(folder / number), documents, copied, size, time.monotonic() - began)


def is_followed(folder: Path) -> bool:
    """Whether copies of a home lie in a folder, rather than a home."""
    return (folder / CURRENT).exists()


def newest(folder: Path) -> Path:
    """The newest copy in a folder. Raises `NoSnapshotError`."""
    number = _newest(folder)
    if not number or not (folder / number / DATABASE).exists():
        raise NoSnapshotError(
            f"there is no copy of a home in {folder}; make one there with `footnote backup {folder}"
            " --stream`"
        )
    return folder / number


def _newest(folder: Path) -> str:
    try:
        said = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    return said if said.isdecimal() else ""


def _add_originals(folder: Path, originals: Mapping[str, Path]) -> int:
    """Link or copy the originals that are not there; how many."""
    count = 0
    for content_hash, source in originals.items():
        place = folder / content_hash[:2] / content_hash
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(source, place)
            count += 1
    return count


def _link_or_copy(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:  # another disk
        with writing(place) as left:
            shutil.copyfile(source, left)


def _settle(home: Home, left: Path) -> int:
    """Complete a copy beside its database; how many documents it has."""
    with closing(connect(left / DATABASE)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("DELETE FROM sessions")  # a replica has no pages to be signed in to
        for name in _sealed(connection):
            source = home.index_folder / name
            try:
                (left / _INDEX).mkdir(exist_ok=True)
                _link_or_copy(source, left / _INDEX / name)
            except OSError:  # replaced a moment ago: its vectors are read from the database
                connection.execute(
                    "UPDATE generations SET sealed_file = '', checksum = '' WHERE sealed_file = ?",
                    (name,),
                )
        row = connection.execute("SELECT count(*) FROM documents WHERE current = 1").fetchone()
    if (home.path / _EMBEDDERS).is_dir():
        shutil.copytree(home.path / _EMBEDDERS, left / _EMBEDDERS)
    (left / SETTINGS).write_text(settings_text(home), encoding="utf-8")
    (left / _FILES).symlink_to(Path("..", _FILES))
    made = {"made_at": time.time(), "schema": LATEST}
    (left / SNAPSHOT).write_text(json.dumps(made), encoding="utf-8")
    return int(row[0])


def _sealed(connection: object) -> list[str]:
    rows = connection.execute(  # type: ignore[attr-defined]
        "SELECT DISTINCT sealed_file FROM generations WHERE sealed_file != ''"
    )
    return [row[0] for row in rows]


def _let_go(folder: Path, keep: int) -> None:
    """Remove copies before the last ones, and originals that no copy names any more."""
    there = sorted(_copies(folder))
    for path in there[: -max(1, keep)]:
        shutil.rmtree(path, ignore_errors=True)
    named: set[str] = set()
    for path in there[-max(1, keep) :]:
        with closing(connect(path / DATABASE)) as connection:
            named |= {row[0] for row in connection.execute("SELECT content_hash FROM documents")}
    for place in (folder / _FILES).glob("*/*"):
        if place.name not in named:
            with suppress(OSError):
                place.unlink()


def _copies(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.isdecimal() and (path / SNAPSHOT).exists():
            yield path
