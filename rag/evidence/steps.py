"""What tells a reader what to do: the steps that a "how do I" is answered by. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.evidence.instructions import instructs
from rag.evidence.lists import announces
from rag.evidence.quotables import Quotable

# So many sentences behind the best one may hold its last step.
_MOST_STEPS = 5

# The verb of "How do I subscribe …?", and of "To subscribe to a list, send …".
_HOW_DO_I = re.compile(
    r"^\W*how (?:(?:do|can|should|could|would|must) (?:i|we|you|one|someone|people)|to) (\w+)",
    re.IGNORECASE,
)
# "To subscribe to a list" in a line by itself announces the steps below it; "The easiest way to
# subscribe is …".
_TO = re.compile(
    r"^\W*(?:to (?:\w+ly )?(?P<verb>\w+)\b(?:[^.]{0,120}[,:] |[^.!?]{3,120}$)"
    r"|(?:the|an?) (?:\w+ )?(?:easiest|easy|simplest|simple|best|recommended|usual|quickest"
    r"|preferred|standard|normal|safest) way to (?P<way>\w+)\b[^.]{0,80} (?:is|are) )",
    re.IGNORECASE,
)
# Steps that another one stands before.
_GOES_ON = re.compile(
    r"\W*(?:alternatively|otherwise|instead|then|next|in (?:that|this|such a) case|finally|now"
    r"|afterwards|dann|danach|anschließend|alternativ|sonst)\b",
    re.IGNORECASE,
)
# A heading below which nothing but steps stands.
_STEPS = re.compile(
    r"\W*(?:[\d.]+\s+)?(?:(?:the )?(?:procedure|steps?|method|instructions?|directions|what to do)"
    r"|vorgehen(?:sweise)?|anleitung|durchführung|schritte|zubereitung|procedimiento|pasos"
    r"|instrucciones|procédure|étapes|préparation)\W*",
    re.IGNORECASE,
)
_MOST_BELOW = 12
# "There are three ways of …" says nothing without them.
_WAYS = re.compile(
    r"\b(?:two|three|four|five|several|many|various|(?:a )?few|a number of|different) (?:\w+ ){0,2}"
    r"(?:ways|methods|options|possibilities|means|steps)\b"
    r"|\b(?:zwei|drei|vier|mehrere|verschiedene) (?:\w+ )?(?:wege|möglichkeiten|arten|schritte)\b",
    re.IGNORECASE,
)


def begins_with(question: str, text: str) -> str:
    """The opening "To subscribe, " of a sentence where "How do I subscribe?" is asked, or ''."""
    wanted, said = _HOW_DO_I.match(question), _TO.match(text)
    verb = (said["verb"] or said["way"]).casefold() if said else ""
    same = wanted and said and wanted[1].casefold() == verb
    return said.group() if said and same else ""


def first_step(best: Quotable, before: Callable[[int], Quotable | None]) -> int:
    """The order of the step that a sentence goes on from, its own where it opens with none.

    "Alternatively: edit the file." is the second of two ways; below "Procedure" all are steps.
    """
    if _STEPS.fullmatch(best.topic):
        return _furthest(best, before, -1)
    first, one = best.order, best
    while _GOES_ON.match(one.text) and best.order - first < _MOST_STEPS:
        above = before(first - 1)
        if above is None or above.topic != best.topic:
            break
        first, one = first - 1, above
    return first


def last_step(best: Quotable, following: Callable[[int], Quotable | None]) -> int:
    """The order of the last step that belongs to a sentence, its own where none follows it.

    `following` gives the quotable of an order in the same passage. The steps stand under the
    same heading; an item of a list is one, too, and whatever follows "There are three ways".
    """
    if _STEPS.fullmatch(best.topic):
        return _furthest(best, following, 1)
    last = best.order
    announced = _WAYS.search(best.text) is not None
    for order in range(best.order + 1, best.order + 1 + _MOST_STEPS):
        one = following(order)
        if one is None or one.topic != best.topic:
            break
        if announces(one.text):
            if announced:
                continue  # with what it announces, if that is there
            break  # a list that is announced is quoted whole, by itself
        if one.item or announced or instructs(one.text):
            last = order
    return last


def _furthest(best: Quotable, at: Callable[[int], Quotable | None], way: int) -> int:
    """The order of the first or last sentence below the heading that a sentence stands below."""
    order = best.order
    while abs(order - best.order) < _MOST_BELOW:
        one = at(order + way)
        if one is None or one.topic != best.topic:
            break
        order += way
    return order
