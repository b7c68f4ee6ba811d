"""Which language models there are: those of a server, and servers of this machine.

Looking is all that happens here: nothing that is found is used before a person says so.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rag.llm.client import MalformedReplyError, RefusedKeyError, UnreachableError

# Where Ollama and LM Studio listen unless they are told otherwise; both speak OpenAI's protocol.
USUAL: Mapping[str, str] = {
    "Ollama": "http://127.0.0.1:11434/v1",
    "LM Studio": "http://127.0.0.1:1234/v1",
}
_SECONDS = 10.0
# A server of this machine answers at once, or is not there.
_LOCAL_SECONDS = 0.5
_MOST_BYTES = 2_000_000
_MOST_MODELS = 500


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answers on this machine, and the models that it offers."""

    name: str
    base_url: str
    models: tuple[str, ...]


def models_at(base_url: str, api_key: str = "", timeout: float = _SECONDS) -> tuple[str, ...]:
    """The names of the models that a server offers, in its order.

    Raises `UnreachableError`, `RefusedKeyError` or `MalformedReplyError`.
    """
    where = f"{base_url.rstrip('/')}/models"
    if not where.startswith(("http://", "https://")):
        raise UnreachableError(
            f"{base_url!r} is no web address; it begins with http:// or https://"
        )
    asked = urllib.request.Request(where)  # noqa: S310 - http or https, see above
    asked.add_header("Authorization", f"Bearer {api_key or 'none'}")
    try:
        with _opener(base_url).open(asked, timeout=timeout) as reply:
            return _names(json.loads(reply.read(_MOST_BYTES)))
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise RefusedKeyError(f"{base_url} refused the key; check it") from error
        raise MalformedReplyError(
            f"{where} answers with status {error.code}; check that the address ends where the "
            "server's API begins (mostly /v1)"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, OSError):
            raise UnreachableError(
                f"nothing answers at {base_url}; check the address and that the server is running"
            ) from error
        raise MalformedReplyError(
            f"{where} sent no list of models; type the model's name yourself"
        ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server that sends elsewhere is not followed there with the key."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _opener(base_url: str) -> urllib.request.OpenerDirector:
    """What opens addresses; those of this machine are asked without a proxy."""
    local = (urlsplit(base_url).hostname or "") in ("localhost", "127.0.0.1", "::1")
    proxies = [urllib.request.ProxyHandler({})] if local else []
    return urllib.request.build_opener(_NoRedirect, *proxies)


def local_servers(usual: Mapping[str, str] = USUAL) -> tuple[LocalServer, ...]:
    """The servers that answer at the usual places of this machine, asked at the same time."""
    with ThreadPoolExecutor(len(usual)) as asking:
        found = asking.map(lambda item: _local(*item), usual.items())
        return tuple(server for server in found if server is not None)


def _local(name: str, base_url: str) -> LocalServer | None:
    try:
        return LocalServer(name, base_url, models_at(base_url, timeout=_LOCAL_SECONDS))
    except (UnreachableError, RefusedKeyError, MalformedReplyError):
        return None  # another program, or none


def _names(listed: dict[str, Any]) -> tuple[str, ...]:
    rows: Sequence[dict[str, Any]] = listed["data"] or ()
    return tuple(str(row["id"]) for row in rows[:_MOST_MODELS])
