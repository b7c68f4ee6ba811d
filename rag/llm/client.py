"""The one door to language models: any endpoint that speaks OpenAI's chat protocol.

Ollama, vLLM, llama.cpp, `transformers serve` and OpenAI itself all do. What goes wrong on
the way is named after what a person can do about it:

    LanguageModelError            .partial holds the text that had come by then
    ├── UnreachableError          nobody listens at the address
    ├── RefusedKeyError           the key is missing, wrong or lacks permission
    ├── UnknownModelError         the server does not have that model, or that address
    ├── RateLimitedError          still too many requests after waiting as told
    ├── RejectedRequestError      the server calls the request wrong (too long, mostly)
    ├── ServerFailedError         the server reports a fault of its own
    ├── TimedOutError             nothing came for longer than the limit
    ├── MalformedReplyError       what came is not the protocol
    └── InterruptedAnswerError    the answer broke off after it had begun
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from embedder.errors import FootnoteError
from rag.llm.stream import EndlessReplyError, Limits, NoWordError, SaidError, opened_reply, piece

if TYPE_CHECKING:
    import openai

_OPENAI = "https://api.openai.com/v1"
_CONNECT_SECONDS = 10.0
# Two waits: a server that is still refusing after them will not be helped by a third, and
# a reader has by then looked at an empty page for long enough.
_RATE_LIMIT_WAITS = 2
_LONGEST_WAIT = 30.0
# A failure that comes sooner may be tried again without a reader noticing.
_SHORT_SECONDS = 3.0
# A reply of more than so many characters a token is none: the server keeps to no limit.
_LONGEST_TOKEN = 40


class LanguageModelError(FootnoteError):
    """A language model did not deliver; `partial` is the text that came before."""

    def __init__(self, message: str, partial: str = "") -> None:
        super().__init__(message)
        self.partial = partial


class UnreachableError(LanguageModelError):
    """Nobody listens at the address."""


class RefusedKeyError(LanguageModelError):
    """The key is missing, wrong or lacks permission."""


class UnknownModelError(LanguageModelError):
    """The server does not have that model, or the address lacks its path."""


class RateLimitedError(LanguageModelError):
    """Too many requests, also after waiting as the server asked."""


class RejectedRequestError(LanguageModelError):
    """The server calls the request wrong."""


class ServerFailedError(LanguageModelError):
    """The server reports a fault of its own."""


class TimedOutError(LanguageModelError):
    """Nothing came for longer than the limit."""


class MalformedReplyError(LanguageModelError):
    """The reply is not the protocol."""


class InterruptedAnswerError(LanguageModelError):
    """The answer broke off after it had begun."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """What answering needs of a language model."""

    name: str

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        """Yield the reply piece by piece; raise `LanguageModelError` where it breaks."""
        ...


class OpenAIChat:
    """A `ChatModel` behind an OpenAI-compatible address. Safe to share between threads.

    `base_url` None means OpenAI itself. `timeout` limits the seconds of silence between two
    pieces of a reply, not the whole of it: a slow model that keeps writing is not cut off. One
    that sends signs of life and no word is, after ten times as long (`rag.wire.Limits`).
    `temperature` 0 takes the likeliest word each time; above it words are drawn, from the whole
    distribution (top-p 1).
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str,
        model: str,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        temperature: float = 0.0,
    ) -> None:
        self.name = model
        self.base_url = base_url or _OPENAI
        self.timeout = timeout
        self.temperature = temperature
        self._api_key = api_key
        self._sleep = sleep
        self._client: openai.OpenAI | None = None

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        """Yield the reply piece by piece.

        Waits and asks again while the server says that it is too busy (429, 503), as long
        as `Retry-After` says. Raises the errors of the tree above.
        """
        import httpx2  # which openai speaks HTTP with
        import openai

        if not self.name:
            raise UnknownModelError(
                f"no model is named for {self.base_url}; set FOOTNOTE_MODEL to one that it has"
            )
        pieces: list[str] = []
        finish, written = "", 0
        try:
            stream = self._open(messages, max_tokens)
            limits = Limits(self.timeout, _LONGEST_TOKEN * max_tokens)
            for chunk in opened_reply(stream, limits):
                text, finish = piece(chunk, finish)
                limits.heard(text)
                if text:
                    pieces.append(text)
                    written += len(text)
                    yield text
                if written > limits.characters:
                    raise EndlessReplyError
        except (
            openai.OpenAIError, httpx2.HTTPError, ValueError, TimeoutError, RecursionError,
        ) as error:  # fmt: skip
            raise _named(error, self, "".join(pieces)) from error
        _check_end("".join(pieces), finish, self)

    def _open(self, messages: Sequence[Message], max_tokens: int) -> openai.Stream[Any]:
        import openai

        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": self.temperature}
        if self.temperature:
            options["top_p"] = 1.0  # servers take a model's own default where none is named
        waits = 0
        while True:
            try:
                # Its overloads ask for a class of message a role.
                create: Any = self._connection().chat.completions.create
                return create(
                    model=self.name,
                    messages=[{"role": m.role, "content": m.content} for m in messages],
                    stream=True,
                    **options,
                )
            except openai.APIStatusError as error:
                if error.status_code == 400 and error.param in options and "max_tokens" in options:
                    # OpenAI's reasoning models know none of these options, only this one.
                    options = {"max_completion_tokens": max_tokens}
                elif error.status_code in (429, 503) and waits < _RATE_LIMIT_WAITS:
                    self._sleep(_wait(error.response.headers.get("retry-after", ""), waits))
                    waits += 1
                else:
                    raise

    def _connection(self) -> openai.OpenAI:
        import openai

        from rag.llm.transport import client

        if self._client is None:
            self._client = openai.OpenAI(
                http_client=client(self.base_url, self.timeout),
                base_url=self.base_url,
                api_key=self._api_key or "none",  # local servers ask for no key
                timeout=openai.Timeout(self.timeout, connect=min(_CONNECT_SECONDS, self.timeout)),
                max_retries=0,  # its retries repeat time-outs as well, tripling the wait
            )
        return self._client


