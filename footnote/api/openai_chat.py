"""OpenAI's `/v1/chat/completions`: a conversation that is answered from documents.

The content is Markdown with footnotes; what Footnote says beyond it (sentences with verdicts,
footnotes with quotes, whether it abstained) are fields beside it. A stream gives what a language
model is writing, unchecked yet, as `reasoning_content`, and the checked answer as `content`.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from embedder.errors import FootnoteError
from footnote.api import errors, events
from footnote.api.caller import Caller
from footnote.api.errors import RequestError
from footnote.api.openai_models import Usage, collections_of
from footnote.api.questions import turns
from footnote.rendering.results import (
    NEAREST,
    answer_json,
    markdown_body,
    markdown_note,
    pages,
    snippet,
)
from rag.records import Answer

router = APIRouter(prefix="/v1", tags=["OpenAI's shapes"])
NO_ANSWER = "The documents do not seem to answer this."
_NOTES = re.compile(r"\n\n\[\^1\]: .*", re.DOTALL)  # the footnotes under an answer of ours
_MARK = re.compile(r"\[\^\d+\]")
# What of an answer stands beside its content; whatever else it comes to hold does too.
_IN_CONTENT = ("answer", "seconds")


class Message(BaseModel):
    """A message of a conversation; of parts, the texts are read."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream says at its end."""

    include_usage: bool = False


class Chat(BaseModel):
    """A conversation whose last message is a question. Other fields of OpenAI's mean nothing here.

    System messages are not followed: whatever the answer says stands in the documents.
    """

    model: str = Field(description="`footnote`, or `footnote:NAME` for one collection.")
    messages: list[Message] = Field(min_length=1, max_length=1000)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()


class ChatMessage(BaseModel):
    """What is answered."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    message: ChatMessage
    finish_reason: Literal["stop"] = "stop"


class Completion(BaseModel):
    """An answer as OpenAI gives it; beside it `footnotes`, `sentences`, `abstained` and more."""

    model_config = {"extra": "allow"}
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage = Usage()


_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer, or chunks of it.", "content": {"text/event-stream": {}}}
}


@router.post("/chat/completions", response_model=Completion, responses=_STREAMED)
async def chat(wanted: Chat, access: Caller) -> Any:
    """Answer the last question of a conversation."""
    chosen = collections_of(wanted.model, access)
    question, before = talk(wanted.messages)
    history = turns(before)
    answering = events.Working(lambda tell: access.asking.ask(question, chosen, history, tell))
    head: dict[str, Any] = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": wanted.model,
    }
    if wanted.stream:
        return events.response(_chunks(answering, head, wanted.stream_options))
    async for _ in answering:
        pass
    answer = answering.result
    message = ChatMessage(content=content(answer))
    return Completion(**head, choices=[Choice(message=message)], **_beside(answer))


async def _chunks(
    answering: events.Working[Answer], head: dict[str, Any], options: StreamOptions
) -> AsyncIterator[str]:
    head = head | {"object": "chat.completion.chunk"}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return events.event(head | {"choices": [choice]} | more)

    yield chunk({"role": "assistant", "content": ""})
    try:
        async for piece in answering:
            yield chunk({"reasoning_content": piece}) if piece else events.event(None)
        answer = answering.result
        for piece in _pieces(content(answer)):
            yield chunk({"content": piece})
        yield chunk({}, "stop", **_beside(answer))
    except FootnoteError as error:
        yield events.event(errors.event_of(error))
    if options.include_usage:
        yield events.event(head | {"choices": [], "usage": Usage().model_dump()})
    yield events.event("[DONE]")


def talk(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str]]]:
    """The question, and the earlier ones with their answers, oldest first."""
    said: list[list[str]] = []
    for message in messages:
        if message.role == "user":
            said.append([message.text, ""])
        elif message.role == "assistant" and said:
            said[-1][1] = _MARK.sub("", _NOTES.sub("", message.text))
    if not said or messages[-1].role == "assistant":
        raise RequestError("the last message has to be a user's question", param="messages")
    return said[-1][0], [(question, answer) for question, answer in said[:-1]]


def content(answer: Answer) -> str:
    """An answer with its footnotes as Markdown that loads nothing."""
    parts = [f"({answer.notice})"] if answer.notice else []
    if answer.abstained:
        parts.append(NO_ANSWER + (" The nearest passages:" if answer.hits else ""))
        parts += [
            markdown_note(
                hit.rank,
                f"{hit.document.title}, {pages(*hit.passage.pages)}",
                snippet(hit.passage.text),
            )
            for hit in answer.hits[:NEAREST]
        ]
    else:
        parts.append(markdown_body(answer))
        parts += [
            markdown_note(note.n, f"{note.title}, page {note.span.page}", note.quote)
            for note in answer.footnotes
        ]
    return "\n\n".join(parts)


def _beside(answer: Answer) -> dict[str, Any]:
    return {key: value for key, value in answer_json(answer).items() if key not in _IN_CONTENT}


def _pieces(text: str) -> list[str]:
    """The text in lines, each with its end."""
    return text.splitlines(keepends=True)
