"""Which site a request was sent from, and that this process asks nobody about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.types import Receive, Scope, Send


def look_nothing_up() -> None:
    """Keep Streamlit from asking a host on the internet under which address this one is reached.

    It does at the start, and for each request of another site, on the loop that serves everybody.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: None


def is_foreign(connection: HTTPConnection) -> bool:
    """Whether a page of another site sends this, by what the browser says.

    Asked here: Streamlit would look up, on the internet, under which address it is reached.
    """
    said = connection.headers.get("origin")
    if said is None:
        return False
    try:
        place = urlsplit(said)
        asked = {connection.headers.get("host"), connection.headers.get("x-forwarded-host")}
        named = place.hostname in {None, ""} or place.netloc not in asked
    except ValueError:
        return True
    return named and not _configured(said, place.hostname)


def _configured(origin: str, host: str | None) -> bool:
    """Whether whoever runs the server has named this origin: that of a proxy before it."""
    from streamlit import config

    return origin in config.get_option("server.corsAllowedOrigins") or (
        config.is_manually_set("browser.serverAddress")
        and host == config.get_option("browser.serverAddress")
    )


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what a page of another site has sent."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    refused = PlainTextResponse("This was sent by a page of another site.", 403)
    await refused(scope, receive, send)
