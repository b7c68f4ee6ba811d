"""Replies of a language model → what they hold, or the reason why they cannot be used. Pure.

Nothing is mended but the wrapping: a reasoning model's thoughts and the code fence that chat
models like to put around JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.llm.generate import spoken
from training.synthesis.tasks import Family

_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_LISTED = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+(.+)$", re.MULTILINE)
_QUOTED = re.compile(r'^\s*\[?\s*"([^"\n]+)",?\s*$', re.MULTILINE)
# Descriptions out of our own prompts, which weak models fill in as values.
_ECHO = re.compile(r"^a string\b|^<.*>$|^\.{3,}$|^…$")
_SPEAKS_OF_PASSAGE = re.compile(
    r"\b(?:this|the (?:above|given|following)) (?:passage|text|excerpt|document)\b"
    r"|\bin the (?:passage|text|excerpt)\b|\baccording to the (?:passage|text|document)\b",
    re.IGNORECASE,
)
_TASK_CHARACTERS = 15, 400
_LONGEST_QUERY = 600
# A query of fewer characters may well stand in its passage: it is a name or a term.
_COPIED = 40


class UnusableReplyError(ValueError):
    """A reply that is dropped; `reason` is what it is counted under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Triple:
    """The texts of one example; `negative` is '' in families without."""

    query: str
    positive: str
    negative: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Numbers of passages, from one: which answers best, which nearly does (0: none)."""

    best: int
    nearly: int


def tasks(reply: str, prompt: str = "") -> list[str]:
    """The tasks of a brainstorming, without repetitions and without what `prompt` says itself.

    A numbered or bulleted list, or the beginning of a JSON list, serves as well as a whole one:
    only the sentences matter.
    """
    text = _unwrapped(reply)
    try:
        listed = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        listed = _LISTED.findall(text) or _QUOTED.findall(text)
    if not isinstance(listed, list):
        raise UnusableReplyError("no list of tasks")
    plain = (" ".join(one.split()).strip("\"'“”*, ") for one in listed if isinstance(one, str))
    low, high = _TASK_CHARACTERS
    said = prompt.casefold()
    fit = {task.casefold(): task for task in plain if low <= len(task) <= high}
    found = [task for folded, task in fit.items() if folded not in said]
    if not found:
        raise UnusableReplyError("no list of tasks")
    return found


def triple(reply: str, family: Family) -> Triple:
    """The texts of one example, under exactly the keys of its family."""
    values = _strings(reply, family.keys)
    texts = [values[key] for key in family.keys]
    if not all(texts):
        raise UnusableReplyError("blank")
    if any(_ECHO.match(text) for text in texts):
        raise UnusableReplyError("echo of the prompt")
    if len({text.casefold() for text in texts}) < len(texts):
        raise UnusableReplyError("same text twice")
    if family.name == "long-short" and _occurs(texts[1], texts[0]):
        raise UnusableReplyError("label in text")
    return Triple(*texts)


def queries(reply: str, styles: Sequence[str], passage: str) -> tuple[str, list[str], list[str]]:
    """The task, the usable queries, and the reasons why the others are not.

    A blank query is a style that did not suit the passage; it is not counted.
    """
    values = _strings(reply, ("task", *styles))
    task = values["task"]
    if not _TASK_CHARACTERS[0] <= len(task) <= _TASK_CHARACTERS[1] or _ECHO.match(task):
        task = ""
    usable, reasons = [], []
    for query in (" ".join(values[style].split()) for style in styles):
        reason = _fault(query, passage)
        if query and reason:
            reasons.append(reason)
        elif query:
            usable.append(query)
    if not usable and not reasons:
        raise UnusableReplyError("no query")
    return " ".join(task.split()), usable, reasons


def choice(reply: str, passages: int) -> Choice:
    """Which of `passages` the model picked. Raises where it picked none as answering."""
    values = _object(reply)
    best, nearly = values.get("best"), values.get("nearly", 0)
    numbers = range(passages + 1)
    if not (_is_number(best) and _is_number(nearly) and best in numbers and nearly in numbers):
        raise UnusableReplyError("bad choice")
    if not best:
        raise UnusableReplyError("no passage answers")
    return Choice(best, 0 if nearly == best else nearly)


def _unwrapped(reply: str) -> str:
    text = "".join(spoken([reply])).strip()
    fenced = _FENCE.findall(text)
    return fenced[0].strip() if len(fenced) == 1 else text


def _object(reply: str) -> dict[str, Any]:
    try:
        values = json.loads(_unwrapped(reply), strict=False)  # line breaks inside strings
    except (ValueError, RecursionError) as error:
        raise UnusableReplyError("not JSON") from error
    if not isinstance(values, dict):
        raise UnusableReplyError("not a JSON object")
    return values


def _strings(reply: str, keys: Sequence[str]) -> dict[str, str]:
    values = _object(reply)
    if values.keys() != set(keys):
        raise UnusableReplyError("wrong keys")
    if not all(isinstance(value, str) for value in values.values()):
        raise UnusableReplyError("not strings")
    # Half a surrogate pair, which JSON can spell, is no text that a file can hold.
    return {
        key: value.encode(errors="replace").decode().replace("\0", " ").strip()
        for key, value in values.items()
    }


def _occurs(label: str, text: str) -> bool:
    """Whether the label stands in the text; "art" does not stand in "party"."""
    label, text = label.casefold(), text.casefold()
    if not label.isascii():  # scripts without blanks between words
        return label in text
    return re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text) is not None


def _fault(query: str, passage: str) -> str:
    if len(query) > _LONGEST_QUERY:
        return "query too long"
    if _ECHO.match(query):
        return "echo of the prompt"
    if _SPEAKS_OF_PASSAGE.search(query):
        return "speaks of its passage"
    if len(query) >= _COPIED and query.casefold() in " ".join(passage.split()).casefold():
        return "copied from its passage"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
