"""What the API takes and gives, as pydantic models; the description of the API is made of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from indexer.records import Document

Mode = Literal["fused", "dense", "keyword"]
_LONGEST_QUESTION = 20_000  # characters; no embedder takes more in


class _Request(BaseModel):
    """A field that is misspelt is said to be, not passed over."""

    model_config = ConfigDict(extra="forbid")


class _Answered(BaseModel):
    """What else an answer comes to hold is passed on."""

    model_config = ConfigDict(extra="allow")


class Health(BaseModel):
    """That Footnote is there."""

    status: Literal["ok"] = "ok"


class CollectionOut(BaseModel):
    """A collection that you may read."""

    name: str
    documents: int
    may_add: bool = Field(description="Whether you may add documents to it.")


class CollectionName(_Request):
    """What a collection is to be called."""

    name: str = Field(min_length=1, max_length=200)


class DocumentPlace(_Request):
    """Where a document is to be."""

    collection: str = Field(max_length=200, description="The collection that it moves to.")


class Collections(BaseModel):
    """All collections that you may read."""

    collections: list[CollectionOut]


class Documents(BaseModel):
    """A page of a listing, and how many documents the whole listing has."""

    documents: list[Document]
    total: int


class PageText(BaseModel):
    """A page as it was read. `problem` says why text is missing, '' where none is."""

    number: int
    label: str
    text: str
    problem: str


class DocumentText(BaseModel):
    """Pages of a document; `next` is the number to go on from, null at the end."""

    document: str
    title: str
    path: str
    pages_in_all: int
    pages: list[PageText]
    next: int | None


class Handed(BaseModel):
    """A job that was handed in; follow it at `href`."""

    job: str
    href: str


class JobOut(BaseModel):
    """A job: reading documents, training, writing. Times are epoch seconds.

    `summary` says in a sentence what reading documents came to, once it has ended.
    """

    id: str
    kind: str
    collection: str
    state: Literal["waiting", "running", "cancelling", "done", "failed", "cancelled"]
    progress: dict[str, Any]
    result: dict[str, Any]
    summary: str
    error: str
    created_at: float
    ended_at: float | None


class Jobs(BaseModel):
    """The newest jobs that you may see."""

    jobs: list[JobOut]


class Search(_Request):
    """What to look for, and where."""

    query: str = Field(max_length=_LONGEST_QUESTION)
    collections: list[str] = Field([], description="Names; none for all that you may read.")
    k: int = Field(10, ge=1, le=1000, description="How many passages.")
    mode: Mode = Field("fused", description="By meaning and by words, or by one of them alone.")


class PartAsked(_Request):
    """What another home asks of this one's part of a search."""

    what: Literal[
        "languages", "survey", "candidates", "hits", "page", "passages_of", "document_languages"
    ]
    collections: list[str] = []
    given: dict[str, Any] = {}


class PartSaid(BaseModel):
    """What this home says to that."""

    said: Any


class HitOut(_Answered):
    """A passage that was found. `pages` are its first and last."""

    rank: int
    score: float
    document: str
    title: str
    path: str
    pages: tuple[int, int]
    text: str
    passage: int
    collection: str
    dense_rank: int | None
    keyword_rank: int | None


class Found(_Answered):
    """What a search found, best first. `notice` says what could not be searched."""

    hits: list[HitOut]
    notice: str = ""


class Exchange(_Request):
    """An earlier question of the same talk, and what was answered."""

    question: str = Field(max_length=_LONGEST_QUESTION)
    answer: str = Field("", max_length=100_000)


class Ask(_Request):
    """A question, and where to look for the answer."""

    question: str = Field(max_length=_LONGEST_QUESTION)
    collections: list[str] = Field([], description="Names; none for all that you may read.")
    documents: list[str] = Field(
        [], max_length=100, description="Ids: only these are asked, whatever the collections."
    )
    history: list[Exchange] = Field(
        [], max_length=50, description="The talk so far, oldest first, for follow-up questions."
    )
    stream: bool = Field(False, description="Server-sent events instead of one object.")


class SentenceOut(_Answered):
    """A sentence of an answer, whether what it cites holds it, and the numbers of that.

    `about` is the title or heading that it needs to be understood.
    """

    text: str
    verdict: Literal["supported", "partly", "unsupported", "deleted"]
    footnotes: list[int]
    about: str


class SpanOut(BaseModel):
    """Characters `start` to `end` of the text of a page."""

    page: int
    start: int
    end: int


class FootnoteOut(_Answered):
    """Where a sentence comes from: `quote` stands in the document, at `span`."""

    n: int
    document: str
    title: str
    path: str
    pages: tuple[int, int]
    quote: str
    passage: int
    span: SpanOut


class AnswerOut(_Answered):
    """An answer whose every sentence was checked against what it cites.

    `answer` is all of it in one piece, `lead` what stands before its sentences, `notice` what went
    wrong without costing the answer. Where `abstained`, the documents do not seem to hold an
    answer, and `nearest` are the passages that came nearest. `confidence` is the probability that
    they hold one, `certainty` the word for it: sure, likely or weak.
    """

    answer: str
    abstained: bool
    confidence: float
    certainty: Literal["sure", "likely", "weak"]
    mode: Literal["extractive", "generated"]
    notice: str
    lead: str
    sentences: list[SentenceOut]
    footnotes: list[FootnoteOut]
    nearest: list[dict[str, Any]]
    seconds: float


class Why(_Request):
    """A question, and the text that was expected to be found for it."""

    question: str = Field(max_length=_LONGEST_QUESTION)
    passage: str = Field(max_length=_LONGEST_QUESTION)
    collections: list[str] = []


class ErrorDetail(BaseModel):
    """What happened, and what to do."""

    message: str
    type: str
    param: str | None
    code: int


class Error(BaseModel):
    """Every error has this shape, which is OpenAI's."""

    error: ErrorDetail
