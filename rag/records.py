"""The records of answering: an answer, its sentences, the footnotes that carry them; talks."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from embedder.errors import FootnoteError
from indexer.records import Hit, Span

# "deleted": what stood here quoted a document that is gone (`indexer.past_answers`).
Verdict = Literal["supported", "partly", "unsupported", "deleted"]


# How far an answer is to be relied on: the word that people see for a probability.
Certainty = Literal["sure", "likely", "weak"]
_SURE, _LIKELY = 0.85, 0.6


def certainty(probability: float) -> Certainty:
    """The word for a probability."""
    if probability >= _SURE:
        return "sure"
    return "likely" if probability >= _LIKELY else "weak"


class UnreadableAnswerError(FootnoteError):
    """A stored answer is not what this version writes."""


@dataclass(frozen=True, slots=True)
class Footnote:
    """Where a sentence comes from: `quote` is verbatim `page.text[span.start:span.end]`.

    `n` is the number the reader sees. `document` and `passage` are ids; `pages` the first and
    last page of the passage, `span` the place of the quote itself, `label` what its page is called
    ("page 2 (sheet 5)"), "" where it has no name but its number.
    """

    n: int
    document: str
    title: str
    path: str
    pages: tuple[int, int]
    quote: str
    span: Span
    passage: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or list of an answer, what it cites, and whether that holds it.

    `about` is the title or heading that it needs to be understood: whose rule, in which section.
    """

    text: str
    verdict: Verdict
    footnotes: tuple[int, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader gets. `hits` are the passages it was made from, best first.

    `confidence` is the fitted probability that the documents hold an answer, `certainty` the word
    for it; where it is too low `abstained` is true, `sentences` is empty and `hits` are the
    nearest passages.
    `mode` says who wrote it. `seconds` is wall time from question to last sentence. `notice`
    says what went wrong on the way without costing the answer, or what it cannot do. `lead` is
    what Footnote itself says before the sentences: yes or no, a count, that documents disagree.
    """

    question: str
    standalone: str
    sentences: tuple[Sentence, ...]
    footnotes: tuple[Footnote, ...]
    abstained: bool
    confidence: float
    mode: Literal["extractive", "generated"]
    hits: tuple[Hit, ...]
    seconds: float
    notice: str = ""
    lead: str = ""

    @property
    def certainty(self) -> Certainty:
        """The word for the confidence, as people are told it."""
        return certainty(self.confidence)

    @property
    def text(self) -> str:
        """The answer with its footnote numbers, without marks, for what follows upon it."""
        said = (s.text + "".join(f"[{n}]" for n in s.footnotes) for s in self.sentences)
        return " ".join(filter(None, (self.lead, *said)))


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation and its answer. `feedback` is 1 for thumbs up, -1 for down.

    `reason` is what the reader found wrong, where it is down.
    """

    question: str
    answer: Answer
    id: int = 0
    feedback: int = 0
    asked_at: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A talk about some collections; times are epoch seconds, `owner` '' without sign-in."""

    id: str
    title: str
    collections: tuple[int, ...]
    owner: str
    created_at: float
    updated_at: float


def to_json(answer: Answer) -> str:
    """Write an answer for the database, hits and all: they may be found no more."""
    return json.dumps(dataclasses.asdict(answer), ensure_ascii=False)


def from_json(text: str) -> Answer:
    """Read what `to_json` wrote. Raises `UnreadableAnswerError` on anything else."""
    try:
        return _decoder(Answer)(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswerError(
            f"a stored answer cannot be read ({error!r}); ask the question again"
        ) from error


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What rebuilds a value of an annotated type: dataclasses, tuples, optionals, scalars.

    Made once a type: to read the annotations anew for each record took 20 ms an answer, for
    every earlier turn of a conversation and at each click.
    """
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        fields = {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}
        return lambda value: kind(**{name: fields[name](part) for name, part in value.items()})
    inner = get_args(kind)
    if get_origin(kind) is tuple and inner[-1] is Ellipsis:
        each = _decoder(inner[0])
        return lambda value: tuple(map(each, value))
    if get_origin(kind) is tuple:
        members = tuple(map(_decoder, inner))
        return lambda value: tuple(read(part) for read, part in zip(members, value, strict=True))
    if get_origin(kind) in (Union, types.UnionType):
        other = _decoder(inner[0])
        return lambda value: None if value is None else other(value)
    return lambda value: value
