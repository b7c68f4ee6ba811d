"""The originals: every indexed file, kept by content hash under `files/ab/<sha256>`.

A file is first *staged*: copied aside while it is hashed, so that what is parsed, hashed and
kept are the same bytes even if somebody writes to the source meanwhile. It is *settled* under
its hash by the transaction that writes its document. A crash between the two leaves a stray
staged file or an original without a document, never a document without its original.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embedder.atomic import is_of_storage, storage_error, sync_folder

_CHUNK = 1 << 20  # bytes read at a time
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Staged:
    """A private copy of a file, complete and on disk, waiting for its document."""

    file: Path
    content_hash: str
    size: int

    def discard(self) -> None:
        """Remove the copy, if it has not been settled."""
        self.file.unlink(missing_ok=True)


class Originals:
    """The folder of originals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"

    def path(self, content_hash: str) -> Path:
        """Where the original with this hash is, or would be; no file is there for what is none.

        A database may come from anywhere: whatever it holds, nothing outside is named by it.
        """
        if not _HASH.fullmatch(content_hash):
            return self.folder / "no-hash" / "no-file"
        return self.folder / content_hash[:2] / content_hash

    def stage(self, source: Path) -> Staged:
        """Copy `source` aside and hash it.

        Raises `OSError` where it cannot be read, `StorageError` where the copy cannot be written.
        """
        copy = self._incoming / secrets.token_hex(16)
        digest, size = hashlib.sha256(), 0
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as reader, copy.open("wb") as writer:
                while chunk := reader.read(_CHUNK):
                    digest.update(chunk)
                    writer.write(chunk)
                    size += len(chunk)
                writer.flush()
                os.fsync(writer.fileno())
        except OSError as error:
            copy.unlink(missing_ok=True)
            if is_of_storage(error):  # the home's fault, not the file's
                raise storage_error(error, self.folder) from error
            raise
        except BaseException:
            copy.unlink(missing_ok=True)
            raise
        return Staged(copy, digest.hexdigest(), size)

    def take_in(self, staged: Staged) -> None:
        """Put a staged file in its place. Called inside the transaction that refers to it."""
        place = self.path(staged.content_hash)
        if place.exists():
            staged.discard()
            return
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            staged.file.replace(place)
            sync_folder(place.parent)
        except OSError as error:
            raise storage_error(error, place) from error

    def remove(self, content_hash: str) -> int | None:
        """Remove an original; return the bytes this freed, None if it was not there."""
        place = self.path(content_hash)
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(error, place) from error
        return size

    def hashes(self) -> Iterator[str]:
        """The hashes of all originals that are there."""
        if not self.folder.is_dir():
            return
        for folder in sorted(self.folder.iterdir()):
            if folder != self._incoming and folder.is_dir():
                yield from sorted(file.name for file in folder.iterdir())


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises `OSError`."""
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()
