"""A home in one file, made while others work in it.

For the length of one look nobody writes: then the database's state is held on to and every
original is linked aside, so that what is copied afterwards belongs together however much is
indexed and deleted meanwhile. The copy is compacted, so that the text of deleted documents,
which stays in free pages of a database, does not travel with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.atomic import LEFT, clear_left, storage_error, writing
from footnote.backup.format import DATABASE, FOLDERS, FORMAT, MANIFEST, SETTINGS, Part, is_part
from indexer.store.database import connect
from indexer.store.migrations import LATEST

if TYPE_CHECKING:
    from footnote.home import Home

_CHUNK = 1 << 20
_PAGES = 256  # of the database, copied between two words of progress

# Told what is being done, and how many of how many bytes are.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds."""

    file: str
    bytes: int
    documents: int
    originals: int
    embedders: int
    runs: int
    seconds: float


def backup(
    home: Home, file: Path, progress: OnProgress = lambda stage, done, total: None
) -> BackupReport:
    """Write the home into `file`, whole or not at all; nobody but its owner may read it.

    Raises `StorageError` where there is no room, `DatabaseDamagedError` where the database is
    damaged: a backup of that would take the place of a sound one.
    """
    began = time.monotonic()
    file = file.absolute()
    clear_left(file)
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f"{LEFT}{file.name}-") as folder:
            copy = Path(folder) / DATABASE
            with held(home, copy, progress) as originals, writing(file) as left:
                parts = _write(home, left, copy, originals, progress)
            documents = _count(copy)
    except OSError as error:
        raise storage_error(error, file) from error
    names = [part.name.split("/") for part in parts]
    return BackupReport(
        file=str(file),
        bytes=file.stat().st_size,
        documents=documents,
        originals=sum(name[0] == "files" for name in names),
        embedders=len({name[1] for name in names if name[0] == "embedders" and len(name) > 2}),
        runs=len({name[1] for name in names if name[0] == "runs"}),
        seconds=time.monotonic() - began,
    )


@contextmanager
def held(home: Home, copy: Path, progress: OnProgress) -> Iterator[dict[str, Path]]:
    """Fill `copy` with the database; yield the originals that belong to it, by content hash."""
    store = home.store
    with closing(connect(store.path)) as reader, _linked(home) as (links, transaction):
        with transaction:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM collections").fetchone()
            originals = _link(home, links)
        _copy_database(reader, copy, progress)
        named = _hashes(copy)
        yield {one: path for one, path in originals.items() if one in named}


@contextmanager
def _linked(home: Home) -> Iterator[tuple[Path | None, AbstractContextManager[object]]]:
    """A folder in the home for links, and the transaction that keeps everybody else from writing.

    In a home that cannot be written nobody writes.
    """
    try:
        folder = Path(tempfile.mkdtemp(dir=home.path, prefix=LEFT))
    except OSError:
        yield None, nullcontext()
        return
    try:
        yield folder, home.store.transaction()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link(home: Home, folder: Path | None) -> dict[str, Path]:
    """Second names of all originals: what is deleted from now on stays until they go."""
    originals = home.store.originals
    found: dict[str, Path] = {}
    for content_hash in originals.hashes():
        path = found[content_hash] = originals.path(content_hash)
        if folder is not None:
            with suppress(OSError):  # a disk without links: it is copied from its own place
                os.link(path, folder / content_hash)
                found[content_hash] = folder / content_hash
    return found


def _copy_database(reader: sqlite3.Connection, copy: Path, progress: OnProgress) -> None:
    """SQLite's own copy of the state that `reader` holds on to; then without free pages."""
    size = reader.execute("PRAGMA page_size").fetchone()[0]

    def on_progress(_: int, remaining: int, total: int) -> None:
        progress("database", (total - remaining) * size, total * size)

    with closing(connect(copy)) as target:
        target.execute("PRAGMA journal_mode = DELETE")
        reader.backup(target, pages=_PAGES, progress=on_progress, sleep=0)
        reader.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("VACUUM")


def _hashes(copy: Path) -> set[str]:
    with closing(connect(copy)) as connection:
        return {row[0] for row in connection.execute("SELECT content_hash FROM documents")}


def _count(copy: Path) -> int:
    with closing(connect(copy)) as connection:
        row = connection.execute("SELECT count(*) FROM documents WHERE current = 1").fetchone()
        return int(row[0])


def _write(
    home: Home, left: Path, copy: Path, originals: dict[str, Path], progress: OnProgress
) -> list[Part]:
    for end in ("-wal", "-shm"):  # empty by now; the copy is whole without them
        copy.with_name(copy.name + end).unlink(missing_ok=True)
    sources = [(DATABASE, copy)]
    sources += [(f"files/{one[:2]}/{one}", path) for one, path in sorted(originals.items())]
    sources += sorted(_others(home))
    total = sum(_size(path) for _, path in sources)
    parts: list[Part] = []
    left.touch(mode=0o600)
    with zipfile.ZipFile(left, "w", zipfile.ZIP_STORED) as archive:
        done = 0
        for name, path in sources:
            # Originals are mostly packed already.
            kind = zipfile.ZIP_STORED if name.startswith("files/") else zipfile.ZIP_DEFLATED
            part = _add(archive, name, path, kind)
            parts += [part] if part else []
            done += part.size if part else 0
            progress("files", done, total)
        settings = settings_text(home)
        archive.writestr(SETTINGS, settings)
        digest = hashlib.sha256(settings.encode()).hexdigest()
        parts.append(Part(SETTINGS, len(settings.encode()), digest))
        archive.writestr(MANIFEST, _manifest(parts), zipfile.ZIP_DEFLATED)
    return parts


def _others(home: Home) -> Iterator[tuple[str, Path]]:
    """Files of the folders that are copied as they are; what is still being written is not."""
    for folder in FOLDERS:
        for path in sorted((home.path / folder).rglob("*")):
            name = path.relative_to(home.path).as_posix()
            if is_part(name) and path.is_file() and not path.is_symlink():
                yield name, path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _add(archive: zipfile.ZipFile, name: str, path: Path, kind: int) -> Part | None:
    """Add a file; None where it has just gone: a run that was removed meanwhile.

    Of originals none can go; one that is missing was missing before, and the doctor says so.
    """
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
    info.compress_type = kind
    info.external_attr = 0o600 << 16
    try:
        reader = path.open("rb")
    except FileNotFoundError:
        return None
    with reader, archive.open(info, "w", force_zip64=True) as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
            size += len(chunk)
    return Part(name, size, digest.hexdigest())


def settings_text(home: Home) -> str:
    """The home's own settings without its secrets: a backup lies in more places than a home."""
    lines = [
        f"{one.name} = {json.dumps(one.value)}\n"
        for one in home.settings
        if one.source == SETTINGS and not one.secret
    ]
    return "".join(lines)


def _manifest(parts: list[Part]) -> str:
    made = {
        "format": FORMAT,
        "schema": LATEST,
        "made_at": time.time(),
        "parts": [asdict(part) for part in parts],
    }
    return json.dumps(made, ensure_ascii=False)
