"""Web pages by their address: from the open web, and from nowhere else."""

import socket

import pytest

from footnote.jobs import fetch
from footnote.jobs.fetch import FetchError

INNER = [
    "127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
    "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:53aa:64c::1", "nothing",
]  # fmt: skip


@pytest.mark.parametrize("place", INNER)
def test_no_inner_address_is_public(place):
    assert not fetch.is_public(place)


@pytest.mark.parametrize("place", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_of_the_open_web_are(place):
    assert fetch.is_public(place)


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "ftp://example.org/a", "http:///a", "example.org",
        "http://user:secret@example.org/", "http://example.org:8501/", "http://[::1",
        "https://example.org:80/",
    ],
)  # fmt: skip
def test_what_is_no_page_of_the_web_is_not_asked_for(address):
    with pytest.raises(FetchError):
        fetch.fetch(address, lambda host, port: pytest.fail("looked up"))


def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to():
    for places in (["127.0.0.1"], ["93.184.215.14", "10.0.0.8"], []):
        with pytest.raises(FetchError, match="open web"):
            fetch.fetch("https://example.org/", lambda host, port, places=places: places)


@pytest.fixture
def web(monkeypatch):
    """Answers of a server that the connection ends at, whatever public address it goes to."""
    sent, went = [], []

    def connection(place, timeout):
        went.append(place)
        here, there = socket.socketpair()
        there.sendall(sent.pop(0))
        there.shutdown(socket.SHUT_WR)
        kept.append(there)
        return here

    kept: list[socket.socket] = []
    monkeypatch.setattr(socket, "create_connection", connection)
    yield sent, went
    for one in kept:
        one.close()


def public(host, port):
    return ["93.184.215.14"] if host != "inner.example" else ["10.0.0.8"]


def test_a_page_is_fetched_from_the_address_that_was_looked_up(web):
    sent, went = web
    sent.append(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Mill</p>")
    page = fetch.fetch("http://example.org/the/mill?x=1", public)
    assert (page.name, page.content) == ("example.org-the-mill.html", b"<p>Mill</p>")
    assert went == [("93.184.215.14", 80)]


def test_a_redirect_is_looked_at_like_the_first_address(web):
    sent, went = web
    sent.append(b"HTTP/1.1 302 Found\r\nLocation: http://inner.example/\r\n\r\n")
    with pytest.raises(FetchError, match="open web"):
        fetch.fetch("http://example.org/", public)
    assert len(went) == 1


def test_endless_redirects_and_large_bodies_end(web, monkeypatch):
    sent, _ = web
    sent += [b"HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n"] * 6
    with pytest.raises(FetchError, match="on and on"):
        fetch.fetch("http://example.org/", public)
    monkeypatch.setattr(fetch, "MOST_BYTES", 10)
    sent.append(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)
    with pytest.raises(FetchError, match="larger"):
        fetch.fetch("http://example.org/", public)


def test_what_is_not_there_is_said(web):
    sent, _ = web
    sent.append(b"HTTP/1.1 404 Not Found\r\n\r\n")
    with pytest.raises(FetchError, match="404"):
        fetch.fetch("http://example.org/", public)
