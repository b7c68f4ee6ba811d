"""The page to sign in: plain HTML of the server, without a script, outside Streamlit."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from starlette.responses import HTMLResponse

from footnote.web.server import oidc

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_ASSETS = Path(__file__).parents[1] / "assets"
_LONGEST_FORM = 16_384  # bytes
_HEADERS = {
    # Nothing is loaded, no script runs, nobody frames it, and the form goes to this server only.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


def page(
    request: Request, place: str, *, name: str = "", problem: str = "", status: int = 200
) -> Response:
    """The page; `place` is where it leads to, `problem` what went wrong before."""
    template = Template((_ASSETS / "sign_in.html").read_text(encoding="utf-8"))
    logo = (_ASSETS / "logo.svg").read_text(encoding="utf-8")
    text = template.substitute(
        logo=logo,
        place=html.escape(place),
        name=html.escape(name),
        focus_name="" if name else "autofocus",
        focus_password="autofocus" if name else "",
        problem=f'<p class="problem" role="alert">{html.escape(_sentence(problem))}</p>'
        if problem
        else "",
        organisation="".join(map(_link, oidc.providers())),
    )
    return HTMLResponse(text, status, headers=_HEADERS)


def _link(provider: str) -> str:
    said = "your organisation" if provider == "default" else provider.capitalize()
    address = f"/sign-in/organisation?provider={quote(provider)}"
    return f'<a class="button" href="{address}">Sign in with {html.escape(said)}</a>'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; none of one that is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
