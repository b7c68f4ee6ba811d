"""The helping process: `python -m footnote.answering.process HOME`; questions in, answers out.

It opens the home for itself and answers by quotation. What comes and goes is pickled: both ends
are this program. It ends where its pipe does, and where nobody has asked for `IDLE_SECONDS`.
"""

from __future__ import annotations

import os
import pickle
import sys
from threading import Timer
from typing import IO, Any

from embedder.errors import FootnoteError
from footnote.home import Home

IDLE_SECONDS = 600.0


def serve(home: Home, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer what comes until the pipe ends."""
    _warm(home)
    _say(answers, None)  # it is ready
    while True:
        idle = Timer(IDLE_SECONDS, os._exit, (0,))
        idle.daemon = True
        idle.start()
        try:
            asked = pickle.load(questions)  # noqa: S301 - from the process that started this
        except EOFError:
            return
        idle.cancel()
        _say(answers, _answered(home, *asked))


def _answered(home: Home, *asked: Any) -> Any:
    """The answer, or the error that came instead."""
    try:
        return home.answerer.ask(*asked)
    except FootnoteError as error:
        return error
    except Exception as error:  # noqa: BLE001 - told to who asked, who answers by itself
        return RuntimeError(f"{type(error).__name__}: {error}")


def _say(answers: IO[bytes], said: Any) -> None:
    pickle.dump(said, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _warm(home: Home) -> None:
    """Load what answering needs; whatever goes wrong comes up again with a question."""
    try:
        scope = home.scope()
        if scope.collections:
            home.searcher.find("warm", scope, 1)
    except FootnoteError:
        pass


def main() -> None:
    """Serve the pipe; whatever else writes to the standard output goes to the log."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(Home.open(sys.argv[1]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
