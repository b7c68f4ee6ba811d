"""The child process: `python -m indexer.sandbox.child BYTES`. Imports parsers only, no torch."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import IO, Any

from indexer.pages import boxes, render
from indexer.parsers.errors import CorruptedError, ParseError, ParserMemoryError
from indexer.parsers.reading import ReadingLimits
from indexer.sandbox.frames import HEADER, page_message, send

Say = Callable[[dict[str, Any]], None]


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """A worker's life: parse what comes until the pipe ends."""
    import indexer.parsers  # noqa: F401  before the first file's time starts to count

    send(answers, {"ready": True})
    while header := requests.read(HEADER.size):
        request = json.loads(requests.read(HEADER.unpack(header)[0]))
        _answer(request, partial(send, answers))


def _carry_out(request: dict[str, Any], say: Say) -> None:
    if "path" not in request:
        say(_drawn(request))
        return
    from indexer.parsers import parse

    path, limits = Path(request["path"]), ReadingLimits(**request["limits"])
    parsed = parse(path, request["name"], lambda done, of: say({"done": done, "of": of}), limits)
    for page in parsed.pages:
        say(page_message(page))
    found = {"title": parsed.title, "kind": parsed.kind, "problems": parsed.problems}
    say({"parsed": found})


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


def _answer(request: dict[str, Any], say: Say) -> None:
    try:
        _carry_out(request, say)
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
