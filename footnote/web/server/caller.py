"""What a program that sends a request may do: its `Access`, the same as the pages have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from footnote.access import Access, visitor
from footnote.accounts import keys
from footnote.web.server import guard
from footnote.web.server.shared_home import helpers, home

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection


def access_of(connection: HTTPConnection) -> Access:
    """What whoever sent a request may do; asked anew whenever it is used."""
    here, way = home(), guard.door(connection)
    if way.key:
        keys.note_use(here.store, way.key)
    return Access(here, lambda: visitor(here, way), attached=True, helpers=helpers())
