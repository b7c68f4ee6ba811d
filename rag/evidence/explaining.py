"""Does a sentence explain what is asked about, or stand under a line that asks the same? Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from rag.evidence.definitions import doer_of, headword, names_given, spells_out, subject_of
from rag.evidence.quotables import Quotable
from rag.languages import content_words
from rag.question.analysis import Question
from rag.question.form import asks_purpose, defined

# An abbreviation is explained by the words that it is short for.
_SHORT = re.compile(r"([A-Z]{2,6})s?")
# "an account in Ledger" is explained by "An account is …" of that program's manual.
_WITHIN = re.compile(r"(?<=\w) (?:in|within|under) (?:the )?[A-Z]\w*(?: [A-Z]\w*)*$")
# A line that names what is asked holds this share of the question.
_TITLE_HELD = 0.75
# One that asks the same: the share of the question that it holds, and of its own words those that
# the question has.
_ASKS_HELD, _ASKS_OWN = 0.55, 0.7
# Words that say nearly the same: "harm" and "damage" .65, "pc" and "computer" .45.
_SYNONYMS = 0.44
# "What are deductibles?" asks for one thing, "What are the five account types?" for five.
_NAME_WORDS = 2
# Cosines [words, terms] of a question's words and terms of the documents.
Nearness = Callable[[Sequence[tuple[str, ...]], Sequence[str]], np.ndarray]


def to_explain(question: Question) -> str:
    """What a question wants explained, '' where it asks for a value or for "the five types"."""
    if question.kind in ("number", "date", "often", "contact"):
        return ""
    name = _WITHIN.sub("", defined(question.text).strip())
    return "" if question.form == "list" and len(name.split()) > _NAME_WORDS else name


def defines(question: Question, explained: str, quotables: Sequence[Quotable],
             place: int) -> float:  # fmt: skip
    """Whether a sentence says what is asked for, or stands right behind its name as an entry.

    Half of it where what it explains has a longer name: a depreciation scheme is no depreciation.
    """
    quotable = quotables[place]
    wanted = content(question, explained)
    if (short := _SHORT.fullmatch(explained)) and spells_out(short[1], quotable.text):
        return 1.0
    # "Job Title: Chief Technology Officer" says no more than the name, whatever it calls it.
    if not wanted or question.terms_of(quotable.text.rpartition(":")[2]) <= wanted:
        return 0.0
    entry = question.terms_of(quotable.topic)
    if entry and entry <= wanted and is_first(quotables, place) and _says_more(quotable):
        return 1.0
    if any(wanted == content(question, name) for name in names_given(quotable.text)):
        return 1.0
    said = subject_of(quotable.text)
    if not said and asks_purpose(question.text):
        said = doer_of(quotable.text)
    if not wanted <= question.terms_of(said):
        return 0.0
    own = content(question, headword(said))
    return 1.0 if own == wanted else 0.5 * (own > wanted)


def titled(question: Question, wanted: frozenset[str], quotables: Sequence[Quotable],
            place: int) -> bool:  # fmt: skip
    """Whether this is the first sentence under a line that holds nearly all of the question.

    Of what is to be explained the line is the name and no more.
    """
    topic = quotables[place].topic
    if not topic or not is_first(quotables, place) or not _says_more(quotables[place]):
        return False
    terms = question.terms_of(topic)
    if wanted and not terms <= wanted:
        return False
    return question.covered(terms) >= _TITLE_HELD


def asked_by(question: Question, heading: str, near: Nearness | None) -> float:
    """The share of a question that a heading asks that is nearly the same, maybe in other words.

    Nought where the heading asks nothing, or something else.
    """
    if not heading.rstrip().endswith(("?", "？", "؟")):
        return 0.0
    own = content(question, heading)
    asked = frozenset(term for word in question.weights for term in word)
    held, shared = question.covered(own), len(own & asked)
    if near is not None and shared and shared < len(own):
        strange = sorted(own - asked)
        lacking = [word for word in question.weights if not own & set(word)]
        matches = near(lacking, strange) >= _SYNONYMS
        held += sum(question.weights[word] for word, row in zip(lacking, matches, strict=True)
                    if row.any())  # fmt: skip
        shared += int(matches.any(axis=0).sum())
    same = bool(own) and held >= _ASKS_HELD and shared >= _ASKS_OWN * len(own)
    return held if same else 0.0


def _says_more(quotable: Quotable) -> bool:
    """Whether what stands below a heading is more than another heading, or a link."""
    words = quotable.text.split()
    return quotable.entry or len(words) > _NAME_WORDS or any(map(str.isdigit, quotable.text))


def is_first(quotables: Sequence[Quotable], place: int) -> bool:
    """Whether no other sentence stands between this one and the line above it."""
    before, one = quotables[place - 1] if place else None, quotables[place]
    return before is None or before.hit != one.hit or before.topic != one.topic


def content(question: Question, text: str) -> frozenset[str]:
    """The index terms of the content words of a text."""
    return question.terms_of(" ".join(content_words(text, question.language)))
