"""A limit on the processor time of one library call, for what can do without its result."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.2  # seconds from one ring to the next


class TooSlowError(BaseException):  # passes by the `except Exception` of libraries
    """The call took more processor time than it was given."""


@contextmanager
def processor_seconds(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` in the midst of what takes longer, again and again until it is heard.

    Once would not do: what is raised in a garbage collector's callback or in `__del__` is lost.
    Signals reach the main thread alone, where parser processes do their work; elsewhere there is
    no limit. Only calls into Python can be left so: C code that does not return is the parser
    pool's to end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
