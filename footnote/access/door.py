"""Who comes in: the person behind a request, from this machine or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError
from footnote.accounts import keys, signin
from footnote.accounts.people import ONLY_USER, People, Person

if TYPE_CHECKING:
    from footnote.home import Home


class NotSignedInError(FootnoteError):
    """The request comes with no session, or with one that has ended."""


class ElsewhereError(FootnoteError):
    """Nobody is registered, and the request does not come from this machine."""


@dataclass(frozen=True, slots=True)
class Door:
    """How a request came in: from this machine or not, with whose session's token, or whose key.

    One that brings a key is judged by it alone.
    """

    local: bool
    token: str = ""
    key: str = ""


def visitor(home: Home, door: Door) -> Person:
    """Who it is that asks. Raises `NotSignedInError` or `ElsewhereError`."""
    if People(home.store).registered():
        if door.key:
            person = keys.holder(home.store, door.key)
            said = "this key is unknown, revoked or expired; ask for another, or make one yourself"
        else:
            person = signin.person_of(home.store, door.token)
            said = "you are signed out; sign in again to go on"
        if person is None:
            raise NotSignedInError(said)
        return person
    if not door.local:
        raise ElsewhereError(
            "this Footnote serves the machine that it runs on and no other, for nobody is"
            " registered; register an admin there with `footnote people add NAME --role admin`"
        )
    return ONLY_USER
