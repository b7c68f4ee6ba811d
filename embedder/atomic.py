"""Atomic file writes: whole or not at all; and what to say where nothing can be written.

A file is written under another name, made to last, and renamed. What a failed writing has
left goes with it; what a killed one has left is known by its name (`LEFT`).
"""

from __future__ import annotations

import errno
import glob
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError

if TYPE_CHECKING:
    from torch import Tensor

# Begins the name of everything that is still being written.
LEFT = ".writing-"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class StorageError(FootnoteError):
    """Something cannot be kept: the disk is full, read-only, or broken."""


class DiskFullError(StorageError):
    """There is no room left. What was there before is unharmed."""


class ReadOnlyError(StorageError):
    """The place may not be written."""


def is_of_storage(error: OSError) -> bool:
    """Whether it can only come from writing: reading a file never finds a disk full."""
    return error.errno in (*_FULL, errno.EROFS)


def storage_error(error: OSError, place: Path) -> StorageError:
    """The error of our tree for a failed writing at `place`."""
    if error.errno in _FULL:
        return DiskFullError(
            f"the disk that holds {place} is full; make room and try again: nothing that was there "
            "before is harmed"
        )
    if error.errno in _CLOSED:
        return ReadOnlyError(
            f"{place} cannot be written ({error.strerror}); check the disk and the permissions"
        )
    return StorageError(
        f"{place} cannot be written ({error.strerror or error}); check the disk it lies on"
    )


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield the name to write a file under; at the end it is `path`, and lasts.

    Raises `StorageError` where it cannot be written; then there is what was there before.
    """
    left = path.with_name(f"{LEFT}{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield left
        with left.open("rb+") as file:
            os.fsync(file.fileno())
        left.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        with suppress(OSError):
            left.unlink()


@contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """As `writing`, for a folder; it is empty at first. There must be none at `path`."""
    left = path.with_name(f"{LEFT}{path.name}-{secrets.token_hex(4)}")
    try:
        left.mkdir(parents=True)
        yield left
        for file in left.rglob("*"):
            if file.is_file():
                with file.open("rb+") as opened:
                    os.fsync(opened.fileno())
        left.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        shutil.rmtree(left, ignore_errors=True)


def clear_left(path: Path, older_than: float = 3600.0) -> None:
    """Remove what killed writings of `path` have left; younger ones may be at work."""
    oldest = time.time() - older_than
    for left in path.parent.glob(f"{LEFT}{glob.escape(path.name)}-*"):
        with suppress(OSError):
            if left.stat().st_mtime < oldest:
                remove(left)


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole. Raises `StorageError`."""
    with writing(path) as left:
        left.write_text(text, encoding="utf-8")


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file as a whole. Raises `StorageError`."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with writing(path) as left:
        try:
            save_file(dict(tensors), left, metadata=metadata)
        except SafetensorError as error:
            # It names the system's error by number, in words alone: "… (os error 28)".
            number = re.search(r"os error (\d+)", str(error))
            raise OSError(int(number[1]) if number else errno.EIO, str(error)) from error
