"""Streamlit's sessions, one a tab: whose each is, what a tab may send, and what it has uploaded.

Streamlit knows a session by its id alone. Whoever names one that has lost its connection takes
it up, page, pending answer and all; whoever names any uploads into it. Here each id belongs to the
person who had it first.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_MOST_TABS = 10_000  # of which is remembered whose they are; Streamlit drops a lost one sooner
_PROTOCOL = b"sec-websocket-protocol"

# What a page of ours sends. Streamlit takes more of anybody: to empty the server's caches, to run
# the script whenever a file changes, to install skills for coding agents.
_KINDS = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"})
_OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})


class Tabs:
    """Whose session is whose. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: OrderedDict[str, str] = OrderedDict()

    def note(self, tab: str, person: str) -> None:
        """A session has begun; one that is known stays whose it was."""
        with self._lock:
            self._owners.setdefault(tab, person)
            self._owners.move_to_end(tab)
            while len(self._owners) > _MOST_TABS:
                self._owners.popitem(last=False)

    def is_of(self, tab: str, person: str) -> bool:
        """Whether a session is this person's; one that is not known is nobody's."""
        with self._lock:
            return self._owners.get(tab) == person

    def of(self, person: str) -> list[str]:
        """All sessions of a person."""
        with self._lock:
            return [tab for tab, owner in self._owners.items() if owner == person]


class Uploads:
    """What each person's uploads take of the server's memory, those on their way counted in."""

    def __init__(self, tabs: Tabs) -> None:
        self._tabs = tabs
        self._lock = threading.Lock()
        self._coming: Counter[str] = Counter()

    @contextmanager
    def taking(self, person: str, size: int, most: int) -> Iterator[bool]:
        """For the length of an upload of `size` bytes: whether there is room for it."""
        with self._lock:
            fits = self._coming[person] + self._held(person) + size <= most
            if fits:
                self._coming[person] += size
        try:
            yield fits
        finally:
            if fits:
                with self._lock:
                    self._coming[person] -= size

    def _held(self, person: str) -> int:
        """Bytes that Streamlit keeps for a person's tabs."""
        from streamlit.runtime import Runtime, exists

        if not exists():
            return 0
        kept: Mapping[str, Any] = getattr(Runtime.instance().uploaded_file_mgr, "file_storage", {})
        files = [one for tab in self._tabs.of(person) for one in list(kept.get(tab, {}).values())]
        return sum(len(one.data) for one in files)


def without_foreign_tab(
    headers: list[tuple[bytes, bytes]], tabs: Tabs, person: str
) -> list[tuple[bytes, bytes]]:
    """A connection's headers, without the session to take up where that is not the person's.

    Streamlit's pages send it third among the protocols; without one a new session begins.
    """
    kept = []
    for name, value in headers:
        if name.lower() == _PROTOCOL:
            parts = [part.strip() for part in value.decode("latin-1").split(",")]
            if len(parts) > 2 and not tabs.is_of(parts[2], person):
                kept.append((name, ", ".join(parts[:2]).encode("latin-1")))
                continue
        kept.append((name, value))
    return kept


def tab_of(message: bytes) -> str:
    """The id of the session that a message from the server begins; '' for any other message."""
    from google.protobuf.message import DecodeError
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    try:
        found = ForwardMsg.FromString(message)
    except DecodeError:
        return ""
    if found.WhichOneof("type") != "new_session":
        return ""
    return found.new_session.initialize.session_id


def is_ours(message: bytes) -> bool:
    """Whether a message to the server is of a kind that a page of ours sends."""
    from google.protobuf.message import DecodeError
    from streamlit.proto.BackMsg_pb2 import BackMsg

    try:
        found = BackMsg.FromString(message)
    except DecodeError:
        return True  # Streamlit says what it is, and closes the connection
    kind = found.WhichOneof("type")
    if kind == "backend_operation_request":
        return found.backend_operation_request.WhichOneof("payload") in _OPERATIONS
    return kind in _KINDS
