"""The API put together: routes, errors, the description, and the limits before it all."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from embedder.atomic import is_of_storage, storage_error
from embedder.errors import FootnoteError
from footnote.api import documents, errors, jobs, openai_chat, openai_models, parts, questions
from footnote.api.docs_page import HEADERS, page
from footnote.api.schemas import Error, Health
from footnote.web.server import guard, programs
from footnote.web.server.shared_home import home

_DESCRIPTION = (
    "Ask your own documents; every sentence of an answer names its source. As long as nobody is"
    " registered, this machine alone is served and no key is needed; else send one:"
    " `Authorization: Bearer fn_…` (`footnote people key NAME`). You see what the key's person"
    " may read at that moment, and nothing else."
)


def _made() -> FastAPI:
    api = FastAPI(
        title="Footnote",
        version=version("footnote"),
        description=_DESCRIPTION,
        openapi_url=programs.DESCRIPTION,
        docs_url=None,  # they load their scripts from elsewhere
        redoc_url=None,
        responses={"default": {"model": Error, "description": "What went wrong, what to do."}},
    )
    for router in (questions, documents, jobs, parts, openai_models, openai_chat):
        api.include_router(router.router)
    api.add_api_route(programs.HEALTH, Health, response_model=Health, tags=["health"])
    api.add_api_route(programs.DOCS, _docs, include_in_schema=False)
    api.add_exception_handler(FootnoteError, _failed)
    api.add_exception_handler(RequestValidationError, _not_valid)
    api.add_exception_handler(HTTPException, _not_here)
    api.add_exception_handler(OSError, _storage)
    api.add_exception_handler(Exception, guard.EXCEPTION_HANDLERS[Exception])
    return api


async def _docs() -> Response:
    return HTMLResponse(page(api.openapi()), headers=HEADERS)


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, FootnoteError)
    return errors.of_error(error)


async def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if tuple(first["loc"]) == ("body",) or first["type"] == "json_invalid":
        return programs.error(
            422,
            "the body has to be JSON, sent with the header `Content-Type: application/json`;"
            f" {programs.DOCS} says which fields it has",
        )
    field = ".".join(map(str, first["loc"][1:]))
    return programs.error(
        422, f"the field `{field}`: {first['msg']}; see {programs.DOCS}", param=field
    )


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = str(error.detail)
    if error.status_code in (404, 405):
        said = (
            f"there is no {request.method} {request.url.path}; {programs.DOCS} says what there is"
        )
    return programs.error(error.status_code, said, headers=error.headers)


async def _storage(_: Request, error: Exception) -> Response:
    if isinstance(error, OSError) and is_of_storage(error):
        return errors.of_error(storage_error(error, home().path))
    raise error


api = _made()
