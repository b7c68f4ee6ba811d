"""Search, answers and why-not: `/api/v1/search`, `/ask`, `/why`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter

from embedder.errors import FootnoteError
from footnote.api import errors, events, schemas
from footnote.api.caller import Caller
from footnote.rendering.results import answer_json, findings_json
from rag.explain import Explanation
from rag.records import Answer, Sentence, Turn

router = APIRouter(prefix="/api/v1", tags=["questions"])
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, events: `text` as it is written, unchecked yet,"
        " then `answer`, the same object, or `error`.",
        "content": {"text/event-stream": {}},
    }
}


@router.post("/search", response_model=schemas.Found, response_model_exclude_unset=True)
def search(wanted: schemas.Search, access: Caller) -> Any:
    """Find passages, as `footnote search --json` does."""
    chosen = access.named(wanted.collections)
    found = access.asking.search(wanted.query, chosen, wanted.k, wanted.mode)
    return findings_json(found, {one.id: one.name for one in access.collections()})


@router.post("/ask", response_model=schemas.AnswerOut, responses=_STREAMED)
async def ask(wanted: schemas.Ask, access: Caller) -> Any:
    """Answer a question, each sentence with its source, as `footnote ask --json` does.

    A question asked here is kept in nobody's conversations.
    """
    chosen = access.named(wanted.collections)
    before = turns((one.question, one.answer) for one in wanted.history)
    documents = frozenset(wanted.documents)
    answering = events.Working(
        lambda tell: access.asking.ask(wanted.question, chosen, before, tell, documents)
    )
    if wanted.stream:
        return events.response(_told(answering))
    async for _ in answering:
        pass
    return answer_json(answering.result)


@router.post("/why", response_model=Explanation)
def why(wanted: schemas.Why, access: Caller) -> Any:
    """Say at which stage a passage that was expected got lost."""
    return access.asking.explain(wanted.question, wanted.passage, access.named(wanted.collections))


async def _told(answering: events.Working[Answer]) -> AsyncIterator[str]:
    yield events.event(None)  # the connection stands before anything is found
    try:
        async for piece in answering:
            yield events.event({"text": piece}, "text") if piece else events.event(None)
        yield events.event(answer_json(answering.result), "answer")
    except FootnoteError as error:
        yield events.event(errors.event_of(error), "error")


def turns(exchanges: Iterable[tuple[str, str]]) -> list[Turn]:
    """A talk that a program tells of, as far as follow-ups need it."""
    return [
        Turn(
            question,
            Answer(
                question=question,
                standalone=question,
                sentences=(Sentence(answer, "unsupported", ()),) if answer else (),
                footnotes=(),
                abstained=not answer,
                confidence=0.0,
                mode="generated",
                hits=(),
                seconds=0.0,
            ),
        )
        for question, answer in exchanges
    ]
