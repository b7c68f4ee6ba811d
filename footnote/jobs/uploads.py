"""Uploads: staged under generated names, then indexed under names that are free.

What is staged belongs to the job that reads it, and goes when the job ends, however it ends;
what that misses, the doctor finds.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any

from indexer.ingest.sources import Source
from indexer.store.database import refuse_snapshot
from indexer.store.moving import free_name
from indexer.store.originals import hash_file

if TYPE_CHECKING:
    from indexer.store.store import Store

Content = bytes | memoryview | IO[bytes]  # of a file; one that is open is read to its end

FOLDER = "uploads"  # in the home; `indexer.checks` knows it too
_PIECE = 1 << 20  # bytes of an open file that are in memory at a time


def stage(home: Path, contents: Iterable[Content]) -> list[str]:
    """Write files into the home; their paths. All or none of them stay."""
    refuse_snapshot(home)
    folder = home / FOLDER
    folder.mkdir(exist_ok=True)
    staged: list[str] = []
    try:
        for content in contents:
            path = folder / secrets.token_hex(16)
            staged.append(str(path))
            _write(path, content)
    except BaseException:
        discard(home, staged)
        raise
    return staged


def _write(path: Path, content: Content) -> None:
    if isinstance(content, bytes | memoryview):
        path.write_bytes(content)
        return
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, _PIECE)


def discard(home: Path, staged: Iterable[str]) -> None:
    """Remove staged files; nothing that lies elsewhere, whatever a restored job names."""
    for name in staged:
        with suppress(OSError):  # then it is the doctor's
            (home / FOLDER / PurePath(name).name).unlink(missing_ok=True)


def sources(store: Store, collection: int, arguments: Mapping[str, Any]) -> list[Source]:
    """The staged files of a job under the names they came with.

    Where another document of the collection has that name, under a free one: whoever uploads a
    `contract.pdf` knows nothing of somebody else's. The name stays where the document is to be
    replaced, could not be read, or has the same content.
    """
    given, replaced = set(arguments["names"]), set(arguments.get("replace", ()))
    found: list[Source] = []
    for path, name in zip(map(Path, arguments["paths"]), arguments["names"], strict=True):
        taken = partial(_supersedes, store, collection, path)
        free = name if name in replaced or not taken(name) else _another(name, given, taken)
        given.add(free)
        found.append(Source(path, free))
    return found


def _another(name: str, given: Set[str], taken: Callable[[str], bool]) -> str:
    return free_name(name, lambda one: one in given or taken(one))


def _supersedes(store: Store, collection: int, path: Path, name: str) -> bool:
    """Whether a file under this name would supersede a document that works."""
    here = store.document_at(collection, name)
    return here is not None and here.state != "failed" and here.content_hash != hash_file(path)
