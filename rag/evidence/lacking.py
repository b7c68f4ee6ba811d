"""What the sentences found lack so plainly that nothing of them can be the answer. Pure."""

from __future__ import annotations

from rag.evidence.extract import Scored
from rag.evidence.subject import Named
from rag.question.analysis import Question, holds_kind
from rag.question.elsewhere import asked_elsewhere
from rag.question.makers import asks_maker, names_maker

# Where a value was asked for, no sentence with this share of the best score holds one.
_NEAR_ENOUGH = 0.4
# … together with this share of the question, its headings counted.
_KIND_HELD = 0.25
# … or this much, its neighbours counted.
_AROUND_HELD = 0.7
_WANTED = {"number": "figure", "date": "date", "often": "figure", "contact": "address"}


def missing_in(question: Question, named: Named) -> str:
    """What the passages lack so plainly that nothing of them can be the answer, or ''."""
    if named.unknown:
        return f"Nothing that was found names {' or '.join(map(_quoted, named.unknown))}."
    if named.apart and question.form == "yes_no":
        names = " and ".join(map(_quoted, named.names))
        return f"No passage that was found names {names} together."
    wanted = "name" if asks_maker(question.text) else _WANTED.get(question.kind)
    near = [one for one in named.scored if one.score >= _NEAR_ENOUGH * named.scored[0].score]
    holding = any(_fits(question, one) and _about(question, one) for one in near)
    sure = not asked_elsewhere(question.text)  # whose number words nobody here knows
    if wanted and sure and question.form in ("fact", "most") and not holding:
        return f"The sentences that come nearest hold no {wanted}."
    return ""


def _fits(question: Question, one: Scored) -> bool:
    """Whether a sentence holds what is asked for; "Who wrote …?" asks for more than a name."""
    if asks_maker(question.text) and not names_maker(f"{one.quotable.lead} {one.quotable.text}"):
        return False
    return holds_kind(question, one.quotable.text)


def may_answer(question: Question, one: Scored) -> bool:
    """As `_fits`; beside a price a line that is no sentence may be the name of what it is for."""
    line = not asks_maker(question.text) and not one.quotable.text.rstrip().endswith(".")
    return line or _fits(question, one)


def _about(question: Question, one: Scored) -> bool:
    """Whether a sentence is about what was asked, by itself or, more so, with its neighbours."""
    own = question.covered(one.terms | one.head)
    return own >= _KIND_HELD or one.context >= _AROUND_HELD


def _quoted(name: str) -> str:
    return f"“{name}”"
