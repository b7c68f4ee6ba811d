"""A tiny HTTP server that speaks OpenAI's streaming chat protocol from a script.

It enters by the same door as a real one, faults included: refused keys, rate limits, hangs,
connections that end in mid-answer, replies that are not JSON.
"""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """One scripted reply: the status, then the pieces, then how it ends.

    `end` is "done", "length" (the limit was reached), "drop" (the connection closes in
    mid-answer), "hang" (silence), "garbage" (a chunk that is not JSON), or "error" (an error
    object in the stream), "silent" (not even headers come), "alive" (comments without end),
    "thinking" (pieces without a word, without end), "endless" (words without end) or "line" (one
    line without end). `chunks` are sent as they are, before the pieces.
    """

    pieces: tuple[str, ...] = ()
    status: int = 200
    end: str = "done"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    chunks: tuple[str, ...] = ()


@dataclass
class Script:
    """The replies still to be given (the last one repeats) and the requests that came.

    Where `answer` is given, it makes the reply from the request instead.
    """

    replies: list[Reply]
    answer: Callable[[dict], Reply] | None = None
    requests: list[dict] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    models: tuple[str, ...] = ("tiny",)
    closing: threading.Event = field(default_factory=threading.Event)

    def take(self, request: dict) -> Reply:
        if self.answer is not None:
            return self.answer(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted_server(*replies: Reply, answer: Callable[[dict], Reply] | None = None):
    """Run the server on a free port for the length of the block; yield its `Script`."""
    script = Script(list(replies), answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script = script
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Plays the script that the server carries."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.script.keys.append(self.headers.get("Authorization", ""))
        models = [{"id": name} for name in self.server.script.models]
        listed = self.path == "/v1/models"
        self._plain(Reply(body=json.dumps({"data": models})) if listed else Reply(status=404))

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        request = json.loads(self.rfile.read(length))
        self.server.script.requests.append(request)
        self.server.script.keys.append(self.headers.get("Authorization", ""))
        reply = self.server.script.take(request)
        if reply.status != 200 or reply.body:
            self._plain(reply)
        else:
            self._stream(reply)

    def _plain(self, reply):
        body = reply.body or json.dumps({"error": {"message": f"scripted {reply.status}"}})
        self.send_response(reply.status)
        kind = "text/html" if body.startswith("<") else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def _stream(self, reply):
        if reply.end == "silent":
            self.server.script.closing.wait(30)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if reply.end == "drop":  # promise more than will come, so that the end is a fault
            self.send_header("Content-Length", "1000000")
        self.end_headers()
        for chunk in reply.chunks:
            self._event(chunk)
        for piece in reply.pieces:
            self._event(json.dumps(_chunk(piece, None)))
        if reply.end in ("done", "length"):
            self._event(json.dumps(_chunk("", "stop" if reply.end == "done" else "length")))
            self._event("[DONE]")
        elif reply.end == "garbage":
            self._event('{"choices": [{"delta"')
        elif reply.end == "error":
            self._event(json.dumps({"error": {"message": "out of memory"}}))
        elif reply.end == "hang":
            self.server.script.closing.wait(30)
        elif reply.end in ENDLESS:
            self._go_on(ENDLESS[reply.end])
        self.close_connection = True

    def _go_on(self, what):
        """Send the same until nobody listens any more."""
        data, pause = what
        try:
            while not self.server.script.closing.wait(pause):
                self.wfile.write(data)
                self.wfile.flush()
        except OSError:
            pass

    def _event(self, data):
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()


def _chunk(text, finish):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
    }


def _data(text):
    return f"data: {json.dumps(_chunk(text, None))}\n\n".encode()


# What is sent again and again, and the seconds between.
ENDLESS = {
    "alive": (b": keep-alive\n\n", 0.05),
    "thinking": (_data(""), 0.05),
    "endless": (_data("word after word " * 50), 0),
    "line": (b"data: " + b"x" * (1 << 20), 0),
}
