"""Looking after a home: what the doctor finds and mends, with every embedder that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer import doctor
from indexer.catalogue import DatabaseLostError
from indexer.doctor import Problem
from indexer.sqlite_faults import DatabaseDamagedError

if TYPE_CHECKING:
    from embedder.model import Embedder
    from footnote.home import Home

_RESCUE = "restore a backup, or save what can be read with `footnote doctor --repair`"


def examine(home: Home) -> list[Problem]:
    """All that does not agree in a home, its database being readable or not."""
    try:
        store = home.store
    except (DatabaseDamagedError, DatabaseLostError) as error:
        place = str(home.path / "footnote.db")
        return [Problem("database-damaged", str(error), place, _RESCUE, repairable=True)]
    embedders = home.registry.names()
    fingerprints = {home.registry.spec(name).fingerprint for name in embedders}
    return doctor.examine(store, home.index_folder, *fingerprints)


def repair(home: Home) -> list[Problem]:
    """Mend what can be mended, and return what that was.

    Raises `InUseError` where a damaged database is to be replaced while others have it open.
    """
    rescued = doctor.rescue(home.path)
    mended = doctor.repair(home.store, home.index_folder, *_embedders(home))
    return ([rescued] if rescued else []) + mended


def _embedders(home: Home) -> list[Embedder]:
    """The one in use, then those that answer for a collection."""
    found = [home.embedder]
    for collection in home.store.collections():
        if home.store.generation(collection.id) and home.knows_embedder_of(collection.id):
            found.append(home.embedder_of(collection.id))
    return list({one.fingerprint: one for one in found}.values())
