"""Who calls, as FastAPI hands it to a route."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from footnote.access import Access
from footnote.web.server.caller import access_of


def _caller(request: Request) -> Access:
    return access_of(request)


Caller = Annotated[Access, Depends(_caller)]
