"""What a language model's server may send: limits on all that is read, whatever it calls itself."""

import gzip
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from rag.llm.client import (
    InterruptedAnswerError,
    LanguageModelError,
    MalformedReplyError,
    Message,
    OpenAIChat,
    TimedOutError,
    UnreachableError,
    complete,
)

SILENCE = 0.5
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WORD = b'data: {"choices": [{"delta": {"content": "Two"}}]}\n\n'
ERROR = b"HTTP/1.1 500 Error\r\nContent-Type: application/json\r\n\r\n"


@contextmanager
def raw_server(first: bytes, again: bytes = b"", pause: float = 0.0):
    """Answers every connection with bytes, then with others again and again; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop, came = threading.Event(), []

    def answer(connection):
        with connection:
            came.append(connection.recv(65_536))
            try:
                connection.sendall(first)
                while again and not stop.wait(pause):
                    connection.sendall(again)
            except OSError:
                return

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", came
    finally:
        stop.set()
        listener.close()


def failure(url):
    model = OpenAIChat(url, "sk-secret", "tiny", SILENCE, lambda _: None)
    began = time.monotonic()
    with pytest.raises(LanguageModelError) as caught:
        complete(model, [Message("user", "How long?")], 100)
    # Whatever came, it was given up after the limit or ten times that, not after minutes.
    assert time.monotonic() - began < 40 * SILENCE
    return caught.value


DRIPPED = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "an error": (ERROR, b" "),
    "a redirect": (b"HTTP/1.1 307 Moved\r\nLocation: /v2\r\n\r\n", b" "),
    "comments": (STREAM, b": alive\n\n"),
    "data without a piece": (STREAM, b"data:\n"),
    "a nameless line": (STREAM, b"data\n\n"),
    "lines that are no piece": (STREAM, b"datax: data: y\n"),
    "one json object": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DRIPPED)
def test_what_comes_in_drops_is_given_up(what):
    with raw_server(*DRIPPED[what], pause=0.05) as (url, _):
        found = failure(url)
    assert isinstance(found, TimedOutError | MalformedReplyError)


ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 1000 + b"\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "an error": (ERROR, b" " * (1 << 16)),
    "a redirect": (b"HTTP/1.1 307 Moved\r\nLocation: /v2\r\n\r\n", b" " * (1 << 16)),
    "one json object": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * (1 << 16),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_is_cut_off(what):
    with raw_server(*ENDLESS[what]) as (url, _):
        found = failure(url)
    assert isinstance(found, InterruptedAnswerError | UnreachableError | TimedOutError)


@pytest.mark.parametrize("status", [b"200 OK", b"500 Error"])
def test_what_is_compressed_unasked_is_not_unpacked(status):
    """A kilobyte of it had a process grow by a gigabyte."""
    bomb = gzip.compress(bytes(64 << 20))
    head = (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    )
    with raw_server(head + b"Content-Length: %d\r\n\r\n" % len(bomb) + bomb) as (url, came):
        assert "compresses" in str(failure(url))
    assert b"accept-encoding: identity" in came[0].lower()


def test_a_redirect_to_another_host_is_not_followed():
    with raw_server(STREAM + WORD) as (other, came):
        place = other.replace("127.0.0.1", "localhost").encode()
        moved = b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"
        with raw_server(moved) as (url, _):
            found = failure(url)
    assert type(found) is MalformedReplyError
    assert "sends on to" in str(found)
    assert came == []  # neither the question nor the key


def test_a_redirect_on_the_same_server_is_followed():
    body = b'{"choices": [{"message": {"content": "Two"}, "finish_reason": "stop"}]}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    replies = [
        b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\nConnection: close\r\nLocation: /b\r\n\r\n",
        answer % len(body) + body,
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for reply in replies:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        assert complete(OpenAIChat(url, "", "m", 5.0), [Message("user", "?")], 10) == "Two"


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 100_000, b"9" * 5_000, b'{"error": ' + b"9" * 5_000 + b"}"]
)
@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
def test_json_that_nobody_can_read_is_named(body, kind):
    said = b"data: " + body + b"\n\n" if kind.endswith(b"stream") else body
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n"
    with raw_server(head % len(said) + said) as (url, _):
        failure(url)
    with raw_server(ERROR + body) as (url, _):
        failure(url)


def test_a_wait_that_is_no_number_is_none():
    busy = (
        b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\nRetry-After: nan\r\nConnection: close\r\n\r\n"
    )
    waits = []
    with raw_server(busy) as (url, _), pytest.raises(LanguageModelError):
        complete(OpenAIChat(url, "", "m", 5.0, waits.append), [Message("user", "?")], 10)
    assert waits == [1.0, 2.0]