class OneWait:
    """A `ChatModel` for one question, which needs it twice: it is waited for in vain only once.

    A follow-up is rewritten before it is answered. A server that kept silent, refused for as
    long as one may wait, was not there or took long to fail otherwise (a gateway's time-out) is
    not asked again: its failure is raised at once.
    """

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model
        self._failure: LanguageModelError | None = None

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        """As the model itself does; raises the failure that cost the wait."""
        if self._failure is not None:
            raise self._failure
        began = time.monotonic()
        try:
            yield from self._model.stream(messages, max_tokens)
        except InterruptedAnswerError:
            raise  # it does answer, if only in part
        except LanguageModelError as error:
            slow = time.monotonic() - began > _SHORT_SECONDS
            if slow or isinstance(error, TimedOutError | UnreachableError | RateLimitedError):
                # What had come belongs to the call that failed.
                self._failure = type(error)(str(error))
            raise


def complete(model: ChatModel, messages: Sequence[Message], max_tokens: int) -> str:
    """The whole reply at once, for short calls whose progress nobody watches."""
    return "".join(model.stream(messages, max_tokens))


def _wait(retry_after: str, attempt: int) -> float:
    """Seconds to wait: what the server says, else 1, 2, 4 …; never beyond the limit."""
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        seconds = 2.0**attempt
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _check_end(text: str, finish: str, model: OpenAIChat) -> None:
    """Tell a finished reply from one that merely stopped coming."""
    if not text and not finish:
        raise MalformedReplyError(
            f"{model.base_url} sent no answer in the chat protocol; check that the address "
            "is that of an OpenAI-compatible server (it mostly ends in /v1)"
        )
    if not text and finish in ("tool_calls", "function_call"):
        raise MalformedReplyError(
            f"{model.name} called a tool instead of answering, though it was offered none; choose "
            "another model, or look at the server's chat template"
        )
    if finish == "content_filter":
        raise InterruptedAnswerError(
            f"the server at {model.base_url} withheld the answer, or a part of it (content filter)",
            text,
        )
    if not finish:
        raise InterruptedAnswerError(
            f"the connection to {model.base_url} ended in mid-answer; ask again", text
        )
    if finish == "length":
        raise InterruptedAnswerError(
            f"{model.name} reached its length limit in mid-answer; ask a narrower question, "
            "or give the server a longer context",
            text,
        )


def _named(error: Exception, model: OpenAIChat, partial: str) -> LanguageModelError:
    """The error of our tree that says what happened and what to do."""
    import httpx2
    import openai

    where = model.base_url
    cause = error.__cause__
    if isinstance(cause, ValueError | TimeoutError):  # of our transport, in the library's wrapping
        error = cause
    if isinstance(error, openai.APIStatusError):
        return _named_status(error, model, partial)
    if isinstance(error, EndlessReplyError | TimeoutError | openai.APITimeoutError):
        return _named_limit(error, model, partial)
    if partial:
        return InterruptedAnswerError(
            f"the answer from {where} broke off before its end; ask again", partial
        )
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return UnreachableError(
            f"no language model answers at {where} ({_reason(error)}); check the address and "
            "that the server is running"
        )
    if type(error) is openai.APIError or isinstance(error, SaidError):  # in a reply marked 200
        return ServerFailedError(f"the server at {where} failed: {_reason(error)}")
    return MalformedReplyError(
        f"{where} sent something that is not the chat protocol ({_reason(error)}); check that "
        "it is an OpenAI-compatible server"
    )


def _named_limit(
    error: Exception, model: OpenAIChat, partial: str
) -> InterruptedAnswerError | TimedOutError:
    """The reply took too long, or was too long."""
    where = model.base_url
    if isinstance(error, EndlessReplyError):
        return InterruptedAnswerError(
            f"{model.name} at {where} went on far beyond its length limit and was stopped; ask a "
            "narrower question, or look at the server's log",
            partial,
        )
    silent = (
        "keeps the connection open and sends no word of an answer"
        if isinstance(error, NoWordError)
        else f"was silent for {model.timeout:g} seconds"
    )
    return TimedOutError(
        f"{where} {silent}; the model may still be loading: ask again, or raise the time limit",
        partial,
    )


def _named_status(
    error: openai.APIStatusError, model: OpenAIChat, partial: str
) -> LanguageModelError:
    where, said, status = model.base_url, _reason(error), error.status_code
    if status in (401, 403):
        return RefusedKeyError(f"{where} refused the key ({said}); check OPENAI_API_KEY", partial)
    if status == 404:
        return UnknownModelError(
            f"{where} does not know the model {model.name!r} ({said}); check the model's "
            "name, and that the address ends where the server's API begins (mostly /v1)",
            partial,
        )
    if status == 429:
        return RateLimitedError(
            f"{where} accepts no more requests for now ({said}); wait a little and ask again",
            partial,
        )
    if status < 500:
        return RejectedRequestError(
            f"{where} rejected the request ({said}); if it was too long for the model, give the "
            "server a longer context",
            partial,
        )
    return ServerFailedError(f"the server at {where} failed ({said}); look at its log", partial)


def _reason(error: Exception) -> str:
    """What the other side said, on one short line (it may be a whole page of HTML)."""
    cause = error.__cause__ if error.__cause__ is not None else error
    return " ".join(str(cause).split())[:200] or type(cause).__name__
