"""The connection to a language model's server, read within limits on whatever it sends.

A time limit between two reads is no limit: headers, errors and redirects can be dripped byte by
byte or go on without end, "100 Continue" can come for ever, and a kilobyte of gzip holds a
megabyte. So the socket itself counts: until a good reply has begun, all must have come within the
limit of silence, and no more than `_MOST_HEAD`; a reply that is compressed, though none was asked
for, is not unpacked; one that sends on to another host is not followed.
"""

from __future__ import annotations

import ssl
import time
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from rag.llm.stream import MOST_BYTES, EndlessReplyError, NoWordError

_MOST_HEAD = 1 << 20  # bytes of headers, and of an error or a redirect with its body


class RefusedReplyError(ValueError):
    """A reply that is not read: compressed unasked, or of another host."""


def client(base_url: str, silence: float) -> httpx2.Client:
    """A client for one server. `silence` is the seconds until a good reply has begun."""
    return httpx2.Client(
        transport=_Transport(silence, _proxy(base_url)),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=True,
        event_hooks={"response": [_check]},
    )


def _proxy(base_url: str) -> str | None:
    """The proxy that the environment names for an address."""
    url = httpx2.URL(base_url)
    found = getproxies()
    return None if proxy_bypass(url.host) else found.get(url.scheme, found.get("all"))


def _check(response: httpx2.Response) -> None:
    """Raise `RefusedReplyError` where a reply sends on to another host, or is compressed."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RefusedReplyError(f"it compresses its replies ({encoding[:20]}) without being asked")
    if response.has_redirect_location:
        asked, other = response.request.url, response.url.join(response.headers["location"])
        upwards = asked.scheme == "http" and other.scheme == "https"
        if other.host != asked.host or not (upwards or _origin(other) == _origin(asked)):
            place = f"{other.scheme}://{other.host}"[:100]
            raise RefusedReplyError(f"it sends on to {place}; name that address if you trust it")


def _origin(url: httpx2.URL) -> tuple[str, int | None]:
    return url.scheme, url.port


class _Transport(httpx2.HTTPTransport):
    """httpx's transport over sockets that count."""

    def __init__(self, silence: float, proxy: str | None) -> None:
        super().__init__(proxy=proxy)
        # Its pool takes a network backend, which httpx's own transport has no parameter for.
        pool: Any = self._pool
        pool._network_backend = _Backend(pool._network_backend, silence)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; a good reply may then go on for as long as its reader lets it."""
        response = super().handle_request(request)
        socket = response.extensions.get("network_stream")
        if response.status_code == 200 and isinstance(socket, _Socket):
            socket.let_go_on()
        return response


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, inner: httpcore2.NetworkBackend, silence: float) -> None:
        self._inner, self._silence = inner, silence

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Socket(self._inner.connect_tcp(*args, **options), self._silence)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Socket(httpcore2.NetworkStream):
    """A socket that counts what came since the last request, and for how long it has come."""

    def __init__(self, inner: httpcore2.NetworkStream, silence: float) -> None:
        self._inner, self._silence = inner, silence
        self._begin()

    def _begin(self) -> None:
        self._until: float | None = time.monotonic() + self._silence
        self._room, self._reading = _MOST_HEAD, False

    def let_go_on(self) -> None:
        """A good reply has begun: from here its pieces are watched (`stream.Limits`)."""
        self._until, self._room = None, MOST_BYTES

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._reading = True
        left = self._left()
        wait = left if timeout is None else timeout if left is None else min(timeout, left)
        try:
            data = self._inner.read(max_bytes, timeout=wait)
        except httpcore2.ReadTimeout:
            self._left()
            raise
        self._room -= len(data)
        if self._room < 0:
            raise EndlessReplyError
        return data

    def _left(self) -> float | None:
        """Seconds that are left; None without a limit. Raises `NoWordError` at its end."""
        if self._until is None:
            return None
        left = self._until - time.monotonic()
        if left <= 0:
            raise NoWordError
        return left

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._reading:  # the next request over the same connection
            self._begin()
        self._inner.write(buffer, timeout=timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        wrapped = self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Socket(wrapped, self._silence)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
