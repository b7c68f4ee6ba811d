"""The home's lock: shared by all who have it open, exclusive to replace its database.

The system lets go of it when a process ends, however it ends. Replacing the database file as
a whole (salvage, restoring) takes the home alone: others would go on writing to the old file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedder.errors import FootnoteError

_FILE = "open.lock"


class InUseError(FootnoteError):
    """Another process has the home open, and it would have to be alone there."""


class HomeLock:
    """This process's part in a home; it ends with `leave`, or with the process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        try:
            self._file = os.open(home / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # read-only: nobody replaces anything here
            self._file = -1
        self._lock(exclusive=False)

    def leave(self) -> None:
        """Let go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the home alone for a while. Raises `InUseError` where others have it open."""
        if not self._lock(exclusive=True):
            self._lock(exclusive=False)
            raise InUseError(
                f"another Footnote program has {self._home} open; close the app, its jobs and "
                "other commands, then do this again"
            )
        try:
            yield
        finally:
            self._lock(exclusive=False)

    def __del__(self) -> None:
        self.leave()

    def _lock(self, *, exclusive: bool) -> bool:
        """Take the lock in one way or the other, waiting only for those who soon let go."""
        try:
            import fcntl
        except ImportError:  # Windows: an open file cannot be replaced there anyway
            return True
        if self._file < 0:
            return True
        if not exclusive:
            fcntl.flock(self._file, fcntl.LOCK_SH)
            return True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
