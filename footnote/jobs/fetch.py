"""A web page fetched for the Library: from the open web only, whatever its address says.

Whoever names an address has this machine send a request. So the address is looked up once, the
connection goes to what was found, and only where all of it is public: not this machine, not the
network that it stands in. A redirect is an address like the first. Size and time have limits.
"""

from __future__ import annotations

import http.client
import mimetypes
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote, urljoin, urlsplit

from embedder.errors import FootnoteError

MOST_BYTES = 20 << 20
_SECONDS = 30.0  # from the first byte sent to the last one read
_WAIT = 10.0  # for any answer at all
_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_PIECE = 1 << 16
_KINDS = {"text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt"}
# Networks inside IPv6 that lead to addresses of IPv4: NAT64, 6to4, Teredo.
_MAPPED = re.compile(r"^(64:ff9b:|2002:|2001:0{0,4}:|2001::)", re.IGNORECASE)

Lookup = Callable[[str, int], list[str]]


class FetchError(FootnoteError):
    """A web page could not be fetched, or may not be."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file from the web, and the name that it is kept under."""

    name: str
    content: bytes


def fetch(address: str, lookup: Lookup | None = None) -> Fetched:
    """The page at an address. Raises `FetchError`, with what can be done."""
    ends = time.monotonic() + _SECONDS
    here = address.strip()
    for _ in range(_REDIRECTS + 1):
        answer, connection = _request(here, lookup or _looked_up)
        try:
            if answer.status in (301, 302, 303, 307, 308):
                here = urljoin(here, answer.getheader("location") or "")
                continue
            if answer.status != 200:
                raise FetchError(f"{here} answers {answer.status} {answer.reason}; check it")
            kind = (answer.getheader("content-type") or "").split(";")[0].strip().casefold()
            return Fetched(_name(here, kind), _body(answer, here, ends))
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(here, error) from error
        finally:
            connection.close()
    raise FetchError(f"{address} leads on and on; give the address where it ends")


def _request(
    address: str, lookup: Lookup
) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
    """Ask for an address, at the one place that was looked up and found to be public."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"{address} is no web address") from error
    if parts.scheme not in _PORTS or not host or parts.username or parts.password:
        raise FetchError(f"{address} is no address of a web page; it begins with https://")
    if port not in (None, _PORTS[parts.scheme]):
        raise FetchError(f"{address} names a port; only the web's own are allowed")
    place = _public(host, _PORTS[parts.scheme], lookup)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Pinned(place, host, secure=parts.scheme == "https")
    try:
        connection.request(
            "GET", path, headers={"Accept": "text/html,*/*;q=0.5", "Accept-Encoding": "identity"}
        )
        return connection.getresponse(), connection
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        connection.close()
        raise _unreachable(address, error) from error


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked up before, under the name of its host."""

    def __init__(self, place: str, host: str, *, secure: bool) -> None:
        super().__init__(host, _PORTS["https" if secure else "http"], timeout=_WAIT)
        self._place, self._secure = place, secure

    def connect(self) -> None:
        """Connect; the name is not looked up again, which could give another address."""
        self.sock = socket.create_connection((self._place, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _public(host: str, port: int, lookup: Lookup) -> str:
    """The address of a host. Raises `FetchError` where any of its addresses is not public."""
    try:
        places = lookup(host, port)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{host} is not known; check the address") from error
    if not places or not all(map(is_public, places)):
        raise FetchError(f"{host} is not on the open web; only pages there are fetched")
    return places[0]


def is_public(place: str) -> bool:
    """Whether an IP address is one of the open web."""
    try:
        address = ip_address(place.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif _MAPPED.match(address.exploded) or _MAPPED.match(str(address)):
            return False
    return address.is_global and not address.is_multicast


def _looked_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def _body(answer: http.client.HTTPResponse, address: str, ends: float) -> bytes:
    body = bytearray()
    while piece := answer.read1(_PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise FetchError(f"{address} is larger than {MOST_BYTES >> 20} MB; save it and add it")
        if time.monotonic() > ends:
            raise FetchError(f"{address} takes longer than {_SECONDS:.0f} seconds; save and add it")
    return bytes(body)


def _name(address: str, kind: str) -> str:
    """What the file is called: its host and path, ending as its kind does."""
    parts = urlsplit(address)
    path = re.sub(r"[^\w.-]+", "-", unquote(parts.path)).strip("-.")
    name = f"{parts.hostname}-{path}"[:120].strip("-.") if path else str(parts.hostname)
    ending = _KINDS.get(kind) or mimetypes.guess_extension(kind or "") or ".html"
    return name if name.casefold().endswith(ending) else name + ending


def _unreachable(address: str, error: BaseException) -> FetchError:
    return FetchError(f"{address} cannot be read ({error or type(error).__name__}); try it later")
