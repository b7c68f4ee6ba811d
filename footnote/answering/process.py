"""The helping process: `python -m footnote.answering.process HOME`; questions in, answers out.

It opens the home for itself and answers by quotation. What comes and goes is a line of JSON:

    to it      {"question": …, "collections": [id], "documents": [id],
                "before": [[question, answer]]}
    from it    {"ready": true} once, then {"answer": …}, or {"failed": true}: whoever asked does it
               and comes upon the reason

It ends where its pipe does, and where nobody has asked for `IDLE_SECONDS`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from typing import IO, Any

from embedder.errors import FootnoteError
from footnote.home import Home
from indexer.search.searcher import Scope
from rag.records import Turn, from_json, to_json

IDLE_SECONDS = 600.0


def serve(home: Home, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer what comes until the pipe ends."""
    _warm(home)
    say(answers, {"ready": True})
    while True:
        idle = Timer(IDLE_SECONDS, os._exit, (0,))
        idle.daemon = True
        idle.start()
        line = questions.readline()
        idle.cancel()
        if not line:
            return
        say(answers, _answered(home, json.loads(line)))


def say(pipe: IO[bytes], message: Mapping[str, Any]) -> None:
    """Write one message."""
    pipe.write(json.dumps(message).encode() + b"\n")
    pipe.flush()


def question(text: str, scope: Scope, before: tuple[Turn, ...]) -> dict[str, Any]:
    """A question as it is sent, with where it may be answered from and the turns before it."""
    return {
        "question": text,
        "collections": sorted(scope.collections),
        "documents": sorted(scope.documents),
        "before": [[turn.question, to_json(turn.answer)] for turn in before],
    }


def _answered(home: Home, asked: Mapping[str, Any]) -> dict[str, Any]:
    scope = Scope(frozenset(asked["collections"]), frozenset(asked["documents"]))
    try:
        before = [Turn(text, from_json(answer)) for text, answer in asked["before"]]
        return {"answer": to_json(home.answerer.ask(asked["question"], scope, before))}
    except FootnoteError:
        return {"failed": True}
    except Exception:
        logging.getLogger(__name__).exception("a question could not be answered")
        return {"failed": True}


def _warm(home: Home) -> None:
    """Load what answering needs; whatever goes wrong comes up again with a question."""
    with suppress(FootnoteError):
        scope = home.scope()
        if scope.collections:
            home.searcher.find("warm", scope, 1)


def main() -> None:
    """Serve the pipe; whatever else writes to the standard output goes to the log."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(Home.open(sys.argv[1]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
