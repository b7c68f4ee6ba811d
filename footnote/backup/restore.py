"""A home out of a backup: checked part by part, then put in its place as a whole.

A backup may come from anywhere. Only parts of known names are taken, each as long as the
manifest says and no longer; nothing is linked, run or unpickled; and the database must be a
sound one, as this program makes it and with what it writes (`footnote.backup.forms`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from embedder.atomic import LEFT, DiskFullError, clear_left, storage_error, sync_folder
from footnote.backup import forms
from footnote.backup.format import (
    DATABASE,
    FORMAT,
    MANIFEST,
    SETTINGS,
    ArchiveError,
    Part,
    is_part,
)  # fmt: skip
from footnote.settings import ASKED_FOR
from indexer.store.lock import HomeLock
from indexer.store.migrations import LATEST, SchemaTooNewError
from indexer.store.store import Store

_CHUNK = 1 << 20
_MANIFEST_BYTES = 256 << 20  # a million originals
_ROOM = 64 << 20  # bytes that are left free
# What reading a file raises that is not the zip it says it is.
_NO_ZIP = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError,
)  # fmt: skip
STOPPED = "The home was restored from a backup that was made while this job ran. Start it again."

# Whether settings that decide where questions go, and at what price, are to be taken over.
Accept = Callable[[Mapping[str, str]], bool]
OnProgress = Callable[[str, int, int], None]


class HomeExistsError(ArchiveError):
    """There is a home in the place that is to be restored to."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored. `before` is where the home that was there is now, '' if there was none.

    `left_out` are the settings of the backup that nobody said yes to.
    """

    home: str
    documents: int
    files: int
    before: str
    left_out: Mapping[str, str] = field(default_factory=dict)


def restore(
    file: Path,
    home: Path,
    *,
    replace: bool = False,
    accept: Accept = lambda asked: False,
    progress: OnProgress = lambda stage, done, total: None,
) -> RestoreReport:
    """Make the home that `file` holds at `home`, whole or not at all.

    A home that is there is moved aside with `replace`, and refused without. `accept` is asked
    about addresses and prices in the backup's settings; without its yes they are left out. Raises
    `ArchiveError`, `HomeExistsError`, `StorageError`, `InUseError`.
    """
    there = home.exists() and any(home.iterdir())
    if there and not replace:
        raise HomeExistsError(
            f"there is something at {home} already; restore to another place with --home, or "
            "give --replace to have it moved aside"
        )
    clear_left(home)
    aside = home.with_name(f"{LEFT}{home.name}-{secrets.token_hex(4)}")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(mode=0o700)
        parts = _extract(file, aside, progress)
        documents = _settle(aside)
        left_out = _settle_settings(aside / SETTINGS, accept)
        before = _put(aside, home, there=there)
    except OSError as error:
        raise storage_error(error, home) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return RestoreReport(str(home), documents, len(parts), before, left_out)


def _extract(file: Path, folder: Path, progress: OnProgress) -> list[Part]:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = _parts(archive, file)
            total = sum(part.size for part in parts)
            if total + _ROOM > shutil.disk_usage(folder).free:
                raise DiskFullError(
                    f"restoring takes {total >> 20} MB, more than the disk that holds "
                    f"{folder.parent} has free; make room or choose another with --home"
                )
            done = 0
            for part in parts:
                _take(archive, part, folder)
                done += part.size
                progress("files", done, total)
            return parts
    except FileNotFoundError as error:
        raise ArchiveError(f"there is no file {file}") from error
    except _NO_ZIP as error:
        raise ArchiveError(f"{file} is no Footnote backup, or damaged ({error})") from error


def _parts(archive: zipfile.ZipFile, file: Path) -> list[Part]:
    """What the manifest lists. Raises `ArchiveError` where that is not what a backup holds."""
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError as error:
        raise ArchiveError(f"{file} is no Footnote backup: it has no manifest") from error
    with archive.open(info) as reader:
        text = reader.read(_MANIFEST_BYTES + 1)
    if len(text) > _MANIFEST_BYTES:
        raise ArchiveError(f"{file} has a manifest of more than {_MANIFEST_BYTES >> 20} MB")
    try:
        found = json.loads(text)
        version, schema = int(found["format"]), int(found["schema"])
        parts = [Part(str(p["name"]), int(p["size"]), str(p["sha256"])) for p in found["parts"]]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{file} has a manifest that cannot be read ({error!r})") from error
    if version > FORMAT or schema > LATEST:
        raise SchemaTooNewError(f"{file} was made by a newer Footnote; update Footnote")
    names = [part.name for part in parts]
    for part in parts:
        if not is_part(part.name) or part.size < 0:
            raise ArchiveError(f"{file} holds {part.name!r}, which no backup does; do not trust it")
    if len({name.casefold() for name in names}) != len(names) or DATABASE not in names:
        raise ArchiveError(f"{file} holds files twice, or no database; do not trust it")
    return parts


def _take(archive: zipfile.ZipFile, part: Part, folder: Path) -> None:
    """Write one part, and no more of it than the manifest says."""
    try:
        info = archive.getinfo(part.name)
    except KeyError as error:
        raise ArchiveError(f"the backup lacks {part.name}; it is damaged") from error
    place = folder / part.name
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(info) as reader, place.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            size += len(chunk)
            if size > part.size:
                break
            digest.update(chunk)
            writer.write(chunk)
    if size != part.size or digest.hexdigest() != part.sha256:
        raise ArchiveError(
            f"{part.name} in the backup is not what was put in; the file is damaged: take an "
            "older backup"
        )


def _settle(folder: Path) -> int:
    """See that the database is ours, bring it up to date; how many documents it has."""
    try:
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            _check_schema(connection)
        store = _opened(folder)
        try:
            forms.check_schema(store.connection)
            forms.check_values(store.connection)
            with store.transaction() as connection:
                connection.execute(
                    "UPDATE jobs SET state = 'failed', error = ?, pid = NULL"
                    " WHERE state IN ('waiting', 'running', 'cancelling')",
                    (STOPPED,),
                )
                # Who was signed in then need not be now, and a key may have been revoked since;
                # passwords and roles stand in other tables.
                connection.execute("DELETE FROM sessions")
                connection.execute("DELETE FROM keys")
                # FAISS files are not in a backup; what a search needs is read from the vectors.
                connection.execute("UPDATE generations SET sealed_file = '', checksum = ''")
            count = connection.execute("SELECT count(*) FROM documents WHERE current = 1")
            return int(count.fetchone()[0])
        finally:
            store.close()
    except sqlite3.Error as error:
        raise ArchiveError(f"the database in the backup cannot be used ({error})") from error


def _settle_settings(path: Path, accept: Accept) -> dict[str, str]:
    """Take settings out that want a yes and have none; what they were. Raises `ArchiveError`."""
    if not path.exists():
        return {}
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(f"the settings in the backup cannot be read ({error})") from error
    if any(isinstance(value, dict | list) for value in stored.values()):
        raise ArchiveError("the settings in the backup hold tables, which Footnote's do not")
    asked = {name: str(stored[name]) for name in ASKED_FOR if name in stored}
    if not asked or accept(asked):
        return {}
    kept = {name: value for name, value in stored.items() if name not in asked}
    lines = (f"{name} = {json.dumps(str(value))}\n" for name, value in kept.items())
    path.write_text("".join(lines), encoding="utf-8")
    return asked


def _opened(folder: Path) -> Store:
    """The store of the home that is being restored, migrated. Raises `ArchiveError`."""
    try:
        return Store.open(folder)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(
            f"the database in the backup holds what no Footnote wrote ({error!r}); do not trust it"
        ) from error


def _check_schema(connection: sqlite3.Connection) -> None:
    """No trigger, no view, no table that reaches outside: they would run as we write."""
    connection.execute("PRAGMA trusted_schema = OFF")
    faults = [row[0] for row in connection.execute("PRAGMA quick_check(3)") if row[0] != "ok"]
    if any("FTS5" not in fault for fault in faults):
        raise ArchiveError(f"the database in the backup is damaged ({'; '.join(faults)})")
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, statement in rows:
        virtual = kind == "table" and str(statement).upper().startswith("CREATE VIRTUAL")
        ours = str(name).startswith("keywords_") and "using fts5" in str(statement).lower()
        if kind not in ("table", "index") or (virtual and not ours):
            raise ArchiveError(f"the database in the backup has a {kind} {name!r}; do not trust it")


def _put(folder: Path, home: Path, *, there: bool) -> str:
    """Give the restored home its name; where another had it, that one's new name."""
    before = ""
    if there:
        presence = HomeLock(home)
        with presence.alone():
            moved = _free_name(home)
            home.rename(moved)
        presence.leave()
        before = str(moved)
    elif home.exists():
        home.rmdir()
    folder.rename(home)
    sync_folder(home.parent)
    return before


def _free_name(home: Path) -> Path:
    number = 1
    while (name := home.with_name(f"{home.name}.before-restore-{number}")).exists():
        number += 1
    return name
