"""The home's doctor: what it finds and mends, with every embedder that is installed.

And whether other users of the machine can read in it, which is a matter of its folder's mode.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from embedder.atomic import storage_error
from embedder.spec import SpecError
from footnote.jobs import queue
from indexer.doctor.checks import REPAIR
from indexer.doctor.repair import Problem, rescue
from indexer.doctor.repair import examine as examine_data
from indexer.doctor.repair import repair as repair_data
from indexer.store.db_errors import DatabaseDamagedError
from indexer.store.errors import DatabaseLostError

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.home import Home

_OTHERS = 0o077  # what a mode lets the group and everybody do
_UNREADABLE = "put the file back from a backup, or remove the embedder's folder"
_RESCUE = "restore a backup, or save what can be read with `footnote doctor --repair`"


def examine(home: Home) -> list[Problem]:
    """All that is amiss in a home, its database being readable or not."""
    return [*_open_folder(home), *_inside(home)]


def _inside(home: Home) -> list[Problem]:
    """All that does not agree."""
    try:
        store = home.store
    except (DatabaseDamagedError, DatabaseLostError) as error:
        place = str(home.path / "footnote.db")
        return [Problem("database-damaged", str(error), place, _RESCUE, repairable=True)]
    _mark_dead_jobs(home)
    fingerprints = {spec.fingerprint for spec in home.registry.specs().values()}
    return [*_unreadable(home), *examine_data(store, home.index_folder, *fingerprints)]


def _unreadable(home: Home) -> Iterator[Problem]:
    """Embedders whose spec says nothing, and which nothing is therefore found with."""
    for error in home.registry.unreadable():
        what, where = "an installed embedder cannot be read", str(home.path / "embedders")
        yield Problem("embedder-unreadable", f"{what}: {error}", where, _UNREADABLE, False)


def repair(home: Home) -> list[Problem]:
    """Mend what can be mended, and return what that was.

    Raises `InUseError` where a damaged database is to be replaced while others have it open,
    `StorageError` where the home's folder is somebody else's.
    """
    opened = list(_open_folder(home))
    if opened:
        _close_folder(home)
    rescued = rescue(home.path)
    _mark_dead_jobs(home)
    mended = repair_data(home.store, home.index_folder, *_embedders(home))
    return opened + ([rescued] if rescued else []) + mended


def _open_folder(home: Home) -> Iterator[Problem]:
    """A home that others may enter: files in it have the modes that the umask gave them."""
    if os.name == "posix" and home.path.stat().st_mode & _OTHERS:
        what = "other users of this machine may read what is in the home"
        yield Problem("home-open", what, str(home.path), REPAIR, repairable=True)


def _close_folder(home: Home) -> None:
    try:
        home.path.chmod(home.path.stat().st_mode & 0o7777 & ~_OTHERS)
    except OSError as error:
        raise storage_error(error, home.path) from error


def _mark_dead_jobs(home: Home) -> None:
    """What a job that was killed had staged belongs to nothing any more."""
    with suppress(DatabaseDamagedError):  # then the doctor has more to say
        queue.mark_dead(home)


def _embedders(home: Home) -> list[Embedder]:
    """The one in use, then those that answer for a collection."""
    found = []
    with suppress(SpecError):  # which `examine` tells
        found.append(home.embedder)
    for collection in home.store.collections():
        if home.store.generation(collection.id) and home.knows_embedder_of(collection.id):
            found.append(home.embedder_of(collection.id))
    return list({one.fingerprint: one for one in found}.values())
