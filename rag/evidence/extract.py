"""The extractive answerer: how well each sentence of the passages found answers. Pure.

A sentence is scored by how much of the question's information it holds, with what its title,
headings and neighbours say counting partly, by whether it holds the kind of thing asked for,
and by how high its passage was found (by words and by meaning). `rag.evidence.choose` takes the
best one, and another where it adds something or the best cannot be read alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.records import Hit
from rag.evidence import explaining
from rag.evidence.instructions import instructs
from rag.evidence.leaning import leant_on, listed_below
from rag.evidence.lists import announces
from rag.evidence.marks import (
    asked_number,
    asked_option,
    has_number,
    has_option,
    implied,
    is_code,
    part_of,
)
from rag.evidence.quotables import Quotable
from rag.evidence.steps import begins_with
from rag.languages import language_of
from rag.question.analysis import Question, holds_kind
from rag.question.form import asked_noun, asks_key, is_procedure, predicate
from rag.question.names import initials

# What each ought to weigh against a sentence's own coverage (at most 1). None is delicate: on 500
# squad-dev questions over BM25 hits the best sentence holds the gold answer in 71.6 to 74.2 %
# whichever one is set to nought or doubled.
_HEADING_SHARE = 0.6
_NEIGHBOUR_SHARE = 0.4
# "It is found in …" is about what the sentence before is about, and counts what that holds so far.
_ANTECEDENT_SHARE = 0.7
_KIND = {"number": 0.15, "date": 0.1, "name": 0.1, "often": 0.3, "contact": 0.35, "path": 0.35}
_PASSAGE = 0.3
# "What is Ledger written in?" is answered by "Ledger is written in …".
_SAID_SO = 0.35
_QUESTION_PENALTY = 0.6
_FRAGMENT_PENALTY = 0.15
_EXAMPLE_PENALTY = 0.15
_POINTS_PENALTY = 0.15
# A line of a program shows how something is done, which was not asked.
_CODE_PENALTY = 0.25
# A label that says no more than the question does.
_ECHO_PENALTY = 0.5
# "How do I …?" is answered by what says what to do, where that is about the question at all.
_INSTRUCTS = 0.25
_INSTRUCTS_HELD = 0.3
# … above all by "To subscribe to a list, …" where it is how to subscribe to one.
_TO_DO_SO, _TO_HELD = 0.5, 0.4
# "Which key …?" is answered by a key.
_KEYED = 0.5
_KEY = re.compile(
    r"\b(?:ctrl|control|strg|alt|shift|umschalt|cmd|command|super|meta|win)\s?[-+]\s?\S|<[A-Z]\w+>"
    r"|\bF\d{1,2}\b|\^[A-Z]\b|\b(?:press|hit|type|drücken sie)\s\S|\bkey: \S"
    r"|\b(?:enter|escape|esc|tab|backspace|delete|page ?(?:up|down)|space(?: ?bar)?|arrow keys?)\b",
    re.IGNORECASE,
)
# What stands below a picture names it, and says little.
_CAPTION = re.compile(r"\W*(?:fig(?:ure|\.)|abb(?:ildung|\.)|figura)\s?\d", re.I)
_CAPTION_PENALTY = 0.2
# "Note: …" says what to mind beside the steps.
_ASIDE, _ASIDE_PENALTY = re.compile(r"\W*(?:note|nb|n\.b\.|hinweis|nota)\b:?", re.I), 0.25
# A line by itself is no step.
_NO_STEP_PENALTY = 0.25
# "What does clause 3.2 say?" is answered by what is numbered so, not by what refers to it; "What
# does the option -q do?" by what names that option.
_NUMBERED = 0.6
# A question for several things is answered by a sentence that lists them.
_ENUMERATES = 0.25
# "What is not covered?" is answered by what denies; a stop word, "not" weighs nothing else.
_DENIAL = 0.25

# "What is the disk group for?" is answered by what says what it is, or stands behind its name.
_DEFINES = 0.5
# What stands first under a heading, or a question of a list of them, that holds nearly all of
# what is asked.
_TITLED = 0.35

# A heading that asks nearly what is asked (a page of questions and answers) is answered by what
# stands under it, first by its beginning.
_ASKED_HERE, _ASKED_BEGINS = 0.2, 0.4
# "No desktop | 256 MB" is not about a desktop, unless one is asked about that is not there.
_EXCLUDES = re.compile(r"\b(?:no|without|non|excluding|except)[\s-]+(?:an?\s+|the\s+)?(\w+)", re.I)
_EXCLUDED = 0.25

_COMMAS = 2
# An announcement is of what is asked for where it holds this share of it with its headings.
_ANNOUNCED = 0.6
# What says where something is said, and not what is said: "This chapter will introduce …".
_POINTS = re.compile(
    r"\b(?:this|the (?:next|following|previous|last|rest of this)|in the next few|previous|later)"
    r" (?:chapters?|sections?|parts?|pages?|manual|guide|book|tutorial|appendix|document)\b"
    r"[^.]{0,60}\b(?:will|describes?|presents?|introduces?|covers?|explains?|discuss(?:es)?|shows?"
    r"|gives?|goes|go|we|are|is about)\b|\b(?:introduced|described|mentioned|shown|seen) (?:above"
    r"|earlier|below|later|in the previous)\b|\bas we saw\b"
    r"|\b(?:dieses kapitel|dieser abschnitt|im (?:folgenden|nächsten) (?:kapitel|abschnitt))\b",
    re.IGNORECASE,
)
_NOT_LIMITED = re.compile(r",? but (?:(?:is|are) )?not limited to", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scored:
    """A quotable with its score.

    `coverage` is the share of the question that it holds itself, `context` the share with its
    headings and neighbours. `terms` are its own index terms, `head` those of its title, headings
    and the line that announces it. `numbered` says that it bears the number that is asked for,
    `defines` that it says what is to be explained, `keyed` that it holds the key asked for,
    `asked` that its heading asks the same.
    """

    quotable: Quotable
    score: float
    coverage: float
    context: float
    terms: frozenset[str]
    head: frozenset[str] = frozenset()
    numbered: bool = False
    defines: bool = False
    keyed: bool = False
    asked: bool = False


def score(
    question: Question,
    hits: Sequence[Hit],
    quotables: Sequence[Quotable],
    near: explaining.Nearness | None = None,
) -> list[Scored]:
    """Score every quotable, best first; `near` tells how near words are in meaning."""
    part, bears = part_of(question.text), _bearing(question.text, quotables, hits)
    terms = [
        question.terms_of(f"{one.text}{implied(one.text)} {part if numbered else ''}")
        for one, numbered in zip(quotables, bears, strict=True)
    ]
    heads: dict[tuple[str, ...], frozenset[str]] = {}
    noun = question.terms_of(asked_noun(question.text))
    explained = explaining.to_explain(question)
    wanted = explaining.content(question, explained)
    denied = question.language.denial.search(question.text) is not None
    procedure, keyed = is_procedure(question.text), asks_key(question.text)
    echoed = question.terms_of(question.text)
    asking: dict[str, float] = {}
    excluded = _excluded_by(question, question.text)
    scored = []
    for place, quotable in enumerate(quotables):
        hit = hits[quotable.hit]
        around = _neighbours(quotables, terms, place)
        above = (hit.document.title, *hit.passage.headings, quotable.topic, quotable.lead)
        if above not in heads:
            heads[above] = question.terms_of(" ".join(above)) | initials(" ".join(above))
        head = heads[above] | listed_below(quotables, terms, place)
        own = question.covered(terms[place])
        with_head = question.covered(terms[place] | head)
        whole = question.covered(terms[place] | head | around)
        leaning = leant_on(quotables, terms, place)
        leant = question.covered(terms[place] | head | leaning) if leaning else with_head
        value = own + _HEADING_SHARE * (with_head - own) + _ANTECEDENT_SHARE * (leant - with_head)
        value += _NEIGHBOUR_SHARE * (whole - leant)
        value += _fits(question, quotable.text)
        announced = announces(quotable.text) and with_head >= _ANNOUNCED
        lists = announced or _enumerates(question, quotable, noun)
        value += _ENUMERATES * (question.form == "list" and lists) + _NUMBERED * bears[place]
        points = _POINTS.search(quotable.text) is not None
        explains = 0.0 if points else explaining.defines(question, explained, quotables, place)
        value += _DEFINES * explains
        value += _TITLED * (not explains and explaining.titled(question, wanted, quotables, place))
        heading = quotable.topic or " ".join(hit.passage.headings[-1:])
        if heading not in asking:
            asking[heading] = explaining.asked_by(question, heading, near)
        if asked := asking[heading]:
            begins = bool(quotable.topic) and explaining.is_first(quotables, place)
            value += _ASKED_BEGINS if begins else _ASKED_HERE
            value += _HEADING_SHARE * max(0.0, asked - with_head)
        value -= _EXCLUDED * _of_the_others(question, quotable, excluded)
        value += _PASSAGE / (1.0 + 0.5 * quotable.hit)
        value -= _DENIAL * (denied and not _denies(quotable))
        value -= _POINTS_PENALTY * points
        value -= _says_little(quotable, echoes=terms[place] <= echoed, code=not procedure)
        if procedure and whole >= _INSTRUCTS_HELD:
            value += _how(question, quotable)
        value += _KEYED * (pressed := keyed and _KEY.search(quotable.text) is not None)
        scored.append(
            Scored(
                quotable, value, own, whole, terms[place], head, bears[place], explains == 1.0,
                pressed, asked > 0,
            )
        )  # fmt: skip
    return sorted(scored, key=lambda one: -one.score)


def _says_little(quotable: Quotable, *, echoes: bool, code: bool) -> float:
    """What a sentence loses that asks, breaks off, shows an example or says the question again.

    `code` says whether one of a program loses, too.
    """
    fragment = is_fragment(quotable.text)
    lost = _QUESTION_PENALTY * quotable.text.rstrip().endswith(("?", "？", "؟"))
    lost += _FRAGMENT_PENALTY * (not quotable.item and fragment)
    lost += _EXAMPLE_PENALTY * is_example(quotable.text)
    lost += _CODE_PENALTY * (code and is_code(quotable.text))
    lost += _CAPTION_PENALTY * (_CAPTION.match(quotable.text) is not None)
    return lost + _ECHO_PENALTY * (fragment and echoes)


def _how(question: Question, quotable: Quotable) -> float:
    """What a sentence gains where it says how to do what is asked, and loses as a note on it."""
    purpose = begins_with(question.text, quotable.text)
    if purpose and question.covered(question.terms_of(purpose)) >= _TO_HELD:
        return _TO_DO_SO
    if instructs(quotable.text):
        return _INSTRUCTS
    line = not quotable.item and is_fragment(quotable.text)
    return -_ASIDE_PENALTY * (_ASIDE.match(quotable.text) is not None) - _NO_STEP_PENALTY * line


def open_ended(text: str) -> str:
    """A text without "but not limited to", which denies and limits nothing."""
    return _NOT_LIMITED.sub(" ", text)


def is_fragment(text: str) -> bool:
    """Whether a text is less than a sentence: a caption, a label, a lone list item."""
    ended = text.rstrip("\"'”’)»").endswith((".", "!", "。", "।", ";")) or announces(text)
    return len(text) < 60 and not ended


def _fits(question: Question, text: str) -> float:
    """What a sentence gains that holds the kind of thing asked for, or says of it what is asked."""
    value = _KIND.get(question.kind, 0.0) * holds_kind(question, text)
    said = predicate(question.text)
    if said is None or not question.terms_of(said[0]) & question.terms_of(text):
        return value
    phrase = rf"\b(?:is|are|was|were|been|being) (?:\w+ly )?{re.escape(said[1])}\b"
    return value + _SAID_SO * (re.search(phrase, text, re.IGNORECASE) is not None)


def _bearing(question: str, quotables: Sequence[Quotable], hits: Sequence[Hit]) -> list[bool]:
    """Of each quotable whether it is, or stands in, the numbered part or option asked for."""
    number, option = asked_number(question), asked_option(question)
    return [_bears(number, one, hits) or _is_of(option, one) for one in quotables]


def _bears(number: str, quotable: Quotable, hits: Sequence[Hit]) -> bool:
    """Whether this is the numbered part that is asked for, or stands in it."""
    above = (quotable.topic, *hits[quotable.hit].passage.headings[-1:])
    return has_number(number, (f"{quotable.mark} {quotable.text}", quotable.text, *above))


def _is_of(option: str, quotable: Quotable) -> bool:
    """Whether a sentence stands under the option that is asked for, or speaks of it."""
    said = "" if is_fragment(quotable.text) else quotable.text
    return has_option(option, f"{quotable.topic} {said}")


def _excluded_by(question: Question, text: str) -> frozenset[str]:
    """Of the words of the question those that a text says are not there."""
    return frozenset(
        term
        for found in _EXCLUDES.finditer(text)
        for term in question.terms_of(found[1])
        if any(term in word for word in question.weights)
    )


def _of_the_others(question: Question, quotable: Quotable, excluded: frozenset[str]) -> bool:
    """Whether a row or item is about what has something where what lacks it is asked about.

    Or about what lacks it, where what has it is asked about.
    """
    if not quotable.item or question.form == "yes_no":
        return False
    lacking = _excluded_by(question, quotable.text)
    return bool(lacking - excluded or excluded & question.terms_of(quotable.text) - lacking)


def _enumerates(question: Question, quotable: Quotable, noun: frozenset[str]) -> bool:
    """Whether a sentence lists, or announces a list of, the things that are asked for."""
    if not (quotable.text.count(",") >= _COMMAS or announces(quotable.text)):
        return False
    return bool(noun & question.terms_of(f"{quotable.topic} {quotable.text}"))


def _denies(quotable: Quotable) -> bool:
    """Whether a sentence, or what stands above it, denies something or lists exceptions."""
    above = open_ended(f"{quotable.topic} {quotable.lead} {quotable.text}")
    return language_of(quotable.text).denial.search(above) is not None


def is_example(text: str) -> bool:
    """Whether a sentence shows a rule at work, which is better answered by the rule itself."""
    return language_of(text).example.match(text) is not None


def _neighbours(
    quotables: Sequence[Quotable], terms: Sequence[frozenset[str]], place: int
) -> frozenset[str]:
    """Terms of the sentences before and after in the same passage."""
    found: frozenset[str] = frozenset()
    for other in (place - 1, place + 1):
        if 0 <= other < len(quotables) and quotables[other].hit == quotables[place].hit:
            found |= terms[other]
    return found
