"""The homes of one search, asked at once: who is away is named, and nobody waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from embedder.errors import FootnoteError
from indexer.search.told import MALFORMED, SHAPES

if TYPE_CHECKING:
    from indexer.search.part import Said
    from indexer.search.searcher import Scope

# How long a home may take to be heard in a search.
PATIENCE = 5.0
_THREADS = 16


class PeerError(FootnoteError):
    """A home does not answer, or not as one."""


class Peer(Protocol):
    """A home that is asked, this one or another. All raise `PeerError`."""

    @property
    def name(self) -> str:
        """What people call it; '' for this one."""
        ...

    def names(self, scope: Scope) -> dict[str, int]:
        """Those collections of the scope that it has a part of: by name, the ids they have here."""
        ...

    def ask(self, what: str, **given: Any) -> Any:
        """Have it say something: a method of `Part`, or of the documents that it has."""
        ...


@dataclass(slots=True)
class Voice:
    """A peer in one search: the names it is asked about, and what it said."""

    peer: Peer
    place: int
    names: dict[str, int]
    survey: Said = field(default_factory=dict)
    rows: dict[str, list[list[Any]]] = field(default_factory=dict)


class Rounds:
    """Questions to several homes: this one in the caller's thread, the others in threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="homes")
        self._late: dict[str, Future[Any]] = {}

    def ask(
        self,
        voices: Sequence[Voice],
        away: list[str],
        what: str,
        given: Callable[[Voice], dict[str, Any]],
    ) -> dict[int, Any]:
        """What each says, by its place; those who do not, or too late, come to be `away`."""
        until = time.monotonic() + self._patience
        others = {one.place: self._begun(one, what, given(one)) for one in voices if one.place}
        said: dict[int, Any] = {
            one.place: one.peer.ask(what, collections=[*one.names], **given(one))
            for one in voices
            if not one.place
        }
        for one in voices:
            if one.place:
                heard = self._in_time(others[one.place], until, what, one.peer.name)
                if heard is not None:
                    said[one.place] = heard
                elif one.peer.name not in away:
                    away.append(one.peer.name)
        return said

    def _begun(self, voice: Voice, what: str, given: dict[str, Any]) -> Future[Any] | None:
        """The question on its way; None where the home has not answered an earlier one yet.

        A folder on a disk that does not answer keeps its thread, and would soon have them all.
        """
        late = self._late.get(voice.peer.name)
        if late and not late.done():
            return None
        self._late.pop(voice.peer.name, None)
        return self._threads.submit(voice.peer.ask, what, collections=[*voice.names], **given)

    def _in_time(self, asked: Future[Any] | None, until: float, what: str, name: str) -> Any:
        """What a home says, in its proper shape; None where it is away, or says something else."""
        if asked is None:
            return None
        try:
            return SHAPES[what](asked.result(max(0.0, until - time.monotonic())))
        except TooLateError:
            if not asked.cancel():
                self._late[name] = asked
        except (PeerError, *MALFORMED):
            pass
        return None
