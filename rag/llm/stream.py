"""What comes over the wire from a language model, whatever it is: read within limits.

A server may be slow, keep silent with the line open, send a web page, one whole JSON object
where a stream was asked for, an error under the status 200, or never stop. Nothing here trusts
what a reply calls itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openai

# Bytes of a reply altogether, each word of which may come in an envelope of half a kilobyte; and
# of one that is no stream, or of a line of one that is.
MOST_BYTES = 64 << 20
_MOST_WHOLE = 4 << 20
# A model that thinks sends pieces without a word; for so many times the limit of silence.
_PATIENCE = 10


class EndlessReplyError(ValueError):
    """The reply is longer than any that was asked for."""


class NoWordError(TimeoutError):
    """The line is alive, and nothing is said."""


class SaidError(ValueError):
    """The server says, in a reply that calls itself good, what went wrong."""


@dataclass
class Limits:
    """How long a reply may be silent, and how many characters it may have."""

    silence: float
    characters: int
    _word: float = field(default_factory=time.monotonic)
    _data: float = field(default_factory=time.monotonic)

    def heard(self, text: str) -> None:
        """A piece has come; raise `NoWordError` where there has been no word for too long."""
        now = self._data = time.monotonic()
        if text:
            self._word = now
        elif now - self._word > _PATIENCE * self.silence:
            raise NoWordError

    def sign_of_life(self) -> None:
        """Bytes that are no piece of a reply; raise `NoWordError` where that is all for long."""
        if time.monotonic() - self._data > max(self.silence, 1e-9):
            raise NoWordError


def opened_reply(stream: openai.Stream[Any], limits: Limits) -> Iterator[Any]:
    """The pieces of a reply: a stream's, or the one that a server without streaming sends.

    Raises the errors above, and `ValueError` for what is no JSON.
    """
    kind = str(stream.response.headers.get("content-type", "")).lower()
    if kind.startswith("application/json"):
        yield _whole(stream, limits)
        return
    read = stream.response.iter_bytes

    def iter_bytes() -> Iterator[bytes]:
        count = line = 0
        for part in read():
            count += len(part)
            end = part.rfind(b"\n")
            line = line + len(part) if end < 0 else len(part) - end - 1
            if count > MOST_BYTES or line > _MOST_WHOLE:
                raise EndlessReplyError
            limits.sign_of_life()  # a line that calls itself data is no piece either
            yield part

    # Where the library takes its bytes from.
    stream.response.iter_bytes = iter_bytes  # type: ignore[assignment, method-assign]
    yield from stream


def _whole(stream: openai.Stream[Any], limits: Limits) -> Any:
    """A reply that is one JSON object. Raises `SaidError` where that is an error."""
    text = b""
    try:
        for part in stream.response.iter_bytes():
            text += part
            if len(text) > _MOST_WHOLE:
                raise EndlessReplyError
            limits.heard("")  # dripped byte by byte it is given up, too
    finally:
        stream.response.close()
    found = json.loads(text)
    error = found.get("error") if isinstance(found, dict) else None
    if error:
        said = error.get("message") if isinstance(error, dict) else error
        raise SaidError(str(said or error))
    return found


def piece(chunk: Any, finish: str) -> tuple[str, str]:
    """Text of one piece and the reason for ending known so far.

    Raises `ValueError` for what does not have the protocol's shape.
    """
    choices = _part(chunk, "choices")
    if not choices:  # the usage that some servers send last
        return "", finish
    if not isinstance(choices, list):
        raise ValueError("its choices are no list")
    said = _part(choices[0], "delta") or _part(choices[0], "message")
    text = _part(said, "content") or ""
    reason = _part(choices[0], "finish_reason") or finish
    if not isinstance(text, str) or not isinstance(reason, str):
        raise ValueError("its content is no text")
    # Half of a character, which some servers cut in two, is no text to anything behind this.
    return text.encode("utf-8", errors="replace").decode(), reason


def _part(value: Any, name: str) -> Any:
    """A part of an object, whether the library has understood it or not; None without."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
