"""The homes that a home asks beside itself: which there are, and how each is reached.

A home is attached for collections by name: searching one of them here searches it there as well.
Whoever may read it here sees what the key of the attaching may read there, and no more. What is
attached stands in `attached.json` in the home, with the keys; no backup holds it.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embedder.atomic import writing
from embedder.errors import FootnoteError
from indexer.search.federation import Federation
from indexer.search.peers import PATIENCE, Peer, PeerError

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.search.part import Part
    from indexer.search.searcher import Scope

FILE = "attached.json"
ROUTE = "/api/v1/parts"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_MOST_BYTES = 64 << 20  # of one answer
# A home that was away is not asked again for so long: a search need not wait for it each time.
_AWAY_SECONDS = 30.0


class AttachError(FootnoteError):
    """A home cannot be attached, or there is none of that name."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A home that is asked as well: `place` is a folder or an address, `key` opens the latter."""

    name: str
    place: str
    collections: tuple[str, ...]
    key: str = field(default="", repr=False)

    @property
    def remote(self) -> bool:
        """Whether it is reached over HTTP."""
        return self.place.startswith(("http://", "https://"))


def attached(home: Path) -> list[Attached]:
    """The homes that are asked as well, in the order in which they were attached."""
    try:
        rows = json.loads((home / FILE).read_text(encoding="utf-8"))
        return [
            Attached(one["name"], one["place"], tuple(one["collections"]), one["key"])
            for one in rows
        ]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError, ValueError) as error:
        raise AttachError(
            f"{home / FILE} is damaged ({error!r}); remove it and attach the homes again"
        ) from error


def attach(home: Home, new: Attached) -> None:
    """Ask a home as well from now on. Raises `AttachError` where that cannot be."""
    if not _NAME.fullmatch(new.name):
        raise AttachError(f"{new.name!r} is no name: letters, digits, dots and dashes, 61 at most")
    there = attached(home.path)
    if any(one.name == new.name for one in there):
        raise AttachError(f"a home called {new.name} is attached; detach it first")
    if not new.remote and Path(new.place).resolve() == home.path:
        raise AttachError("a home need not be attached to itself")
    peer = _peer(home, new)
    try:
        peer.ask("languages", collections=[*new.collections])  # is it there, and does it let us in?
    except PeerError as error:
        raise AttachError(str(error)) from error
    for name in new.collections:
        home.store.create_collection(name)  # whom it is shared with here decides who sees it
    _write(home.path, [*there, new])


def detach(home: Home, name: str) -> None:
    """Ask a home no more. Raises `AttachError`."""
    there = attached(home.path)
    left = [one for one in there if one.name != name]
    if len(left) == len(there):
        raise AttachError(f"no home called {name!r} is attached; `footnote attach` lists them")
    _write(home.path, left)


def federation(home: Home) -> Federation:
    """Search over a home and those attached to it, whichever they are at the moment."""
    own, seen = _Own(home), _Seen(home)
    return Federation(lambda: [own, *seen.peers()])


class _Seen:
    """The attached homes as peers, made anew when the file has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._state: object = None
        self._peers: list[Peer] = []

    def peers(self) -> Sequence[Peer]:
        try:
            found = (self._home.path / FILE).stat()
            state: object = (found.st_mtime_ns, found.st_size, found.st_ino)
        except FileNotFoundError:
            state = None
        if state != self._state:
            self._peers = [_peer(self._home, one) for one in attached(self._home.path)]
            self._state = state
        return self._peers


class _Own:
    """This home."""

    name = ""

    def __init__(self, home: Home) -> None:
        self._home = home

    def names(self, scope: Scope) -> dict[str, int]:
        there = self._home.store.collections()
        return {one.name: one.id for one in there if one.id in scope.collections}

    def ask(self, what: str, **given: Any) -> Any:
        return _asked(self._home.part, self._home, what, given)


class _Other(ABC):
    """What homes that are attached have in common."""

    def __init__(self, home: Home, told: Attached) -> None:
        self._here, self._told = home, told
        self._away_until = 0.0

    @property
    def name(self) -> str:
        return self._told.name

    def names(self, scope: Scope) -> dict[str, int]:
        wanted = {name.casefold() for name in self._told.collections}
        there = self._here.store.collections()
        return {
            one.name: one.id
            for one in there
            if one.id in scope.collections and one.name.casefold() in wanted
        }

    def ask(self, what: str, **given: Any) -> Any:
        if time.monotonic() < self._away_until:
            raise PeerError(f"the home {self.name} did not answer a moment ago")
        try:
            return self._ask(what, given)
        except PeerError:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            raise

    @abstractmethod
    def _ask(self, what: str, given: dict[str, Any]) -> Any:
        """The answer of the other home. Raises `PeerError` where it is away."""


class _InFolder(_Other):
    """A home in a folder of this machine, or of a disk that it sees."""

    def __init__(self, home: Home, told: Attached, opened: Callable[[Path], Home]) -> None:
        super().__init__(home, told)
        self._opened, self._home = opened, None  # type: Callable[[Path], Home], Home | None

    def _ask(self, what: str, given: dict[str, Any]) -> Any:
        place = Path(self._told.place)
        if not (place / "footnote.db").exists():
            raise PeerError(f"there is no home at {place}")
        try:
            self._home = self._home or self._opened(place)
            return _asked(self._home.part, self._home, what, given)
        except FootnoteError as error:
            raise PeerError(f"the home at {place} cannot be searched: {error}") from error


class _OverHttp(_Other):
    """A home behind `footnote serve` or `footnote app`."""

    def _ask(self, what: str, given: dict[str, Any]) -> Any:
        collections = given.pop("collections", [])
        body = json.dumps({"what": what, "collections": collections, "given": given}).encode()
        try:
            status, said = self._sent(body)
            found = json.loads(said)
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise PeerError(f"the home {self.name} is not reached ({error})") from error
        if status != 200:
            raise PeerError(f"the home {self.name} refused ({status}): {_reason(found)}")
        return found["said"]

    def _sent(self, body: bytes) -> tuple[int, bytes]:
        """One request, without following where an answer points elsewhere."""
        parts = urlsplit(self._told.place)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json"}
        if self._told.key:
            headers["Authorization"] = f"Bearer {self._told.key}"
        try:
            connection.request("POST", parts.path.rstrip("/") + ROUTE, body, headers)
            answer = connection.getresponse()
            said = answer.read(_MOST_BYTES + 1)
        finally:
            connection.close()
        if len(said) > _MOST_BYTES:
            raise ValueError("it said more than 64 MB")
        return answer.status, said


def _peer(home: Home, told: Attached) -> Peer:
    if told.remote:
        return _OverHttp(home, told)
    return _InFolder(home, told, type(home).open)


def _asked(part: Part, home: Home, what: str, given: dict[str, Any]) -> Any:
    """Ask a home whose files are ours: nobody's rights stand between."""
    there = {one.name: one.id for one in home.store.collections()}
    names = given.pop("collections", None)
    if names is not None:
        wanted = {name.casefold() for name in names}
        there = {name: one for name, one in there.items() if name.casefold() in wanted}
    return part.say(what, there, given)


def _reason(found: Any) -> str:
    error = found.get("error") if isinstance(found, dict) else None
    return str(error.get("message"))[:300] if isinstance(error, dict) else "no reason given"


def _write(home: Path, there: Sequence[Attached]) -> None:
    """Keep what is attached; the file holds keys, so that its owner alone may read it."""
    with writing(home / FILE) as new:
        new.touch(mode=0o600)
        new.write_text(json.dumps([asdict(one) for one in there], indent=1), encoding="utf-8")
