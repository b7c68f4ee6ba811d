"""The child process: `python -m indexer.sandbox.child BYTES`. Imports parsers only, no torch."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import IO, Any

from indexer.chunking import PassageLimits, cut
from indexer.pages import boxes, render
from indexer.parsers.errors import CorruptedError, ParseError, ParserMemoryError
from indexer.parsers.reading import ReadingLimits
from indexer.records import Page
from indexer.sandbox.frames import HEADER, page_message, send

Say = Callable[[dict[str, Any]], None]
Ask = Callable[[], dict[str, Any]]  # the parent's next message

# Texts and passages that go in one message.
_TEXTS, _PASSAGES = 2_000, 2_000


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's life: parse what comes until the pipe ends."""
    import indexer.parsers  # noqa: F401  before the first file's time starts to count

    send(answers, {"ready": True})
    while header := requests.read(HEADER.size):
        request = json.loads(requests.read(HEADER.unpack(header)[0]))
        _answer(request, partial(send, answers), partial(_next, requests))


def _next(requests: IO[bytes]) -> dict[str, Any]:
    """What the parent says next; the worker ends where it is gone."""
    header = requests.read(HEADER.size)
    if not header:
        raise SystemExit
    return json.loads(requests.read(HEADER.unpack(header)[0]))


def _carry_out(request: dict[str, Any], say: Say, ask: Ask) -> None:
    if "path" not in request:
        say(_drawn(request))
        return
    from indexer.parsers import parse

    path, limits = Path(request["path"]), ReadingLimits(**request["limits"])
    parsed = parse(path, request["name"], lambda done, of: say({"done": done, "of": of}), limits)
    for page in parsed.pages:
        say(page_message(page))
    if request["cut"]:
        _cut(parsed.pages, PassageLimits(**request["cut"]), say, ask)
    found = {"title": parsed.title, "kind": parsed.kind, "problems": parsed.problems}
    say({"parsed": found})


def _cut(pages: Sequence[Page], limits: PassageLimits, say: Say, ask: Ask) -> None:
    """Cut pages here, where it can be stopped; the parent, which has the embedder, counts."""

    def count_tokens(texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _TEXTS):
            say({"count": list(texts[start : start + _TEXTS])})
            counts += ask()["counts"]
        return counts

    passages = cut(pages, count_tokens, limits)
    for start in range(0, len(passages), _PASSAGES):
        part = passages[start : start + _PASSAGES]
        say({"passages": [[one.headings, [astuple(s) for s in one.spans]] for one in part]})


def _drawn(request: dict[str, Any]) -> dict[str, Any]:
    """The picture of a page, or the boxes of a text on it. Raises `CorruptedError`."""
    try:
        if "draw" in request:
            path, number, dpi = request["draw"]
            return {"picture": base64.b64encode(render(Path(path), number, dpi)).decode()}
        path, number, text, start, end = request["boxes"]
        return {"boxes": [astuple(box) for box in boxes(Path(path), number, text, start, end)]}
    except IndexError as error:
        raise CorruptedError(f"the page cannot be shown: {error}") from error


def _answer(request: dict[str, Any], say: Say, ask: Ask) -> None:
    try:
        _carry_out(request, say, ask)
    except ParseError as error:
        say({"error": error.code, "message": str(error)})
    except OSError as error:
        say({"error": "unreadable", "message": f"cannot be opened ({error.strerror or error})"})
    except MemoryError:
        say(
            {
                "error": ParserMemoryError.code,
                "message": "took too much memory to read; split it into smaller files",
            }
        )
    # The edge of the process: whatever a library raises on a broken file is the file's failure
    # and is reported as that, with its name, so that it can be turned into a bug report.
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {error}"[:200]
        say(
            {
                "error": "corrupted",
                "message": f"could not be read ({reason}); save it again in another format",
            }
        )


def _main() -> None:
    memory = int(sys.argv[1])
    with contextlib.suppress(ValueError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No parser has a file to write, whatever a document would have it do.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # What a library prints must not land among the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
