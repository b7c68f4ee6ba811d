"""A file compared with what is indexed under its name: new, changed, renamed, unchanged."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from indexer.ingest.sources import Source, is_gone
from indexer.parsers import ParseError, ReadingLimits, UnsupportedError, check_size
from indexer.parsers.detect import kind_of
from indexer.records import Document
from indexer.store.store import Store

Action = Literal["new", "changed", "reread", "unchanged", "copy", "became a copy", "renamed"]
TO_PARSE: frozenset[Action] = frozenset({"new", "changed", "reread"})
UPDATES: frozenset[Action] = frozenset({"changed", "reread", "became a copy", "renamed"})

# Enough of a file to tell whether any parser wants it, before it is copied.
_HEAD_BYTES = 65_536


def check(source: Source, limits: ReadingLimits) -> int:
    """The file's size. Raises `OSError`, or `ParseError` where no parser would want it."""
    mode = source.path.stat().st_mode
    # A pipe would be waited for, and a device read without end. Opening a folder says why not.
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UnsupportedError("is a pipe or a device, not a file; copy what it holds into one")
    with source.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    size = source.path.stat().st_size
    check_size(size, limits)
    if head:  # an empty one is the parser's to report
        kind_of(head, Path(source.name).suffix)
    return size


def reason(error: OSError | ParseError) -> str:
    """An error as it is reported after a file's name."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error}); check the file and its permissions"
    return str(error)


class Change:
    """What a collection has under a source's name, and what a file there means for it.

    `keep_hidden` says what is to become now of text that a person does not see.
    """

    def __init__(
        self, store: Store, collection: int, source: Source, *, keep_hidden: bool = False
    ) -> None:
        self._store, self._collection, self._name = store, collection, source.name
        self._keep_hidden = keep_hidden
        self._here = store.document_at(collection, source.name)

    def action(self, content_hash: str) -> Action:
        """What this content is, compared with what is there."""
        here = self._here
        if here and here.state != "failed" and here.content_hash == content_hash:
            return "unchanged" if self._reads_as_told(here) else "reread"
        twin = self._store.document_with(self._collection, content_hash)
        if twin is None:
            return "changed" if here and here.state != "failed" else "new"
        if here:
            return "became a copy"
        return "renamed" if is_gone(twin.path) else "copy"

    def _reads_as_told(self, here: Document) -> bool:
        """Whether today's parsers read it, and dealt with hidden text as it is dealt with now."""
        return not here.outdated and (
            here.hidden == () or (here.hidden is not None and here.hidden_kept == self._keep_hidden)
        )

    def apply(self, action: Action, content_hash: str) -> None:
        """Do what a verdict asks for that needs no parsing.

        A file that was renamed takes its document along. A file that now says what another
        document says has none of its own any more. One that is again what it was before it
        could not be read is in order.
        """
        twin = self._store.document_with(self._collection, content_hash)
        if action == "renamed" and twin:
            self._store.move(twin.id, self._name)
        if action == "became a copy" and self._here:
            self._store.retire(self._here.id)
        if action == "unchanged" and self._here and self._here.unread:
            self._store.confirm(self._here.id)
