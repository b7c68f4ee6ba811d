"""The way in, before Streamlit: who may open a page or a connection, and the page to sign in.

A session's token is in a cookie that no script can read (HttpOnly) and that no other site's
request carries (SameSite). Without a session nothing of Streamlit can be reached but its own
files: no page, no connection, no upload, no download. Each message over a connection is checked
again, so that a session that has ended ends the pages that it had open.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from embedder.errors import FootnoteError
from footnote.access import Access, Door, ElsewhereError, NotSignedInError, visitor
from footnote.accounts import signin
from footnote.web.server import oidc, origin, programs, tabs
from footnote.web.server.shared_home import home
from footnote.web.server.sign_in_page import form_fields, page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SIGN_IN = "/sign-in"
# Streamlit's own files and its answer to "are you there"; the way in, and the organisation's; what
# the API says of itself.
_OPEN = re.compile(
    r"/(static/.*|favicon\.\w+|_stcore/health|sign-in(/organisation)?|auth/login|oauth2callback)"
    "|" + "|".join(map(re.escape, programs.OPEN))
)
_UPLOAD = "/_stcore/upload_file/"
# What Streamlit tells of the server, and its door for programs, beside which we have our own.
_INNER = ("/_stcore/metrics", "/_stcore/agent/", "/_stcore/script-health-check")
# The loop that all connections are served on, once there is one.
LOOPS: list[asyncio.AbstractEventLoop] = []
_TABS = tabs.Tabs()
_UPLOADS = tabs.Uploads(_TABS)
_PLACE = re.compile(r"/[\w/?=&%.-]*")
_HERE = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
# On every answer. Nobody frames a page to have clicks land on it, and no file is guessed to be a
# script; addresses, which name documents, go to no other site.
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def cookie_name() -> str:
    """The cookie of this home: browsers do not tell the ports of a machine apart."""
    return "footnote_" + hashlib.sha256(str(home().path).encode()).hexdigest()[:12]


def from_this_machine(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request was made on this machine, to this machine, and through nobody else.

    A proxy on this machine speaks for others; another name for this machine, or a page of another
    name that sends something here, may be a trick (DNS rebinding). What a proxy that forwards
    nothing sends for a client that is no browser cannot be told apart. Header names are in lower
    case.
    """
    if any(name in headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(peer or "")
        own = f"//{headers.get('host', '')}"
        names = {urlsplit(one).hostname for one in (own, headers.get("origin", own))}
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback and names <= _HERE


def door(connection: HTTPConnection) -> Door:
    """How a request came in. The pages know no keys."""
    peer = connection.client.host if connection.client else None
    local = from_this_machine(peer, connection.headers)
    key = ""
    if programs.asks(connection.scope["path"]):
        key = programs.bearer(connection.headers)
    return Door(local, connection.cookies.get(cookie_name(), ""), key)


def _refusal(connection: HTTPConnection) -> FootnoteError | None:
    """Why a request is not let through."""
    try:
        visitor(home(), door(connection))
    except ElsewhereError as error:
        return NotSignedInError(str(error)) if oidc.configured() else error
    except FootnoteError as error:
        return error
    return None


class Guard:
    """Lets through what comes with a session, and what needs none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = _with_headers(send)
        connection = HTTPConnection(scope)
        if not programs.asks(scope["path"]) and origin.is_foreign(connection):
            await origin.refuse(scope, receive, send)
            return
        refused = _refusal(connection)
        is_open = scope["type"] == "http" and _OPEN.fullmatch(scope["path"])
        if refused is None or (is_open and isinstance(refused, NotSignedInError)):
            if scope["type"] == "websocket":
                await self._connect(connection, receive, send)
            elif scope["path"].startswith(_UPLOAD) and scope["method"] in ("PUT", "POST"):
                await self._upload(connection, receive, send)
            else:
                await (_objection(connection) or self._app)(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refused(connection, refused)(scope, receive, send)

    async def _connect(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        """Hand a connection on: a tab of this person's, or a new one."""
        LOOPS[:] = [asyncio.get_running_loop()]
        person = _person(connection)
        headers = tabs.without_foreign_tab(connection.scope["headers"], _TABS, person)
        scope = {**connection.scope, "headers": headers}
        subprotocols = scope.get("subprotocols")
        if subprotocols is not None:
            scope["subprotocols"] = subprotocols[
                : 3 if headers == connection.scope["headers"] else 2
            ]
        watched = _watched(connection, receive, send)
        await self._app(scope, watched, _noting_tab(send, person))

    async def _upload(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        """Hand an upload on, where there is room in memory for what this person has sent."""
        objection = _objection(connection)
        if objection is None:
            size = _announced(connection)
            with _UPLOADS.taking(_person(connection), size, _longest_upload()) as fits:
                if fits:
                    await self._app(connection.scope, receive, send)
                    return
            objection = PlainTextResponse("Wait until the files before this one are read.", 429)
        await objection(connection.scope, receive, send)


def _person(connection: HTTPConnection) -> str:
    """The id of who is let through."""
    return visitor(home(), door(connection)).id


def _noting_tab(send: Send, person: str) -> Callable[[Message], Awaitable[None]]:
    """`send` of a connection, which notes whose the session is that Streamlit begins."""
    found: list[str] = []

    async def sending(message: Message) -> None:
        if not found and message["type"] == "websocket.send" and message.get("bytes"):
            tab = tabs.tab_of(message["bytes"])
            if tab:
                found.append(tab)
                _TABS.note(tab, person)
        await send(message)

    return sending


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    """`send` of a request, with the headers of every answer where it has none of its own."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _objection(connection: HTTPConnection) -> Response | None:
    """The answer to what nobody may ask, and to an upload of somebody who may add no documents."""
    path, method = connection.scope["path"], connection.scope["method"]
    if programs.asks(path):
        return _other_sites(connection, method)
    if ".." in re.split(r"[/\\]", unquote(path)):  # the server has decoded it once
        return PlainTextResponse("This is no path of Footnote's.", 400)
    if _announced(connection) > _longest_upload():
        return PlainTextResponse("This is longer than any file may be.", 413)
    if path.startswith(_INNER) and not (path == _INNER[0] and _access(connection).person.admin):
        return PlainTextResponse("Footnote does not offer this.", 403)
    if path.startswith(_UPLOAD) and method != "OPTIONS":
        return _upload_objection(connection, path, method)
    return None


def _access(connection: HTTPConnection) -> Access:
    here, way = home(), door(connection)
    return Access(here, lambda: visitor(here, way))


def _upload_objection(connection: HTTPConnection, path: str, method: str) -> Response | None:
    """The answer to an upload of somebody who adds nothing, or into the tab of somebody else."""
    if not _access(connection).may_add():
        return PlainTextResponse("You may not add documents.", 403)
    if not _TABS.is_of(path.removeprefix(_UPLOAD).partition("/")[0], _person(connection)):
        return PlainTextResponse("This is no tab of yours.", 403)
    if method in ("PUT", "POST") and not connection.headers.get("content-length", "").isdecimal():
        return PlainTextResponse("Say how long the file is (Content-Length).", 411)
    return None


def _other_sites(connection: HTTPConnection, method: str) -> Response | None:
    """The answer to a page of another site, or of another program of this machine, that sends here.

    A browser says where a request comes from, and adds the session's cookie unasked. A key is
    never added unasked.
    """
    if method in ("GET", "HEAD") or programs.bearer(connection.headers) or _same_site(connection):
        return None
    return programs.error(403, "this was sent by a page of another site; send a key with it")


def _longest_upload() -> int:
    """Bytes that Streamlit takes of a file."""
    from streamlit import config

    return config.get_option("server.maxUploadSize") << 20


def _announced(connection: HTTPConnection) -> int:
    """How many bytes a request says are to come; Streamlit counts those that are not announced."""
    length = connection.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _refused(connection: HTTPConnection, refused: FootnoteError) -> Response:
    if programs.asks(connection.scope["path"]):
        return _refused_program(connection, refused)
    if isinstance(refused, NotSignedInError):
        if "text/html" in connection.headers.get("accept", ""):
            way = SIGN_IN
            if oidc.has_signed_in(connection.cookies):
                way = f"{SIGN_IN}/organisation"
            place = connection.url.path + ("?" + connection.url.query) * bool(connection.url.query)
            return RedirectResponse(f"{way}?next={quote(place)}", 303)
        return PlainTextResponse("Sign in first.", 401)
    code = 403 if isinstance(refused, ElsewhereError) else 503
    return PlainTextResponse(f"Footnote: {refused}.", code)


def _refused_program(connection: HTTPConnection, refused: FootnoteError) -> Response:
    """The same as JSON, with what a program can do about it."""
    if not isinstance(refused, NotSignedInError):
        return programs.error(403 if isinstance(refused, ElsewhereError) else 503, str(refused))
    if programs.bearer(connection.headers):
        return programs.error(401, str(refused))
    return programs.error(
        401,
        "this takes a key, in the header `Authorization: Bearer fn_…`; make one with"
        " `footnote people key NAME`, or under your name at the top of the pages",
    )


def _watched(
    connection: HTTPConnection, receive: Receive, send: Send
) -> Callable[[], Awaitable[Message]]:
    """`receive` of a connection that is closed once it may not be used any more."""

    async def checked() -> Message:
        message = await receive()
        while message["type"] == "websocket.receive" and not tabs.is_ours(
            message.get("bytes") or b""
        ):
            message = await receive()
        if message["type"] == "websocket.receive" and _refusal(connection) is not None:
            await send({"type": "websocket.send", "bytes": leave_for(SIGN_IN)})
            await send({"type": "websocket.close", "code": 1008})
            return {"type": "websocket.disconnect", "code": 1008}
        return message

    return checked


def leave_for(address: str) -> bytes:
    """Streamlit's message that sends the browser to another address."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = ForwardMsg()
    message.auth_redirect.url = address
    return message.SerializeToString()


async def sign_in(request: Request) -> Response:
    """Show the page, or try what was typed into it."""
    place = safe_place(request.query_params.get("next", ""))
    if _refusal(request) is None:
        return RedirectResponse(place, 303)
    if request.method == "GET":
        return page(request, place, name=request.query_params.get("name", "")[:64])
    if not _same_site(request):
        return PlainTextResponse("This form was not sent from Footnote's own page.", 403)
    fields = await form_fields(request)
    place = safe_place(fields.get("next", ""))
    name, password = fields.get("name", ""), fields.get("password", "")
    try:
        token = await run_in_threadpool(signin.sign_in, home().store, name, password)
    except signin.ThrottledError as error:
        return page(request, place, name=name, problem=str(error), status=429)
    except signin.WrongSignInError as error:
        return page(request, place, name=name, problem=str(error), status=401)
    return _signed_in(request, token, place)


async def organisation_sign_in(request: Request) -> Response:
    """Go to the organisation's sign-in (`?provider=`), or take up whom it has signed in."""
    provider = request.query_params.get("provider")
    if provider in oidc.providers():
        return RedirectResponse(oidc.address(provider), 303)
    place = safe_place(request.query_params.get("next", ""))
    try:
        token = await run_in_threadpool(
            oidc.session, home().store, dict(request.cookies), str(request.base_url)
        )
    except FootnoteError as error:
        response = page(request, place, problem=str(error), status=403)
    else:
        response = _signed_in(request, token, place)
    for name in oidc.cookies(request.cookies):
        response.delete_cookie(name)
    return response


def _signed_in(request: Request, token: str, place: str) -> Response:
    """Give the browser its session, and go where it wanted to."""
    response = RedirectResponse(place, 303)
    secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(signin.LONGEST_SECONDS),
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return response


def safe_place(place: str) -> str:
    """A place in this app to go to after signing in; the first page for anything else."""
    return place if _PLACE.fullmatch(place) and not place.startswith("//") else "/"


def _same_site(request: HTTPConnection) -> bool:
    """Whether a request was sent from a page of ours, by what browsers say of it.

    Those that say nothing are no browsers; they carry no cookie of anybody's.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _fault(request: Request, _: Exception) -> Response:
    """The answer to a fault of ours, which says nothing of the inside; the terminal does."""
    if programs.asks(request.url.path):
        return programs.error(500, "this is a fault in Footnote; its terminal or log says more")
    return PlainTextResponse("Internal Server Error", 500)


EXCEPTION_HANDLERS: dict[Any, Any] = {Exception: _fault}
ROUTES = [
    Route(SIGN_IN, sign_in, methods=["GET", "POST"]),
    Route(f"{SIGN_IN}/organisation", organisation_sign_in),
]
MIDDLEWARE: list[Any] = [Middleware(Guard)]
