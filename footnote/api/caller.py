"""Who calls: a request's `Access`, the same as the pages have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from footnote.accounts import keys
from footnote.accounts.access import Access, visitor
from footnote.web.server import guard
from footnote.web.server.shared_home import home


def access_of(connection: HTTPConnection) -> Access:
    """What whoever sent a request may do; asked anew whenever it is used."""
    here, way = home(), guard.door(connection)
    if way.key:
        keys.note_use(here.store, way.key)
    return Access(here, lambda: visitor(here, way))


def _caller(request: Request) -> Access:
    return access_of(request)


Caller = Annotated[Access, Depends(_caller)]
